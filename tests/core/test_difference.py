from dataclasses import replace
from decimal import Decimal

import pytest
from billing_core.difference import PeriodBalance
from billing_core.errors import SeriesOnTwoCalendars
from billing_core.invoice_plan import plan_invoice
from billing_core.line import ChargeKind

from .agreed import charged, day, period, rows_of, seats
from .histories import ILS

APRIL = "2026-04-01/2026-05-01"


def plan(lines, rows, target):
    return plan_invoice(lines, rows, ILS, day(target))


def up_and_down(before, after, on):
    return [
        seats(before, end=on),
        seats(after, on, key=2, series=1),
    ]


def test_more_units_are_one_charge_for_the_added_ones():
    lines = up_and_down(10, 12, "2026-04-16")
    outcome = plan(lines, [charged(APRIL, "70.00")], "2026-04-16")
    assert rows_of(outcome) == [("2026-04-16/2026-05-01", "2", "7.00")]


def test_fewer_units_are_one_credit_of_the_charge():
    lines = up_and_down(10, 8, "2026-04-16")
    outcome = plan(lines, [charged(APRIL, "70.00", key=5)], "2026-04-16")
    assert rows_of(outcome) == [("2026-04-16/2026-05-01", "2", "-7.00")]
    assert outcome.items[0].reverses == 5


def test_the_newest_charge_is_credited_first():
    """Five, then seven, then four users: two from the second invoice, one from the
    first."""
    lines = [
        seats(5, end="2026-04-11", price="30"),
        seats(7, "2026-04-11", "2026-04-21", key=2, series=1, price="30"),
        seats(4, "2026-04-21", key=3, series=1, price="30"),
    ]
    rows = [
        charged(APRIL, "150.00", key=1),
        charged("2026-04-11/2026-05-01", "40.00", key=2, line=2, revision=1),
    ]
    outcome = plan(lines, rows, "2026-04-21")
    assert [(item.reverses, str(item.amount)) for item in outcome.items] == [
        (2, "-20.00"),
        (1, "-10.00"),
    ]


def test_a_credit_is_never_more_than_its_charge_less_earlier_credits():
    lines = up_and_down(10, 0, "2026-04-01")
    rows = [
        charged(APRIL, "70.00", key=1),
        charged(APRIL, "-50.00", key=2, revision=1, reverses=1),
    ]
    outcome = plan(lines, rows, "2026-04-02")
    assert [(item.reverses, str(item.amount)) for item in outcome.items] == [
        (1, "-20.00")
    ]


def test_two_credits_of_one_day_have_revisions_of_their_own():
    lines = up_and_down(7, 0, "2026-04-01")
    rows = [
        charged(APRIL, "35.00", key=1),
        charged(APRIL, "14.00", key=2, revision=1),
    ]
    outcome = plan(lines, rows, "2026-04-02")
    assert [item.revision for item in outcome.items] == [2, 3]


def test_a_second_change_of_a_price_credits_the_second_price():
    """499, then 998, then 1 497 on the same day: the second credit is on 998."""
    lines = [
        seats(1, end="2026-04-16", price="499"),
        seats(1, "2026-04-16", "2026-04-16", key=2, price="998"),
        seats(1, "2026-04-16", key=3, price="1497"),
    ]
    rows = [
        charged(APRIL, "499.00", key=1),
        charged("2026-04-16/2026-05-01", "-249.50", key=2, revision=1, reverses=1),
        charged("2026-04-16/2026-05-01", "499.00", key=3, line=2),
    ]
    outcome = plan(lines, rows, "2026-04-16")
    assert [(item.line, item.reverses, str(item.amount)) for item in outcome.items] == [
        (2, 3, "-499.00"),
        (3, None, "748.50"),
    ]


def test_units_that_come_back_are_charged_again():
    lines = [
        seats(10, end="2026-04-11"),
        seats(7, "2026-04-11", "2026-04-21", key=2, series=1),
        seats(10, "2026-04-21", key=3, series=1),
    ]
    rows = [
        charged(APRIL, "70.00", key=1),
        charged("2026-04-11/2026-05-01", "-14.00", revision=1, key=2, reverses=1),
    ]
    outcome = plan(lines, rows, "2026-04-21")
    assert rows_of(outcome) == [("2026-04-21/2026-05-01", "3", "7.00")]


def test_lines_of_a_series_are_sorted_by_their_start():
    lines = up_and_down(10, 12, "2026-04-16")
    row = charged(APRIL, "70.00")
    in_order, reversed_ = (
        plan(given, [row], "2026-04-16") for given in (lines, lines[::-1])
    )
    assert rows_of(in_order) == rows_of(reversed_)


def test_two_lines_of_a_series_need_one_calendar():
    lines = [
        seats(10, end="2026-04-16"),
        seats(12, "2026-04-16", key=2, series=1, since="2026-04-02"),
    ]
    with pytest.raises(SeriesOnTwoCalendars):
        plan(lines, [], "2026-04-16")


def test_units_billed_at_zero_count_as_billed_usage():
    rows = [replace(charged(APRIL, "0.00"), quantity=Decimal(80))]
    balance = PeriodBalance(
        ChargeKind.USAGE, period(APRIL), day("2026-05-01"), [], rows
    )
    assert balance.unbilled_usage == -80
