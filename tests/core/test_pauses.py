from dataclasses import replace

import pytest
from billing_core.errors import EmptyPeriod
from billing_core.invoice_plan import plan_invoice
from billing_core.line import ChargeKind
from billing_core.pauses import Pause, without_pauses

from .agreed import charged, day, rows_of, seats
from .histories import ILS

HOLIDAY = Pause(day("2026-04-11"), day("2026-04-21"))


def served_parts(line, *pauses):
    return [
        (str(part.start), part.end and str(part.end))
        for part in without_pauses([line], pauses)
    ]


def test_an_empty_pause_is_refused():
    with pytest.raises(EmptyPeriod):
        Pause(day("2026-04-11"), day("2026-04-11"))


def test_a_pause_without_an_end_ends_the_service():
    assert served_parts(seats(1), Pause(day("2026-04-11"))) == [
        ("2026-04-01", "2026-04-11")
    ]


def test_a_line_that_starts_in_a_pause_is_served_after_it():
    assert served_parts(seats(1, "2026-04-15"), HOLIDAY) == [("2026-04-21", None)]


def test_a_line_within_a_pause_has_no_served_day():
    [(start, end)] = served_parts(seats(1, "2026-04-12", "2026-04-20"), HOLIDAY)
    assert start == end


def test_two_pauses_leave_three_served_parts():
    later = Pause(day("2026-05-11"), day("2026-05-21"))
    assert len(served_parts(seats(1), later, HOLIDAY)) == 3


def test_a_one_time_line_is_not_paused():
    fee = seats(1, "2026-04-15", kind=ChargeKind.ONE_OFF)
    assert served_parts(fee, HOLIDAY) == [("2026-04-15", None)]


def test_paused_days_that_were_billed_are_credited():
    """249.95 for 31 days, paused for ten of them: 80.63 back."""
    line = seats(1, "2012-06-30", price="249.95", since="2011-12-31")
    rows = [charged("2012-06-30/2012-07-31", "249.95")]
    pause = Pause(day("2012-07-10"), day("2012-07-20"))
    outcome = plan_invoice([line], rows, ILS, day("2012-07-10"), [pause])
    assert rows_of(outcome) == [("2012-07-10/2012-07-20", "1", "-80.63")]


def test_months_missed_in_a_pause_are_not_billed_on_resume():
    pause = Pause(day("2026-05-01"), day("2026-08-01"))
    line = seats(1, price="30", closed_until=day("2026-05-01"))
    outcome = plan_invoice([line], [], ILS, day("2026-08-01"), [pause])
    assert rows_of(outcome) == [("2026-08-01/2026-09-01", "1", "30.00")]


def test_a_quantity_change_during_a_pause_closes_with_the_previous_line():
    """Otherwise the billed period would be planned again without its rows."""
    pause = Pause(day("2026-04-11"), day("2026-05-21"))
    before = seats(10, end="2026-04-16", closed_until=day("2026-05-01"))
    after = seats(12, "2026-04-16", key=2, series=1)
    rows = [
        charged("2026-04-01/2026-05-01", "70.00", key=1),
        charged("2026-04-11/2026-05-01", "-46.67", key=2, revision=1, reverses=1),
    ]
    opened = [replace(before, closed_until=day("2026-04-01")), after]
    plan = plan_invoice(opened, rows, ILS, day("2026-04-20"), [pause])
    assert rows_of(plan) == []
    assert plan.closed_until == {1: day("2026-05-01"), 2: day("2026-05-01")}
    again = plan_invoice(plan.closed(opened), [], ILS, day("2026-05-21"), [pause])
    assert rows_of(again) == [("2026-05-21/2026-06-01", "12", "29.81")]


def test_a_scheduled_pause_is_credited_on_its_day():
    pause = Pause(day("2026-04-21"), day("2026-05-01"))
    line = seats(1, price="30")
    rows = [charged("2026-04-01/2026-05-01", "30.00", key=1)]
    early = plan_invoice([line], rows, ILS, day("2026-04-11"), [pause])
    assert (rows_of(early), early.next_due) == ([], day("2026-04-21"))
    plan = plan_invoice([line], rows, ILS, day("2026-04-21"), [pause])
    assert rows_of(plan) == [("2026-04-21/2026-05-01", "1", "-10.00")]


def test_days_already_paused_are_not_charged():
    pause = Pause(day("2026-04-21"), day("2026-05-01"))
    plan = plan_invoice([seats(1, price="30")], [], ILS, day("2026-04-01"), [pause])
    assert rows_of(plan) == [("2026-04-01/2026-04-21", "1", "20.00")]
