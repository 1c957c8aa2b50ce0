from decimal import Decimal

import pytest
from billing_core.errors import InvalidMinorUnit
from billing_core.money import Currency
from hypothesis import given
from hypothesis import strategies as st

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6)
MINOR_UNITS = st.sampled_from(["0.01", "1", "0.001", "0.05"]).map(Decimal)


@pytest.mark.parametrize(
    ("minor_unit", "amount", "rounded"),
    [
        ("0.01", "54.835", "54.84"),
        ("0.01", "-54.835", "-54.84"),
        ("0.01", "54.8349", "54.83"),
        ("1", "0.5", "1"),
        ("0.001", "1.2345", "1.235"),
        ("0.05", "7.025", "7.05"),
        ("0.05", "7.02", "7.00"),
    ],
)
def test_halves_are_rounded_away_from_zero(minor_unit, amount, rounded):
    currency = Currency("XXX", Decimal(minor_unit))
    assert currency.round(Decimal(amount)) == Decimal(rounded)


@given(AMOUNTS, MINOR_UNITS)
def test_rounding_moves_by_half_a_minor_unit_at_most(amount, minor_unit):
    rounded = Currency("XXX", minor_unit).round(amount)
    assert abs(rounded - amount) <= minor_unit / 2
    assert rounded % minor_unit == 0


@given(AMOUNTS, MINOR_UNITS)
def test_rounding_twice_changes_nothing(amount, minor_unit):
    currency = Currency("XXX", minor_unit)
    assert currency.round(currency.round(amount)) == currency.round(amount)


@given(AMOUNTS, MINOR_UNITS)
def test_a_credit_is_rounded_like_its_charge(amount, minor_unit):
    currency = Currency("XXX", minor_unit)
    assert currency.round(-amount) == -currency.round(amount)


def test_a_minor_unit_of_zero_is_refused():
    with pytest.raises(InvalidMinorUnit, match="above zero"):
        Currency("XXX", Decimal(0))
