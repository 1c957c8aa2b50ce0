"""The share of a price that belongs to some of a period's days."""

from __future__ import annotations

from decimal import Decimal

from .period import Period


def prorate(amount: Decimal, used: Period, whole: Period) -> Decimal:
    """Return the share of `amount` that `used` takes of `whole`, not yet rounded.

    Days are counted, not seconds, so a daylight-saving change cannot move a cent.
    The multiplication comes first: a rounded fraction would lose cents.

    >>> from datetime import date
    >>> april = Period(date(2026, 4, 1), date(2026, 5, 1))
    >>> prorate(Decimal("30.00"), Period(date(2026, 4, 11), april.end), april)
    Decimal('20.00')
    """
    return amount * used.days / whole.days
