"""Currencies, rounding and exact amounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from .errors import FloorAboveCap, InvalidMinorUnit

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
UNIT_PRICE = Decimal("1e-12")
"""The precision of a unit price."""


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency and the smallest amount that can be paid in it.

    >>> Currency("ILS", Decimal("0.01")).round(Decimal("54.838709"))
    Decimal('54.84')
    >>> Currency("JPY", Decimal("1")).round(Decimal("-2.5"))
    Decimal('-3')
    >>> Currency("CHF", Decimal("0.05")).round(Decimal("7.03"))
    Decimal('7.05')
    """

    code: str
    minor_unit: Decimal

    def __post_init__(self) -> None:
        if not self.minor_unit > 0:
            raise InvalidMinorUnit(self.code, self.minor_unit)

    def round(self, amount: Decimal) -> Decimal:
        """Return `amount` in whole minor units, halves away from zero."""
        if self.minor_unit.as_tuple().digits == (1,):
            return amount.quantize(self.minor_unit, ROUND_HALF_UP)
        units = (amount / self.minor_unit).quantize(ONE, ROUND_HALF_UP)
        return units * self.minor_unit


def as_decimal(exact: Fraction) -> Decimal:
    """Return an exact fraction as a decimal number.

    >>> as_decimal(3 * Fraction(Decimal("10.05")) / 3)
    Decimal('10.05')
    """
    return Decimal(exact.numerator) / exact.denominator


def raised(price: Decimal, percent: Decimal) -> Decimal:
    """Return a price increased by a percentage, with at most 12 decimals.

    >>> raised(Decimal("100.00"), Decimal(9))
    Decimal('109')
    """
    exact = price * (HUNDRED + percent) / HUNDRED
    shown = exact.quantize(UNIT_PRICE, ROUND_HALF_UP).normalize()
    return shown if shown != shown.to_integral() else shown.quantize(ONE)


def raised_or_none(price: Decimal | None, percent: Decimal) -> Decimal | None:
    """Return `raised` of a price that may be absent."""
    return None if price is None else raised(price, percent)


def check_bounds(floor: Decimal | None, cap: Decimal | None) -> None:
    """Raise `FloorAboveCap` for a minimum above the maximum; None is no bound."""
    if floor is not None and cap is not None and floor > cap:
        raise FloorAboveCap(floor, cap)
