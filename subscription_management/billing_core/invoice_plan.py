"""What has to be invoiced: what is owed less what was billed.

One mechanism serves first invoices, missed periods, ended lines and periods that
were given back by a cancelled invoice; asked again, it finds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from .billing_calendar import BillingCalendar, BillingPeriod, StubPolicy, Timing
from .errors import UnknownLine
from .money import ZERO, Currency
from .period import Period
from .price_models import PriceModel
from .proration import prorate


class ChargeKind(StrEnum):
    """How often a line is charged.

    A one-off charge is due on its line's first day, moved by the plan's days as
    every due date is, so that a setup fee and the first period share an invoice.
    """

    RECURRING = "recurring"
    ONE_OFF = "one_off"


@dataclass(frozen=True, slots=True)
class Line:
    """One product on a subscription, at one price and quantity, for some days."""

    key: int
    calendar: BillingCalendar
    price: PriceModel
    quantity: Decimal
    start: date
    end: date | None = None
    """The first day without it; None while open."""
    kind: ChargeKind = ChargeKind.RECURRING
    closed_until: date | None = None
    """Every period that ends by this day is billed and needs no second look; always
    the boundary of a period, so that a period is looked at whole or not at all."""


@dataclass(frozen=True, slots=True)
class BilledPeriod:
    """What an invoice has already charged (or credited) for days of a line."""

    line: int
    kind: ChargeKind
    period: Period
    amount: Decimal
    revision: int = 0
    credited: Decimal = ZERO
    """How much of it people have credited by hand; never credited again."""


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One row of the next invoice."""

    line: int
    kind: ChargeKind
    period: Period
    """The days that the amount is for."""
    regular: Period
    """The full period that those days are part of."""
    quantity: Decimal
    amount: Decimal
    revision: int
    due: date

    @property
    def is_prorated(self) -> bool:
        return self.kind is ChargeKind.RECURRING and self.period != self.regular


@dataclass(frozen=True, slots=True)
class InvoicePlan:
    items: tuple[PlannedItem, ...]
    next_due: date | None
    """When the next period becomes due, None when nothing will."""
    closed_until: dict[int, date]
    """For each line the day up to which it is billed once the items are."""

    @property
    def amount(self) -> Decimal:
        return sum((item.amount for item in self.items), ZERO)


def plan_invoice(
    lines: Sequence[Line],
    billed: Iterable[BilledPeriod],
    currency: Currency,
    target: date,
) -> InvoicePlan:
    """Return what is to be invoiced on `target`, and when the next is due.

    Amounts are without tax and rounded to `currency`. Of `billed`, the rows
    before a line's `closed_until` may be left out. Items are sorted by period,
    then in the order of `lines`.

    >>> from .billing_calendar import Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> start = date(2026, 1, 31)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> line = Line(1, calendar, Flat(Decimal(30)), Decimal(1), start)
    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> plan = plan_invoice([line], [], ils, date(2026, 3, 1))
    >>> for item in plan.items:
    ...     print(item.period, item.amount)
    2026-01-31/2026-02-28 30.00
    2026-02-28/2026-03-31 30.00
    >>> print(plan.next_due)
    2026-03-31
    """
    rows = _by_line(lines, billed)
    outcomes = [_plan_line(line, rows[line.key], currency, target) for line in lines]
    items = [item for items, _due, _closed in outcomes for item in items]
    dues = [due for _items, due, _closed in outcomes if due is not None]
    return InvoicePlan(
        items=tuple(sorted(items, key=lambda item: item.period.start)),
        next_due=min(dues, default=None),
        closed_until={
            line.key: closed
            for line, (_items, _due, closed) in zip(lines, outcomes, strict=True)
            if closed is not None
        },
    )


def _by_line(
    lines: Sequence[Line], billed: Iterable[BilledPeriod]
) -> dict[int, list[BilledPeriod]]:
    rows: dict[int, list[BilledPeriod]] = {line.key: [] for line in lines}
    for row in billed:
        if row.line not in rows:
            raise UnknownLine(row.line)
        rows[row.line].append(row)
    return rows


def reopened_from(line: Line, day: date) -> date | None:
    """Return the line's `closed_until` once the days from `day` on are open again.

    The whole period that holds `day` is opened, since what it owes is one amount.

    >>> from .billing_calendar import Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> calendar = BillingCalendar(date(2026, 4, 1), Interval(1, IntervalUnit.MONTH))
    >>> line = Line(
    ...     1, calendar, Flat(Decimal(30)), Decimal(1), date(2026, 4, 1),
    ...     closed_until=date(2026, 7, 1),
    ... )
    >>> print(reopened_from(line, date(2026, 5, 11)))
    2026-05-01
    """
    closed = line.closed_until
    if closed is None or day >= closed:
        return closed
    if line.kind is ChargeKind.ONE_OFF:
        return None
    first = max(day, line.calendar.start)
    regular = line.calendar.regular_period(line.calendar.index_on(first))
    return max(regular.start, line.calendar.start)


_Outcome = tuple[list[PlannedItem], date | None, date | None]


