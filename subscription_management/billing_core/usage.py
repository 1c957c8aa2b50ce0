"""What the usage lines of a series owe for a period."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate

from .billing_calendar import BillingPeriod
from .line import ChargeKind, Line
from .money import ZERO, Currency
from .owed import OwedPart, days_priced, owed_parts, terms_in
from .period import Period
from .proration import prorate
from .rating import price_of_uses


def parts_owed(
    lines: Sequence[Line], period: BillingPeriod, currency: Currency
) -> list[OwedPart]:
    """Return what each line of a series owes for a period, of whatever kind it is."""
    if lines[0].kind is ChargeKind.USAGE:
        return usage_parts(lines, period, currency)
    return owed_parts(lines, period, currency)


def usage_parts(
    lines: Sequence[Line], period: BillingPeriod, currency: Currency
) -> list[OwedPart]:
    """Return what each usage line of a series owes for what was used on its days.

    A line begins where the one before left off: what is included, tiers and the
    maximum are used up once a period, however often its terms change. They are for
    every period, however short; the minimum is for a full one and by the day.

    >>> from datetime import date
    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit, Timing
    >>> from .line import Use
    >>> from .price_models import PerUnit
    >>> from .rating import Terms
    >>> start, change = date(2026, 4, 1), date(2026, 4, 16)
    >>> month = Interval(1, IntervalUnit.MONTH)
    >>> calendar = BillingCalendar(start, month, timing=Timing.IN_ARREARS)
    >>> def calls(key, price, start, end, *used):
    ...     terms = Terms(PerUnit(Decimal(price)), included=Decimal(100))
    ...     uses = tuple(Use(start, Decimal(each)) for each in used)
    ...     return Line(
    ...         key, calendar, terms, Decimal(1), start, end, ChargeKind.USAGE,
    ...         series=1, used=uses,
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
    marks: list[Decimal] = []
    uses: list[Decimal] = []
    total, whole = ZERO, period.regular
    for line in lines:
        days = period.service.overlap(line.start, line.end)
        if days is None or line.is_empty:
            continue
        found = [use.quantity for use in line.used if use.day in days]
        terms = terms_in(line, period.regular.start)
        before = price_of_uses(terms, uses) if served else ZERO
        uses += found
        total += price_of_uses(terms, uses) - before
        marks.append(total)
        served.append((line, days, sum(found, ZERO)))
        priced = days_priced(line, period)
        whole = priced or period.regular
        minimums.append(((terms.minimum or ZERO) if priced else ZERO, days))
    if not served:
        return []
    marks[-1] = max(marks[-1], prorate(minimums, whole))
    return _parts(served, _never_falling(marks), currency)


def _never_falling(marks: Sequence[Decimal]) -> list[Decimal]:
    """Return cumulative amounts of which none is above a later one.

    With volume tiers more may cost less: then the earlier days cost less already.
    """
    return list(accumulate(reversed(marks), min))[::-1]


def _parts(
    served: Sequence[tuple[Line, Period, Decimal]],
    marks: Sequence[Decimal],
    currency: Currency,
) -> list[OwedPart]:
    parts = []
    before = ZERO
    for (line, days, used), mark in zip(served, marks, strict=True):
        rounded = currency.round(max(mark, ZERO))
        parts.append(OwedPart(line, days, rounded - before, used))
        before = rounded
    return parts
