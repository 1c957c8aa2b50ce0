"""What the lines of a series owe for a period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from .billing_calendar import BillingPeriod, StubPolicy
from .line import Line
from .money import ZERO, Currency
from .period import Period
from .proration import prorate
from .rating import Terms, price_of


@dataclass(frozen=True, slots=True)
class OwedPart:
    """What one line owes for its days in a period, rounded."""

    line: Line
    days: Period
    amount: Decimal
    used: Decimal | None = None
    """The units of a usage line; None for others, whose units were agreed."""

    @property
    def quantity(self) -> Decimal:
        return self.line.quantity if self.used is None else self.used


def owed_parts(
    lines: Iterable[Line], period: BillingPeriod, currency: Currency
) -> list[OwedPart]:
    """Return what each line of a series owes for a period; free lines are in it too.

    The cumulative amount is rounded and each part is the difference to the one before,
    so that a change does not move what the rest of the period costs by a cent.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import PerUnit
    >>> calendar = BillingCalendar(date(2026, 4, 1), Interval(1, IntervalUnit.MONTH))
    >>> seats = Terms(PerUnit(Decimal("7.00")))
    >>> ten = Line(1, calendar, seats, Decimal(10), date(2026, 4, 1), date(2026, 4, 16))
    >>> twelve = Line(2, calendar, seats, Decimal(12), date(2026, 4, 16), series=1)
    >>> april = next(calendar.periods_from())
    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> [str(part.amount) for part in owed_parts([ten, twelve], april, ils)]
    ['35.00', '42.00']
    """
    parts: list[OwedPart] = []
    served: list[tuple[Decimal, Period]] = []
    before = ZERO
    for line in lines:
        days = period.service.overlap(line.start, line.end)
        if days is None or line.is_empty:
            continue
        whole = days_priced(line, period)
        price = full_price(line, period.regular.start) if whole else ZERO
        served.append((price, days))
        mark = currency.round(prorate(served, whole or period.regular))
        parts.append(OwedPart(line, days, mark - before))
        before = mark
    return parts


def full_price(line: Line, regular_start: date) -> Decimal:
    """Return what a line costs for the full period that begins on a day, unrounded."""
    return price_of(terms_in(line, regular_start), line.quantity)


def terms_in(line: Line, regular_start: date) -> Terms:
    """Return the line's terms with those discounts only that hold in a period."""
    discounts = line.terms.discounts
    if all(discount.cycles is None for discount in discounts):
        return line.terms
    calendar = line.calendar
    index = calendar.index_on(regular_start)
    holding = tuple(
        discount
        for discount in discounts
        if discount.holds_in(index - calendar.index_on(discount.since or line.start))
    )
    return replace(line.terms, discounts=holding)


def discount_ends(line: Line) -> Iterator[date]:
    """Yield the days on which discounts for some periods only do not hold any more."""
    for discount in line.terms.discounts:
        end = discount.end_on(line.calendar, line.start)
        if end is not None:
            yield end


def in_effect(lines: Sequence[Line], target: date) -> tuple[list[Line], list[Line]]:
    """Return a series as it is billed on a day, and its changes that are to come.

    Until a change takes effect, the line before it is billed on as if there was none:
    an added unit is charged on the day on which it is added, not when it is scheduled.
    What goes on after a rest is as it will be on its first day. What was taken back has
    no day left, and parts no others.
    """
    empty = [line for line in lines if line.is_empty]
    current: list[Line] = []
    coming: list[Line] = []
    for line in lines:
        if line.is_empty:
            continue
        before = current[-1] if current else None
        if (
            before is not None
            and line.bills_in_advance
            and line.joins > target
            and before.end == line.start
        ):
            current[-1] = replace(before, end=line.end)
            coming.append(line)
        else:
            current.append(line)
    return [*empty, *current], coming


def days_priced(line: Line, period: BillingPeriod) -> Period | None:
    """Return the days that a line's price is for, None where it costs nothing."""
    policy = line.calendar.stub_policy
    if period.is_stub and policy is StubPolicy.FREE:
        return None
    is_full = period.is_stub and policy is StubPolicy.FULL
    return period.service if is_full else period.regular
