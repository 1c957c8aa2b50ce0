"""The next invoice: the amounts owed less the amounts billed.

One mechanism serves first invoices, missed periods, changes, ended lines and periods
reopened by a cancelled invoice. Planning again after billing yields no items.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from .billing_calendar import BillingPeriod
from .charged_days import with_charged_days
from .difference import PeriodBalance, PlannedItem, items_for
from .errors import SeriesOnTwoCalendars, UnknownLine
from .line import BilledPeriod, ChargeKind, Line
from .money import ZERO, Currency
from .owed import OwedPart, full_price, split_effective
from .pauses import Pause, without_pauses
from .percent_base import with_bases
from .period import Period
from .usage import owed_parts


@dataclass(frozen=True, slots=True)
class InvoicePlan:
    items: tuple[PlannedItem, ...]
    next_due: date | None
    """When the next period or change becomes due, None if nothing will."""
    closed_until: dict[int, date]
    """For each line planned, the day up to which it is billed with the items."""

    @property
    def amount(self) -> Decimal:
        return sum((item.amount for item in self.items), ZERO)

    @property
    def is_credit_only(self) -> bool:
        return bool(self.items) and all(item.amount < 0 for item in self.items)

    def closed(self, lines: Iterable[Line]) -> list[Line]:
        """Return the lines as they are after the items are billed."""
        return [
            replace(
                line, closed_until=self.closed_until.get(line.key, line.closed_until)
            )
            for line in lines
        ]


@dataclass(frozen=True, slots=True)
class _OpenSeries:
    """The lines of a series with at least one open day."""

    agreed: list[Line]
    served: list[Line]
    """The agreed lines without pauses, split where a percentage base changes."""
    rows: list[BilledPeriod]
    first: date
    """The first open day."""
    deferred: tuple[date, date] | None = None
    """The day on which a deferred change takes effect, and the first day recharged."""


def plan_invoice(
    lines: Sequence[Line],
    billed: Iterable[BilledPeriod],
    currency: Currency,
    target: date,
    pauses: Sequence[Pause] = (),
) -> InvoicePlan:
    """Return the items to invoice on `target`, and the next due date.

    Amounts exclude tax and are rounded to `currency`. `billed` may omit the rows before
    a line's `closed_until`. Items are sorted by period, then in the order of `lines`.

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
    charged = with_charged_days(lines, target)
    lines = charged.lines
    rows = _by_series(lines, billed)
    opened = _opened(lines, rows)
    # A percent-of-total line may depend on closed lines.
    depends_on_all = any(line.base is not None for line in lines)
    relevant = lines if depends_on_all else _lines_in_open_periods(opened, lines, rows)
    agreed = _series_of(relevant)
    served = _series_of(with_bases(without_pauses(relevant, pauses)))
    outcomes = []
    for key, first in opened.items():
        series = _OpenSeries(
            agreed[key], served[key], rows[key], first, charged.deferred.get(key)
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
    """Return the line's `closed_until` after its days from `day` are reopened.

    The whole period that holds `day` is reopened, since it owes one amount.

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
    """Return the lines of each series, sorted by start."""
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
    """Return the first open day of each series that is not closed.

    A line cut short at a period boundary is closed except for periods billed beyond it.
    """
    opened: dict[int, date] = {}
    for line in lines:
        is_closed = line.is_closed
        if is_closed and not rows:
            continue
        key, closed = line.series_key, line.closed_until
        days = [
            row.period.start
            for row in rows.get(key, ())
            if row.line == line.key and closed and row.period.start >= closed
        ]
        if not is_closed:
            days.append(max(line.start, closed or line.start))
        if days:
            opened[key] = min([*days, opened.get(key, date.max)])
    return opened


def _lines_in_open_periods(
    opened: dict[int, date],
    lines: Sequence[Line],
    rows: dict[int, list[BilledPeriod]],
) -> list[Line]:
    """Return the lines with days in the open periods of their series.

    Lines that ended before are included if periods beyond their end were billed.
    """
    billed = {row.line for each in rows.values() for row in each}
    reached: dict[int, date] = {}
    relevant = []
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
            relevant.append(line)
    return relevant


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
    """Return the plan of a one-time line, owed in full on its first day."""
    [line], rows = series.agreed, series.rows
    day = Period(line.start, line.start + timedelta(days=1))
    is_owed = not line.is_empty and line.first_billable_day <= target
    price = full_price(line, line.start) if is_owed else ZERO
    parts = [OwedPart(line, day, currency.round(price))] if is_owed else []
    quantities = {line.key: line.quantity}
    balance = PeriodBalance(
        line.kind, day, line.first_billable_day, parts, rows, quantities
    )
    next_due = line.first_billable_day if not line.is_empty and not is_owed else None
    closed = {line.key: day.end} if is_owed else {}
    if next_due and balance.difference < 0:
        # Billed before its day: kept until then.
        return InvoicePlan((), next_due, closed)
    return InvoicePlan(tuple(items_for(balance, currency)), next_due, closed)


def _plan_series(series: _OpenSeries, currency: Currency, target: date) -> InvoicePlan:
    """Return the plan of the lines of a series from its first open day."""
    effective, scheduled = split_effective(series.served, target)
    quantities = {line.key: line.quantity for line in series.served}
    known = _by_regular_period(series)
    items: list[PlannedItem] = []
    dues = [line.first_billable_day for line in scheduled]
    stays_open = [line.start for line in scheduled]
    if series.deferred:
        day, first = series.deferred
        dues.append(day)
        stays_open.append(first)
    closed: date | None = None
    for period in _periods(effective, series.first):
        parts = owed_parts(effective, period, currency)
        due = _due(period, parts)
        if due > target:
            dues.append(due)
            break
        rows = known.pop(period.regular, [])
        balance = PeriodBalance(
            effective[0].kind, period.regular, due, parts, rows, quantities
        )
        items += items_for(balance, currency)
        if all(start >= period.regular.end for start in stays_open):
            closed = period.regular.end
    # Rows remain where lines were shortened after billing, and where a period was
    # billed before it was due: the first are credited at once, the second are kept
    # until their day.
    settled: dict[int, date] = {}
    is_served_later = False
    for regular in sorted(known):
        balance = replace(
            _balance_beyond(effective, regular, known[regular], currency, target),
            quantities=quantities,
        )
        if balance.difference < 0:
            items += items_for(balance, currency)
        is_served_later = is_served_later or bool(balance.parts)
        if not is_served_later:
            settled |= {row.line: regular.end for row in balance.rows}
    postponed = [item for item in items if _is_scheduled(item, series, target)]
    if postponed:
        due_now = tuple(item for item in items if item not in postponed)
        dues += [item.period.start for item in postponed]
        return InvoicePlan(due_now, min(dues), {})
    until = _closed(series, closed)
    for key, end in settled.items():
        if key in until:
            until[key] = max(until[key], end)
    return InvoicePlan(tuple(items), min(dues, default=None), until)


def _is_scheduled(item: PlannedItem, series: _OpenSeries, target: date) -> bool:
    """Return whether an item credits a scheduled end or pause.

    That may still be undone, so the credit is issued on its day.
    """
    return item.amount < 0 and any(
        line.end is not None and target < line.end <= item.period.start
        for line in series.served
        if not line.is_empty
    )


def _periods(lines: Sequence[Line], first: date) -> Iterator[BillingPeriod]:
    """Yield the periods from `first` in which a line has days."""
    served = [line for line in lines if not line.is_empty]
    for period in lines[0].calendar.periods_from(first):
        start = period.service.start
        if all(line.end is not None and line.end <= start for line in served):
            return
        if any(period.service.overlap(line.start, line.end) for line in served):
            yield period


def _by_regular_period(series: _OpenSeries) -> dict[Period, list[BilledPeriod]]:
    """Return the rows that may still change, by regular period."""
    calendar = series.agreed[0].calendar
    known: dict[Period, list[BilledPeriod]] = defaultdict(list)
    for row in series.rows:
        regular = calendar.regular_period(calendar.index_on(row.period.start))
        if regular.end > series.first:
            known[regular].append(row)
    return known


def _due(period: BillingPeriod, parts: Sequence[OwedPart]) -> date:
    """Return the first day on which a period may be billed.

    A line billed in advance that starts within the period is due on its first day.
    """
    first = parts[0].line
    return (
        max(period.due, first.first_billable_day)
        if first.bills_in_advance
        else period.due
    )


def _balance_beyond(
    lines: Sequence[Line],
    regular: Period,
    rows: list[BilledPeriod],
    currency: Currency,
    target: date,
) -> PeriodBalance:
    """Return the balance of a billed period that is not yet due or no longer served."""
    period = lines[0].calendar.period_on(rows[0].period.start)
    parts = owed_parts(lines, period, currency) if period else []
    due = _due(period, parts) if period and parts else target
    return PeriodBalance(lines[0].kind, regular, due, parts, rows)


def _closed(series: _OpenSeries, closed: date | None) -> dict[int, date]:
    """Return the day until which each agreed line is closed.

    A paused line is closed with the others of its series, since they are planned
    together. A closed line that was billed beyond its end is closed further.
    """
    found: dict[int, date] = {}
    billed = {row.line for row in series.rows}
    for line in series.agreed:
        until = line.closed_until
        is_open = not line.is_closed or line.key in billed
        if closed is not None and line.start < closed and is_open:
            until = closed if until is None else max(until, closed)
        if until is not None:
            found[line.key] = until
    return found
