"""The interface of all price models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

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


class PriceModel(ABC):
    """The price of a quantity for one full billing period, before rounding."""

    __slots__ = ()

    @abstractmethod
    def amount(self, quantity: Decimal) -> Decimal:
        """Return the price of `quantity` units for one full period, unrounded.

        Raises a `BillingError` if the quantity is negative or has no price.
        """

    @abstractmethod
    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        """Return the parts of `amount(quantity)`, which add up to it."""

    @abstractmethod
    def raised(self, percent: Decimal) -> PriceModel:
        """Return the model with its amounts raised by a percentage.

        A single price is kept: it is agreed on the line and raised there.
        """

    def amount_of_usage(
        self, events: Sequence[Decimal], billable: Callable[[Decimal], Decimal]
    ) -> Decimal:
        """Return the price of usage events: of their billable total.

        `billable` converts a quantity and subtracts the allowance. Models that price
        each event override this.
        """
        return self.amount(billable(sum(events, ZERO)))

    def for_part(self, share: Fraction) -> PriceModel | None:
        """Return the model with its own allowance reduced to part of a period.

        None if usage is extrapolated to a whole period instead. Models that price each
        event override this, since events cannot be extrapolated.
        """
        return None


def refuse_negative(quantity: Decimal) -> None:
    """Raise `NegativeQuantity` for a quantity below zero."""
    if quantity < 0:
        raise NegativeQuantity(quantity)
