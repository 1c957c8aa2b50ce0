from itertools import islice

from billing_core.discounts import Discount
from billing_core.owed import recurring_parts, split_effective

from .agreed import Decimal, day, seats
from .histories import ILS


def test_the_parts_of_a_period_add_up_to_its_price():
    """A third of 100.00 three times is 100.00, not 99.99."""
    cuts = ["2026-04-01", "2026-04-11", "2026-04-21", None]
    lines = [
        seats(1, start, end, key=key, series=1, price="100")
        for key, (start, end) in enumerate(zip(cuts, cuts[1:], strict=False), start=1)
    ]
    april = next(lines[0].calendar.periods_from())
    amounts = [str(part.amount) for part in recurring_parts(lines, april, ILS)]
    assert amounts == ["33.33", "33.34", "33.33"]


def test_a_discount_of_two_cycles_ends_with_the_second_period():
    line = seats(10, discounts=(Discount(percent=Decimal(50), cycles=2),))
    amounts = [
        str(recurring_parts([line], period, ILS)[0].amount)
        for period in islice(line.calendar.periods_from(), 3)
    ]
    assert amounts == ["35.00", "35.00", "70.00"]


def test_a_scheduled_change_is_not_billed_yet():
    ten = seats(10, end="2026-04-16")
    twelve = seats(12, "2026-04-16", key=2, series=1)
    current, coming = split_effective([ten, twelve], day("2026-04-15"))
    assert [(line.quantity, line.end) for line in current] == [(10, None)]
    assert coming == [twelve]


def test_a_change_is_billed_on_its_day():
    lines = [seats(10, end="2026-04-16"), seats(12, "2026-04-16", key=2, series=1)]
    assert split_effective(lines, day("2026-04-16")) == (lines, [])


def test_an_undone_change_does_not_advance_a_later_scheduled_one():
    ten = seats(10, end="2026-05-16")
    back = seats(15, "2026-04-11", "2026-04-11", key=2, series=1)
    twelve = seats(12, "2026-05-16", key=3, series=1)
    current, coming = split_effective([ten, back, twelve], day("2026-05-01"))
    assert [(line.quantity, line.end) for line in current if not line.is_empty] == [
        (10, None)
    ]
    assert coming == [twelve]
