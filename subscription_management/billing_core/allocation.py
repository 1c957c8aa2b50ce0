"""Splitting an amount into parts that add up to it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import accumulate, pairwise

from .errors import NoAllocationWeight
from .money import ZERO, Currency


def allocate(
    amount: Decimal, weights: Iterable[Decimal | int], currency: Currency
) -> tuple[Decimal, ...]:
    """Return `amount` split in proportion to `weights`; the parts add up to it.

    Cumulative shares are rounded and each part is the difference from the previous one,
    so that no part is off by more than one minor unit. `amount` is rounded first.

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
        raise NoAllocationWeight(shares)
    total = currency.round(amount)
    cumulative = [currency.round(total * part / whole) for part in accumulate(shares)]
    return tuple(after - before for before, after in pairwise([ZERO, *cumulative]))
