"""A price for each unit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .price_model import PriceModel, PricePart, refuse_negative


@dataclass(frozen=True, slots=True)
class PerUnit(PriceModel):
    """A price for each unit.

    >>> PerUnit(Decimal(7)).amount(Decimal(10))
    Decimal('70')
    """

    unit_price: Decimal

    def amount(self, quantity: Decimal) -> Decimal:
        refuse_negative(quantity)
        return self.unit_price * quantity

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        refuse_negative(quantity)
        return (PricePart(quantity, self.unit_price),)

    def raised(self, percent: Decimal) -> PerUnit:
        return self
