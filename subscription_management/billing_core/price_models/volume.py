"""Volume tiers: all units at the price of one tier."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .price_model import PriceModel, PricePart, refuse_negative
from .tiers import Tier, check_tiers, raised_tiers, tier_of


@dataclass(frozen=True, slots=True)
class Volume(PriceModel):
    """All units at the price of the tier that holds the quantity, plus its flat fee.

    >>> seats = Volume((
    ...     Tier(Decimal(5), Decimal(7)),
    ...     Tier(Decimal(10), Decimal("6.5")),
    ...     Tier(None, Decimal(6)),
    ... ))
    >>> [str(seats.amount(Decimal(number))) for number in (5, 6, 20)]
    ['35', '39.0', '120']
    """

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        check_tiers(self.tiers)

    def amount(self, quantity: Decimal) -> Decimal:
        refuse_negative(quantity)
        tier = self.tiers[tier_of(self.tiers, quantity)]
        return tier.flat_fee + tier.unit_price * quantity

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        refuse_negative(quantity)
        row = tier_of(self.tiers, quantity)
        tier = self.tiers[row]
        return (PricePart(quantity, tier.unit_price, tier.flat_fee, tier=row),)

    def raised(self, percent: Decimal) -> Volume:
        return Volume(raised_tiers(self.tiers, percent))
