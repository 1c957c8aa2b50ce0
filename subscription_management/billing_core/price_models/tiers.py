"""Tiers: stretches of quantity with a price of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..errors import NoTiers, QuantityBeyondTiers, TierAfterTheLast, TierOutOfOrder
from ..money import ZERO


@dataclass(frozen=True, slots=True)
class Tier:
    """The quantities above the tier before, up to and including `up_to`."""

    up_to: Decimal | None
    """The last quantity that it holds; None for a tier without end."""
    unit_price: Decimal = ZERO
    flat_fee: Decimal = ZERO


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Refuse tiers that are missing, out of order, or follow one without end.

    Rows are counted from 1, as people see them.

    >>> try:
    ...     check_tiers([Tier(Decimal(10)), Tier(Decimal(5))])
    ... except TierOutOfOrder as error:
    ...     print("row", error.row)
    row 2
    """
    if not tiers:
        raise NoTiers
    lower = ZERO
    for row, tier in enumerate(tiers, start=1):
        if tier.up_to is None:
            if row < len(tiers):
                raise TierAfterTheLast(row + 1)
            return
        if tier.up_to <= lower:
            raise TierOutOfOrder(row, tier.up_to, lower)
        lower = tier.up_to


def tier_of(tiers: Sequence[Tier], quantity: Decimal) -> int:
    """Return the row of the tier that holds a quantity; the first one holds zero."""
    for row, tier in enumerate(tiers):
        if tier.up_to is None or quantity <= tier.up_to:
            return row
    raise beyond(tiers, quantity)


def beyond(tiers: Sequence[Tier], quantity: Decimal) -> QuantityBeyondTiers:
    last = tiers[-1].up_to
    assert last is not None, "a tier without end holds every quantity"
    return QuantityBeyondTiers(quantity, last)
