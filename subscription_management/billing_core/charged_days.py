"""The days for which a change is charged, where they differ from those it is served.

A plan's policy may charge or credit an upgrade or a downgrade from another day than the
one on which it takes effect: from the first day of the period, or from the next period.
Lines keep the days that they are served; this module returns them as they are charged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from .line import Line


class ChangePolicy(StrEnum):
    """How a change within a period is charged or credited."""

    PRORATE = "prorate"
    """Prorated by the day."""
    NEXT_PERIOD = "next_period"
    """Service and charge both change with the next period."""
    FULL = "full"
    """Charged as if it had applied from the first day of the period."""
    NONE = "none"
    """Served at once, charged from the next period."""


@dataclass(frozen=True, slots=True)
class ChargedLines:
    """Lines with the days for which they are charged, as known on a billing date."""

    lines: Sequence[Line]
    deferred: dict[int, tuple[date, date]] = field(default_factory=dict)
    """For each series with a deferred change, the day on which it takes effect and the
    first day that it recharges; the series stays open until then."""


def charged_from(policy: ChangePolicy, line: Line, day: date) -> date:
    """Return the day from which a change of a line on a day is charged.

    Outside the line's periods every policy prorates. A full charge reaches back to an
    earlier change within the same period, not beyond it.

    >>> from decimal import Decimal
    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> start, change = date(2026, 4, 1), date(2026, 4, 16)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> line = Line(1, calendar, Terms(Flat(Decimal(30))), Decimal(1), start)
    >>> for policy in ChangePolicy:
    ...     print(policy, charged_from(policy, line, change))
    prorate 2026-04-16
    next_period 2026-05-01
    full 2026-04-01
    none 2026-05-01
    """
    period = line.calendar.period_on(day)
    if policy is ChangePolicy.PRORATE or period is None:
        return day
    if policy is ChangePolicy.FULL:
        first = line.start if line.charged_from is None else line.charged_from
        return max(period.service.start, min(first, day))
    if day == period.service.start:
        return day
    return period.service.end


def downgrade_charged_from(charged: date, line: Line) -> date:
    """Return the day from which a change to a lower price is charged.

    It is not before the day from which a deferred upgrade of the line is charged:
    until then the customer pays the still lower price.

    >>> from decimal import Decimal
    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> day, may = date(2026, 4, 16), date(2026, 5, 1)
    >>> calendar = BillingCalendar(date(2026, 4, 1), Interval(1, IntervalUnit.MONTH))
    >>> line = Line(2, calendar, Terms(Flat(Decimal(30))), Decimal(1), day)
    >>> print(downgrade_charged_from(day, replace(line, charged_from=may)))
    2026-05-01
    """
    return max(charged, line.charged_from or charged)


def with_charged_days(lines: Sequence[Line], target: date) -> ChargedLines:
    """Return lines with the days for which they are charged, as known on `target`.

    A change that is charged from an earlier day is deferred until it takes effect.

    >>> from decimal import Decimal
    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import PerUnit
    >>> from .rating import Terms
    >>> start, change = date(2026, 4, 1), date(2026, 4, 16)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> seats = Terms(PerUnit(Decimal(7)))
    >>> ten = Line(1, calendar, seats, Decimal(10), start, change)
    >>> twelve = Line(
    ...     2, calendar, seats, Decimal(12), change, series=1, charged_from=start
    ... )
    >>> for day in (start, change):
    ...     charged = with_charged_days([ten, twelve], day).lines
    ...     print([f"{each.start}/{each.end}" for each in charged])
    ['2026-04-01/2026-04-16', '2026-04-16/None']
    ['2026-04-01/2026-04-01', '2026-04-01/None']
    """
    if all(line.charged_from is None and line.charged_until is None for line in lines):
        return ChargedLines(lines)
    deferred: dict[int, tuple[date, date]] = {}
    found: dict[int, Line] = {}
    for chain in _chains(lines):
        for line in _with_charged_days(chain, target, deferred):
            found[line.key] = line
    if deferred:
        days, starts = zip(*deferred.values(), strict=True)
        # A percent-of-total line depends on the price of the others.
        for line in lines:
            if line.base is not None:
                deferred[line.series_key] = min(days), min(starts)
    return ChargedLines([found.get(line.key, line) for line in lines], deferred)


def _chains(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the lines of one origin that follow each other without a gap."""
    by_origin: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if not line.is_empty:
            by_origin[line.origin_key].append(line)
    for steps in by_origin.values():
        steps.sort(key=lambda line: line.start)
        chain = steps[:1]
        for before, line in pairwise(steps):
            if before.end != line.start:
                yield chain
                chain = []
            chain.append(line)
        yield chain


def _with_charged_days(
    chain: Sequence[Line], target: date, deferred: dict[int, tuple[date, date]]
) -> Iterator[Line]:
    """Yield the lines of a chain with the days for which they are charged.

    A day is charged by the last change that is charged from it or earlier. A change
    never reaches back beyond the period in which it takes effect, even if it was
    agreed when the calendar was another one.
    """
    first, last = chain[0], chain[-1]
    starts = [first.start]
    for index, line in enumerate(chain[1:], start=1):
        agreed = line.charged_from or line.start
        start = max(agreed, first.start, _period_start(line, line.start))
        if start < line.start and line.first_billable_day > target:
            _defer(deferred, chain[:index], start, line.first_billable_day)
            start = line.start
        starts.append(start)
    end = last.end
    if end is not None and last.charged_until is not None:
        until = max(last.charged_until, first.start, min(_period_start(last, end), end))
        given = end + timedelta(days=last.calendar.due_shift_days)
        if until < end and given > target:
            _defer(deferred, chain, until, given)
        else:
            end = until
    following = end
    for line, start in reversed(list(zip(chain, starts, strict=True))):
        begin = start if following is None else min(start, following)
        yield replace(line, start=begin, end=following)
        following = begin


def _period_start(line: Line, day: date) -> date:
    """Return the first day of the period that holds a day, or of the first period."""
    calendar = line.calendar
    regular = calendar.regular_period(calendar.index_on(day))
    return max(regular.start, calendar.start)


def _defer(
    deferred: dict[int, tuple[date, date]],
    chain: Sequence[Line],
    start: date,
    day: date,
) -> None:
    """Record a change of some series, charged from `start`, as deferred to `day`."""
    for line in chain:
        known_day, known_start = deferred.get(line.series_key, (day, start))
        deferred[line.series_key] = min(day, known_day), min(start, known_start)
