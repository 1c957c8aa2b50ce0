"""Pauses: days on which a subscription is not served and not charged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from .errors import EmptyPeriod
from .line import ChargeKind, Line


@dataclass(frozen=True, slots=True, order=True)
class Pause:
    """The days from `start` to before `end`; None for a pause without an end."""

    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start:
            raise EmptyPeriod(self.start, self.end)


def without_pauses(lines: Sequence[Line], pauses: Sequence[Pause]) -> list[Line]:
    """Return `lines` cut into the parts served; one-time lines are not cut.

    The parts keep the line's key and series, so that billed days are credited when
    they are paused, and charged again when the pause is undone.

    >>> from decimal import Decimal
    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> start = date(2026, 4, 1)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> line = Line(1, calendar, Terms(Flat(Decimal(30))), Decimal(1), start)
    >>> holiday = Pause(date(2026, 4, 11), date(2026, 4, 21))
    >>> for part in without_pauses([line], [holiday]):
    ...     print(part.start, part.end)
    2026-04-01 2026-04-11
    2026-04-21 None
    """
    if not pauses:
        return list(lines)
    ordered = sorted(pauses, key=lambda pause: pause.start)
    return [
        part
        for line in lines
        for part in (
            [line] if line.kind is ChargeKind.ONE_OFF else _served_parts(line, ordered)
        )
    ]


def _served_parts(line: Line, pauses: Sequence[Pause]) -> Iterator[Line]:
    """Yield the parts of a line between pauses; an empty part if no day is served."""
    start: date | None = line.start
    found = False
    for pause in pauses:
        if start is None or (line.end is not None and line.end <= pause.start):
            break
        if pause.end is not None and pause.end <= start:
            continue
        if start < pause.start:
            yield line.part(start, pause.start)
            found = True
        start = pause.end
    if start is not None and (line.end is None or start < line.end):
        yield line.part(start, line.end)
        found = True
    if not found:
        yield line.part(line.start, line.start)
