"""The interface of all price models."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from ..errors import NegativeQuantity
from ..money import ZERO


@dataclass(frozen=True, slots=True)
class PricePart:
    """The part of an amount that one tier, block or package adds, for display.

    >>> PricePart(Decimal(1000), Decimal("0.10"), tier=0).amount
    Decimal('100.00')
    """

    quantity: Decimal
    """The units priced by this part."""
    unit_price: Decimal
    fee: Decimal = ZERO
    """A fee independent of the quantity."""
    tier: int | None = None
    """The index of the tier; None for models without tiers."""

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price + self.fee


class PriceModel(Protocol):
    """The price of a quantity for one full billing period, before rounding."""

    def amount(self, quantity: Decimal) -> Decimal:
        """Return the price of `quantity` units for one full period, unrounded.

        Raises a `BillingError` if the quantity is negative or has no price.
        """

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        """Return the parts of `amount(quantity)`, which add up to it."""


def refuse_negative(quantity: Decimal) -> None:
    if quantity < 0:
        raise NegativeQuantity(quantity)
