"""The amounts that recurring lines owe for a billing period."""

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
    """The rounded amount that one line owes for its days within a period."""

    line: Line
    days: Period
    amount: Decimal
    used: Decimal | None = None
    """The units used, for a usage line; None for a line of an agreed quantity."""

    @property
    def quantity(self) -> Decimal:
        return self.line.quantity if self.used is None else self.used


def recurring_parts(
    lines: Iterable[Line], period: BillingPeriod, currency: Currency
) -> list[OwedPart]:
    """Return what each recurring line of a series owes for a period, even if nothing.

    Cumulative amounts are rounded and each part is the difference from the previous
    one, so that a change does not move the price of the other days by a cent.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import PerUnit
    >>> calendar = BillingCalendar(date(2026, 4, 1), Interval(1, IntervalUnit.MONTH))
    >>> seats = Terms(PerUnit(Decimal("7.00")))
    >>> ten = Line(1, calendar, seats, Decimal(10), date(2026, 4, 1), date(2026, 4, 16))
    >>> twelve = Line(2, calendar, seats, Decimal(12), date(2026, 4, 16), series=1)
    >>> april = next(calendar.periods_from())
    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> [str(part.amount) for part in recurring_parts([ten, twelve], april, ils)]
    ['35.00', '42.00']
    """
    parts: list[OwedPart] = []
    served: list[tuple[Decimal, Period]] = []
    before = ZERO
    for line in lines:
        days = period.service.overlap(line.start, line.end)
        if days is None or line.is_empty:
            continue
        whole = priced_days(line, period)
        price = full_price(line, period.regular.start) if whole else ZERO
        served.append((price, days))
        cumulative = currency.round(prorate(served, whole or period.regular))
        parts.append(OwedPart(line, days, cumulative - before))
        before = cumulative
    return parts


def full_price(line: Line, regular_start: date) -> Decimal:
    """Return the price of a line for the full period starting on a day, unrounded."""
    return price_of(terms_in(line, regular_start), line.quantity)


def terms_in(line: Line, regular_start: date) -> Terms:
    """Return the line's terms with only the discounts that apply in a period."""
    discounts = line.terms.discounts
    if all(discount.cycles is None for discount in discounts):
        return line.terms
    calendar = line.calendar
    index = calendar.index_on(regular_start)
    applying = tuple(
        discount
        for discount in discounts
        if discount.applies_in(index - calendar.index_on(discount.since or line.start))
    )
    return replace(line.terms, discounts=applying)


def discount_ends(line: Line) -> Iterator[date]:
    """Yield the first days after the line's limited discounts."""
    for discount in line.terms.discounts:
        end = discount.end_on(line.calendar, line.start)
        if end is not None:
            yield end


def split_effective(
    lines: Sequence[Line], target: date
) -> tuple[list[Line], list[Line]]:
    """Split the lines of a series into (effective, scheduled) as of `target`.

    Until a scheduled change takes effect, the previous line is billed as if it
    continued: an added unit is charged on the day on which it is added. A line that
    resumes after a pause is effective at once, with the terms of its first day. Empty
    lines, left by undone changes, are effective and separate no others.
    """
    empty = [line for line in lines if line.is_empty]
    effective: list[Line] = []
    scheduled: list[Line] = []
    for line in lines:
        if line.is_empty:
            continue
        before = effective[-1] if effective else None
        if (
            before is not None
            and line.bills_in_advance
            and line.first_billable_day > target
            and before.end == line.start
        ):
            effective[-1] = replace(before, end=line.end)
            scheduled.append(line)
        else:
            effective.append(line)
    return [*empty, *effective], scheduled


def priced_days(line: Line, period: BillingPeriod) -> Period | None:
    """Return the days that a line's full price covers, None if they are free."""
    policy = line.calendar.stub_policy
    if period.is_stub and policy is StubPolicy.FREE:
        return None
    is_full = period.is_stub and policy is StubPolicy.FULL
    return period.service if is_full else period.regular
