import pytest
from billing_core.errors import FloorAboveCap, InvalidIndex
from billing_core.renewal import Uplift, index_change, raised

from .agreed import Decimal


@pytest.mark.parametrize(
    ("uplift", "index", "percent"),
    [
        (Uplift(spread=Decimal(3)), "0", "3"),
        (Uplift(spread=Decimal(5), floor=Decimal(8)), "4", "9"),
        (Uplift(spread=Decimal(5), floor=Decimal(8)), "1", "8"),
        (Uplift(cap=Decimal(6)), "9", "6"),
        (Uplift(floor=Decimal(0)), "-2", "0"),
    ],
)
def test_the_rise_of_prices(uplift, index, percent):
    assert uplift.percent(Decimal(index)) == Decimal(percent)


def test_a_floor_above_the_cap_is_refused():
    with pytest.raises(FloorAboveCap):
        Uplift(floor=Decimal(9), cap=Decimal(3))


def test_an_index_of_zero_is_refused():
    with pytest.raises(InvalidIndex):
        index_change(Decimal(0), Decimal(100))


def test_a_unit_price_keeps_twelve_decimals():
    assert raised(Decimal("0.001"), Decimal("3.33")) == Decimal("0.0010333")
    assert raised(Decimal(1) / 3, Decimal(0)) == Decimal("0.333333333333")
