"""Tiers: ranges of quantity with a price of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ..errors import NoTiers, QuantityBeyondTiers, TierAfterUnlimited, TierOutOfOrder
from ..money import ZERO, raised


@dataclass(frozen=True, slots=True)
class Tier:
    """The quantities above the previous tier, up to and including `up_to`."""

    up_to: Decimal | None
    """The last quantity that it holds; None for an unlimited tier."""
    unit_price: Decimal = ZERO
    flat_fee: Decimal = ZERO


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Raise for tiers that are missing, out of order, or follow an unlimited one.

    Rows are counted from 1, as displayed.

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
                raise TierAfterUnlimited(row + 1)
            return
        if tier.up_to <= lower:
            raise TierOutOfOrder(row, tier.up_to, lower)
        lower = tier.up_to


def tier_of(tiers: Sequence[Tier], quantity: Decimal) -> int:
    """Return the index of the tier that holds a quantity; the first one holds zero."""
    for row, tier in enumerate(tiers):
        if tier.up_to is None or quantity <= tier.up_to:
            return row
    raise beyond(tiers, quantity)


def raised_tiers(tiers: Sequence[Tier], percent: Decimal) -> tuple[Tier, ...]:
    """Return tiers with their prices and fees raised, and their bounds kept."""
    return tuple(
        replace(
            tier,
            unit_price=raised(tier.unit_price, percent),
            flat_fee=raised(tier.flat_fee, percent),
        )
        for tier in tiers
    )


def beyond(tiers: Sequence[Tier], quantity: Decimal) -> QuantityBeyondTiers:
    """Return the error for a quantity above the last tier."""
    last = tiers[-1].up_to
    assert last is not None, "an unlimited tier holds every quantity"
    return QuantityBeyondTiers(quantity, last)
