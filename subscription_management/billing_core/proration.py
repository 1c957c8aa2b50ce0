"""Proration of prices by calendar days."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .money import ZERO
from .period import Period


def prorate(served: Iterable[tuple[Decimal, Period]], whole: Period) -> Decimal:
    """Return the unrounded sum of prices for `whole`, each prorated to its days.

    Days are counted, not seconds, so that daylight-saving changes have no effect. The
    division comes last, so that a third and two thirds add up to the whole.

    >>> from datetime import date
    >>> april = Period(date(2026, 4, 1), date(2026, 5, 1))
    >>> first = Period(april.start, date(2026, 4, 11))
    >>> remainder = Period(first.end, april.end)
    >>> prorate([(Decimal("30.00"), remainder)], april)
    Decimal('20.00')
    >>> prorate([(Decimal("0.10"), first), (Decimal("0.10"), remainder)], april)
    Decimal('0.10')
    """
    return sum((price * used.days for price, used in served), ZERO) / whole.days
