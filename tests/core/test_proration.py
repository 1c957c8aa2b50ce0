from datetime import date
from decimal import Decimal

import pytest
from billing_core.period import Period
from billing_core.proration import prorate

JULY = Period(date(2026, 7, 1), date(2026, 8, 1))


@pytest.mark.parametrize(
    ("amount", "share"), [("31.00", "17.00"), ("100.00", "54.84"), ("0", "0")]
)
def test_from_the_15th_to_the_31st_of_july_is_17_of_31_days(amount, share):
    late_july = Period(date(2026, 7, 15), JULY.end)
    assert round(prorate([(Decimal(amount), late_july)], JULY), 2) == Decimal(share)


def test_the_fraction_is_not_rounded_before_it_is_multiplied():
    april = Period(date(2026, 4, 1), date(2026, 5, 1))
    ten_days = Period(date(2026, 4, 21), april.end)
    assert prorate([(Decimal(60), ten_days)], april) == Decimal(20)


def test_the_prorated_parts_of_a_price_add_up_to_it():
    march = Period(date(2026, 3, 1), date(2026, 4, 1))
    first = Period(march.start, date(2026, 3, 21))
    rest = Period(first.end, march.end)
    price = Decimal("930.475")
    assert prorate([(price, first), (price, rest)], march) == price
