"""What all price models have in common."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from ..errors import NegativeQuantity
from ..money import ZERO


@dataclass(frozen=True, slots=True)
class PricePart:
    """What one tier, block or package adds to an amount, as people are shown it.

    >>> PricePart(Decimal(1000), Decimal("0.10"), tier=0).amount
    Decimal('100.00')
    """

    quantity: Decimal
    """Units that this part prices."""
    unit_price: Decimal
    fee: Decimal = ZERO
    """Charged once, whatever the quantity."""
    tier: int | None = None
    """Row of the tier, from 0; None for models without tiers."""

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price + self.fee


class PriceModel(Protocol):
    """What a quantity costs for one full billing period, before rounding."""

    def amount(self, quantity: Decimal) -> Decimal:
        """Return the price of `quantity` units for one full period, unrounded.

        Raises a `BillingError` when the quantity is below zero or has no price.
        """

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        """Return where `amount(quantity)` comes from; their sum is that amount."""


def refuse_negative(quantity: Decimal) -> None:
    if quantity < 0:
        raise NegativeQuantity(quantity)
