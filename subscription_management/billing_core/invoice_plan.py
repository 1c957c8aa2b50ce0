"""What has to be invoiced: what is owed less what was billed.

One mechanism serves first invoices, missed periods, changes, ended lines and periods
that were given back by a cancelled invoice; asked again, it finds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from .billing_calendar import BillingPeriod
from .charged_days import as_charged
from .difference import PeriodBalance, PlannedItem, items_for
from .errors import SeriesOnTwoCalendars, UnknownLine
from .line import BilledPeriod, ChargeKind, Line
from .money import ZERO, Currency
from .owed import OwedPart, full_price, in_effect
from .pauses import Pause, without_pauses
from .percent_base import with_bases
from .period import Period
from .usage import parts_owed


@dataclass(frozen=True, slots=True)
class InvoicePlan:
    items: tuple[PlannedItem, ...]
    next_due: date | None
    """When the next period or change becomes due, None when nothing will."""
    closed_until: dict[int, date]
    """For lines that were looked at the day up to which they are billed by then."""

    @property
    def amount(self) -> Decimal:
        return sum((item.amount for item in self.items), ZERO)

    @property
    def is_credit_only(self) -> bool:
        return bool(self.items) and all(item.amount < 0 for item in self.items)

    def closed(self, lines: Iterable[Line]) -> list[Line]:
        """Return lines as they are once the items are billed."""
        return [
            replace(
                line, closed_until=self.closed_until.get(line.key, line.closed_until)
            )
            for line in lines
        ]


@dataclass(frozen=True, slots=True)
class _OpenSeries:
    """The lines of a series of which some day is open."""

    agreed: list[Line]
    served: list[Line]
    """The agreed ones without their pauses, split where a share's base changes."""
    rows: list[BilledPeriod]
    first: date
    """The first open day."""
    waiting: tuple[date, date] | None = None
    """The day from which it is charged otherwise, and the first day that it is so."""


def plan_invoice(
    lines: Sequence[Line],
    billed: Iterable[BilledPeriod],
    currency: Currency,
    target: date,
    pauses: Sequence[Pause] = (),
) -> InvoicePlan:
    """Return what is to be invoiced on `target`, and when the next is due.

    Amounts are without tax and rounded to `currency`. Of `billed`, the rows
    before a line's `closed_until` may be left out. Items are sorted by period,
    then in the order of `lines`.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> start = date(2026, 1, 31)
    >>> calendar = BillingCalendar(start, Interval(1, IntervalUnit.MONTH))
    >>> line = Line(1, calendar, Terms(Flat(Decimal(30))), Decimal(1), start)
    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> plan = plan_invoice([line], [], ils, date(2026, 3, 1))
    >>> for item in plan.items:
    ...     print(item.period, item.amount)
    2026-01-31/2026-02-28 30.00
    2026-02-28/2026-03-31 30.00
    >>> print(plan.next_due)
    2026-03-31
    """
    charged = as_charged(lines, target)
    lines = charged.lines
    rows = _by_series(lines, billed)
    opened = _opened(lines, rows)
    # A share of the total may depend on lines that are closed.
    depends_on_all = any(line.base is not None for line in lines)
    looked_at = lines if depends_on_all else _reaching_into(opened, lines, rows)
    agreed = _series_of(looked_at)
    served = _series_of(with_bases(without_pauses(looked_at, pauses)))
    outcomes = []
    for key, first in opened.items():
        series = _OpenSeries(
            agreed[key], served[key], rows[key], first, charged.waiting.get(key)
        )
        if series.agreed[0].kind is ChargeKind.ONE_OFF:
            outcomes.append(_plan_once(series, currency, target))
        else:
            outcomes.append(_plan_series(series, currency, target))
    items = [item for outcome in outcomes for item in outcome.items]
    dues = [outcome.next_due for outcome in outcomes if outcome.next_due is not None]
    return InvoicePlan(
        items=tuple(sorted(items, key=lambda item: item.period.start)),
        next_due=min(dues, default=None),
        closed_until={
            key: until
            for outcome in outcomes
            for key, until in outcome.closed_until.items()
        },
    )


