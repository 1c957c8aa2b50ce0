from billing_core.discounts import Discount
from billing_core.line import ChargeKind

from .agreed import Decimal, day, seats


def test_a_line_is_done_when_its_last_day_is_closed():
    assert seats(1, end="2026-04-16", closed_until=day("2026-05-01")).is_done


def test_a_line_that_goes_on_is_never_done():
    assert not seats(1, closed_until=day("2026-05-01")).is_done


def test_a_line_that_is_opened_again_from_its_first_day_is_not_done():
    assert not seats(1, end="2026-04-01", closed_until=day("2026-04-01")).is_done


def test_a_one_off_line_is_done_once_it_is_billed():
    fee = seats(1, kind=ChargeKind.ONE_OFF, closed_until=day("2026-04-02"))
    assert fee.is_done


def test_the_cycles_of_a_discount_count_on_in_a_part_of_a_line():
    line = seats(1, discounts=(Discount(percent=Decimal(50), cycles=3),))
    part = line.part(day("2026-06-01"), None)
    assert part.terms.discounts[0].since == line.start
