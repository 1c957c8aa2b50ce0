from dataclasses import replace
from datetime import date, timedelta
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
from billing_core.errors import UnknownLine
from billing_core.invoice_plan import plan_invoice, reopened_from
from billing_core.line import BilledPeriod, ChargeKind, Line
from billing_core.period import Period
from billing_core.price_models import Flat, PerUnit
from billing_core.rating import Terms
from hypothesis import given
from hypothesis import strategies as st

from .histories import HORIZON, ILS, START, Ledger, owed_day_by_day, subscriptions

MONTHLY = Interval(1, IntervalUnit.MONTH)
OFFSETS = st.integers(0, HORIZON)


def day(text):
    return date.fromisoformat(text)


def line(start="2026-04-01", end=None, price="30.00", quantity=1, **calendar):
    return Line(
        key=calendar.pop("key", 1),
        calendar=BillingCalendar(
            day(calendar.pop("since", start)), MONTHLY, **calendar
        ),
        terms=Terms(PerUnit(Decimal(price))),
        quantity=Decimal(quantity),
        start=day(start),
        end=day(end) if end else None,
    )


def billed(period, amount, revision=0, key=1, credited="0"):
    start, end = period.split("/")
    return BilledPeriod(
        key,
        ChargeKind.RECURRING,
        Period(day(start), day(end)),
        Decimal(amount),
        revision,
        Decimal(credited),
    )


def rows(plan):
    return [(str(item.period), item.line, str(item.amount)) for item in plan.items]


def plan(lines, known, target):
    return plan_invoice(lines, known, ILS, day(target))


def test_a_month_in_advance_is_billed_on_its_first_day():
    outcome = plan([line()], [], "2026-04-01")
    assert rows(outcome) == [("2026-04-01/2026-05-01", 1, "30.00")]
    assert outcome.next_due == day("2026-05-01")


def test_a_month_in_advance_is_not_billed_the_day_before():
    outcome = plan([line()], [], "2026-03-31")
    assert rows(outcome) == []
    assert outcome.next_due == day("2026-04-01")


def test_a_month_in_arrears_is_billed_after_its_last_day():
    arrears = line(timing=Timing.IN_ARREARS)
    assert rows(plan([arrears], [], "2026-04-30")) == []
    assert rows(plan([arrears], [], "2026-05-01")) == [
        ("2026-04-01/2026-05-01", 1, "30.00")
    ]


def test_after_an_outage_every_missed_month_is_billed_with_its_own_days():
    assert rows(plan([line()], [], "2026-06-15")) == [
        ("2026-04-01/2026-05-01", 1, "30.00"),
        ("2026-05-01/2026-06-01", 1, "30.00"),
        ("2026-06-01/2026-07-01", 1, "30.00"),
    ]


def test_a_billed_period_is_not_billed_again():
    known = [billed("2026-04-01/2026-05-01", "30.00")]
    assert rows(plan([line()], known, "2026-04-20")) == []


def test_upgrade_in_mid_period_credits_the_old_line_and_charges_the_new():
    basic = line(end="2026-04-11")
    pro = line("2026-04-11", price="60.00", key=2, since="2026-04-01")
    known = [billed("2026-04-01/2026-05-01", "30.00")]
    assert rows(plan([basic, pro], known, "2026-04-11")) == [
        ("2026-04-11/2026-05-01", 1, "-20.00"),
        ("2026-04-11/2026-05-01", 2, "40.00"),
    ]


def test_a_line_that_starts_later_is_not_billed_before_its_first_day():
    joins = line("2026-04-11", key=2, since="2026-04-01")
    outcome = plan([joins], [], "2026-04-10")
    assert rows(outcome) == []
    assert outcome.next_due == day("2026-04-11")


def test_from_sixty_to_thirty_on_day_21_of_30_credits_20_and_charges_10():
    old = line(end="2026-04-21", price="60")
    new = line("2026-04-21", price="30", key=2, since="2026-04-01")
    known = [billed("2026-04-01/2026-05-01", "60.00")]
    assert rows(plan([old, new], known, "2026-04-21")) == [
        ("2026-04-21/2026-05-01", 1, "-20.00"),
        ("2026-04-21/2026-05-01", 2, "10.00"),
    ]


def test_a_manual_credit_is_not_repeated():
    known = [billed("2026-04-01/2026-05-01", "30.00", credited="30.00")]
    assert rows(plan([line(end="2026-04-11")], known, "2026-04-11")) == []


def test_only_the_difference_to_a_manual_credit_is_credited():
    known = [billed("2026-04-01/2026-05-01", "30.00", credited="15.00")]
    assert rows(plan([line(end="2026-04-11")], known, "2026-04-11")) == [
        ("2026-04-11/2026-05-01", 1, "-5.00")
    ]


