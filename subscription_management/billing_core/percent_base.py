"""The base of percent-of-total lines, day by day.

The base is the price of the chosen lines for a period as long as that of the percent
line, which is repriced from each day on which its base changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

from .errors import CircularPercentBase
from .line import ChargeKind, Line, PercentBase
from .money import as_decimal
from .owed import discount_ends, full_price


def with_bases(lines: Sequence[Line]) -> list[Line]:
    """Return `lines` with percent-of-total lines split where their base changes.

    The parts keep the line's key and series; their quantity is the base.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat, PercentOfTotal
    >>> from .rating import Terms
    >>> start = date(2026, 4, 1)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> def software(key, price, start, end=None):
    ...     terms = Terms(Flat(Decimal(price)))
    ...     return Line(key, calendar, terms, Decimal(1), start, end, series=1)
    >>> support = Line(
    ...     3, calendar, Terms(PercentOfTotal(Decimal(10))), Decimal(1), start,
    ...     base=PercentBase(frozenset([1, 2])),
    ... )
    >>> change = date(2026, 4, 16)
    >>> bases = [software(1, 1000, start, change), software(2, 1500, change)]
    >>> for part in with_bases([*bases, support])[2:]:
    ...     print(part.start, part.end, part.quantity)
    2026-04-01 2026-04-16 1000
    2026-04-16 None 1500
    """
    if all(line.base is None for line in lines):
        return list(lines)
    parts: dict[int, list[Line]] = {}
    for line in lines:
        parts.setdefault(line.key, []).append(line)
    for key in bases_first(lines):
        base = parts[key][0].base
        if base is not None:
            chosen = [
                part for each in parts if each in base.lines for part in parts[each]
            ]
            parts[key] = [
                part for line in parts[key] for part in _split(line, base, chosen)
            ]
    return [part for each in parts.values() for part in each]


def prices_on(day: date, lines: Sequence[Line]) -> dict[int, Decimal]:
    """Return the unrounded price per period of each line served on a day, by key.

    The discounts are those of the period that holds the day.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> start, end = date(2026, 4, 1), date(2026, 5, 1)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> line = Line(7, calendar, Terms(Flat(Decimal(30))), Decimal(1), start, end)
    >>> prices_on(start, [line]), prices_on(end, [line])
    ({7: Decimal('30')}, {})
    """
    return {
        part.key: full_price(
            part, part.calendar.regular_period(part.calendar.index_on(day)).start
        )
        for part in with_bases(lines)
        if part.start <= day and (part.end is None or day < part.end)
    }


def bases_first(lines: Sequence[Line]) -> list[int]:
    """Return the keys of lines with every base before the lines that depend on it.

    Lines without a common day, such as a line and its successor, do not depend on each
    other. Raises `CircularPercentBase` for lines that depend on each other.
    """
    graph: dict[int, set[int]] = {line.key: set() for line in lines}
    for line in lines:
        if line.base is not None:
            graph[line.key] |= {
                other.key
                for other in lines
                if other.key in line.base.lines and _share_days(line, other)
            }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle: list[int] = error.args[1]
        raise CircularPercentBase(
            tuple(key for key in graph if key in cycle)
        ) from error


def _share_days(line: Line, other: Line) -> bool:
    start = max(line.start, other.start)
    return all(each.end is None or start < each.end for each in (line, other))


def _split(line: Line, base: PercentBase, lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the parts of a percent-of-total line over which its base is constant."""
    recurring = [
        each
        for each in lines
        if each.kind is ChargeKind.RECURRING and not each.is_empty
    ]
    days = {day for each in recurring for day in _days_of_change(each)}
    inside = [
        day
        for day in sorted(days)
        if line.start < day and (line.end is None or day < line.end)
    ]
    start, amount = line.start, _base_on(line.start, line, base, recurring)
    for day in inside:
        changed = _base_on(day, line, base, recurring)
        if changed != amount:
            yield replace(line.part(start, day), quantity=amount)
            start, amount = day, changed
    yield replace(line.part(start, line.end), quantity=amount)


def _days_of_change(line: Line) -> Iterator[date]:
    """Yield the days on which the price of a line starts, ends or changes."""
    yield line.start
    ends = [day for day in (line.end, line.calendar.end) if day is not None]
    if ends:
        yield min(ends)
    yield from discount_ends(line)


def _base_on(
    day: date, line: Line, base: PercentBase, lines: Iterable[Line]
) -> Decimal:
    """Return the price of the base on a day, for a period as long as the line's."""
    prices = (_price_on(day, each, line, base) for each in lines)
    return as_decimal(sum(prices, Fraction()))


def _price_on(day: date, part: Line, line: Line, base: PercentBase) -> Fraction:
    ends = [end for end in (part.end, part.calendar.end) if end is not None]
    if day < part.start or any(day >= end for end in ends):
        return Fraction()
    priced = part
    if not base.is_net:
        priced = replace(part, terms=replace(part.terms, discounts=()))
    start = part.calendar.regular_period(part.calendar.index_on(day)).start
    ratio = line.calendar.interval.ratio_to(part.calendar.interval)
    return Fraction(full_price(priced, start)) * ratio
