"""Exchange differences of revenue movements in the company's currency."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from .money import ZERO


def exchange_residuals(
    written: Iterable[tuple[date, Decimal, Decimal]],
) -> dict[date, Decimal]:
    """Return the company-currency residuals of the days on which the amount is zero.

    `written` are movements: day, amount, and its worth in the company's currency.

    >>> april, may = date(2026, 4, 1), date(2026, 5, 1)
    >>> thirty = Decimal(30)
    >>> exchange_residuals([(april, thirty, Decimal(60)), (may, -thirty, Decimal(-50))])
    {datetime.date(2026, 5, 1): Decimal('10')}
    """
    by_day: dict[date, tuple[Decimal, Decimal]] = {}
    for day, amount, worth in written:
        before = by_day.get(day, (ZERO, ZERO))
        by_day[day] = (before[0] + amount, before[1] + worth)
    level = residual = ZERO
    residuals: dict[date, Decimal] = {}
    for day in sorted(by_day):
        level += by_day[day][0]
        residual += by_day[day][1]
        if not level and residual:
            residuals[day] = residual
            residual = ZERO
    return residuals
