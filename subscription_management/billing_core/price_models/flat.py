"""A flat price, independent of the quantity."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..money import ZERO
from .price_model import PriceModel, PricePart, refuse_negative


@dataclass(frozen=True, slots=True)
class Flat(PriceModel):
    """A flat price, independent of the quantity.

    >>> Flat(Decimal(99)).amount(Decimal(160))
    Decimal('99')
    """

    price: Decimal

    def amount(self, quantity: Decimal) -> Decimal:
        refuse_negative(quantity)
        return self.price

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        return (PricePart(ZERO, ZERO, fee=self.amount(quantity)),)

    def raised(self, percent: Decimal) -> Flat:
        return self
