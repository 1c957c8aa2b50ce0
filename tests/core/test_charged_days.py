"""Changes that are charged from another day than the one on which they are served."""

from dataclasses import replace

import pytest
from billing_core.changes import change_quantity, change_terms, end_line
from billing_core.charged_days import ChangePolicy, charged_from, with_charged_days
from billing_core.invoice_plan import plan_invoice
from billing_core.line import PercentBase
from billing_core.price_models import PercentOfTotal

from .agreed import Decimal, charged, day, rows_of, seats
from .histories import ILS

START = day("2026-04-01")


def changed(lines, policy, on, quantity):
    """Return lines after a change of the quantity of the first one, by a policy."""
    when = day(on)
    line = max(
        (each for each in lines if each.start <= when), key=lambda one: one.start
    )
    edit = change_quantity(
        lines, 1, when, Decimal(quantity), charged_from(policy, line, when)
    )
    return list(edit.lines)


def charged_on(lines, target):
    return [
        (str(line.start), str(line.end), int(line.quantity))
        for line in with_charged_days(lines, day(target)).lines
        if not line.is_empty
    ]


def test_a_day_is_charged_by_the_last_change_that_covers_it():
    lines = changed([seats(10)], ChangePolicy.NONE, "2026-04-10", 20)
    lines = changed(lines, ChangePolicy.PRORATE, "2026-04-20", 30)
    assert charged_on(lines, "2026-04-20") == [
        ("2026-04-01", "2026-04-20", 10),
        ("2026-04-20", "None", 30),
    ]


def test_two_changes_charged_from_the_next_period_are_both_deferred():
    lines = changed([seats(10)], ChangePolicy.NONE, "2026-04-10", 20)
    lines = changed(lines, ChangePolicy.NONE, "2026-04-20", 30)
    assert charged_on(lines, "2026-04-20") == [
        ("2026-04-01", "2026-05-01", 10),
        ("2026-05-01", "None", 30),
    ]


def test_a_full_charge_replaces_the_full_charge_before_it():
    lines = changed([seats(10)], ChangePolicy.FULL, "2026-04-10", 20)
    lines = changed(lines, ChangePolicy.FULL, "2026-04-20", 30)
    assert charged_on(lines, "2026-04-20") == [("2026-04-01", "None", 30)]


def test_a_full_charge_reaches_back_only_to_the_last_prorated_change():
    lines = changed([seats(10)], ChangePolicy.PRORATE, "2026-04-10", 20)
    lines = changed(lines, ChangePolicy.FULL, "2026-04-20", 30)
    assert charged_on(lines, "2026-04-20") == [
        ("2026-04-01", "2026-04-10", 10),
        ("2026-04-10", "None", 30),
    ]


def test_a_second_change_on_the_same_day_keeps_the_charged_days_of_the_first():
    edit = change_quantity([seats(10)], 1, day("2026-04-16"), Decimal(20), START)
    again = change_quantity(edit.lines, 1, day("2026-04-16"), Decimal(30))
    assert charged_on(again.lines, "2026-04-16") == [("2026-04-01", "None", 30)]
    dearer = change_terms(
        edit.lines, 1, day("2026-04-16"), lambda _line: seats(1, price="9.00").terms
    )
    assert charged_on(dearer.lines, "2026-04-16") == [("2026-04-01", "None", 20)]


def test_a_later_change_does_not_inherit_the_charged_days_of_an_earlier_one():
    edit = change_quantity([seats(10)], 1, day("2026-04-16"), Decimal(20), START)
    later = change_quantity(edit.lines, 1, day("2026-04-21"), Decimal(30))
    assert charged_on(later.lines, "2026-04-21") == [
        ("2026-04-01", "2026-04-21", 20),
        ("2026-04-21", "None", 30),
    ]


def test_a_deferred_change_that_ends_before_its_charge_is_never_charged():
    lines = changed([seats(10)], ChangePolicy.NONE, "2026-04-10", 20)
    edit = end_line(lines, 1, day("2026-04-16"))
    assert charged_on(edit.lines, "2026-06-01") == [("2026-04-01", "2026-04-16", 10)]


def test_the_first_line_is_charged_for_its_own_days_only():
    line = replace(seats(10, start="2026-04-16"), charged_from=day("2026-04-01"))
    assert charged_on([line], "2026-04-16") == [("2026-04-16", "None", 10)]


def test_changes_before_the_first_period_cost_nothing_before_it():
    """A plan that is charged from May on, and more seats of it from 20 April."""
    yearly = seats(20, since="2026-05-01").calendar
    plan = change_terms(
        [seats(10)],
        1,
        day("2026-04-16"),
        lambda line: line.terms,
        lambda _line: yearly,
        Decimal(20),
        day("2026-05-01"),
    )
    lines = changed(plan.lines, ChangePolicy.PRORATE, "2026-04-20", 30)
    assert charged_on(lines, "2026-04-20") == [
        ("2026-04-01", "2026-05-01", 10),
        ("2026-05-01", "None", 30),
    ]


