import pytest
from billing_core.errors import FloorAboveCap, InvalidIndex
from billing_core.money import raised
from billing_core.price_models import (
    Graduated,
    PercentageOfAmount,
    PerUnit,
    Stairstep,
    Tier,
    Volume,
)
from billing_core.rating import Terms, price_of
from billing_core.renewal import (
    Uplift,
    compounded_percent,
    index_change,
    raised_terms,
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
def test_an_uplift_is_bounded_by_its_floor_and_cap(uplift, index, percent):
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


def test_all_prices_of_tiers_are_raised_and_their_bounds_kept():
    tiers = (Tier(Decimal(10), Decimal(7), Decimal(20)), Tier(None, Decimal(6)))
    # 10 at 7 and 10 at 6 with a fee of 20 are 150; 10 % more are 165.
    assert price_raised(Graduated(tiers), 20) == 165
    # 5 at 7 with a fee of 20 are 55.
    assert price_raised(Volume(tiers), 5) == Decimal("60.5")


def price_raised(model, quantity, **terms):
    risen = raised_terms(Terms(model, **terms), Decimal(10))
    return price_of(risen, Decimal(quantity))


@pytest.mark.parametrize(
    ("overage", "quantity", "amount"),
    [(Decimal(2), 103, "171.6"), (None, 100, "165")],
)
def test_prices_of_blocks_and_overage_are_raised(overage, quantity, amount):
    blocks = Stairstep((Tier(Decimal(100), flat_fee=Decimal(150)),), overage)
    assert price_raised(blocks, quantity) == Decimal(amount)


def test_a_price_agreed_on_the_line_is_not_raised_with_the_terms():
    assert price_raised(PerUnit(Decimal(7)), 10) == 70


def test_minimum_and_maximum_are_raised_with_the_prices():
    assert price_raised(PerUnit(Decimal(7)), 1, minimum=Decimal(100)) == 110
    assert price_raised(PerUnit(Decimal(7)), 99, maximum=Decimal(100)) == 110


def test_percentages_are_not_raised_but_fees_and_bounds_are():
    # 1.2 % of 50 is 0.60 as before; the fee of 0.10 is 0.11.
    card = PercentageOfAmount(Decimal("1.2"), Decimal("0.10"))
    assert price_raised(card, 50) == Decimal("0.71")
    bounded = PercentageOfAmount(Decimal(1), minimum_per_event=Decimal(5))
    assert price_raised(bounded, 50) == Decimal("5.5")


def test_successive_increases_compound():
    assert compounded_percent(Decimal(0), Decimal(3)) == 3
    assert compounded_percent(Decimal(3), Decimal(3)) == Decimal("6.09")
