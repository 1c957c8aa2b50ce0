"""Recurring revenue per month, and the movements between its levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from .line import BilledPeriod, ChargeKind, Line
from .money import ZERO, Currency, as_decimal
from .owed import discount_ends, full_price
from .pauses import Pause, without_pauses
from .percent_base import with_bases

AVERAGED_PERIODS = 3


class MovementKind(StrEnum):
    """Why the revenue of a customer moves."""

    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"
    PAUSE = "pause"
    RESUMPTION = "resumption"


def monthly_price(line: Line) -> Fraction:
    """Return a line's price for one month, exactly; only recurring lines have one.

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
    """Return what a series of usage lines came to in a month, exactly.

    It is the average of the last three periods that are billed; usage is shown beside
    the recurring revenue, never in it.

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
    """Return by how much the monthly revenue changes on each day, rounded.

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
        if not line.is_empty and line.kind is ChargeKind.RECURRING
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


def _at_each_price(line: Line) -> Iterator[Line]:
    """Yield the stretches of a line on which the same discounts hold."""
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


def movements_to_record(
    wanted: Mapping[date, Decimal], recorded: Mapping[date, Decimal]
) -> dict[date, Decimal]:
    """Return what has to be added on each day so that the record is what is wanted.

    A record is only added to: a change that is taken back is moved back.

    >>> april, may = date(2026, 4, 1), date(2026, 5, 1)
    >>> movements_to_record({april: Decimal(30)}, {april: Decimal(30), may: Decimal(5)})
    {datetime.date(2026, 5, 1): Decimal('-5')}
    """
    days = sorted({*wanted, *recorded})
    missing = {day: wanted.get(day, ZERO) - recorded.get(day, ZERO) for day in days}
    return {day: amount for day, amount in missing.items() if amount}


def kind_of(
    before: Decimal, movement: Decimal, *, was_customer: bool, pauses: bool = False
) -> MovementKind:
    """Return what a movement is to a customer who paid `before` a month until then.

    >>> kind_of(Decimal(0), Decimal(30), was_customer=False).value
    'new'
    >>> kind_of(Decimal(100), Decimal(-30), was_customer=True).value
    'contraction'
    >>> kind_of(Decimal(30), Decimal(-30), was_customer=True).value
    'churn'
    """
    if pauses:
        return MovementKind.PAUSE if movement < 0 else MovementKind.RESUMPTION
    if movement > 0 and before <= 0:
        return MovementKind.REACTIVATION if was_customer else MovementKind.NEW
    if movement > 0:
        return MovementKind.EXPANSION
    return MovementKind.CHURN if before + movement <= 0 else MovementKind.CONTRACTION


def kind_taken_back(
    movement: Decimal, recorded: Iterable[tuple[MovementKind, Decimal]]
) -> MovementKind | None:
    """Return the kind of what a movement takes back of those of its day, if it does.

    What never came about is no movement of another kind: a rise that is called off is
    less expansion, not contraction.

    >>> rise = (MovementKind.EXPANSION, Decimal(14))
    >>> kind_taken_back(Decimal(-14), [rise]).value
    'expansion'
    >>> kind_taken_back(Decimal(-15), [rise]) is None
    True
    """
    left: dict[MovementKind, Decimal] = {}
    for kind, amount in recorded:
        left[kind] = left.get(kind, ZERO) + amount
    for kind, amount in left.items():
        if amount * movement < 0 and abs(movement) <= abs(amount):
            return kind
    return None


def level_on(day: date, movements: Iterable[tuple[date, Decimal]]) -> Decimal:
    """Return the monthly revenue of a day, from the movements until then."""
    return sum((amount for moved, amount in movements if moved <= day), ZERO)