def _plan_line(
    line: Line, billed: list[BilledPeriod], currency: Currency, target: date
) -> _Outcome:
    """Return the line's items, its next due date, and until when it is closed."""
    known = _by_regular_period(line, billed)
    items: list[PlannedItem] = []
    closed = line.closed_until
    next_due = None
    for period in _open_periods(line):
        due = _due(line, period)
        if due > target:
            next_due = due
            break
        rows = known.pop(period.regular, [])
        items += _difference(line, _owed_in(line, period, currency), rows)
        closed = period.regular.end
    # Rows are left where the line was shortened after it was billed, and where
    # a period was billed before it was due: the first are credited at once, the
    # second wait for their day.
    for regular, rows in known.items():
        rest = _owed_beyond(line, regular, rows, currency, target)
        late = _difference(line, rest, rows)
        items += [item for item in late if item.amount < 0]
    return items, next_due, closed


def _by_regular_period(
    line: Line, billed: list[BilledPeriod]
) -> dict[Period, list[BilledPeriod]]:
    """Return the rows that may still change, by the regular period they lie in."""
    known: dict[Period, list[BilledPeriod]] = defaultdict(list)
    for row in billed:
        regular = _regular_period(line, row.period.start)
        if line.closed_until is None or regular.end > line.closed_until:
            known[regular].append(row)
    return known


def _regular_period(line: Line, day: date) -> Period:
    if line.kind is ChargeKind.ONE_OFF:
        return Period(line.start, line.start + timedelta(days=1))
    return line.calendar.regular_period(line.calendar.index_on(day))


def _open_periods(line: Line) -> Iterator[BillingPeriod]:
    """Yield the periods that the line is part of and that are not closed."""
    if line.end is not None and line.end <= line.start:
        return
    if line.kind is ChargeKind.ONE_OFF:
        if line.closed_until is None or line.closed_until <= line.start:
            once = _regular_period(line, line.start)
            due = line.start + timedelta(days=line.calendar.due_shift_days)
            yield BillingPeriod(once, once, due, is_stub=False)
        return
    first = max(line.start, line.closed_until or line.start)
    for period in line.calendar.periods_from(first):
        if line.end is not None and period.service.start >= line.end:
            return
        yield period


def _due(line: Line, period: BillingPeriod) -> date:
    """Return when the line's part of `period` may be billed.

    A line that joins in mid-period and is billed in advance is due when it joins.
    """
    if line.calendar.timing is Timing.IN_ARREARS:
        return period.due
    return max(period.due, line.start + timedelta(days=line.calendar.due_shift_days))


@dataclass(frozen=True, slots=True)
class _Owed:
    """What a line owes for one period."""

    regular: Period
    days: Period | None
    """The line's days in the period, None when it has none."""
    amount: Decimal
    due: date


def _owed_in(line: Line, period: BillingPeriod, currency: Currency) -> _Owed:
    days = period.service.overlap(line.start, line.end)
    amount = currency.round(_price(line, period, days)) if days else ZERO
    return _Owed(period.regular, days, amount, _due(line, period))


def _owed_beyond(
    line: Line,
    regular: Period,
    rows: list[BilledPeriod],
    currency: Currency,
    target: date,
) -> _Owed:
    """Return what is owed for a period that was billed and is not due, if anything."""
    period = line.calendar.period_on(rows[0].period.start)
    if line.kind is ChargeKind.ONE_OFF or period is None:
        return _Owed(regular, None, ZERO, target)
    return _owed_in(line, period, currency)


def _price(line: Line, period: BillingPeriod, days: Period) -> Decimal:
    """Return what `days` of `period` cost, not yet rounded."""
    price = line.price.amount(line.quantity)
    if line.kind is ChargeKind.ONE_OFF:
        return price
    policy = line.calendar.stub_policy
    if period.is_stub and policy is StubPolicy.FREE:
        return ZERO
    if period.is_stub and policy is StubPolicy.FULL:
        return prorate(price, days, period.service)
    return prorate(price, days, period.regular)


def _difference(line: Line, owed: _Owed, rows: list[BilledPeriod]) -> list[PlannedItem]:
    """Return the one item that brings what was billed to what is owed, if any."""
    charged = sum((row.amount for row in rows), ZERO)
    difference = owed.amount - charged
    if difference < 0:
        # What people credited by hand is with the customer already.
        credited = sum((row.credited for row in rows), ZERO)
        difference = min(ZERO, difference + credited)
    if not difference:
        return []
    return [
        PlannedItem(
            line=line.key,
            kind=line.kind,
            period=_days_of(difference, owed.days, rows),
            regular=owed.regular,
            quantity=line.quantity,
            amount=difference,
            revision=max((row.revision for row in rows), default=-1) + 1,
            due=owed.due,
        )
    ]


def _days_of(
    difference: Decimal, part: Period | None, rows: list[BilledPeriod]
) -> Period:
    """Return the days that a difference is for, as people are shown them."""
    covered: Period | None = None
    for row in sorted(rows, key=lambda row: row.revision):
        if row.amount < 0:
            covered = covered and covered.without(row.period)
        else:
            covered = row.period if covered is None else _span([row], covered)
    if difference > 0:
        assert part is not None
        return part.without(covered) or part
    if covered is None:
        # All days were given back, but not all of the money.
        return _span(row for row in rows if row.amount > 0)
    return covered.without(part) or covered


def _span(rows: Iterable[BilledPeriod], first: Period | None = None) -> Period:
    periods = [row.period for row in rows] + ([first] if first else [])
    return Period(
        min(period.start for period in periods), max(period.end for period in periods)
    )
