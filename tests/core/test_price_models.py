from decimal import Decimal

import pytest
from billing_core.errors import NegativeQuantity
from billing_core.price_models import Flat, PerUnit


@pytest.mark.parametrize("quantity", ["0", "1", "160"])
def test_a_flat_price_ignores_the_quantity(quantity):
    assert Flat(Decimal(99)).amount(Decimal(quantity)) == 99


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [("7", "10", "70"), ("0.001", "100000", "100"), ("7", "0", "0")],
)
def test_a_price_per_unit_is_multiplied(price, quantity, amount):
    assert PerUnit(Decimal(price)).amount(Decimal(quantity)) == Decimal(amount)


def test_twelve_decimals_of_a_unit_price_count():
    price = PerUnit(Decimal("0.000000000001"))
    assert price.amount(Decimal(10**12)) == 1


@pytest.mark.parametrize("model", [Flat(Decimal(1)), PerUnit(Decimal(1))])
def test_a_quantity_below_zero_is_refused(model):
    with pytest.raises(NegativeQuantity):
        model.amount(Decimal(-1))
