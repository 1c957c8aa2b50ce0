"""What a change of a subscription does to its lines.

A line is never overwritten: it ends on the day of the change, and another begins. Lines
that were agreed for later days, a ramp say, are changed with it and never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from .billing_calendar import BillingCalendar
from .errors import NothingToChange
from .invoice_plan import reopened_from
from .line import Line
from .money import ZERO
from .rating import Terms


@dataclass(frozen=True, slots=True)
class Edit:
    """The lines of a subscription after a change, and how they differ from before."""

    lines: tuple[Line, ...]
    day: date
    """The first day that is billed anew."""
    ended: dict[int, date]
    """For each line that was cut short, its new end."""
    added: dict[int, int]
    """For each new line, whose keys are below zero, the line that it continues."""


def change_quantity(
    lines: Sequence[Line], series: int, day: date, quantity: Decimal
) -> Edit:
    """Return the lines once a series has another quantity from a day on.

    Later lines of the series are moved by as many units, not below zero.

    >>> from .billing_calendar import Interval, IntervalUnit
    >>> from .price_models import PerUnit
    >>> start = date(2026, 4, 1)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> seats = Line(1, calendar, Terms(PerUnit(Decimal(7))), Decimal(10), start)
    >>> edit = change_quantity([seats], 1, date(2026, 4, 16), Decimal(12))
    >>> for line in edit.lines:
    ...     print(line.key, line.start, line.end, line.quantity)
    1 2026-04-01 2026-04-16 10
    -1 2026-04-16 None 12
    """
    added = quantity - _line_on(lines, series, day).quantity

    def renewed(line: Line, key: int) -> Line:
        units = max(line.quantity + added, ZERO)
        return replace(line, key=key, quantity=units, series=series)

    return _replaced(lines, series, day, renewed)


def change_terms(
    lines: Sequence[Line],
    series: int,
    day: date,
    terms: Terms,
    calendar: BillingCalendar | None = None,
    quantity: Decimal | None = None,
) -> Edit:
    """Return the lines once a series has another price or plan from a day on.

    The new lines are a series of their own: the old price is credited, the new one
    charged. Later lines keep a price that was agreed for their own days.
    """
    current = _line_on(lines, series, day)
    agreed = current.part(day, None).terms
    own_series: int | None = None

    def renewed(line: Line, key: int) -> Line:
        nonlocal own_series
        own_series = own_series or key
        return replace(
            line,
            key=key,
            series=own_series,
            calendar=calendar or line.calendar,
            terms=terms if line.terms == agreed else line.terms,
            quantity=line.quantity if quantity is None else quantity,
        )

    return _replaced(lines, series, day, renewed)


def end_series(lines: Sequence[Line], series: int, day: date) -> Edit:
    """Return the lines once a series ends on a day."""
    _line_on(lines, series, day)
    return _replaced(lines, series, day, lambda _line, _key: None)


def add_line(lines: Sequence[Line], line: Line) -> Edit:
    """Return the lines with one that joins; its key is below zero."""
    edit = Edit((*lines, line), line.start, {}, {line.key: line.key})
    return replace(edit, lines=_reopened(edit.lines, None, line.start))


def _line_on(lines: Sequence[Line], series: int, day: date) -> Line:
    """Return the line of a series on a day, or the next one after it."""
    found = sorted(
        (
            line
            for line in lines
            if line.series_key == series
            and not line.is_empty
            and (line.end is None or line.end > day)
        ),
        key=lambda line: line.start,
    )
    if not found:
        raise NothingToChange(day)
    return found[0]


def _replaced(
    lines: Sequence[Line],
    series: int,
    day: date,
    renewed: Callable[[Line, int], Line | None],
) -> Edit:
    """Return the lines with a series cut on a day, and others in its place."""
    kept: list[Line] = []
    ended: dict[int, date] = {}
    added: dict[int, int] = {}
    key = min([line.key for line in lines] + [0])
    for line in lines:
        reaches = not line.is_empty and (line.end is None or line.end > day)
        if line.series_key != series or not reaches:
            kept.append(line)
            continue
        cut = max(day, line.start)
        ended[line.key] = cut
        kept.append(replace(line, end=cut))
        key -= 1
        follower = renewed(replace(line.part(cut, line.end), closed_until=None), key)
        if follower is not None:
            kept.append(follower)
            added[key] = line.key
    return Edit(tuple(_reopened(kept, series, day)), day, ended, added)


def _reopened(lines: Sequence[Line], series: int | None, day: date) -> tuple[Line, ...]:
    """Return lines whose days from a day on are billed anew: a series, and the shares.

    What a percent-of-total line costs depends on the others.
    """
    return tuple(
        replace(line, closed_until=reopened_from(line, day))
        if line.base is not None or line.series_key == series
        else line
        for line in lines
    )
