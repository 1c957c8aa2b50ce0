"""Changes of a subscription's lines: quantity, price or plan, removal, addition.

A line is never overwritten: it ends on the day of the change, and another one starts.
Later lines that are already scheduled, such as a ramp, are changed with it and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from .billing_calendar import BillingCalendar
from .errors import NothingToChange
from .invoice_plan import reopened_from
from .line import ChargeKind, Line
from .money import ZERO
from .rating import Terms


@dataclass(frozen=True, slots=True)
class Edit:
    """The lines of a subscription after a change, and the differences from before."""

    lines: tuple[Line, ...]
    day: date
    """The first day to be recalculated."""
    ended: dict[int, date]
    """The new end of each line that was cut short."""
    added: dict[int, int]
    """For each new line, with a negative key, the line that it continues."""


def change_quantity(
    lines: Sequence[Line],
    origin: int,
    day: date,
    quantity: Decimal,
    charged_from: date | None = None,
) -> Edit:
    """Return the lines after those of `origin` change their quantity on a day.

    Later lines change by the same number of units, but not below zero. `charged_from`
    is the day from which the change is charged, if it differs from `day`.

    >>> from .billing_calendar import Interval, IntervalUnit
    >>> from .price_models import PerUnit
    >>> from .rating import Terms
    >>> start = date(2026, 4, 1)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> seats = Line(1, calendar, Terms(PerUnit(Decimal(7))), Decimal(10), start)
    >>> edit = change_quantity([seats], 1, date(2026, 4, 16), Decimal(12))
    >>> for line in edit.lines:
    ...     print(line.key, line.start, line.end, line.quantity)
    1 2026-04-01 2026-04-16 10
    -1 2026-04-16 None 12
    """
    current = line_on(lines, origin, day)
    added = quantity - current.quantity

    def renewed(line: Line, key: int) -> Line:
        units = max(line.quantity + added, ZERO)
        if line.key == current.key and charged_from is not None:
            line = replace(line, charged_from=charged_from)
        return replace(line, key=key, quantity=units, series=line.series_key)

    return _replaced(lines, origin, day, renewed, charged_from)


def change_terms(
    lines: Sequence[Line],
    origin: int,
    day: date,
    terms_of: Callable[[Line], Terms],
    calendar_of: Callable[[Line], BillingCalendar] | None = None,
    quantity: Decimal | None = None,
    charged_from: date | None = None,
) -> Edit:
    """Return the lines after those of `origin` change their terms on a day.

    `terms_of` returns the new terms of each line; it may keep the price of later lines.
    `calendar_of` returns the new calendar of each line, if the periods change. The new
    lines are a series of their own, so that the old price is credited and the new one
    charged; usage lines stay in their series unless the periods change. Later lines
    change by the same number of units as the first one.
    """
    current = line_on(lines, origin, day)
    added = ZERO if quantity is None else quantity - current.quantity
    own_series: dict[int, int] = {}

    def renewed(line: Line, key: int) -> Line:
        terms = terms_of(line)
        stays_in_series = line.kind is ChargeKind.USAGE and calendar_of is None
        is_moved = line.key == current.key or (
            line.series_key == current.series_key and not stays_in_series
        )
        if not is_moved and line.terms == terms and not added and calendar_of is None:
            return line
        return replace(
            line,
            key=key,
            series=(
                line.series_key
                if stays_in_series
                else own_series.setdefault(line.series_key, key)
            ),
            calendar=calendar_of(line) if calendar_of else line.calendar,
            terms=terms,
            quantity=max(line.quantity + added, ZERO),
            charged_from=(
                charged_from or line.charged_from
                if line.key == current.key
                else line.charged_from
            ),
        )

    return _replaced(lines, origin, day, renewed, charged_from)


def end_line(
    lines: Sequence[Line], origin: int, day: date, charged_until: date | None = None
) -> Edit:
    """Return the lines after those of `origin` end on a day.

    `charged_until` is the first day no longer charged, if it differs from `day`.
    """
    current = line_on(lines, origin, day)
    edit = _replaced(lines, origin, day, lambda _line, _key: None, charged_until)
    ended = tuple(
        replace(line, charged_until=charged_until) if line.key == current.key else line
        for line in edit.lines
    )
    return replace(edit, lines=ended)


def add_line(lines: Sequence[Line], line: Line) -> Edit:
    """Return the lines with an added one, which has a negative key."""
    edit = Edit((*lines, line), line.start, {}, {line.key: line.key})
    return replace(edit, lines=_reopened(edit.lines, set(), line.start))


def line_on(lines: Sequence[Line], origin: int, day: date) -> Line:
    """Return the line of `origin` that is served on a day, or the next one after it."""
    found = sorted(
        (
            line
            for line in lines
            if line.origin_key == origin
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
    origin: int,
    day: date,
    renewed: Callable[[Line, int], Line | None],
    charged: date | None,
) -> Edit:
    """Return the lines with those of one origin cut on a day and replaced.

    `renewed` returns the replacement for a line from the cut on, None to end it; a
    line that is returned under its own key stays as it is. `charged` is the day from
    which the change is charged, if it differs from `day`.
    """
    kept: list[Line] = []
    ended: dict[int, date] = {}
    added: dict[int, int] = {}
    # A change may recharge days that were charged at other lines of the same origin.
    series = {line.series_key for line in lines if line.origin_key == origin}
    first = min(day, charged or day)
    key = min([line.key for line in lines] + [0]) - 1
    for line in lines:
        reaches = not line.is_empty and (line.end is None or line.end > day)
        if line.origin_key != origin or not reaches:
            kept.append(line)
            continue
        cut = max(day, line.start)
        remainder = replace(
            line.part(cut, line.end),
            closed_until=None,
            origin=origin,
            charged_from=line.charged_from if cut == line.start else None,
        )
        follower = renewed(remainder, key)
        if follower is not None and follower.key == line.key:
            kept.append(line)
            continue
        ended[line.key] = cut
        # The charged days of the line itself may change, too.
        first = min(first, line.charged_from or cut, line.charged_until or cut)
        kept.append(replace(line, end=cut, charged_until=None))
        if follower is not None:
            kept.append(follower)
            added[key] = line.key
            key -= 1
    return Edit(_reopened(kept, series, first), first, ended, added)


def _reopened(lines: Sequence[Line], series: set[int], day: date) -> tuple[Line, ...]:
    """Return the lines with some series reopened from a day.

    Percent-of-total lines are reopened too, since their price depends on the others.
    """
    return tuple(
        replace(line, closed_until=reopened_from(line, day))
        if line.base is not None or line.series_key in series
        else line
        for line in lines
    )
