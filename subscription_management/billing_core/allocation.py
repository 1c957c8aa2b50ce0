"""Splitting an amount so that its parts add up."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import accumulate

from .errors import NothingToAllocateTo
from .money import ZERO, Currency


def allocate(
    amount: Decimal, weights: Iterable[Decimal | int], currency: Currency
) -> tuple[Decimal, ...]:
    """Return `amount` split in proportion to `weights`; the parts add up to it.

    The cumulative share is rounded and each part is the difference to the one
    before, so no part is off by more than one minor unit and nothing is left over.
    `amount` is rounded to the currency first.

    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> parts = allocate(Decimal(100), [1] * 12, ils)
    >>> parts[:4]
    (Decimal('8.33'), Decimal('8.34'), Decimal('8.33'), Decimal('8.33'))
    >>> sum(parts)
    Decimal('100.00')
    """
    shares = tuple(Decimal(weight) for weight in weights)
    whole = sum(shares, ZERO)
    if whole <= 0 or min(shares) < 0:
        raise NothingToAllocateTo(shares)
    total = currency.round(amount)
    marks = [currency.round(total * share / whole) for share in accumulate(shares)]
    return tuple(
        mark - before for before, mark in zip([ZERO, *marks], marks, strict=False)
    )
