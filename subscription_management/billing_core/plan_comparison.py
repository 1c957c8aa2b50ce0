"""Plan comparison: what past periods would have cost at the prices of other plans.

Plans of different intervals are compared over one window of time. A window that covers
part of a plan's period costs that part of the price of the whole period, extrapolated
from the window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import gcd

from .billing_calendar import BillingCalendar, Interval, IntervalUnit
from .line import ChargeKind, Line
from .money import ZERO, Currency, as_decimal
from .owed import full_price, terms_in
from .pauses import Pause, without_pauses
from .percent_base import with_bases
from .period import Period
from .price_models import PriceModel
from .rating import Terms, price_of_usage


@dataclass(frozen=True, slots=True)
class ComparisonWindow:
    """Consecutive periods of a calendar over which plans are compared."""

    calendar: BillingCalendar
    first: int
    """The index of the first period."""
    count: int

    @property
    def days(self) -> Period:
        after = self.first + self.count
        return Period(self.calendar.boundary(self.first), self.calendar.boundary(after))

    def in_months(self) -> Fraction:
        return self.count * self.calendar.interval.in_months()

    def cut_by(self, interval: Interval) -> Iterator[tuple[Period, Fraction]]:
        """Yield the window's periods of an interval, each with its fraction of a whole.

        The last one may be partial. Monthly periods keep the calendar's boundaries, so
        that a quarter is a fourth of a year whatever its number of days.

        >>> month = Interval(1, IntervalUnit.MONTH)
        >>> quarter = ComparisonWindow(BillingCalendar(date(2026, 1, 31), month), 0, 3)
        >>> for days, share in quarter.cut_by(month):
        ...     print(days, share)
        2026-01-31/2026-02-28 1
        2026-02-28/2026-03-31 1
        2026-03-31/2026-04-30 1
        >>> for days, share in quarter.cut_by(Interval(1, IntervalUnit.YEAR)):
        ...     print(days, share)
        2026-01-31/2026-04-30 1/4
        """
        own = self.calendar.interval.months
        if own and interval.months:
            return self._cut_by_months(own, interval.months)
        return self._cut_by_days(interval)

    def _cut_by_months(
        self, own: int, wanted: int
    ) -> Iterator[tuple[Period, Fraction]]:
        step = gcd(own, wanted)
        steps = replace(self.calendar, interval=Interval(step, IntervalUnit.MONTH))
        size, first = wanted // step, self.first * own // step
        after = first + self.count * own // step
        for index in range(first, after, size):
            end = min(index + size, after)
            days = Period(steps.boundary(index), steps.boundary(end))
            yield days, Fraction(end - index, size)

    def _cut_by_days(self, interval: Interval) -> Iterator[tuple[Period, Fraction]]:
        calendar = BillingCalendar(self.days.start, interval, end=self.days.end)
        for period in calendar.periods_from():
            yield period.service, Fraction(period.service.days, period.regular.days)


def comparison_window(
    calendar: BillingCalendar, since: date, today: date, count: int
) -> ComparisonWindow:
    """Return the last `count` completed periods served, or as many as there are.

    Service began on `since`. Before the first completed period, the window is the
    first whole period, in advance.

    >>> month = Interval(1, IntervalUnit.MONTH)
    >>> calendar = BillingCalendar(date(2026, 1, 15), month)
    >>> for day in (date(2026, 1, 20), date(2026, 3, 20), date(2026, 9, 1)):
    ...     print(comparison_window(calendar, calendar.start, day, 3).days)
    2026-01-15/2026-02-15
    2026-01-15/2026-03-15
    2026-05-15/2026-08-15
    """
    first, running = calendar.index_on(since), calendar.index_on(today)
    if calendar.boundary(first) < since:
        first += 1
    over = min(count, running - first)
    if over < 1:
        return ComparisonWindow(calendar, first, 1)
    return ComparisonWindow(calendar, running - over, over)


def with_terms_on(line: Line, day: date) -> Line:
    """Return a line that is priced on every day as in the period that holds `day`.

    Discounts that apply then apply forever, others not at all.
    """
    calendar = line.calendar
    regular = calendar.regular_period(calendar.index_on(max(day, line.start)))
    terms = terms_in(line, regular.start)
    lasting = tuple(replace(each, cycles=None) for each in terms.discounts)
    return replace(line, terms=replace(terms, discounts=lasting))


def costs_in(
    window: ComparisonWindow,
    lines: Sequence[Line],
    currency: Currency,
    pauses: Sequence[Pause] = (),
) -> dict[int, Decimal]:
    """Return what lines would have cost in a window, by key.

    Lines of one key are one product at its past quantities, all at one price. One-time
    lines are excluded. Each period of the line's interval is rounded, as it would have
    been billed.

    >>> from .price_models import PerUnit
    >>> start = date(2026, 4, 1)
    >>> month, year = Interval(1, IntervalUnit.MONTH), Interval(1, IntervalUnit.YEAR)
    >>> quarter = ComparisonWindow(BillingCalendar(start, month), 0, 3)
    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> for interval, price in ((month, 7), (year, 70)):
    ...     calendar = BillingCalendar(start, interval)
    ...     terms = Terms(PerUnit(Decimal(price)))
    ...     seats = Line(1, calendar, terms, Decimal(10), start)
    ...     print(costs_in(quarter, [seats], ils)[1])
    210.00
    175.00
    """
    served: dict[int, list[Line]] = defaultdict(list)
    for line in with_bases(without_pauses(lines, pauses)):
        if line.kind is not ChargeKind.ONE_OFF:
            served[line.key].append(line)
    return {key: _cost(window, parts, currency) for key, parts in served.items()}


def _cost(
    window: ComparisonWindow, parts: Sequence[Line], currency: Currency
) -> Decimal:
    cost_of = _usage_cost if parts[0].kind is ChargeKind.USAGE else _agreed_cost
    total = ZERO
    for days, share in window.cut_by(parts[0].calendar.interval):
        served = [
            (part, overlap)
            for part in sorted(parts, key=lambda part: part.start)
            if (overlap := days.overlap(part.start, part.end))
        ]
        if served:
            total += currency.round(as_decimal(cost_of(served, days, share)))
    return total


def _agreed_cost(
    served: Sequence[tuple[Line, Period]], days: Period, share: Fraction
) -> Fraction:
    """Return the prorated price of agreed quantities for part of a period."""
    prices = (
        Fraction(full_price(part, days.start)) * overlap.days
        for part, overlap in served
    )
    return sum(prices, Fraction()) / days.days * share


def _usage_cost(
    served: Sequence[tuple[Line, Period]], days: Period, share: Fraction
) -> Fraction:
    """Return the price of usage for part of a period, extrapolated to the whole.

    The part gets its fraction of the allowance, of the tiers and of the minimum.
    """
    terms = served[0][0].terms
    events = [
        use.quantity
        for part, overlap in served
        for use in part.used
        if use.day in overlap
    ]
    part = terms.price.for_part(share)
    if part is None:
        whole = as_decimal(Fraction(sum(events, ZERO)) / share)
        cost = Fraction(price_of_usage(terms, [whole])) * share
    else:
        cost = Fraction(price_of_usage(_terms_for_part(terms, part, share), events))
    lasted = Fraction(sum(overlap.days for _part, overlap in served), days.days)
    return max(cost, Fraction(terms.minimum or ZERO) * lasted * share)


def _terms_for_part(terms: Terms, price: PriceModel, share: Fraction) -> Terms:
    """Return the terms for part of a period, at a price for that part."""

    def part_of(amount: Decimal) -> Decimal:
        return as_decimal(Fraction(amount) * share)

    return replace(
        terms,
        price=price,
        discounts=tuple(
            replace(each, fixed=part_of(each.fixed)) for each in terms.discounts
        ),
        maximum=None if terms.maximum is None else part_of(terms.maximum),
        minimum=None,
    )
