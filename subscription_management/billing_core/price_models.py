"""What a quantity costs for one full billing period, before rounding.

Every price model is a value with one method, `amount(quantity)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from .errors import NegativeQuantity


class PriceModel(Protocol):
    def amount(self, quantity: Decimal) -> Decimal:
        """Return the price of `quantity` units for one full period, unrounded."""


@dataclass(frozen=True, slots=True)
class Flat:
    """One price, whatever the quantity.

    >>> Flat(Decimal(99)).amount(Decimal(160))
    Decimal('99')
    """

    price: Decimal

    def amount(self, quantity: Decimal) -> Decimal:
        if quantity < 0:
            raise NegativeQuantity(quantity)
        return self.price


@dataclass(frozen=True, slots=True)
class PerUnit:
    """The same price for each unit.

    >>> PerUnit(Decimal(7)).amount(Decimal(10))
    Decimal('70')
    """

    unit_price: Decimal

    def amount(self, quantity: Decimal) -> Decimal:
        if quantity < 0:
            raise NegativeQuantity(quantity)
        return self.unit_price * quantity
