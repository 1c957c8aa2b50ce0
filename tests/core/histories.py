"""Random subscriptions, and a naive count of the amounts owed, day by day.

The count shares no code with the plan: it walks over single days and looks up the
regular period of each by trying boundaries one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from billing_core.billing_calendar import (
    Anchor,
    AnchorKind,
    BillingCalendar,
    Interval,
    IntervalUnit,
    StubPolicy,
    Timing,
)
from billing_core.invoice_plan import plan_invoice, reopened_from
from billing_core.line import BilledPeriod, ChargeKind, Line
from billing_core.money import Currency
from billing_core.price_models import Flat, PerUnit
from billing_core.rating import Terms
from hypothesis import strategies as st

ILS = Currency("ILS", Decimal("0.01"))
START = date(2026, 1, 31)
HORIZON = 500
CENT = Decimal("0.01")

PRICES = st.decimals(min_value=0, max_value=5000, places=3)
QUANTITIES = st.integers(0, 40).map(Decimal)
INTERVALS = st.sampled_from(
    [
        Interval(1, IntervalUnit.MONTH),
        Interval(2, IntervalUnit.MONTH),
        Interval(1, IntervalUnit.QUARTER),
        Interval(1, IntervalUnit.YEAR),
        Interval(2, IntervalUnit.WEEK),
    ]
)
ANCHORS = st.sampled_from(
    [Anchor(), Anchor(AnchorKind.CALENDAR)]
    + [Anchor(AnchorKind.DAY_OF_MONTH, number) for number in (1, 15, 31)]
)


@st.composite
def calendars(draw):
    interval, anchor = draw(INTERVALS), draw(ANCHORS)
    if not interval.months and anchor.kind is AnchorKind.DAY_OF_MONTH:
        anchor = Anchor()
    return BillingCalendar(
        START + timedelta(days=draw(st.integers(0, 40))),
        interval,
        anchor,
        timing=draw(st.sampled_from(Timing)),
        stub_policy=draw(st.sampled_from(StubPolicy)),
        cut_off_days=draw(st.sampled_from([0, 5])),
        due_shift_days=draw(st.sampled_from([0, 0, -5, 3])),
    )


@st.composite
def lines(draw, key):
    calendar = draw(calendars())
    start = calendar.start + timedelta(days=draw(st.integers(0, 120)))
    ends = draw(st.none() | st.integers(1, 300))
    price = draw(st.sampled_from([Flat, PerUnit]))(draw(PRICES))
    return Line(
        key=key,
        calendar=calendar,
        terms=Terms(price),
        quantity=draw(QUANTITIES),
        start=start,
        end=start + timedelta(days=ends) if ends else None,
        kind=draw(st.sampled_from([*[ChargeKind.RECURRING] * 4, ChargeKind.ONE_OFF])),
    )


@st.composite
def subscriptions(draw):
    count = draw(st.integers(1, 3))
    return [draw(lines(key)) for key in range(count)]


@dataclass
class Ledger:
    """A subscription that is billed, run after run, as the models do it."""

    lines: list[Line]
    rows: list[BilledPeriod]

    def bill(self, target: date) -> list[BilledPeriod]:
        plan = plan_invoice(self.lines, self.rows, ILS, target)
        new = [
            BilledPeriod(item.line, item.kind, item.period, item.amount, item.revision)
            for item in plan.items
        ]
        self.rows += new
        self.lines = plan.closed(self.lines)
        return new

    def end_line(self, key: int, day: date) -> None:
        """Move a line's end and reopen the days from there."""
        for index, line in enumerate(self.lines):
            if line.key == key:
                closed = reopened_from(line, min(line.end or day, day))
                self.lines[index] = replace(line, end=day, closed_until=closed)

    def end_subscription(self, day: date | None) -> None:
        """End the service of all lines on a day, or undo an end with None."""
        for index, line in enumerate(self.lines):
            old = line.calendar.end
            if day is None:
                end = None if line.end == old else line.end
            elif line.end is None or line.end > day:
                end = max(day, line.start)
            else:
                end = line.end
            known = [each for each in (old, day, line.end, end) if each]
            closed = reopened_from(line, min(known)) if known else line.closed_until
            calendar = replace(line.calendar, end=day)
            self.lines[index] = replace(
                line, end=end, closed_until=closed, calendar=calendar
            )

    @property
    def total(self) -> Decimal:
        return sum((row.amount for row in self.rows), Decimal(0))


def owed_day_by_day(line: Line, target: date) -> Decimal:
    """Return what a line owes of all periods due on `target`, counted by days."""
    calendar = line.calendar
    price = line.terms.price.amount(line.quantity)
    if line.kind is ChargeKind.ONE_OFF:
        ended_at_once = line.end is not None and line.end <= line.start
        due = line.start + timedelta(days=calendar.due_shift_days)
        is_owed = due <= target and not ended_at_once
        return _round(price) if is_owed else Decimal(0)
    total = Decimal(0)
    boundaries = _boundaries(calendar, target)
    for start, end in zip(boundaries, boundaries[1:], strict=False):
        served = [
            start + timedelta(days=offset)
            for offset in range((end - start).days)
            if start + timedelta(days=offset) >= calendar.start
            and (calendar.end is None or start + timedelta(days=offset) < calendar.end)
        ]
        if not served or _due(calendar, line, served, start, boundaries) > target:
            continue
        used = [
            each
            for each in served
            if each >= line.start and (line.end is None or each < line.end)
        ]
        is_stub = start < calendar.start
        whole = (end - start).days
        if is_stub and calendar.stub_policy is StubPolicy.FREE:
            continue
        if is_stub and calendar.stub_policy is StubPolicy.FULL:
            whole = len(served)
        total += _round(price * len(used) / whole)
    return total


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _due(calendar, line, served, start, boundaries):
    def of(days):
        first, after = days[0], days[-1] + timedelta(days=1)
        base = first if calendar.timing is Timing.IN_ADVANCE else after
        return base + timedelta(days=calendar.due_shift_days)

    due = of(served)
    if start < calendar.start and len(served) < calendar.cut_off_days:
        end = boundaries[boundaries.index(start) + 1]
        following = boundaries[boundaries.index(end) + 1]
        days = (following - end).days
        following_days = [end + timedelta(days=offset) for offset in range(days)]
        following_days = [
            each
            for each in following_days
            if calendar.end is None or each < calendar.end
        ]
        due = of(following_days) if following_days else due
    if calendar.timing is Timing.IN_ADVANCE:
        due = max(due, line.start + timedelta(days=calendar.due_shift_days))
    return due


def _boundaries(calendar: BillingCalendar, target: date) -> list[date]:
    """Return boundaries from before the start to well after `target`, ascending."""
    found = []
    index = -30
    while True:
        each = calendar.boundary(index)
        found.append(each)
        if each > target + timedelta(days=800):
            return found
        index += 1
