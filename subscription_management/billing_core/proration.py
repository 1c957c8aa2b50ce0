"""The share of prices that belongs to some of a period's days."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .money import ZERO
from .period import Period


def prorate(served: Iterable[tuple[Decimal, Period]], whole: Period) -> Decimal:
    """Return what prices of `whole` cost for the days that each served, not rounded.

    Days are counted, not seconds, so a daylight-saving change cannot move a cent.
    It is divided once, at the end: a third and two thirds are the whole again.

    >>> from datetime import date
    >>> april = Period(date(2026, 4, 1), date(2026, 5, 1))
    >>> first = Period(april.start, date(2026, 4, 11))
    >>> rest = Period(first.end, april.end)
    >>> prorate([(Decimal("30.00"), rest)], april)
    Decimal('20.00')
    >>> prorate([(Decimal("0.10"), first), (Decimal("0.10"), rest)], april)
    Decimal('0.10')
    """
    return sum((price * used.days for price, used in served), ZERO) / whole.days
