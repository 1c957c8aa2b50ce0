"""A percentage of the price of other lines."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..money import HUNDRED, ZERO, check_bounds
from .price_model import PriceModel, PricePart


@dataclass(frozen=True, slots=True)
class PercentOfTotal(PriceModel):
    """A percentage of a base, which takes the place of the quantity.

    The base is the price of the chosen lines for the same period. The floor and the cap
    apply to the result.

    >>> support = PercentOfTotal(Decimal(10), floor=Decimal(20), cap=Decimal(500))
    >>> [str(support.amount(Decimal(base))) for base in (100, 1000, 9000)]
    ['20', '100', '500']
    """

    percent: Decimal
    floor: Decimal | None = None
    cap: Decimal | None = None

    def __post_init__(self) -> None:
        check_bounds(self.floor, self.cap)

    def amount(self, quantity: Decimal) -> Decimal:
        share = quantity * self.percent / HUNDRED
        if self.floor is not None and share < self.floor:
            return self.floor
        if self.cap is not None and share > self.cap:
            return self.cap
        return share

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        return (PricePart(ZERO, ZERO, fee=self.amount(quantity)),)

    def raised(self, percent: Decimal) -> PercentOfTotal:
        return self
