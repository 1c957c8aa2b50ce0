import pytest
from billing_core.errors import FloorAboveCap, InvalidIndex
from billing_core.price_models import Graduated, PerUnit, Stairstep, Tier, Volume
from billing_core.renewal import (
    Uplift,
    index_change,
    raised,
    raised_again,
    raised_tiers,
)

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


def test_every_price_of_tiers_rises_and_their_bounds_stay():
    tiers = (Tier(Decimal(10), Decimal(7), Decimal(20)), Tier(None, Decimal(6)))
    # 10 at 7 and 10 at 6 with a fee of 20 are 150; 10 % more are 165.
    assert raised_tiers(Graduated(tiers), Decimal(10)).amount(Decimal(20)) == 165
    # 5 at 7 with a fee of 20 are 55.
    assert raised_tiers(Volume(tiers), Decimal(10)).amount(Decimal(5)) == Decimal(
        "60.5"
    )


@pytest.mark.parametrize(
    ("overage", "quantity", "amount"),
    [(Decimal(2), "103", "171.6"), (None, "100", "165")],
)
def test_blocks_rise_and_what_lies_beyond_them(overage, quantity, amount):
    blocks = Stairstep((Tier(Decimal(100), flat_fee=Decimal(150)),), overage)
    risen = raised_tiers(blocks, Decimal(10))
    assert risen.amount(Decimal(quantity)) == Decimal(amount)


def test_a_model_with_one_price_is_raised_by_its_price_only():
    assert raised_tiers(PerUnit(Decimal(7)), Decimal(10)) == PerUnit(Decimal(7))


def test_rises_follow_each_other():
    assert raised_again(Decimal(0), Decimal(3)) == 3
    assert raised_again(Decimal(3), Decimal(3)) == Decimal("6.09")
