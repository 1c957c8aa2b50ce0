"""What is taken off a price."""

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
    """A share of the price, an amount for each period, or both.

    `cycles` is the number of periods that it holds for, None for ever.

    >>> launch = Discount(percent=Decimal(50), cycles=3)
    >>> [launch.holds_in(cycle) for cycle in (0, 2, 3)]
    [True, True, False]
    """

    percent: Decimal = ZERO
    fixed: Decimal = ZERO
    cycles: int | None = None
    since: date | None = None
    """The day in whose period the first cycle lies; None for the line's first day."""

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= HUNDRED or self.fixed < 0:
            raise InvalidDiscount(self.percent, self.fixed)

    def holds_in(self, cycle: int) -> bool:
        """Tell whether it holds in a period, counted from 0 since it was granted."""
        return self.cycles is None or cycle < self.cycles

    def end_on(self, calendar: BillingCalendar, start: date) -> date | None:
        """Return the first day on which it does not hold any more, if there is one.

        It began on `start` unless it says since when it holds.
        """
        if self.cycles is None:
            return None
        return calendar.boundary(calendar.index_on(self.since or start) + self.cycles)


def carried_over(
    discount: Discount, day: date, old: BillingCalendar, new: BillingCalendar
) -> Discount | None:
    """Return a discount as it goes on when periods become others on a day, if it does.

    An amount for a period becomes one for a period of the other length. What is left of
    some periods is spread over as many of the others as it takes, and takes off as much
    in all.

    >>> from .billing_calendar import Interval, IntervalUnit
    >>> start, day = date(2026, 1, 1), date(2026, 3, 1)
    >>> month = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> year = BillingCalendar(day, Interval(1, IntervalUnit.YEAR))
    >>> half = Discount(Decimal(50), Decimal(6), cycles=12, since=start)
    >>> gone_on = carried_over(half, day, month, year)
    >>> print(gone_on.cycles, round(gone_on.percent, 2), gone_on.fixed)
    1 41.67 60
    """
    since = max(day, discount.since or old.start)
    length = old.interval.ratio_to(new.interval)
    if discount.cycles is None:
        fixed = as_decimal(Fraction(discount.fixed) / length)
        return replace(discount, fixed=fixed, since=since)
    first = old.index_on(discount.since or old.start)
    now = old.index_on(since)
    left = first + discount.cycles - now - 1 + _rest_of_period(old, since)
    if left <= 0:
        return None
    span, begun = left * length, _rest_of_period(new, since)
    cycles = 1 + max(0, ceil(span - begun))
    share = span / (begun + cycles - 1)
    return Discount(
        percent=as_decimal(Fraction(discount.percent) * share),
        fixed=as_decimal(Fraction(discount.fixed) / length * share),
        cycles=cycles,
        since=since,
    )


def _rest_of_period(calendar: BillingCalendar, day: date) -> Fraction:
    """Return which part of its regular period is left on a day: 1 on the first one."""
    period = calendar.regular_period(calendar.index_on(day))
    return Fraction((period.end - day).days, (period.end - period.start).days)


def discounted(price: Decimal, discounts: Iterable[Discount]) -> Decimal:
    """Return a price less its discounts: all shares first, then all amounts.

    A share is of what the shares before it have left; nothing falls below zero.

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
    """Return what each of some prices bears of an amount off; together it is all of it.

    In their order, each bears what it can until the amount is spent. A price that
    nobody knows before it is used, None, bears what the others leave. What is too much
    for all of them stays with the last one, and counts once that costs more.

    >>> [str(share) for share in spread(Decimal(50), [Decimal(30), Decimal(700)])]
    ['30', '20']
    """
    order = sorted(range(len(prices)), key=lambda index: prices[index] is None)
    shares = [ZERO] * len(prices)
    rest = amount
    for index in order:
        price = prices[index]
        is_last = index == order[-1]
        share = rest if price is None or is_last else min(rest, max(price, ZERO))
        shares[index] = share
        rest -= share
    return shares
