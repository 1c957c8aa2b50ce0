"""Discounts on a price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil

from .billing_calendar import BillingCalendar
from .errors import InvalidDiscount
from .money import HUNDRED, ZERO, as_decimal


@dataclass(frozen=True, slots=True)
class Discount:
    """A percentage of the price, a fixed amount per period, or both.

    `cycles` is the number of periods to which it applies, None for all.

    >>> launch = Discount(percent=Decimal(50), cycles=3)
    >>> [launch.applies_in(cycle) for cycle in (0, 2, 3)]
    [True, True, False]
    """

    percent: Decimal = ZERO
    fixed: Decimal = ZERO
    cycles: int | None = None
    since: date | None = None
    """A day in the period of the first cycle; None for the line's first day."""

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= HUNDRED or self.fixed < 0:
            raise InvalidDiscount(self.percent, self.fixed)

    def applies_in(self, cycle: int) -> bool:
        """Return whether it applies in a period, counted from 0 for the first cycle."""
        return self.cycles is None or cycle < self.cycles

    def end_on(self, calendar: BillingCalendar, start: date) -> date | None:
        """Return the first day after its last cycle, None if it has no end.

        The first cycle is the period of `since` or, without it, of `start`.
        """
        if self.cycles is None:
            return None
        return calendar.boundary(calendar.index_on(self.since or start) + self.cycles)


def carried_over(
    discount: Discount, day: date, old: BillingCalendar, new: BillingCalendar
) -> Discount | None:
    """Return a discount for a calendar that changes on a day, None if none remains.

    A fixed amount is scaled to the new period length. Remaining cycles are converted to
    as many new periods as they touch, with the total discount unchanged.

    >>> from .billing_calendar import Interval, IntervalUnit
    >>> start, day = date(2026, 1, 1), date(2026, 3, 1)
    >>> month = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> year = BillingCalendar(day, Interval(1, IntervalUnit.YEAR))
    >>> half = Discount(Decimal(50), Decimal(6), cycles=12, since=start)
    >>> converted = carried_over(half, day, month, year)
    >>> print(converted.cycles, round(converted.percent, 2), converted.fixed)
    1 41.67 60
    """
    since = max(day, discount.since or old.start)
    length = old.interval.ratio_to(new.interval)
    if discount.cycles is None:
        fixed = as_decimal(Fraction(discount.fixed) / length)
        return replace(discount, fixed=fixed, since=since)
    first = old.index_on(discount.since or old.start)
    now = old.index_on(since)
    left = first + discount.cycles - now - 1 + _remaining_part(old, since)
    if left <= 0:
        return None
    span, current = left * length, _remaining_part(new, since)
    cycles = 1 + max(0, ceil(span - current))
    share = span / (current + cycles - 1)
    return Discount(
        percent=as_decimal(Fraction(discount.percent) * share),
        fixed=as_decimal(Fraction(discount.fixed) / length * share),
        cycles=cycles,
        since=since,
    )


def _remaining_part(calendar: BillingCalendar, day: date) -> Fraction:
    """Return the fraction of a regular period that remains on a day."""
    period = calendar.regular_period(calendar.index_on(day))
    return Fraction((period.end - day).days, (period.end - period.start).days)


def discounted(price: Decimal, discounts: Iterable[Discount]) -> Decimal:
    """Return a price less its discounts: all percentages first, then all amounts.

    Percentages compound; the result is never negative.

    >>> both = [Discount(fixed=Decimal(5)), Discount(percent=Decimal(10))]
    >>> discounted(Decimal(100), both)
    Decimal('85')
    >>> discounted(Decimal(3), both)
    Decimal('0')
    """
    fixed = ZERO
    for discount in discounts:
        price -= price * discount.percent / HUNDRED
        fixed += discount.fixed
    return max(price - fixed, min(price, ZERO))


def spread(amount: Decimal, prices: Sequence[Decimal | None]) -> list[Decimal]:
    """Return the part of a discount amount for each price; the parts add up to it.

    Prices are reduced to zero in their order until the amount is used up. A usage
    price, None until it is known, comes last. The last price takes any excess, which
    applies once it costs more.

    >>> [str(share) for share in spread(Decimal(50), [Decimal(30), Decimal(700)])]
    ['30', '20']
    """
    order = sorted(range(len(prices)), key=lambda index: prices[index] is None)
    shares = [ZERO] * len(prices)
    remaining = amount
    for index in order:
        price = prices[index]
        is_last = index == order[-1]
        share = (
            remaining if price is None or is_last else min(remaining, max(price, ZERO))
        )
        shares[index] = share
        remaining -= share
    return shares
