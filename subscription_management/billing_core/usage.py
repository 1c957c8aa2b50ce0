"""The amounts that usage lines owe for a billing period."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate

from .billing_calendar import BillingPeriod
from .line import ChargeKind, Line
from .money import ZERO, Currency
from .owed import OwedPart, priced_days, recurring_parts, terms_in
from .period import Period
from .proration import prorate
from .rating import price_of_usage


def owed_parts(
    lines: Sequence[Line], period: BillingPeriod, currency: Currency
) -> list[OwedPart]:
    """Return what each line of a series owes for a period: recurring or usage."""
    if lines[0].kind is ChargeKind.USAGE:
        return usage_parts(lines, period, currency)
    return recurring_parts(lines, period, currency)


def usage_parts(
    lines: Sequence[Line], period: BillingPeriod, currency: Currency
) -> list[OwedPart]:
    """Return what each usage line of a series owes for the usage of its days.

    A line continues where the previous one stopped: the allowance, the tiers and the
    maximum apply once per period, however often the terms change. They apply to every
    period in full, however short it is; the minimum is prorated by the day.

    >>> from datetime import date
    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit, Timing
    >>> from .line import UsageEntry
    >>> from .price_models import PerUnit
    >>> from .rating import Terms
    >>> start, change = date(2026, 4, 1), date(2026, 4, 16)
    >>> month = Interval(1, IntervalUnit.MONTH)
    >>> calendar = BillingCalendar(start, month, timing=Timing.IN_ARREARS)
    >>> def calls(key, price, start, end, *used):
    ...     terms = Terms(PerUnit(Decimal(price)), included=Decimal(100))
    ...     events = tuple(UsageEntry(start, Decimal(each)) for each in used)
    ...     return Line(
    ...         key, calendar, terms, Decimal(1), start, end, ChargeKind.USAGE,
    ...         series=1, used=events,
    ...     )
    >>> lines = [calls(1, 2, start, change, 60), calls(2, 3, change, None, 70, 10)]
    >>> april = next(calendar.periods_from())
    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> for part in usage_parts(lines, april, ils):
    ...     print(part.days, part.quantity, part.amount)
    2026-04-01/2026-04-16 60 0.00
    2026-04-16/2026-05-01 80 120.00
    """
    served: list[tuple[Line, Period, Decimal]] = []
    minimums: list[tuple[Decimal, Period]] = []
    cumulative: list[Decimal] = []
    events: list[Decimal] = []
    total, whole = ZERO, period.regular
    for line in lines:
        days = period.service.overlap(line.start, line.end)
        if days is None or line.is_empty:
            continue
        found = [use.quantity for use in line.used if use.day in days]
        terms = terms_in(line, period.regular.start)
        before = price_of_usage(terms, events) if served else ZERO
        events += found
        total += price_of_usage(terms, events) - before
        cumulative.append(total)
        served.append((line, days, sum(found, ZERO)))
        priced = priced_days(line, period)
        whole = priced or period.regular
        minimums.append(((terms.minimum or ZERO) if priced else ZERO, days))
    if not served:
        return []
    cumulative[-1] = max(cumulative[-1], prorate(minimums, whole))
    return _parts(served, _non_decreasing(cumulative), currency)


def _non_decreasing(cumulative: Sequence[Decimal]) -> list[Decimal]:
    """Return cumulative amounts lowered so that none exceeds a later one.

    With volume tiers more usage may cost less: the earlier days are then charged less.
    """
    return list(accumulate(reversed(cumulative), min))[::-1]


def _parts(
    served: Sequence[tuple[Line, Period, Decimal]],
    cumulative: Sequence[Decimal],
    currency: Currency,
) -> list[OwedPart]:
    parts = []
    before = ZERO
    for (line, days, used), amount in zip(served, cumulative, strict=True):
        rounded = currency.round(max(amount, ZERO))
        parts.append(OwedPart(line, days, rounded - before, used))
        before = rounded
    return parts
