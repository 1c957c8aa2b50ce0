"""A price per package of units, with an allowance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from ..errors import InvalidPackageSize
from ..money import ONE, ZERO
from .price_model import PriceModel, PricePart, refuse_negative


@dataclass(frozen=True, slots=True)
class Package(PriceModel):
    """A price for each package started, after the included units.

    >>> messages = Package(Decimal(5), size=Decimal(100), included=Decimal(100))
    >>> [str(messages.amount(Decimal(number))) for number in (100, 101, 201)]
    ['0', '5', '10']
    """

    price: Decimal
    size: Decimal
    included: Decimal = ZERO

    def __post_init__(self) -> None:
        if self.size <= 0:
            raise InvalidPackageSize(self.size)
        refuse_negative(self.included)

    def amount(self, quantity: Decimal) -> Decimal:
        return self._packages(quantity) * self.price

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        return (PricePart(self._packages(quantity), self.price),)

    def raised(self, percent: Decimal) -> Package:
        return self

    def _packages(self, quantity: Decimal) -> Decimal:
        refuse_negative(quantity)
        beyond = max(quantity - self.included, ZERO)
        return (beyond / self.size).quantize(ONE, ROUND_CEILING)