def test_a_manually_credited_period_is_not_billed_again():
    known = [billed("2026-04-01/2026-05-01", "30.00", credited="30.00")]
    assert rows(plan([line()], known, "2026-04-20")) == []


def test_undoing_an_end_recharges_the_credited_days():
    known = [
        billed("2026-04-01/2026-05-01", "30.00"),
        billed("2026-04-11/2026-05-01", "-20.00", revision=1),
    ]
    outcome = plan([line()], known, "2026-04-20")
    assert rows(outcome) == [("2026-04-11/2026-05-01", 1, "20.00")]
    assert outcome.items[0].revision == 2


def test_periods_billed_beyond_a_new_end_are_credited_in_full():
    known = [
        billed("2026-04-01/2026-05-01", "30.00"),
        billed("2026-05-01/2026-06-01", "30.00"),
    ]
    assert rows(plan([line(end="2026-05-01")], known, "2026-05-01")) == [
        ("2026-05-01/2026-06-01", 1, "-30.00")
    ]


def test_the_remainder_of_a_credit_is_for_the_days_that_were_charged():
    known = [
        billed("2026-04-01/2026-05-01", "30.00"),
        billed("2026-04-01/2026-05-01", "-20.00", revision=1),
    ]
    outcome = plan([line(end="2026-04-01")], known, "2026-04-01")
    assert rows(outcome) == [("2026-04-01/2026-05-01", 1, "-10.00")]


def test_a_period_billed_before_its_due_date_is_kept_until_then():
    known = [billed("2026-05-01/2026-06-01", "30.00")]
    assert rows(plan([line()], known, "2026-04-01")) == [
        ("2026-04-01/2026-05-01", 1, "30.00")
    ]


def test_a_one_time_line_is_billed_once_in_full():
    setup_fee = Line(
        1,
        BillingCalendar(day("2026-04-01"), MONTHLY),
        Terms(Flat(Decimal(100))),
        Decimal(1),
        day("2026-04-11"),
        kind=ChargeKind.ONE_OFF,
    )
    ledger = Ledger([setup_fee], [])
    assert ledger.bill(day("2026-04-10")) == []
    ledger.bill(day("2026-04-11"))
    ledger.bill(day("2026-07-01"))
    assert [str(row.amount) for row in ledger.rows] == ["100.00"]


@pytest.mark.parametrize("timing", Timing)
def test_a_one_time_line_follows_the_invoice_offset(timing):
    calendar = BillingCalendar(
        day("2026-04-01"), MONTHLY, timing=timing, due_shift_days=3
    )
    fee = Line(
        1,
        calendar,
        Terms(Flat(Decimal(100))),
        Decimal(1),
        day("2026-04-01"),
        kind=ChargeKind.ONE_OFF,
    )
    assert rows(plan([fee], [], "2026-04-03")) == []
    assert rows(plan([fee], [], "2026-04-04")) == [
        ("2026-04-01/2026-04-02", 1, "100.00")
    ]


@pytest.mark.parametrize(
    ("policy", "amount"),
    [
        (StubPolicy.PRORATED, ["17.00"]),  # 17 of 31 days
        (StubPolicy.FULL, ["31.00"]),
        (StubPolicy.FREE, []),
    ],
)
def test_the_stub_is_charged_by_the_policy(policy, amount):
    july = line(
        "2026-07-15",
        price="31.00",
        anchor=Anchor(AnchorKind.DAY_OF_MONTH, 1),
        stub_policy=policy,
    )
    outcome = plan([july], [], "2026-07-15")
    assert [str(item.amount) for item in outcome.items] == amount
    assert outcome.next_due == day("2026-08-01")


def test_a_short_stub_is_invoiced_with_the_next_period():
    late = line(
        "2026-07-29",
        price="31.00",
        anchor=Anchor(AnchorKind.DAY_OF_MONTH, 1),
        cut_off_days=5,
    )
    assert rows(plan([late], [], "2026-07-31")) == []
    outcome = plan([late], [], "2026-08-01")
    assert rows(outcome) == [
        ("2026-07-29/2026-08-01", 1, "3.00"),
        ("2026-08-01/2026-09-01", 1, "31.00"),
    ]
    assert {item.due for item in outcome.items} == {day("2026-08-01")}


def test_a_billed_period_of_an_unknown_line_is_refused():
    with pytest.raises(UnknownLine, match="7"):
        plan([line()], [billed("2026-04-01/2026-05-01", "30.00", key=7)], "2026-04-01")


