from dataclasses import replace

import pytest
from billing_core.billing_calendar import BillingCalendar, Interval, IntervalUnit
from billing_core.changes import (
    add_line,
    change_quantity,
    change_terms,
    end_line,
)
from billing_core.errors import NothingToChange
from billing_core.invoice_plan import plan_invoice
from billing_core.price_models import PerUnit
from billing_core.rating import Terms

from .agreed import Decimal, charged, day, rows_of, seats
from .histories import ILS

SIXTY = Terms(PerUnit(Decimal(60)))


def lines_of(edit):
    return [
        (line.key, str(line.start), line.end and str(line.end), str(line.quantity))
        for line in edit.lines
    ]


def test_a_quantity_change_shifts_the_scheduled_ramp():
    first = seats(10, end="2027-04-01", price="100")
    second = seats(10, "2027-04-01", key=2, series=1, price="110")
    edit = change_quantity([first, second], 1, day("2026-06-01"), Decimal(12))
    assert lines_of(edit) == [
        (1, "2026-04-01", "2026-06-01", "10"),
        (-1, "2026-06-01", "2027-04-01", "12"),
        (2, "2027-04-01", "2027-04-01", "10"),
        (-2, "2027-04-01", None, "12"),
    ]
    assert [line.terms.price.unit_price for line in edit.lines] == [100, 100, 110, 110]


def test_a_price_change_keeps_a_scheduled_price():
    first = seats(1, end="2027-04-01", price="100")
    second = seats(1, "2027-04-01", key=2, series=1, price="110")
    edit = change_terms(
        [first, second],
        1,
        day("2026-06-01"),
        lambda line: line.terms if line.key == 2 else SIXTY,
    )
    added = [line for line in edit.lines if line.key < 0]
    assert [line.terms.price.unit_price for line in added] == [60, 110]
    assert {line.series_key for line in added} == {-1}


def test_an_upgrade_in_mid_period_credits_the_old_price_and_charges_the_new():
    edit = change_terms([seats(1, price="30")], 1, day("2026-04-11"), lambda _: SIXTY)
    rows = [charged("2026-04-01/2026-05-01", "30.00")]
    outcome = plan_invoice(edit.lines, rows, ILS, day("2026-04-11"))
    assert rows_of(outcome) == [
        ("2026-04-11/2026-05-01", "1", "-20.00"),
        ("2026-04-11/2026-05-01", "1", "40.00"),
    ]


def test_a_change_to_yearly_starts_the_year_on_the_day_of_the_change():
    yearly = BillingCalendar(day("2026-04-16"), Interval(1, IntervalUnit.YEAR))
    edit = change_terms(
        [seats(1, price="30")],
        1,
        day("2026-04-16"),
        lambda _line: Terms(PerUnit(Decimal(300))),
        lambda _line: yearly,
    )
    rows = [charged("2026-04-01/2026-05-01", "30.00")]
    outcome = plan_invoice(edit.lines, rows, ILS, day("2026-04-16"))
    assert rows_of(outcome) == [
        ("2026-04-16/2026-05-01", "1", "-15.00"),
        ("2026-04-16/2027-04-16", "1", "300.00"),
    ]


def test_a_change_from_the_first_day_leaves_an_empty_line():
    edit = change_quantity([seats(10)], 1, day("2026-04-01"), Decimal(3))
    assert edit.lines[0].is_empty


def test_a_backdated_change_reopens_the_billed_months():
    line = seats(10, closed_until=day("2026-07-01"))
    edit = change_quantity([line], 1, day("2026-05-16"), Decimal(12))
    assert edit.lines[0].closed_until == day("2026-05-01")
    rows = [
        charged("2026-05-01/2026-06-01", "70.00", key=1),
        charged("2026-06-01/2026-07-01", "70.00", key=2),
    ]
    outcome = plan_invoice(edit.lines, rows, ILS, day("2026-06-20"))
    assert rows_of(outcome) == [
        ("2026-05-16/2026-06-01", "2", "7.23"),  # 14.00 × 16/31
        ("2026-06-01/2026-07-01", "2", "14.00"),
    ]


def test_a_removed_product_is_credited():
    edit = end_line([seats(10)], 1, day("2026-04-16"))
    rows = [charged("2026-04-01/2026-05-01", "70.00")]
    outcome = plan_invoice(edit.lines, rows, ILS, day("2026-04-16"))
    assert rows_of(outcome) == [("2026-04-16/2026-05-01", "10", "-35.00")]


def test_an_added_product_is_charged_from_its_first_day():
    joins = replace(seats(2, "2026-04-16"), key=-1)
    edit = add_line([seats(10, closed_until=day("2026-05-01"))], joins)
    outcome = plan_invoice(edit.lines, [], ILS, day("2026-04-16"))
    assert rows_of(outcome) == [("2026-04-16/2026-05-01", "2", "7.00")]


def test_a_change_after_the_end_is_refused_with_the_day():
    with pytest.raises(NothingToChange, match="2026-06-01"):
        change_quantity([seats(1, end="2026-05-01")], 1, day("2026-06-01"), Decimal(2))


def a_price_step():
    """Ten seats at 100, from next April at 110: a price agreed for later."""
    steps = change_terms(
        [seats(10, price="100")],
        1,
        day("2027-04-01"),
        lambda _line: Terms(PerUnit(Decimal(110))),
    )
    return list(steps.lines)


def served(edit):
    return [
        (str(line.start), str(line.quantity), str(line.terms.price.unit_price))
        for line in edit.lines
        if not line.is_empty
    ]


def test_units_added_before_a_scheduled_price_remain_after_it():
    edit = change_quantity(a_price_step(), 1, day("2026-06-01"), Decimal(12))
    assert served(edit) == [
        ("2026-04-01", "10", "100"),
        ("2026-06-01", "12", "100"),
        ("2027-04-01", "12", "110"),
    ]


def test_a_price_change_does_not_affect_a_later_scheduled_price():
    lines = a_price_step()
    edit = change_terms(
        lines,
        1,
        day("2026-06-01"),
        lambda line: SIXTY if line.key == 1 else line.terms,
    )
    assert lines[1] in edit.lines
    assert served(edit) == [
        ("2026-04-01", "10", "100"),
        ("2026-06-01", "10", "60"),
        ("2027-04-01", "10", "110"),
    ]


def test_a_removed_line_does_not_restart_at_a_scheduled_price():
    edit = end_line(a_price_step(), 1, day("2026-06-01"))
    assert served(edit) == [("2026-04-01", "10", "100")]
