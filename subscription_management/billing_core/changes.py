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
from .line import ChargeKind, Line
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
    lines: Sequence[Line],
    origin: int,
    day: date,
    quantity: Decimal,
    charged_from: date | None = None,
) -> Edit:
    """Return the lines once what goes back to `origin` has another quantity from a day.

    Later lines are moved by as many units, not below zero. `charged_from` is the day
    from which the change is charged, where that is another one.

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
    """Return the lines once what goes back to `origin` has other terms from a day on.

    `terms_of` says what each line costs from then on; it may leave later lines the
    price that was agreed for their own days. `calendar_of` says by which periods each
    is billed, where these change. The new lines are a series of their own:
    the old price is credited, the new one charged; but what is used goes on where its
    period stands. Later lines are moved by as many units as the first one is.
    """
    current = line_on(lines, origin, day)
    added = ZERO if quantity is None else quantity - current.quantity
    own_series: dict[int, int] = {}

    def renewed(line: Line, key: int) -> Line:
        terms = terms_of(line)
        goes_on = line.kind is ChargeKind.USAGE and calendar_of is None
        is_moved = line.key == current.key or (
            line.series_key == current.series_key and not goes_on
        )
        if not is_moved and line.terms == terms and not added and calendar_of is None:
            return line
        return replace(
            line,
            key=key,
            series=(
                line.series_key
                if goes_on
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
    """Return the lines once what goes back to `origin` ends on a day.

    `charged_until` is the first day that is not charged any more, where that is
    another one.
    """
    current = line_on(lines, origin, day)
    edit = _replaced(lines, origin, day, lambda _line, _key: None, charged_until)
    ended = tuple(
        replace(line, charged_until=charged_until) if line.key == current.key else line
        for line in edit.lines
    )
    return replace(edit, lines=ended)


def add_line(lines: Sequence[Line], line: Line) -> Edit:
    """Return the lines with one that joins; its key is below zero."""
    edit = Edit((*lines, line), line.start, {}, {line.key: line.key})
    return replace(edit, lines=_reopened(edit.lines, set(), line.start))


def line_on(lines: Sequence[Line], origin: int, day: date) -> Line:
    """Return what goes back to `origin` as it is on a day, or next after it."""
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
    """Return the lines with those of one origin cut on a day, and others in place.

    A line that `renewed` returns under its own key stays as it is. `charged` is the day
    from which the change is charged, where that is another one.
    """
    kept: list[Line] = []
    ended: dict[int, date] = {}
    added: dict[int, int] = {}
    # Of an origin a change may charge days that other lines of it were charged for.
    series = {line.series_key for line in lines if line.origin_key == origin}
    first = min(day, charged or day)
    key = min([line.key for line in lines] + [0]) - 1
    for line in lines:
        reaches = not line.is_empty and (line.end is None or line.end > day)
        if line.origin_key != origin or not reaches:
            kept.append(line)
            continue
        cut = max(day, line.start)
        rest = replace(
            line.part(cut, line.end),
            closed_until=None,
            origin=origin,
            charged_from=line.charged_from if cut == line.start else None,
        )
        follower = renewed(rest, key)
        if follower is not None and follower.key == line.key:
            kept.append(line)
            continue
        ended[line.key] = cut
        # How it was charged until now may not hold any more, whatever comes after it.
        first = min(first, line.charged_from or cut, line.charged_until or cut)
        kept.append(replace(line, end=cut, charged_until=None))
        if follower is not None:
            kept.append(follower)
            added[key] = line.key
            key -= 1
    return Edit(_reopened(kept, series, first), first, ended, added)


def _reopened(lines: Sequence[Line], series: set[int], day: date) -> tuple[Line, ...]:
    """Return lines whose days from a day on are billed anew: some series, and shares.

    What a percent-of-total line costs depends on the others.
    """
    return tuple(
        replace(line, closed_until=reopened_from(line, day))
        if line.base is not None or line.series_key in series
        else line
        for line in lines
    )