def reopened_from(line: Line, day: date) -> date | None:
    """Return the line's `closed_until` once the days from `day` on are open again.

    The whole period that holds `day` is opened, since what it owes is one amount.

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .price_models import Flat
    >>> from .rating import Terms
    >>> calendar = BillingCalendar(date(2026, 4, 1), Interval(1, IntervalUnit.MONTH))
    >>> line = Line(
    ...     1, calendar, Terms(Flat(Decimal(30))), Decimal(1), date(2026, 4, 1),
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


def _series_of(lines: Sequence[Line]) -> dict[int, list[Line]]:
    """Return the lines of each series in the order of their days."""
    found: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.series_key].append(line)
    for series in found.values():
        if len(series) > 1:
            series.sort(key=lambda line: line.start)
            calendar = series[0].calendar
            if any(
                line.calendar is not calendar and line.calendar != calendar
                for line in series
            ):
                raise SeriesOnTwoCalendars(series[0].key)
    return found


def _opened(
    lines: Sequence[Line], rows: dict[int, list[BilledPeriod]]
) -> dict[int, date]:
    """Return the first day that is open of each series; none for those all closed.

    A line that was cut short at the end of a period is done but for what was billed
    beyond it.
    """
    opened: dict[int, date] = {}
    for line in lines:
        is_done = line.is_done
        if is_done and not rows:
            continue
        key, closed = line.series_key, line.closed_until
        days = [
            row.period.start
            for row in rows.get(key, ())
            if row.line == line.key and closed and row.period.start >= closed
        ]
        if not is_done:
            days.append(max(line.start, closed or line.start))
        if days:
            opened[key] = min([*days, opened.get(key, date.max)])
    return opened


def _reaching_into(
    opened: dict[int, date],
    lines: Sequence[Line],
    rows: dict[int, list[BilledPeriod]],
) -> list[Line]:
    """Return the lines that have days in the open periods of their series.

    So have those that ended before, when something was billed beyond their end.
    """
    billed = {row.line for each in rows.values() for row in each}
    reached: dict[int, date] = {}
    looked_at = []
    for line in lines:
        key = line.series_key
        if key not in opened:
            continue
        if key not in reached:
            calendar = line.calendar
            regular = calendar.regular_period(calendar.index_on(opened[key]))
            reached[key] = min(regular.start, opened[key])
        is_past = line.end is not None and line.end < reached[key]
        if not is_past or line.key in billed:
            looked_at.append(line)
    return looked_at


def _by_series(
    lines: Sequence[Line], billed: Iterable[BilledPeriod]
) -> dict[int, list[BilledPeriod]]:
    rows: dict[int, list[BilledPeriod]] = defaultdict(list)
    open_rows = list(billed)
    if not open_rows:
        return rows
    series_of = {line.key: line.series_key for line in lines}
    for row in open_rows:
        if row.line not in series_of:
            raise UnknownLine(row.line)
        rows[series_of[row.line]].append(row)
    return rows


def _plan_once(series: _OpenSeries, currency: Currency, target: date) -> InvoicePlan:
    """Return the plan of a one-off line, which is owed whole on its first day."""
    [line], rows = series.agreed, series.rows
    day = Period(line.start, line.start + timedelta(days=1))
    is_owed = not line.is_empty and line.joins <= target
    price = full_price(line, line.start) if is_owed else ZERO
    parts = [OwedPart(line, day, currency.round(price))] if is_owed else []
    quantities = {line.key: line.quantity}
    balance = PeriodBalance(line.kind, day, line.joins, parts, rows, quantities)
    coming = line.joins if not line.is_empty and not is_owed else None
    closed = {line.key: day.end} if is_owed else {}
    if coming and balance.difference < 0:
        # Billed before its day: it waits for it.
        return InvoicePlan((), coming, closed)
    return InvoicePlan(tuple(items_for(balance, currency)), coming, closed)


def _plan_series(series: _OpenSeries, currency: Currency, target: date) -> InvoicePlan:
    """Return the plan of the lines of a series, from its first open day on."""
    current, coming = in_effect(series.served, target)
    quantities = {line.key: line.quantity for line in series.served}
    known = _by_regular_period(series)
    items: list[PlannedItem] = []
    dues = [line.joins for line in coming]
    stays_open = [line.start for line in coming]
    if series.waiting:
        day, first = series.waiting
        dues.append(day)
        stays_open.append(first)
    closed: date | None = None
    for period in _periods(current, series.first):
        parts = parts_owed(current, period, currency)
        due = _due(period, parts)
        if due > target:
            dues.append(due)
            break
        rows = known.pop(period.regular, [])
        balance = PeriodBalance(
            current[0].kind, period.regular, due, parts, rows, quantities
        )
        items += items_for(balance, currency)
        if all(start >= period.regular.end for start in stays_open):
            closed = period.regular.end
    # Rows are left where lines were shortened after they were billed, and where
    # a period was billed before it was due: the first are credited at once, the
    # second wait for their day.
    settled: dict[int, date] = {}
    is_served_later = False
    for regular in sorted(known):
        balance = replace(
            _balance_beyond(current, regular, known[regular], currency, target),
            quantities=quantities,
        )
        if balance.difference < 0:
            items += items_for(balance, currency)
        is_served_later = is_served_later or bool(balance.parts)
        if not is_served_later:
            settled |= {row.line: regular.end for row in balance.rows}
    waiting = [item for item in items if _is_scheduled(item, series, target)]
    if waiting:
        given = tuple(item for item in items if item not in waiting)
        dues += [item.period.start for item in waiting]
        return InvoicePlan(given, min(dues), {})
    until = _closed(series, closed)
    for key, end in settled.items():
        if key in until:
            until[key] = max(until[key], end)
    return InvoicePlan(tuple(items), min(dues, default=None), until)


def _is_scheduled(item: PlannedItem, series: _OpenSeries, target: date) -> bool:
    """Tell whether an item credits an end or a pause that is still to come.

    It may be taken back until then: the credit is given on its day.
    """
    return item.amount < 0 and any(
        line.end is not None and target < line.end <= item.period.start
        for line in series.served
        if not line.is_empty
    )


def _periods(lines: Sequence[Line], first: date) -> Iterator[BillingPeriod]:
    """Yield the periods from a day on that some line has days in."""
    served = [line for line in lines if not line.is_empty]
    for period in lines[0].calendar.periods_from(first):
        start = period.service.start
        if all(line.end is not None and line.end <= start for line in served):
            return
        if any(period.service.overlap(line.start, line.end) for line in served):
            yield period


def _by_regular_period(series: _OpenSeries) -> dict[Period, list[BilledPeriod]]:
    """Return the rows that may still change, by the regular period they lie in."""
    calendar = series.agreed[0].calendar
    known: dict[Period, list[BilledPeriod]] = defaultdict(list)
    for row in series.rows:
        regular = calendar.regular_period(calendar.index_on(row.period.start))
        if regular.end > series.first:
            known[regular].append(row)
    return known


def _due(period: BillingPeriod, parts: Sequence[OwedPart]) -> date:
    """Return when a period may be billed.

    A line that joins in mid-period and is billed in advance is due when it joins.
    """
    first = parts[0].line
    return max(period.due, first.joins) if first.bills_in_advance else period.due


def _balance_beyond(
    lines: Sequence[Line],
    regular: Period,
    rows: list[BilledPeriod],
    currency: Currency,
    target: date,
) -> PeriodBalance:
    """Return the balance of a period that is not due, or not served any more."""
    period = lines[0].calendar.period_on(rows[0].period.start)
    parts = parts_owed(lines, period, currency) if period else []
    due = _due(period, parts) if period and parts else target
    return PeriodBalance(lines[0].kind, regular, due, parts, rows)


def _closed(series: _OpenSeries, closed: date | None) -> dict[int, date]:
    """Return until when the lines are closed that were open, as they were agreed.

    A line that rests is closed with the others: it must not be looked at without
    them. One that is done is closed further when it was billed beyond its end.
    """
    found: dict[int, date] = {}
    billed = {row.line for row in series.rows}
    for line in series.agreed:
        until = line.closed_until
        is_open = not line.is_done or line.key in billed
        if closed is not None and line.start < closed and is_open:
            until = closed if until is None else max(until, closed)
        if until is not None:
            found[line.key] = until
    return found
