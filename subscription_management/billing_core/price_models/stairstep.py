"""Stairstep: one price for a block of units."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..errors import QuantityBeyondTiers
from ..money import ZERO, raised_or_none
from .price_model import PriceModel, PricePart, refuse_negative
from .tiers import Tier, check_tiers, raised_tiers, tier_of


@dataclass(frozen=True, slots=True)
class Stairstep(PriceModel):
    """The flat fee of the block that holds the quantity.

    Units beyond the last block cost `overage_price` each, if it is set.

    >>> seats = Stairstep(
    ...     (Tier(Decimal(25), flat_fee=Decimal(90)),
    ...      Tier(Decimal(100), flat_fee=Decimal(150))),
    ...     overage_price=Decimal(2),
    ... )
    >>> [str(seats.amount(Decimal(number))) for number in (25, 26, 100, 103)]
    ['90', '150', '150', '156']
    """

    blocks: tuple[Tier, ...]
    overage_price: Decimal | None = None

    def __post_init__(self) -> None:
        check_tiers(self.blocks)

    def amount(self, quantity: Decimal) -> Decimal:
        row, excess = self._find(quantity)
        price = self.blocks[row].flat_fee
        return price + excess * self.overage_price if self.overage_price else price

    def parts(self, quantity: Decimal) -> tuple[PricePart, ...]:
        row, excess = self._find(quantity)
        block = PricePart(ZERO, ZERO, self.blocks[row].flat_fee, tier=row)
        if not excess or self.overage_price is None:
            return (block,)
        return (block, PricePart(excess, self.overage_price))

    def raised(self, percent: Decimal) -> Stairstep:
        return Stairstep(
            raised_tiers(self.blocks, percent),
            raised_or_none(self.overage_price, percent),
        )

    def _find(self, quantity: Decimal) -> tuple[int, Decimal]:
        """Return the index of the block, and the units beyond the last one."""
        refuse_negative(quantity)
        last = self.blocks[-1].up_to
        if last is None or quantity <= last:
            return tier_of(self.blocks, quantity), ZERO
        if self.overage_price is None:
            raise QuantityBeyondTiers(quantity, last)
        return len(self.blocks) - 1, quantity - last
