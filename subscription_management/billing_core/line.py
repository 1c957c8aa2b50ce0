"""Subscription lines as agreed, and the periods billed of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from .billing_calendar import BillingCalendar, Timing
from .errors import UsageInAdvance
from .money import ONE, ZERO
from .period import Period
from .rating import Terms


class ChargeKind(StrEnum):
    """How a line is charged.

    A one-time charge is due on its line's first day plus the invoice offset, as the
    first period is, so that a setup fee and that period share an invoice. Usage is
    billed in arrears only.
    """

    RECURRING = "recurring"
    ONE_OFF = "one_off"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """The usage of a day: one event, or a total where events are priced together."""

    day: date
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class PercentBase:
    """The lines whose total price a percent-of-total line is a percentage of."""

    lines: frozenset[int]
    is_net: bool = True
    """Whether the percentage is of the prices after discounts."""


@dataclass(frozen=True, slots=True)
class Line:
    """One product of a subscription at one price and quantity over a range of days.

    A change ends a line and starts another. Lines of one `series` follow each other
    on one calendar and are billed together: added units are one charge, removed units
    one credit. A line that is charged in full while the previous one is credited, as
    after a change of price or plan, starts a series of its own.
    """

    key: int
    calendar: BillingCalendar
    terms: Terms
    quantity: Decimal
    start: date
    end: date | None = None
    """The first day after it; None while open-ended."""
    kind: ChargeKind = ChargeKind.RECURRING
    closed_until: date | None = None
    """All periods that end by this day are billed and closed. It is always a period
    boundary, so that a period is recalculated as a whole or not at all."""
    series: int | None = None
    """The key of the first line of its series; None for a series of one."""
    base: PercentBase | None = None
    """The base that replaces the quantity of a percent-of-total line."""
    used: tuple[UsageEntry, ...] = ()
    """The usage that replaces the quantity of a usage line, in order of pricing."""
    origin: int | None = None
    """The key of the original line that changes of quantity, price and plan led to
    this one from; None for an original line."""
    charged_from: date | None = None
    """The first day charged at this line instead of the previous one; None for its own
    first day."""
    charged_until: date | None = None
    """The first day no longer charged; None for its end."""

    def __post_init__(self) -> None:
        if self.kind is ChargeKind.USAGE and self.bills_in_advance:
            raise UsageInAdvance(self.key)

    @property
    def series_key(self) -> int:
        return self.key if self.series is None else self.series

    @property
    def origin_key(self) -> int:
        return self.series_key if self.origin is None else self.origin

    @property
    def is_empty(self) -> bool:
        return self.end is not None and self.end <= self.start

    @property
    def is_closed(self) -> bool:
        """Whether all its days are billed."""
        closed = self.closed_until
        if closed is None or closed <= self.start:
            return False
        return self.kind is ChargeKind.ONE_OFF or (
            self.end is not None and self.end <= closed
        )

    @property
    def first_billable_day(self) -> date:
        """The first day on which it may be billed in advance."""
        return self.start + timedelta(days=self.calendar.due_shift_days)

    def part(self, start: date, end: date | None) -> Line:
        """Return the line for part of its days; discount cycles continue to count."""
        terms = self.terms
        if any(discount.since is None for discount in terms.discounts):
            discounts = tuple(
                replace(discount, since=discount.since or self.start)
                for discount in terms.discounts
            )
            terms = replace(terms, discounts=discounts)
        return replace(self, start=start, end=end, terms=terms)

    @property
    def bills_in_advance(self) -> bool:
        return self.calendar.timing is Timing.IN_ADVANCE


@dataclass(frozen=True, slots=True)
class BilledPeriod:
    """An amount already charged or credited for days of a line.

    >>> april = Period(date(2026, 4, 1), date(2026, 5, 1))
    >>> charge = BilledPeriod(1, ChargeKind.RECURRING, april, Decimal(30), key=7)
    >>> days = Period(date(2026, 4, 11), april.end)
    >>> credit = BilledPeriod(
    ...     1, ChargeKind.RECURRING, days, Decimal(-20), revision=1, reverses=charge.key
    ... )
    """

    line: int
    kind: ChargeKind
    period: Period
    amount: Decimal
    revision: int = 0
    credited: Decimal = ZERO
    """How much of it was credited manually; never credited again."""
    key: int | None = None
    reverses: int | None = None
    """The key of the charge that a credit reverses."""
    quantity: Decimal = ONE
    """How many units were charged or credited."""
