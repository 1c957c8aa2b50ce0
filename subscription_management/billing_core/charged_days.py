"""The days that a change is charged for, where they are not those that it is served.

By a plan's policy an upgrade or a downgrade is served from one day on, and charged or
credited from another: from the first day of the period, or from the next period. Lines
keep the days that they are served; this makes of them the lines as they are charged.
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
    """How a change within a period is charged, or credited."""

    PRORATE = "prorate"
    """By the day."""
    NEXT_PERIOD = "next_period"
    """Nothing changes, service neither, until the next period."""
    FULL = "full"
    """As if it had been so from the first day of the period."""
    NONE = "none"
    """It is served at once and charged from the next period."""


@dataclass(frozen=True, slots=True)
class ChargedLines:
    """Lines as they are charged on a day of billing."""

    lines: Sequence[Line]
    waiting: dict[int, tuple[date, date]] = field(default_factory=dict)
    """For each series that a later day charges otherwise that day, and the first day
    that it charges: the series stays open until then."""


def charged_from(policy: ChangePolicy, line: Line, day: date) -> date:
    """Return the day from which a change of a line on a day is charged.

    Before the first and after the last period every policy is by the day. What was
    changed within the period already is charged anew from that change on.

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


def not_sooner(charged: date, line: Line) -> date:
    """Return the day from which what makes a line cost less is charged.

    An upgrade that was put off is charged no sooner for it: before its day the line
    costs still less.

    >>> from decimal import Decimal
    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> day, may = date(2026, 4, 16), date(2026, 5, 1)
    >>> calendar = BillingCalendar(date(2026, 4, 1), Interval(1, IntervalUnit.MONTH))
    >>> line = Line(2, calendar, Terms(Flat(Decimal(30))), Decimal(1), day)
    >>> print(not_sooner(day, replace(line, charged_from=may)))
    2026-05-01
    """
    return max(charged, line.charged_from or charged)


def as_charged(lines: Sequence[Line], target: date) -> ChargedLines:
    """Return lines with the days that they are charged for, as known on `target`.

    What is charged from before its day waits for that day, as every change does.

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
    ...     charged = as_charged([ten, twelve], day).lines
    ...     print([f"{each.start}/{each.end}" for each in charged])
    ['2026-04-01/2026-04-16', '2026-04-16/None']
    ['2026-04-01/2026-04-01', '2026-04-01/None']
    """
    if all(line.charged_from is None and line.charged_until is None for line in lines):
        return ChargedLines(lines)
    waiting: dict[int, tuple[date, date]] = {}
    found: dict[int, Line] = {}
    for chain in _chains(lines):
        for line in _charged(chain, target, waiting):
            found[line.key] = line
    if waiting:
        days, starts = zip(*waiting.values(), strict=True)
        # What shares of the total cost depends on the others.
        for line in lines:
            if line.base is not None:
                waiting[line.series_key] = min(days), min(starts)
    return ChargedLines([found.get(line.key, line) for line in lines], waiting)


def _chains(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the lines that follow each other day by day, of one origin."""
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


def _charged(
    chain: Sequence[Line], target: date, waiting: dict[int, tuple[date, date]]
) -> Iterator[Line]:
    """Yield the lines of a chain with the days that they are charged for.

    A day is charged by the last change that counts for it, and none by a change of a
    later period: what was agreed when periods were counted otherwise follows them, and
    days before the first one are still charged as those before the change.
    """
    first, last = chain[0], chain[-1]
    starts = [first.start]
    for index, line in enumerate(chain[1:], start=1):
        agreed = line.charged_from or line.start
        start = max(agreed, first.start, _period_start(line, line.start))
        if start < line.start and line.joins > target:
            _wait(waiting, chain[:index], start, line.joins)
            start = line.start
        starts.append(start)
    end = last.end
    if end is not None and last.charged_until is not None:
        until = max(last.charged_until, first.start, min(_period_start(last, end), end))
        given = end + timedelta(days=last.calendar.due_shift_days)
        if until < end and given > target:
            _wait(waiting, chain, until, given)
        else:
            end = until
    following = end
    for line, start in reversed(list(zip(chain, starts, strict=True))):
        begun = start if following is None else min(start, following)
        yield replace(line, start=begun, end=following)
        following = begun


def _period_start(line: Line, day: date) -> date:
    """Return the first day of the period of a day, or of the first one after it."""
    calendar = line.calendar
    regular = calendar.regular_period(calendar.index_on(day))
    return max(regular.start, calendar.start)


def _wait(
    waiting: dict[int, tuple[date, date]],
    chain: Sequence[Line],
    start: date,
    day: date,
) -> None:
    """Note that the series of some lines are charged otherwise on a later day."""
    for line in chain:
        known_day, known_start = waiting.get(line.series_key, (day, start))
        waiting[line.series_key] = min(day, known_day), min(start, known_start)
