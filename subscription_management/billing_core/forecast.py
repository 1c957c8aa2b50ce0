"""Upcoming invoices, forecast by the same plan that creates them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .difference import PlannedItem
from .invoice_plan import plan_invoice
from .line import BilledPeriod, Line
from .money import ZERO, Currency
from .pauses import Pause


@dataclass(frozen=True, slots=True)
class ForecastInvoice:
    """An upcoming invoice, without tax."""

    day: date
    items: tuple[PlannedItem, ...]

    @property
    def amount(self) -> Decimal:
        return sum((item.amount for item in self.items), ZERO)


def forecast(
    lines: Sequence[Line],
    billed: Iterable[BilledPeriod],
    currency: Currency,
    today: date,
    until: date,
    pauses: Sequence[Pause] = (),
    *,
    credits_wait: bool = False,
) -> Iterator[ForecastInvoice]:
    """Yield the invoices due from `today` to before `until`.

    With `credits_wait`, a credit without charges is deducted from the next invoice.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> start = date(2026, 4, 1)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.QUARTER))
    >>> line = Line(1, calendar, Terms(Flat(Decimal(90))), Decimal(1), start)
    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> for invoice in forecast([line], [], ils, start, date(2026, 12, 31)):
    ...     print(invoice.day, invoice.amount)
    2026-04-01 90.00
    2026-07-01 90.00
    2026-10-01 90.00
    """
    rows = list(billed)
    key = max((row.key or 0 for row in rows), default=0)
    day: date | None = today
    while day is not None and (day < until or day == today):
        plan = plan_invoice(lines, rows, currency, day, pauses)
        if credits_wait and plan.is_credit_only and plan.next_due is not None:
            day = plan.next_due
            continue
        if plan.items:
            yield ForecastInvoice(day, plan.items)
        for item in plan.items:
            key += 1
            rows.append(_row(item, key))
        lines = plan.closed(lines)
        day = plan.next_due


def _row(item: PlannedItem, key: int) -> BilledPeriod:
    """Return the billed period of an item after it is invoiced."""
    return BilledPeriod(
        line=item.line,
        kind=item.kind,
        period=item.period,
        amount=item.amount,
        revision=item.revision,
        key=key,
        reverses=item.reverses,
        quantity=item.quantity,
    )