@given(subscriptions(), OFFSETS)
def test_the_plan_equals_a_count_by_days(lines, offset):
    target = START + timedelta(days=offset)
    counted = sum(owed_day_by_day(each, target) for each in lines)
    assert plan_invoice(lines, [], ILS, target).amount == counted


@given(subscriptions(), OFFSETS)
def test_a_second_run_bills_nothing(lines, offset):
    ledger = Ledger(lines, [])
    target = START + timedelta(days=offset)
    ledger.bill(target)
    assert ledger.bill(target) == []


@given(subscriptions(), st.lists(OFFSETS, max_size=6), OFFSETS)
def test_the_number_of_runs_does_not_change_the_billed_total(lines, stops, last):
    often, once = Ledger(list(lines), []), Ledger(list(lines), [])
    for stop in sorted(stops):
        if stop < last:
            often.bill(START + timedelta(days=stop))
    often.bill(START + timedelta(days=last))
    once.bill(START + timedelta(days=last))
    assert often.total == once.total


@given(subscriptions(), OFFSETS)
def test_no_day_is_billed_twice_and_none_is_missed(lines, offset):
    ledger = Ledger(lines, [])
    target = START + timedelta(days=offset)
    ledger.bill(target)
    for each in ledger.lines:
        own = sorted(row.period for row in ledger.rows if row.line == each.key)
        for before, after in zip(own, own[1:], strict=False):
            assert before.end <= after.start


@given(subscriptions(), OFFSETS)
def test_nothing_is_due_before_the_next_due_date(lines, offset):
    target = START + timedelta(days=offset)
    ledger = Ledger(lines, [])
    ledger.bill(target)
    upcoming = plan_invoice(ledger.lines, ledger.rows, ILS, target).next_due
    if upcoming is not None:
        assert upcoming > target
        assert ledger.bill(upcoming - timedelta(days=1)) == []


@given(
    subscriptions(),
    st.lists(st.tuples(OFFSETS, st.integers(0, 2), OFFSETS), max_size=5),
    OFFSETS,
)
def test_after_any_ends_the_billed_total_is_the_amount_owed(lines, moves, last):
    ledger = Ledger(list(lines), [])
    for when, key, end in sorted(moves):
        ledger.bill(START + timedelta(days=when))
        start = next((each.start for each in lines if each.key == key), START)
        ledger.end_line(key, max(start, START + timedelta(days=end)))
    last = max([last, *(when for when, _key, _end in moves)])
    # The credit of a scheduled end is issued on its day.
    ends = [each.end for each in ledger.lines if each.end is not None]
    target = max([START + timedelta(days=last), *ends])
    ledger.bill(target)
    owed = sum(owed_day_by_day(each, target) for each in ledger.lines)
    assert ledger.total == owed + _billed_ahead(ledger, target)


@given(
    subscriptions(),
    st.lists(st.tuples(OFFSETS, st.none() | OFFSETS), max_size=4),
    OFFSETS,
)
def test_after_cancelling_and_undoing_the_billed_total_is_the_amount_owed(
    lines, moves, last
):
    ledger = Ledger(list(lines), [])
    start = max(each.calendar.start for each in lines)
    for when, end in sorted(moves, key=lambda move: move[0]):
        ledger.bill(START + timedelta(days=when))
        ledger.end_subscription(
            None if end is None else max(start, START + timedelta(days=end))
        )
    last = max([last, *(when for when, _end in moves)])
    # The credit of a scheduled end is issued on its day.
    ends = [each.end for each in ledger.lines if each.end is not None]
    target = max([START + timedelta(days=last), *ends])
    ledger.bill(target)
    owed = sum(owed_day_by_day(each, target) for each in ledger.lines)
    assert ledger.total == owed + _billed_ahead(ledger, target)
    assert ledger.bill(target) == []


def _billed_ahead(ledger, target):
    """Return what stays billed of periods that were due under an earlier end only."""
    ahead = Decimal(0)
    for each in ledger.lines:
        own = [row for row in ledger.rows if row.line == each.key]
        owed = owed_day_by_day(each, target)
        charged = sum((row.amount for row in own), Decimal(0))
        later = owed_day_by_day(each, target + timedelta(days=800))
        if owed < charged <= later:
            ahead += charged - owed
    return ahead


@given(subscriptions(), OFFSETS)
def test_a_reopened_period_is_billed_again(lines, offset):
    target = START + timedelta(days=offset)
    ledger = Ledger(lines, [])
    ledger.bill(target)
    if not ledger.rows:
        return
    total, lost = ledger.total, ledger.rows.pop()
    for index, each in enumerate(ledger.lines):
        if each.key == lost.line:
            reopened = reopened_from(each, lost.period.start)
            ledger.lines[index] = replace(each, closed_until=reopened)
    ledger.bill(target)
    assert ledger.total == total
