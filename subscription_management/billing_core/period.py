"""A half-open range of calendar days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from .errors import EmptyPeriod


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` to before `end`.

    >>> april = Period(date(2026, 4, 1), date(2026, 5, 1))
    >>> april.days, april.last_day
    (30, datetime.date(2026, 4, 30))
    >>> str(april)
    '2026-04-01/2026-05-01'
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise EmptyPeriod(self.start, self.end)

    def __str__(self) -> str:
        return f"{self.start}/{self.end}"

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    @property
    def days(self) -> int:
        """The number of calendar days, unaffected by daylight-saving changes."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day included, for display."""
        return self.end - timedelta(days=1)

    def overlap(self, start: date | None, end: date | None) -> Period | None:
        """Return the days that also lie in `[start, end)`, None being unbounded.

        >>> april = Period(date(2026, 4, 1), date(2026, 5, 1))
        >>> print(april.overlap(date(2026, 4, 11), None))
        2026-04-11/2026-05-01
        >>> april.overlap(None, date(2026, 4, 1)) is None
        True
        """
        first = self.start if start is None else max(self.start, start)
        after = self.end if end is None else min(self.end, end)
        return Period(first, after) if first < after else None

    def without(self, taken: Period | None) -> Period | None:
        """Return the days outside `taken`, None when no day remains.

        If days remain on both sides, the result spans `taken` as well: it is for
        display only.

        >>> april = Period(date(2026, 4, 1), date(2026, 5, 1))
        >>> print(april.without(Period(date(2026, 4, 1), date(2026, 4, 11))))
        2026-04-11/2026-05-01
        >>> print(april.without(Period(date(2026, 4, 21), date(2026, 5, 1))))
        2026-04-01/2026-04-21
        """
        if taken is None:
            return self
        start = self.start if self.start < taken.start else max(self.start, taken.end)
        end = self.end if self.end > taken.end else min(self.end, taken.start)
        return Period(start, end) if start < end else None
