"""Recurring revenue per month, and the movements between its levels."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from .line import BilledPeriod, ChargeKind, Line
from .money import ZERO, Currency, as_decimal
from .owed import discount_ends, full_price
from .pauses import Pause, without_pauses
from .percent_base import with_bases

AVERAGED_PERIODS = 3
Key = TypeVar("Key", bound=Hashable)


class MovementKind(StrEnum):
    """Why the revenue of a customer moves."""

    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"
    PAUSE = "pause"
    RESUMPTION = "resumption"


AT_REST = frozenset({MovementKind.PAUSE, MovementKind.RESUMPTION})
"""The kinds of what is agreed, but not paid while it rests."""


@dataclass(frozen=True, slots=True)
class AgreedChange:
    """By how much a day moves what a customer agreed to pay for a subscription."""

    subscription: int
    day: date
    amount: Decimal
    worth: Decimal
    """The amount in the currency in which subscriptions are compared."""


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
    """Whether a line has any day before the service ends."""
    end = line.calendar.end
    return not line.is_empty and (end is None or line.start < end)


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


def kinds_by_day(changes: Iterable[AgreedChange]) -> dict[date, MovementKind]:
    """Return what each day is to a customer, by all that is agreed with them.

    A day is of one kind. What moves from one subscription to another is expansion that
    adds up to nothing: the customer did not leave. Days that rest count as agreed.

    >>> april, may = date(2026, 4, 1), date(2026, 5, 1)
    >>> thirty = Decimal(30)
    >>> moved = [
    ...     AgreedChange(1, april, thirty, thirty),
    ...     AgreedChange(1, may, -thirty, -thirty),
    ...     AgreedChange(2, may, thirty, thirty),
    ... ]
    >>> [str(kind) for kind in kinds_by_day(moved).values()]
    ['new', 'expansion']
    >>> [str(kind) for kind in kinds_by_day(moved[:2]).values()]
    ['new', 'churn']
    """
    by_day: dict[date, list[AgreedChange]] = {}
    for change in changes:
        by_day.setdefault(change.day, []).append(change)
    levels: dict[int, Decimal] = {}
    paid_for: set[int] = set()
    kinds: dict[date, MovementKind] = {}
    was_customer = False
    for day in sorted(by_day):
        is_customer = bool(paid_for)
        moved: dict[int, Decimal] = {}
        for change in by_day[day]:
            key = change.subscription
            moved[key] = moved.get(key, ZERO) + change.amount
        if not any(moved.values()):
            continue
        for key, amount in moved.items():
            levels[key] = levels.get(key, ZERO) + amount
            (paid_for.add if levels[key] > 0 else paid_for.discard)(key)
        kinds[day] = _kind_of_day(
            sum((change.worth for change in by_day[day]), ZERO),
            was_customer=was_customer,
            is_customer=is_customer,
            stays_customer=bool(paid_for),
        )
        was_customer = was_customer or bool(paid_for)
    return kinds


def _kind_of_day(
    worth: Decimal, *, was_customer: bool, is_customer: bool, stays_customer: bool
) -> MovementKind:
    if stays_customer and not is_customer:
        return MovementKind.REACTIVATION if was_customer else MovementKind.NEW
    if is_customer and not stays_customer:
        return MovementKind.CHURN
    return MovementKind.EXPANSION if worth >= 0 else MovementKind.CONTRACTION


def movements_by_kind(
    agreed: Mapping[date, Decimal],
    paid: Mapping[date, Decimal],
    kinds: Mapping[date, MovementKind],
) -> dict[tuple[date, MovementKind], Decimal]:
    """Return what a subscription moves on each day, by kind.

    `agreed` are its changes as if it never rested, `paid` those with the days that
    rest left out, `kinds` what each day is to the customer. Who leaves while paused is
    lost, and is not paused any more.

    >>> may, june = date(2026, 5, 1), date(2026, 6, 1)
    >>> thirty = Decimal(30)
    >>> left = movements_by_kind(
    ...     {june: -thirty}, {may: -thirty}, {june: MovementKind.CHURN}
    ... )
    >>> for (day, kind), amount in left.items():
    ...     print(day, kind, amount)
    2026-05-01 pause -30
    2026-06-01 resumption 30
    2026-06-01 churn -30
    """
    movements: dict[tuple[date, MovementKind], Decimal] = {}
    for day in sorted({*agreed, *paid}):
        amount = agreed.get(day, ZERO)
        rested = paid.get(day, ZERO) - amount
        if rested:
            kind = MovementKind.PAUSE if rested < 0 else MovementKind.RESUMPTION
            movements[day, kind] = rested
        if amount:
            movements[day, kinds[day]] = amount
    return movements


def movements_to_record(
    wanted: Mapping[Key, Decimal], recorded: Mapping[Key, Decimal]
) -> dict[Key, Decimal]:
    """Return what has to be added for each key so that the record is what is wanted.

    A record is only added to: what is taken back, or of another kind than was thought,
    is moved back.

    >>> april, may = date(2026, 4, 1), date(2026, 5, 1)
    >>> movements_to_record({april: Decimal(30)}, {april: Decimal(30), may: Decimal(5)})
    {datetime.date(2026, 5, 1): Decimal('-5')}
    """
    keys = dict.fromkeys([*wanted, *recorded])
    missing = {key: wanted.get(key, ZERO) - recorded.get(key, ZERO) for key in keys}
    return {key: amount for key, amount in missing.items() if amount}


def rests_of_worth(
    written: Iterable[tuple[date, Decimal, Decimal]],
) -> dict[date, Decimal]:
    """Return what is left of the worth on days on which nothing is left of the amount.

    `written` are movements: day, amount, and worth in another currency.

    >>> april, may = date(2026, 4, 1), date(2026, 5, 1)
    >>> thirty = Decimal(30)
    >>> rests_of_worth([(april, thirty, Decimal(60)), (may, -thirty, Decimal(-50))])
    {datetime.date(2026, 5, 1): Decimal('10')}
    """
    by_day: dict[date, tuple[Decimal, Decimal]] = {}
    for day, amount, worth in written:
        before = by_day.get(day, (ZERO, ZERO))
        by_day[day] = (before[0] + amount, before[1] + worth)
    level = left = ZERO
    rests: dict[date, Decimal] = {}
    for day in sorted(by_day):
        level += by_day[day][0]
        left += by_day[day][1]
        if not level and left:
            rests[day] = left
            left = ZERO
    return rests


def level_on(day: date, movements: Iterable[tuple[date, Decimal]]) -> Decimal:
    """Return the monthly revenue of a day, from the movements until then."""
    return sum((amount for moved, amount in movements if moved <= day), ZERO)
