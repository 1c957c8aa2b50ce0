from billing_core.discounts import Discount
from billing_core.line import ChargeKind

from .agreed import Decimal, day, seats


def test_a_line_is_closed_when_its_last_day_is_billed():
    assert seats(1, end="2026-04-16", closed_until=day("2026-05-01")).is_closed


def test_an_open_ended_line_is_never_closed():
    assert not seats(1, closed_until=day("2026-05-01")).is_closed


def test_a_line_reopened_from_its_first_day_is_not_closed():
    assert not seats(1, end="2026-04-01", closed_until=day("2026-04-01")).is_closed


def test_a_one_time_line_is_closed_once_it_is_billed():
    fee = seats(1, kind=ChargeKind.ONE_OFF, closed_until=day("2026-04-02"))
    assert fee.is_closed


def test_discount_cycles_continue_in_a_part_of_a_line():
    line = seats(1, discounts=(Discount(percent=Decimal(50), cycles=3),))
    part = line.part(day("2026-06-01"), None)
    assert part.terms.discounts[0].since == line.start
