"""Usage is charged once, after its period, and continues in the tiers reached."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from billing_core.billing_calendar import (
    Anchor,
    AnchorKind,
    BillingCalendar,
    Interval,
    IntervalUnit,
    StubPolicy,
    Timing,
)
from billing_core.changes import change_terms
from billing_core.errors import UsageInAdvance
from billing_core.forecast import forecast
from billing_core.invoice_plan import plan_invoice, reopened_from
from billing_core.line import BilledPeriod, ChargeKind, Line, UsageEntry
from billing_core.monthly_revenue import monthly_price
from billing_core.pauses import Pause
from billing_core.price_models import (
    Flat,
    Graduated,
    Package,
    PercentageOfAmount,
    PerUnit,
    Tier,
    Volume,
)
from billing_core.rating import Terms
from hypothesis import given
from hypothesis import strategies as st

from .agreed import MONTHLY, day, rows_of
from .histories import ILS

APRIL, MAY, JUNE = day("2026-04-01"), day("2026-05-01"), day("2026-06-01")
CALLS = Terms(PerUnit(Decimal(2)), included=Decimal(100))
STEPS = Graduated(
    (
        Tier(Decimal(10), Decimal(2)),
        Tier(Decimal(20), Decimal(3)),
        Tier(None, Decimal(5)),
    )
)


def usage(terms, *used, start="2026-04-01", end=None, key=1, **values):
    """Return a line of usage, billed by the calendar month; `used` are (day, units)."""
    stub_policy = values.pop("stub_policy", StubPolicy.PRORATED)
    since = values.pop("since", start)
    calendar = values.pop("calendar", None) or BillingCalendar(
        day(since), MONTHLY, timing=Timing.IN_ARREARS, stub_policy=stub_policy
    )
    return Line(
        key,
        calendar,
        terms,
        Decimal(1),
        day(start),
        day(end) if end else None,
        ChargeKind.USAGE,
        used=tuple(UsageEntry(day(when), Decimal(units)) for when, units in used),
        **values,
    )


def planned(lines, target, billed=(), **values):
    return plan_invoice(lines, billed, ILS, day(target), **values)


def test_overage_is_charged_after_the_period():
    line = usage(CALLS, ("2026-04-03", 90), ("2026-04-30", 40), ("2026-05-01", 500))
    assert not planned([line], "2026-04-30").items
    plan = planned([line], "2026-05-01")
    assert rows_of(plan) == [("2026-04-01/2026-05-01", "130", "60.00")]
    assert plan.next_due == JUNE


def test_usage_in_advance_is_refused():
    with pytest.raises(UsageInAdvance):
        usage(CALLS, calendar=BillingCalendar(APRIL, MONTHLY))


def test_a_period_without_usage_costs_nothing_and_is_closed():
    plan = planned([usage(CALLS)], "2026-05-01")
    assert not plan.items
    assert plan.closed_until == {1: MAY}


def test_the_minimum_is_owed_without_usage():
    terms = Terms(PerUnit(Decimal(2)), minimum=Decimal(10))
    plan = planned([usage(terms)], "2026-05-01")
    assert rows_of(plan) == [("2026-04-01/2026-05-01", "0", "10.00")]


def test_the_minimum_is_prorated_and_the_allowance_is_not():
    terms = Terms(PerUnit(Decimal(2)), included=Decimal(100), minimum=Decimal(10))
    line = usage(terms, ("2026-04-20", 101), end="2026-04-16", since="2026-04-01")
    assert rows_of(planned([line], "2026-05-01")) == [
        ("2026-04-01/2026-04-16", "0", "5.00")
    ]
    used = usage(terms, ("2026-04-10", 104), end="2026-04-16")
    assert rows_of(planned([used], "2026-05-01")) == [
        ("2026-04-01/2026-04-16", "104", "8.00")
    ]


def test_a_free_stub_has_no_minimum_but_its_usage_is_owed():
    terms = Terms(PerUnit(Decimal(2)), minimum=Decimal(30))
    calendar = BillingCalendar(
        day("2026-04-16"),
        MONTHLY,
        Anchor(AnchorKind.CALENDAR),
        Timing.IN_ARREARS,
        StubPolicy.FREE,
    )
    values = {"start": "2026-04-16", "calendar": calendar}
    assert not planned([usage(terms, **values)], "2026-05-01").items
    used = usage(terms, ("2026-04-20", 4), **values)
    assert rows_of(planned([used], "2026-05-01")) == [
        ("2026-04-16/2026-05-01", "4", "8.00")
    ]


def test_the_maximum_applies_once_per_period_despite_changes():
    terms = Terms(PerUnit(Decimal(2)), maximum=Decimal(50))
    lines = [
        usage(terms, ("2026-04-03", 20), end="2026-04-16"),
        usage(terms, ("2026-04-20", 20), start="2026-04-16", key=2, series=1,
              since="2026-04-01"),
    ]  # fmt: skip
    assert [str(item.amount) for item in planned(lines, "2026-05-01").items] == [
        "40.00",
        "10.00",
    ]


def test_a_changed_price_continues_in_the_tiers_reached():
    dearer = Terms(PerUnit(Decimal(3)), included=Decimal(100))
    lines = [
        usage(CALLS, ("2026-04-03", 60), end="2026-04-16"),
        usage(dearer, ("2026-04-20", 80), start="2026-04-16", since="2026-04-01",
              key=2, series=1),
    ]  # fmt: skip
    assert rows_of(planned(lines, "2026-05-01")) == [
        ("2026-04-16/2026-05-01", "80", "120.00")
    ]


def test_a_price_change_continues_the_period_and_a_plan_change_starts_a_new_one():
    line = usage(CALLS, ("2026-04-03", 60))
    dearer = replace(CALLS, price=PerUnit(Decimal(3)))
    [_before, after] = change_terms(
        [line], 1, day("2026-04-16"), lambda _: dearer
    ).lines
    assert after.series == 1
    yearly = BillingCalendar(
        day("2026-04-16"), Interval(1, IntervalUnit.YEAR), timing=Timing.IN_ARREARS
    )
    edit = change_terms(
        [line], 1, day("2026-04-16"), lambda _: dearer, lambda _: yearly
    )
    assert edit.lines[1].series == edit.lines[1].key


def test_a_scheduled_usage_price_is_kept_by_a_change_before_it():
    dearer, later = (replace(CALLS, price=PerUnit(Decimal(each))) for each in (3, 9))
    lines = change_terms([usage(CALLS)], 1, day("2026-06-01"), lambda _: later).lines
    edit = change_terms(
        lines,
        1,
        day("2026-04-16"),
        lambda each: dearer if each.terms == CALLS else each.terms,
    )
    assert [(str(line.start), line.terms.price) for line in edit.lines] == [
        ("2026-04-01", CALLS.price),
        ("2026-04-16", dearer.price),
        ("2026-06-01", later.price),
    ]
    assert len(edit.added) == 1


def test_more_usage_that_costs_less_lowers_the_charge_of_earlier_days():
    volume = Terms(Volume((Tier(Decimal(10), Decimal(5)), Tier(None, Decimal(1)))))
    lines = [
        usage(volume, ("2026-04-03", 10), end="2026-04-16"),
        usage(volume, ("2026-04-20", 10), start="2026-04-16", since="2026-04-01",
              key=2, series=1),
    ]  # fmt: skip
    assert [str(item.amount) for item in planned(lines, "2026-05-01").items] == [
        "20.00"
    ]


def test_late_usage_is_charged_as_a_difference():
    terms = Terms(STEPS)
    before = usage(terms, ("2026-04-03", 15))
    first = planned([before], "2026-05-01")
    assert rows_of(first) == [("2026-04-01/2026-05-01", "15", "35.00")]
    billed = [row(item, 7) for item in first.items]
    late = usage(
        terms,
        ("2026-04-03", 15),
        ("2026-04-28", 6),
        closed_until=reopened_from(first.closed([before])[0], day("2026-04-28")),
    )
    second = planned([late], "2026-05-03", billed)
    assert rows_of(second) == [("2026-04-01/2026-05-01", "6", "20.00")]
    assert second.items[0].revision == 1


def test_a_correction_is_credited_on_the_charge():
    billed = planned([usage(CALLS, ("2026-04-03", 130))], "2026-05-01").items
    corrected = usage(CALLS, ("2026-04-03", 130), ("2026-04-04", -10))
    [credit] = planned(
        [corrected], "2026-05-03", [row(each, 7) for each in billed]
    ).items
    assert (str(credit.amount), credit.quantity, credit.reverses) == ("-20.00", 10, 7)


def test_a_correction_with_more_usage_charges_the_net_units():
    rows = [
        charge(130, 60, key=1),
        charge(10, -20, key=2, revision=1, reverses=1),
    ]
    line = usage(CALLS, ("2026-04-03", 150))
    assert rows_of(planned([line], "2026-05-03", rows)) == [
        ("2026-04-01/2026-05-01", "30", "60.00")
    ]


def test_usage_during_a_pause_is_not_charged():
    line = usage(Terms(PerUnit(Decimal(2))), ("2026-04-05", 1), ("2026-04-15", 10))
    pause = Pause(day("2026-04-11"), day("2026-04-21"))
    assert planned([line], "2026-05-01", pauses=[pause]).amount == 2


def test_the_last_days_are_billed_when_the_period_is_over():
    line = usage(CALLS, ("2026-05-05", 101), end="2026-05-10", closed_until=MAY)
    assert not planned([line], "2026-05-31").items
    assert rows_of(planned([line], "2026-06-01")) == [
        ("2026-05-01/2026-05-10", "101", "2.00")
    ]


def test_each_payment_costs_its_percentage_and_fee():
    card = Terms(
        PercentageOfAmount(
            Decimal("1.2"),
            Decimal("0.10"),
            free_events=3,
            free_amount=Decimal(500),
        )
    )
    line = usage(card, *[("2026-04-03", 50)] * 4)
    assert rows_of(planned([line], "2026-05-01")) == [
        ("2026-04-01/2026-05-01", "200", "0.70")
    ]


def test_usage_is_not_recurring_revenue():
    assert monthly_price(usage(Terms(Flat(Decimal(30))))) == 0


def test_future_usage_is_not_forecast():
    line = usage(CALLS, ("2026-04-03", 130))
    invoices = list(forecast([line], [], ILS, APRIL, day("2026-08-01")))
    assert [(each.day, str(each.amount)) for each in invoices] == [(MAY, "60.00")]


def row(item, key):
    return BilledPeriod(
        item.line,
        item.kind,
        item.period,
        item.amount,
        item.revision,
        key=key,
        reverses=item.reverses,
        quantity=item.quantity,
    )


def charge(quantity, amount, **values):
    period = BillingCalendar(APRIL, MONTHLY).regular_period(0)
    return BilledPeriod(
        1,
        ChargeKind.USAGE,
        period,
        Decimal(amount),
        quantity=Decimal(quantity),
        **values,
    )


TERMS = [
    CALLS,
    Terms(STEPS, minimum=Decimal(25)),
    Terms(Volume((Tier(Decimal(30), Decimal(5)), Tier(None, Decimal("1.5"))))),
    Terms(Package(Decimal(7), Decimal(20)), maximum=Decimal(60)),
    Terms(PercentageOfAmount(Decimal("2.9"), Decimal("0.3"), free_amount=Decimal(40))),
]
SPRING = st.dates(APRIL, JUNE - timedelta(days=1))
USES = st.lists(
    st.tuples(SPRING, st.decimals(0, 100, places=2)), max_size=12
).map(lambda uses: sorted(uses, key=lambda use: use[0]))  # fmt: skip


def lived(uses, terms, cuts=()):
    """Return a series of usage lines, cut on some days, over two months."""
    calendar = BillingCalendar(APRIL, MONTHLY, timing=Timing.IN_ARREARS)
    edges = [APRIL, *sorted({cut for cut in cuts if cut > APRIL}), None]
    used = tuple(UsageEntry(when, units) for when, units in uses)
    return [
        Line(key, calendar, terms, Decimal(1), start, end, ChargeKind.USAGE,
             series=1, used=used)
        for key, (start, end) in enumerate(zip(edges, edges[1:], strict=False), 1)
    ]  # fmt: skip


def total(terms, uses, month):
    """Return what a month costs, calculated directly, without the plan."""
    units = [units for when, units in uses if when.month == month]
    model = terms.price
    if isinstance(model, PercentageOfAmount):
        price = sum((part.amount for part in model.parts_of_events(units)), Decimal(0))
    else:
        price = model.amount(max(sum(units, Decimal(0)) - terms.included, Decimal(0)))
    if terms.maximum is not None:
        price = min(price, terms.maximum)
    return ILS.round(max(price, terms.minimum or Decimal(0)))


@given(USES, st.sampled_from(TERMS), st.lists(SPRING, max_size=3))
def test_splitting_a_usage_line_does_not_change_its_price(uses, terms, cuts):
    plan = planned(lived(uses, terms, cuts), "2026-06-01")
    assert plan.amount == total(terms, uses, 4) + total(terms, uses, 5)
    assert all(item.amount > 0 for item in plan.items)


@given(USES, st.sampled_from(TERMS), st.data())
def test_late_usage_costs_the_same_as_timely_usage(uses, terms, data):
    rows = []
    arrivals = [data.draw(st.integers(0, 4)) for _use in uses]
    for run in range(5):
        known = [
            use for use, arrival in zip(uses, arrivals, strict=True) if arrival <= run
        ]
        for item in planned(lived(known, terms), "2026-06-01", rows).items:
            rows.append(row(item, len(rows) + 1))
    assert sum((each.amount for each in rows), Decimal(0)) == total(
        terms, uses, 4
    ) + total(terms, uses, 5)
    assert not planned(lived(uses, terms), "2026-06-01", rows).items
    credited = {}
    for each in rows:
        if each.reverses:
            credited[each.reverses] = credited.get(each.reverses, 0) - each.amount
    charged = {each.key: each.amount for each in rows}
    assert all(amount <= charged[key] for key, amount in credited.items())
