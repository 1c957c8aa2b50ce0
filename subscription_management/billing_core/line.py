"""What was agreed, and what was billed of it."""

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
    """What a line is charged for.

    A one-off charge is due on its line's first day, moved by the plan's days as
    every due date is, so that a setup fee and the first period share an invoice.
    Usage is what was used in a period; its calendar is one in arrears.
    """

    RECURRING = "recurring"
    ONE_OFF = "one_off"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Use:
    """What was used on a day: an event, or a total where events are priced together."""

    day: date
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class PercentBase:
    """The lines whose price a percent-of-total line is a share of."""

    lines: frozenset[int]
    is_net: bool = True
    """Whether discounts come off before the share is taken."""


@dataclass(frozen=True, slots=True)
class Line:
    """One product on a subscription, at one price and quantity, for some days.

    A change ends a line and starts another. Lines of one `series` follow each other
    on one calendar and are billed as one: more units are one charge for the added
    ones, fewer are one credit. A line of another price or plan that shall be charged
    whole, with the old one credited, begins a series of its own.
    """

    key: int
    calendar: BillingCalendar
    terms: Terms
    quantity: Decimal
    start: date
    end: date | None = None
    """The first day without it; None while open."""
    kind: ChargeKind = ChargeKind.RECURRING
    closed_until: date | None = None
    """Every period that ends by this day is billed and needs no second look; always
    the boundary of a period, so that a period is looked at whole or not at all."""
    series: int | None = None
    """The key of the first line of its series; None for a series of one."""
    base: PercentBase | None = None
    """What stands in the place of the quantity of a percent-of-total line."""
    used: tuple[Use, ...] = ()
    """What stands in its place on a usage line, in the order in which it is priced."""
    origin: int | None = None
    """The key of the first line that this one goes back to, through changes of
    quantity, price and plan; None for one that was not changed."""
    charged_from: date | None = None
    """The first day that it is charged for in the place of the line before it; None
    for its own."""
    charged_until: date | None = None
    """The first day that is not charged any more; None for its end."""

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
    def is_done(self) -> bool:
        """Whether no day of it is open any more."""
        closed = self.closed_until
        if closed is None or closed <= self.start:
            return False
        return self.kind is ChargeKind.ONE_OFF or (
            self.end is not None and self.end <= closed
        )

    @property
    def joins(self) -> date:
        """The first day on which it may be billed if that is in advance."""
        return self.start + timedelta(days=self.calendar.due_shift_days)

    def part(self, start: date, end: date | None) -> Line:
        """Return the line for some of its days; cycles of discounts count on."""
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
    """What an invoice has already charged (or credited) for days of a line.

    >>> april = Period(date(2026, 4, 1), date(2026, 5, 1))
    >>> charge = BilledPeriod(1, ChargeKind.RECURRING, april, Decimal(30), key=7)
    >>> rest = Period(date(2026, 4, 11), april.end)
    >>> credit = BilledPeriod(
    ...     1, ChargeKind.RECURRING, rest, Decimal(-20), revision=1, reverses=charge.key
    ... )
    """

    line: int
    kind: ChargeKind
    period: Period
    amount: Decimal
    revision: int = 0
    credited: Decimal = ZERO
    """How much of it people have credited by hand; never credited again."""
    key: int | None = None
    reverses: int | None = None
    """The key of the charge that a credit takes back."""
    quantity: Decimal = ONE
    """How many units were charged or taken back."""
