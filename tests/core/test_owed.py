from itertools import islice

from billing_core.discounts import Discount
from billing_core.owed import in_effect, owed_parts

from .agreed import Decimal, day, seats
from .histories import ILS


def test_parts_of_a_period_add_up_to_what_it_costs_whole():
    """A third of 100.00 three times is 100.00, not 99.99."""
    cuts = ["2026-04-01", "2026-04-11", "2026-04-21", None]
    lines = [
        seats(1, start, end, key=key, series=1, price="100")
        for key, (start, end) in enumerate(zip(cuts, cuts[1:], strict=False), start=1)
    ]
    april = next(lines[0].calendar.periods_from())
    amounts = [str(part.amount) for part in owed_parts(lines, april, ILS)]
    assert amounts == ["33.33", "33.34", "33.33"]


def test_a_discount_of_two_cycles_ends_with_the_second_period():
    line = seats(10, discounts=(Discount(percent=Decimal(50), cycles=2),))
    amounts = [
        str(owed_parts([line], period, ILS)[0].amount)
        for period in islice(line.calendar.periods_from(), 3)
    ]
    assert amounts == ["35.00", "35.00", "70.00"]


def test_a_change_that_is_to_come_is_not_billed_yet():
    ten = seats(10, end="2026-04-16")
    twelve = seats(12, "2026-04-16", key=2, series=1)
    current, coming = in_effect([ten, twelve], day("2026-04-15"))
    assert [(line.quantity, line.end) for line in current] == [(10, None)]
    assert coming == [twelve]


def test_a_change_is_billed_on_its_day():
    lines = [seats(10, end="2026-04-16"), seats(12, "2026-04-16", key=2, series=1)]
    assert in_effect(lines, day("2026-04-16")) == (lines, [])


def test_a_change_that_was_taken_back_lets_no_later_one_be_billed_before_its_day():
    ten = seats(10, end="2026-05-16")
    back = seats(15, "2026-04-11", "2026-04-11", key=2, series=1)
    twelve = seats(12, "2026-05-16", key=3, series=1)
    current, coming = in_effect([ten, back, twelve], day("2026-05-01"))
    assert [(line.quantity, line.end) for line in current if not line.is_empty] == [
        (10, None)
    ]
    assert coming == [twelve]
