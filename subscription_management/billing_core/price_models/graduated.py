"""Graduated tiers: each unit at the price of its own tier."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..money import ZERO
from .price_model import PriceModel, PricePart, refuse_negative
from .tiers import Tier, beyond, check_tiers, raised_tiers


@dataclass(frozen=True, slots=True)
class Graduated(PriceModel):
    """Each unit at the price of its tier, plus the flat fee of each tier reached.

    The first tier is always reached, even by a quantity of zero.

    >>> calls = Graduated((
    ...     Tier(Decimal(1000), Decimal("0.10")),
    ...     Tier(Decimal(10000), Decimal("0.05")),
    ...     Tier(None, Decimal("0.01")),
    ... ))
    >>> calls.amount(Decimal(15000))
    Decimal('600.00')
    >>> [str(part.amount) for part in calls.parts(Decimal(15000))]
    ['100.00', '450.00', '50.00']
    """

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        check_tiers(self.tiers)

    def amount(self, quantity: Decimal) -> Decimal:
        refuse_negative(quantity)
        total, lower = self.tiers[0].flat_fee, ZERO
        first = True
        for tier in self.tiers:
            upper = tier.up_to
            if not first:
                total += tier.flat_fee
            first = False
            if upper is None or quantity <= upper:
                return total + (quantity - lower) * tier.unit_price
            total += (upper - lower) * tier.unit_price
            lower = upper
        raise beyond(self.tiers, quantity)

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        refuse_negative(quantity)
        found, lower = [], ZERO
        for row, tier in enumerate(self.tiers):
            ends_here = tier.up_to is None or quantity <= tier.up_to
            upper = quantity if ends_here or tier.up_to is None else tier.up_to
            found.append(
                PricePart(upper - lower, tier.unit_price, tier.flat_fee, tier=row)
            )
            if ends_here:
                return tuple(found)
            lower = upper
        raise beyond(self.tiers, quantity)

    def raised(self, percent: Decimal) -> Graduated:
        return Graduated(raised_tiers(self.tiers, percent))
