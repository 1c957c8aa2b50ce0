"""Billing calendars: the boundaries and due dates of billing periods."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import count

from .errors import (
    InvalidAnchorDay,
    InvalidCutOff,
    InvalidInterval,
    UnalignableInterval,
)
from .period import Period


class IntervalUnit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


_MONTHS = {
    IntervalUnit.MONTH: 1,
    IntervalUnit.QUARTER: 3,
    IntervalUnit.HALF_YEAR: 6,
    IntervalUnit.YEAR: 12,
}
_DAYS = {IntervalUnit.DAY: 1, IntervalUnit.WEEK: 7}

_LENGTH_IN_MONTHS = {
    IntervalUnit.DAY: Fraction(12, 365),
    IntervalUnit.WEEK: Fraction(12, 52),
    **{unit: Fraction(months) for unit, months in _MONTHS.items()},
}


class AnchorKind(StrEnum):
    ANNIVERSARY = "anniversary"
    DAY_OF_MONTH = "day_of_month"
    CALENDAR = "calendar"


class StubPolicy(StrEnum):
    """How the days before the first aligned boundary are charged."""

    PRORATED = "prorated"
    FREE = "free"
    FULL = "full"


class Timing(StrEnum):
    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


@dataclass(frozen=True, slots=True)
class Interval:
    """The regular length of a billing period: `length` times `unit`."""

    length: int
    unit: IntervalUnit

    def __post_init__(self) -> None:
        if self.length < 1:
            raise InvalidInterval(self.length)

    @property
    def months(self) -> int:
        """Months in the interval, 0 for days and weeks."""
        return self.length * _MONTHS.get(self.unit, 0)

    @property
    def days(self) -> int:
        """Days in the interval, 0 for months and longer."""
        return self.length * _DAYS.get(self.unit, 0)

    def in_months(self) -> Fraction:
        """Return its length in months; a week is 12/52, a day 12/365."""
        return self.length * _LENGTH_IN_MONTHS[self.unit]

    def ratio_to(self, other: Interval) -> Fraction:
        """Return its length as a multiple of another interval.

        >>> year = Interval(1, IntervalUnit.YEAR)
        >>> print(year.ratio_to(Interval(2, IntervalUnit.MONTH)))
        6
        """
        return self.in_months() / other.in_months()


@dataclass(frozen=True, slots=True)
class Anchor:
    """The date to which period boundaries are aligned."""

    kind: AnchorKind = AnchorKind.ANNIVERSARY
    day: int | None = None
    """Day of the month, 1 to 31 (31 = last day); for `DAY_OF_MONTH` only."""

    def __post_init__(self) -> None:
        if self.kind is AnchorKind.DAY_OF_MONTH and not (
            self.day and 1 <= self.day <= 31
        ):
            raise InvalidAnchorDay(self.day)


@dataclass(frozen=True, slots=True)
class BillingPeriod:
    """One period of a calendar: the days served, and the full period around them."""

    service: Period
    """The days served: the regular period without the days before the start or after
    the end."""
    regular: Period
    """The full period between two boundaries; proration divides by its days."""
    due: date
    """The first day on which it may be billed."""
    is_stub: bool
    """True for the days before the first aligned boundary."""


@dataclass(frozen=True)
class BillingCalendar:
    """The billing periods of a line.

    Boundaries are counted from the anchor, never from the previous boundary, so that
    the 31st returns after February:

    >>> monthly = Interval(1, IntervalUnit.MONTH)
    >>> calendar = BillingCalendar(date(2026, 1, 31), monthly)
    >>> [str(calendar.boundary(n)) for n in range(5)]
    ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31']
    >>> leap = BillingCalendar(date(2024, 2, 29), Interval(1, IntervalUnit.YEAR))
    >>> [str(leap.boundary(n)) for n in (1, 4)]
    ['2025-02-28', '2028-02-29']
    """

    start: date
    interval: Interval
    anchor: Anchor = field(default_factory=Anchor)
    timing: Timing = Timing.IN_ADVANCE
    stub_policy: StubPolicy = StubPolicy.PRORATED
    cut_off_days: int = 0
    """A stub shorter than this is invoiced together with the next full period."""
    due_shift_days: int = 0
    """The invoice offset: days by which a period is billed later, or earlier if < 0."""
    end: date | None = None
    """The first day no longer served; None while open-ended."""

    def __post_init__(self) -> None:
        if self.cut_off_days < 0:
            raise InvalidCutOff(self.cut_off_days)
        kind, unit = self.anchor.kind, self.interval.unit
        if (kind is AnchorKind.DAY_OF_MONTH and not self.interval.months) or (
            kind is AnchorKind.CALENDAR and unit is IntervalUnit.DAY
        ):
            raise UnalignableInterval(kind.value, self.interval.length, unit.value)

    def boundary(self, index: int) -> date:
        """Return the boundary `index` intervals after the first one."""
        base, day = self._base
        if not self.interval.months:
            return base + timedelta(days=index * self.interval.days)
        months = base.year * 12 + base.month - 1 + index * self.interval.months
        year, month = divmod(months, 12)
        return date(year, month + 1, min(day, monthrange(year, month + 1)[1]))

    def regular_period(self, index: int) -> Period:
        """Return the full period that begins at boundary `index`."""
        return Period(self.boundary(index), self.boundary(index + 1))

    def index_on(self, day: date) -> int:
        """Return the index of the regular period that holds `day`.

        >>> monthly = Interval(1, IntervalUnit.MONTH)
        >>> calendar = BillingCalendar(date(2026, 1, 31), monthly)
        >>> print(calendar.regular_period(calendar.index_on(date(2026, 3, 30))))
        2026-02-28/2026-03-31
        """
        base, _day = self._base
        if not self.interval.months:
            return (day - base).days // self.interval.days
        months = (day.year - base.year) * 12 + day.month - base.month
        index = months // self.interval.months
        return index if self.boundary(index) <= day else index - 1

    def period_on(self, day: date) -> BillingPeriod | None:
        """Return the billing period that holds `day`, None outside the service."""
        period = self._period(self.index_on(day))
        return period if period and day in period.service else None

    def periods_from(self, day: date | None = None) -> Iterator[BillingPeriod]:
        """Yield the billing periods from the one that holds `day`, or from the start.

        Infinite for a calendar without an end:

        >>> monthly = Interval(1, IntervalUnit.MONTH)
        >>> first = Anchor(AnchorKind.DAY_OF_MONTH, 1)
        >>> calendar = BillingCalendar(date(2026, 7, 15), monthly, first)
        >>> periods = calendar.periods_from()
        >>> stub, august = next(periods), next(periods)
        >>> print(stub.service, "of", stub.regular, "due", stub.due)
        2026-07-15/2026-08-01 of 2026-07-01/2026-08-01 due 2026-07-15
        >>> print(august.service, "due", august.due)
        2026-08-01/2026-09-01 due 2026-08-01
        """
        for index in count(self.index_on(max(day or self.start, self.start))):
            period = self._period(index)
            if period is None:
                return
            yield period

    @cached_property
    def _base(self) -> tuple[date, int]:
        """The boundary of index 0, for months any day of that month, and its day.

        The day of the month is separate, since a short month clamps the date.
        """
        kind, start = self.anchor.kind, self.start
        if kind is AnchorKind.CALENDAR:
            if self.interval.months:
                return date(start.year, 1, 1), 1
            return start - timedelta(days=start.weekday()), 1
        if kind is AnchorKind.DAY_OF_MONTH:
            assert self.anchor.day is not None
            month_length = monthrange(start.year, start.month)[1]
            if min(self.anchor.day, month_length) >= start.day:
                return start.replace(day=1), self.anchor.day
            return start.replace(day=1) + timedelta(days=month_length), self.anchor.day
        return start, start.day

    def _period(self, index: int) -> BillingPeriod | None:
        regular = self.regular_period(index)
        service = regular.overlap(self.start, self.end)
        if service is None:
            return None
        is_stub = regular.start < self.start
        due = self._due(service)
        if is_stub and service.days < self.cut_off_days:
            following = self._period(index + 1)
            due = following.due if following else due
        return BillingPeriod(service, regular, due, is_stub)

    def _due(self, service: Period) -> date:
        first = service.start if self.timing is Timing.IN_ADVANCE else service.end
        return first + timedelta(days=self.due_shift_days)