def test_a_full_charge_never_reaches_into_an_earlier_period():
    """It was agreed on when periods began on the 1st, and they begin on the 10th."""
    lines = changed([seats(10)], ChangePolicy.FULL, "2026-05-16", 20)
    tenth = seats(1, since="2026-04-10").calendar
    lines = [replace(line, calendar=tenth) for line in lines]
    assert charged_on(lines, "2026-05-16") == [
        ("2026-04-01", "2026-05-10", 10),
        ("2026-05-10", "None", 20),
    ]


def test_a_removal_is_never_credited_for_an_earlier_period():
    """It was agreed on when periods began on the 1st, and they begin on the 10th."""
    tenth = seats(1, since="2026-04-10").calendar
    line = seats(10, end="2026-05-16", calendar=tenth)
    line = replace(line, charged_until=day("2026-05-01"))
    assert charged_on([line], "2026-05-16") == [("2026-04-01", "2026-05-10", 10)]


@pytest.mark.parametrize("policy", [ChangePolicy.FULL, ChangePolicy.NONE])
def test_a_change_on_the_first_day_of_a_period_is_charged_on_it(policy):
    assert charged_from(policy, seats(10), day("2026-05-01")) == day("2026-05-01")


def test_a_removal_is_credited_by_the_policy():
    for until, owed in (("2026-04-01", "-70.00"), ("2026-05-01", None)):
        line = seats(10, closed_until=day("2026-05-01"))
        edit = end_line([line], 1, day("2026-04-16"), day(until))
        rows = [charged("2026-04-01/2026-05-01", "70.00", key=1)]
        before = plan_invoice(edit.lines, rows, ILS, day("2026-04-15"))
        assert not before.items
        plan = plan_invoice(edit.lines, rows, ILS, day("2026-04-16"))
        assert [str(item.amount) for item in plan.items] == ([owed] if owed else [])


def test_a_percentage_is_recalculated_for_the_recharged_days():
    # Periods of the share begin on the 16th: the last one ends within the charged days.
    calendar = seats(1, since="2026-03-16").calendar
    share = seats(1, start="2026-03-16", key=9, calendar=calendar)
    terms = replace(share.terms, price=PercentOfTotal(Decimal(10)))
    share = replace(share, terms=terms, base=PercentBase(frozenset([1, 2])))
    lines = changed([seats(10), share], ChangePolicy.FULL, "2026-04-20", 20)
    lines = [
        replace(line, base=PercentBase(frozenset([1, -1]))) if line.key == 9 else line
        for line in lines
    ]
    rows = []
    totals = {}
    for target in ("2026-04-01", "2026-04-16", "2026-04-20"):
        plan = plan_invoice(lines, rows, ILS, day(target))
        for item in plan.items:
            if item.line == 9:
                totals.setdefault(target, []).append(str(item.amount))
        rows += [
            charged(
                str(item.period), item.amount, key=len(rows) + number, line=item.line
            )
            for number, item in enumerate(plan.items, start=1)
        ]
        lines = plan.closed(lines)
    # 15 of 31 days of 7.00; of 14.00 they are 6.77.
    assert totals["2026-04-01"] == ["3.39"]
    assert totals["2026-04-16"] == ["7.00"]
    assert totals["2026-04-20"] == ["3.38", "7.00"]


def test_a_percentage_is_recalculated_where_a_later_change_moves_a_charged_end():
    # Ended on 20 May, charged until the 1st; then it moves to periods from the 17th.
    calendar = seats(1, since="2026-03-16").calendar
    share = seats(1, start="2026-04-16", key=9, calendar=calendar)
    terms = replace(share.terms, price=PercentOfTotal(Decimal(10)))
    share = replace(share, terms=terms, base=PercentBase(frozenset([1, -1])))
    lines = end_line([seats(10), share], 1, day("2026-05-20"), day("2026-05-01")).lines
    rows = []
    for target in ("2026-04-16", "2026-05-01", "2026-05-20"):
        plan = plan_invoice(lines, rows, ILS, day(target))
        rows += [
            charged(
                str(item.period), item.amount, key=len(rows) + number, line=item.line
            )
            for number, item in enumerate(plan.items, start=1)
        ]
        lines = plan.closed(lines)
    # 15 of 30 days of 7.00.
    assert sum(row.amount for row in rows if row.line == 9) == Decimal("3.50")
    moved = seats(1, since="2026-05-17").calendar
    edit = change_terms(
        lines, 1, day("2026-05-17"), lambda line: line.terms, lambda _line: moved
    )
    plan = plan_invoice(edit.lines, rows, ILS, day("2026-05-20"))
    again = [str(item.amount) for item in plan.items if item.line == 9]
    # The other 15, and the 16th of May of the next period: 7.00 / 31.
    assert again == ["3.50", "0.23"]


def test_the_next_due_date_is_the_day_of_the_deferred_change():
    lines = changed([seats(10)], ChangePolicy.FULL, "2026-04-20", 20)
    plan = plan_invoice(lines, [], ILS, day("2026-04-01"))
    assert rows_of(plan) == [("2026-04-01/2026-05-01", "10", "70.00")]
    assert plan.next_due == day("2026-04-20")
