"""Plan comparison: one window of time at the prices of several plans."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from billing_core.billing_calendar import (
    Anchor,
    AnchorKind,
    BillingCalendar,
    Interval,
    IntervalUnit,
    Timing,
)
from billing_core.discounts import Discount
from billing_core.errors import QuantityBeyondTiers
from billing_core.invoice_plan import plan_invoice
from billing_core.line import ChargeKind, Line, PercentBase, UsageEntry
from billing_core.pauses import Pause
from billing_core.plan_comparison import (
    ComparisonWindow,
    comparison_window,
    costs_in,
    with_terms_on,
)
from billing_core.price_models import (
    Package,
    PercentageOfAmount,
    PercentOfTotal,
    PerUnit,
    Stairstep,
    Tier,
)
from billing_core.rating import Terms
from hypothesis import given
from hypothesis import strategies as st

from .agreed import MONTHLY, day, seats
from .agreements import WHOLE, terms
from .histories import ILS, calendars

YEARLY = Interval(1, IntervalUnit.YEAR)
APRIL = day("2026-04-01")
QUARTER = ComparisonWindow(BillingCalendar(APRIL, MONTHLY), 0, 3)
A_YEAR_FROM_APRIL = BillingCalendar(APRIL, YEARLY)
INCLUDED = Terms(PerUnit(Decimal(2)), included=Decimal(1200))


def calls(line_terms, *used, interval=MONTHLY, **values):
    """Return a line of usage; `used` are (day, units)."""
    calendar = BillingCalendar(APRIL, interval, timing=Timing.IN_ARREARS)
    return Line(
        1,
        calendar,
        line_terms,
        Decimal(1),
        APRIL,
        kind=ChargeKind.USAGE,
        used=tuple(UsageEntry(day(when), Decimal(units)) for when, units in used),
        **values,
    )


def cost(*lines, window=QUARTER, **values):
    """Return what lines cost together."""
    return str(sum(costs_in(window, lines, ILS, **values).values()))


def cuts(window, interval):
    return [(str(days), str(share)) for days, share in window.cut_by(interval)]


# Ten seats at 7.00 a month, or 70.00 a year.


def test_seats_cost_their_monthly_price_for_each_month_of_the_window():
    assert cost(seats(10)) == "210.00"
    assert cost(seats(10, price="70", calendar=A_YEAR_FROM_APRIL)) == "175.00"


def test_a_yearly_plan_is_compared_over_twelve_months():
    year = ComparisonWindow(A_YEAR_FROM_APRIL, 0, 1)
    assert cost(seats(10), window=year) == "840.00"
    yearly = seats(10, price="70", calendar=A_YEAR_FROM_APRIL)
    assert cost(yearly, window=year) == "700.00"


def test_past_quantities_are_priced_for_their_own_days():
    ten, twenty = seats(10, end="2026-04-16"), seats(20, "2026-04-16")
    # Half of April at 70.00, the other half and two months at 140.00.
    assert cost(ten, twenty) == "385.00"


def test_a_line_added_in_mid_month_is_prorated_from_its_day():
    assert cost(seats(10, "2026-06-16")) == "35.00"
    assert cost(seats(10, "2026-07-01")) == "0"


def test_paused_days_cost_nothing():
    june = Pause(day("2026-06-01"), day("2026-07-01"))
    assert cost(seats(10), pauses=[june]) == "140.00"


def test_one_time_lines_are_excluded():
    assert cost(seats(10), seats(1, key=2, kind=ChargeKind.ONE_OFF)) == "210.00"


def test_a_percent_line_follows_the_prices_of_the_compared_plan():
    support = seats(
        1, key=2, model=PercentOfTotal(Decimal(10)), base=PercentBase(frozenset([1]))
    )
    assert cost(seats(10), support) == "231.00"
    ten, twenty = seats(10, end="2026-06-01"), seats(20, "2026-06-01")
    assert cost(ten, twenty, support) == "308.00"  # 70, 70, 140 and a tenth


def test_blocks_that_hold_too_few_are_refused():
    zero = Decimal(0)
    blocks = Stairstep(
        (
            Tier(Decimal(25), zero, Decimal(100)),
            Tier(Decimal(50), zero, Decimal(150)),
        )
    )
    assert cost(seats(30, model=blocks)) == "450.00"
    with pytest.raises(QuantityBeyondTiers):
        cost(seats(51, model=blocks))


def test_one_rounding_for_each_period_of_the_plan():
    assert cost(seats(1, price="0.333")) == "0.99"
    assert cost(seats(1, price="100", calendar=A_YEAR_FROM_APRIL)) == "25.00"


# Usage: 130, 100 and 160 calls.

USED = [("2026-04-03", 130), ("2026-05-04", 100), ("2026-06-30", 160)]


def test_usage_is_priced_month_by_month():
    included = Terms(PerUnit(Decimal(2)), included=Decimal(100))
    assert cost(calls(included, *USED)) == "180.00"  # 30, 0 and 60 above
    assert cost(calls(Terms(PerUnit(Decimal("0.5"))), *USED)) == "195.00"


def test_a_quarter_has_a_fourth_of_a_yearly_allowance():
    # 390 of 300 in a quarter.
    assert cost(calls(INCLUDED, *USED, interval=YEARLY)) == "180.00"


def test_a_quarter_has_a_fourth_of_the_yearly_minimum_and_packages():
    least = replace(INCLUDED, minimum=Decimal(800))
    assert cost(calls(least, *USED, interval=YEARLY)) == "200.00"
    packs = Terms(Package(Decimal(10), Decimal(100)))
    # 1 560 in a year are 16 packages, 160.00.
    assert cost(calls(packs, *USED, interval=YEARLY)) == "40.00"


def test_a_minimum_is_prorated_to_the_days_served():
    least = calls(Terms(PerUnit(Decimal(1)), minimum=Decimal(30)))
    assert cost(least) == "90.00"
    assert cost(replace(least, start=day("2026-06-16"))) == "15.00"
    assert cost(replace(least, start=day("2026-07-01"))) == "0"


def test_a_year_of_usage_is_split_into_the_months_of_the_plan():
    included = Terms(PerUnit(Decimal(2)), included=Decimal(100))
    year = ComparisonWindow(A_YEAR_FROM_APRIL, 0, 1)
    assert cost(calls(included, *USED), window=year) == "180.00"
    yearly = calls(INCLUDED, *USED, interval=YEARLY)
    assert cost(yearly, window=year) == "0.00"


def test_events_have_a_proportional_allowance():
    card = PercentageOfAmount(
        Decimal(1), Decimal("0.10"), free_events=4, free_amount=Decimal(400)
    )
    payments = [("2026-04-03", 50), ("2026-05-04", 100), ("2026-06-30", 100)]
    # One event, up to 100, is free of a quarter; the others cost 1.00 + 0.10 each.
    assert cost(calls(Terms(card), *payments, interval=YEARLY)) == "2.20"
    assert cost(calls(Terms(card, maximum=Decimal(8)), *payments, interval=YEARLY)) == (
        "2.00"
    )
    off = Terms(card, discounts=(Discount(fixed=Decimal(4)),))
    assert cost(calls(off, *payments, interval=YEARLY)) == "1.20"


# Discounts are those of a day.


def test_a_discount_that_applies_today_applies_to_the_whole_window():
    half = Discount(percent=Decimal(50), cycles=3)
    line = seats(10, discounts=(half,))
    assert cost(with_terms_on(line, day("2026-06-30"))) == "105.00"
    assert cost(with_terms_on(line, day("2026-07-01"))) == "210.00"


# The time that is compared.


def test_completed_periods_are_compared():
    calendar = BillingCalendar(APRIL, MONTHLY)
    for today, days in (
        ("2026-07-01", "2026-04-01/2026-07-01"),
        ("2026-07-31", "2026-04-01/2026-07-01"),
        ("2026-08-01", "2026-05-01/2026-08-01"),
        ("2026-05-15", "2026-04-01/2026-05-01"),
        ("2026-04-15", "2026-04-01/2026-05-01"),
        ("2026-03-15", "2026-04-01/2026-05-01"),
    ):
        assert str(comparison_window(calendar, APRIL, day(today), 3).days) == days


def test_days_before_the_first_whole_period_are_not_compared():
    calendar = BillingCalendar(
        day("2026-04-15"), MONTHLY, Anchor(AnchorKind.DAY_OF_MONTH, 1)
    )
    window = comparison_window(calendar, calendar.start, day("2026-07-10"), 12)
    assert str(window.days) == "2026-05-01/2026-07-01"
    assert window.in_months() == 2


def test_service_before_a_plan_change_counts():
    calendar = BillingCalendar(day("2026-03-01"), YEARLY)
    window = comparison_window(calendar, day("2025-01-01"), day("2026-05-01"), 3)
    assert str(window.days) == "2025-03-01/2026-03-01"


def test_periods_keep_the_last_day_of_the_month():
    calendar = BillingCalendar(day("2026-01-31"), YEARLY)
    months = cuts(ComparisonWindow(calendar, 0, 1), MONTHLY)
    assert len(months) == 12
    assert months[:2] == [
        ("2026-01-31/2026-02-28", "1"),
        ("2026-02-28/2026-03-31", "1"),
    ]


def test_months_that_do_not_divide_the_window_leave_a_partial_period():
    two = Interval(2, IntervalUnit.MONTH)
    assert cuts(QUARTER, two) == [
        ("2026-04-01/2026-06-01", "1"),
        ("2026-06-01/2026-07-01", "1/2"),
    ]


def test_weeks_and_months_are_compared_by_the_day():
    week = Interval(1, IntervalUnit.WEEK)
    april = ComparisonWindow(QUARTER.calendar, 0, 1)
    assert cuts(april, week)[-1] == ("2026-04-29/2026-05-01", "2/7")
    weeks = ComparisonWindow(BillingCalendar(APRIL, week), 0, 3)
    assert cuts(weeks, MONTHLY) == [("2026-04-01/2026-04-22", "7/10")]
    # 7.00 a week and 30.00 a month.
    weekly = seats(1, calendar=BillingCalendar(APRIL, week))
    assert cost(weekly, window=weeks) == "21.00"
    assert cost(seats(1, price="30"), window=weeks) == "21.00"


@st.composite
def unchanged(draw):
    """Unchanged lines on one calendar, one of them with usage."""
    calendar = replace(draw(calendars()), timing=Timing.IN_ARREARS)
    lines = []
    for key in range(1, draw(st.integers(1, 3)) + 1):
        agreed = draw(terms())
        lasting = tuple(replace(each, cycles=None) for each in agreed.discounts)
        agreed = replace(agreed, discounts=lasting)
        lines.append(Line(key, calendar, agreed, draw(WHOLE), calendar.start))
    if draw(st.booleans()):
        base = PercentBase(frozenset(line.key for line in lines), draw(st.booleans()))
        share = Terms(PercentOfTotal(Decimal(10)))
        lines.append(Line(8, calendar, share, Decimal(1), calendar.start, base=base))
    metered = replace(draw(terms()), included=draw(WHOLE), minimum=draw(WHOLE))
    days = draw(st.lists(st.integers(0, 700), max_size=20))
    used = tuple(
        UsageEntry(calendar.start + timedelta(days=offset), Decimal(3))
        for offset in days
    )
    lines.append(
        Line(
            9,
            calendar,
            replace(metered, discounts=()),
            Decimal(1),
            calendar.start,
            kind=ChargeKind.USAGE,
            used=used,
        )
    )
    return lines


@given(unchanged(), st.integers(0, 900), st.integers(1, 12))
def test_the_current_plan_costs_the_billed_amount_of_whole_periods(lines, age, count):
    calendar = lines[0].calendar
    today = calendar.start + timedelta(days=age)
    window = comparison_window(calendar, calendar.start, today, count)
    target = window.days.end + timedelta(days=60)
    billed = defaultdict(Decimal)
    for item in plan_invoice(lines, [], ILS, target).items:
        if window.days.overlap(item.period.start, item.period.end):
            billed[item.line] += item.amount
    found = costs_in(window, [with_terms_on(line, today) for line in lines], ILS)
    assert found == {line.key: billed[line.key] for line in lines}


@given(calendars(), st.integers(0, 900), st.integers(1, 12), st.integers(1, 30))
def test_a_window_is_cut_without_a_gap(calendar, age, count, months):
    today = calendar.start + timedelta(days=age)
    window = comparison_window(calendar, calendar.start, today, count)
    for unit in (IntervalUnit.MONTH, IntervalUnit.DAY):
        parts = list(window.cut_by(Interval(months, unit)))
        ends = [days.end for days, _share in parts]
        starts = [days.start for days, _share in parts]
        assert starts == [window.days.start, *ends[:-1]]
        assert ends[-1] == window.days.end
        assert all(share == 1 for _days, share in parts[:-1])
        assert 0 < parts[-1][1] <= 1
    if calendar.interval.months:
        parts = list(window.cut_by(Interval(months, IntervalUnit.MONTH)))
        shares = sum((share for _days, share in parts), Fraction())
        assert shares * months == window.in_months()
