"""Monthly recurring revenue (MRR) of lines, and its changes by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from .line import BilledPeriod, ChargeKind, Line
from .money import ZERO, Currency, as_decimal
from .owed import discount_ends, full_price
from .pauses import Pause, without_pauses
from .percent_base import with_bases

AVERAGED_PERIODS = 3


def monthly_price(line: Line) -> Fraction:
    """Return the exact price of a recurring line per month, zero for other lines.

    The discounts are those of the period that holds the line's first day.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> start = date(2026, 4, 1)
    >>> def line(price, unit):
    ...     calendar = BillingCalendar(start, Interval(1, unit))
    ...     return Line(1, calendar, Terms(Flat(Decimal(price))), Decimal(1), start)
    >>> print(monthly_price(line(1200, IntervalUnit.YEAR)))
    100
    >>> print(f"{float(monthly_price(line(100, IntervalUnit.WEEK))):.2f}")
    433.33
    """
    if line.kind is not ChargeKind.RECURRING:
        return Fraction()
    calendar = line.calendar
    start = calendar.regular_period(calendar.index_on(line.start)).start
    return Fraction(full_price(line, start)) / calendar.interval.in_months()


def average_usage(series: Sequence[Line], billed: Iterable[BilledPeriod]) -> Fraction:
    """Return the exact average monthly amount of a series of usage lines.

    It is taken over the last three billed periods. Usage is reported beside the
    recurring revenue, never in it.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit, Timing
    >>> from .period import Period
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> start, may, june = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)
    >>> month = Interval(1, IntervalUnit.MONTH)
    >>> calendar = BillingCalendar(start, month, timing=Timing.IN_ARREARS)
    >>> line = Line(
    ...     1, calendar, Terms(Flat(Decimal(30))), Decimal(1), start,
    ...     kind=ChargeKind.USAGE, closed_until=june,
    ... )
    >>> april = BilledPeriod(1, ChargeKind.USAGE, Period(start, may), Decimal(50))
    >>> print(average_usage([line], [april]))
    25
    """
    first, calendar = min(line.start for line in series), series[0].calendar
    closed = max((line.closed_until or first for line in series), default=first)
    if closed <= first:
        return Fraction()
    last = calendar.index_on(closed - timedelta(days=1))
    oldest = max(last - AVERAGED_PERIODS + 1, calendar.index_on(first))
    since = calendar.boundary(oldest)
    keys = {line.key for line in series}
    total = sum(
        (
            row.amount
            for row in billed
            if row.line in keys and since <= row.period.start < closed
        ),
        ZERO,
    )
    months = (last - oldest + 1) * calendar.interval.in_months()
    return Fraction(total) / months


def revenue_changes(
    lines: Sequence[Line], pauses: Sequence[Pause], currency: Currency
) -> dict[date, Decimal]:
    """Return the rounded change of monthly revenue by day.

    The level of each day is rounded, so that the changes add up to it.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> start, end = date(2026, 4, 1), date(2026, 9, 1)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.YEAR))
    >>> line = Line(1, calendar, Terms(Flat(Decimal(500))), Decimal(1), start, end)
    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> for day, change in revenue_changes([line], [], ils).items():
    ...     print(day, change)
    2026-04-01 41.67
    2026-09-01 -41.67
    """
    served = [
        part
        for line in with_bases(without_pauses(lines, pauses))
        if _is_served(line) and line.kind is ChargeKind.RECURRING
        for part in _at_each_price(line)
    ]
    edges: dict[date, Fraction] = {}
    for line in served:
        price = monthly_price(line)
        edges[line.start] = edges.get(line.start, Fraction()) + price
        ends = [end for end in (line.end, line.calendar.end) if end is not None]
        if ends:
            edges[min(ends)] = edges.get(min(ends), Fraction()) - price
    changes: dict[date, Decimal] = {}
    exact, before = Fraction(), ZERO
    for day in sorted(edges):
        exact += edges[day]
        level = currency.round(as_decimal(exact))
        if level != before:
            changes[day] = level - before
        before = level
    return changes


def _is_served(line: Line) -> bool:
    """Return whether a line has a day before the service ends."""
    end = line.calendar.end
    return not line.is_empty and (end is None or line.start < end)


def _at_each_price(line: Line) -> Iterator[Line]:
    """Yield the parts of a line to which the same discounts apply."""
    days = {
        day
        for day in discount_ends(line)
        if line.start < day and (line.end is None or day < line.end)
    }
    start = line.start
    for day in sorted(days):
        yield line.part(start, day)
        start = day
    yield line.part(start, line.end)
