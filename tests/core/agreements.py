"""Random subscriptions that are changed and billed in turn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from billing_core.changes import (
    Edit,
    add_line,
    change_quantity,
    change_terms,
    end_line,
    line_on,
)
from billing_core.charged_days import ChangePolicy, charged_from
from billing_core.discounts import Discount
from billing_core.errors import NothingToChange
from billing_core.invoice_plan import plan_invoice, reopened_from
from billing_core.line import BilledPeriod, ChargeKind, Line, PercentBase
from billing_core.pauses import Pause
from billing_core.price_models import Flat, Graduated, PercentOfTotal, PerUnit, Tier
from billing_core.rating import Terms
from hypothesis import strategies as st

from .histories import ILS, PRICES, calendars

OFFSETS = st.integers(0, 400)
WHOLE = st.integers(0, 25).map(Decimal)


@dataclass
class Agreement:
    """A subscription with its lines, pauses and billed periods."""

    lines: list[Line]
    pauses: list[Pause] = field(default_factory=list)
    rows: list[BilledPeriod] = field(default_factory=list)

    def bill(self, target: date) -> list[BilledPeriod]:
        plan = plan_invoice(self.lines, self.open_rows, ILS, target, self.pauses)
        new = [
            BilledPeriod(
                item.line,
                item.kind,
                item.period,
                item.amount,
                item.revision,
                key=len(self.rows) + index,
                reverses=item.reverses,
            )
            for index, item in enumerate(plan.items, start=1)
        ]
        self.rows += new
        self.lines = plan.closed(self.lines)
        return new

    @property
    def open_rows(self) -> list[BilledPeriod]:
        """The rows that end after the closed days of their line, as they are read."""
        closed = {line.key: line.closed_until for line in self.lines}
        return [
            row
            for row in self.rows
            if closed[row.line] is None or row.period.end > closed[row.line]
        ]

    def scheduled_days(self) -> list[date]:
        """Return the days by which scheduled ends, pauses and price changes are billed.

        A plan that bills some days later takes a change into account as much later.
        """
        later = max(max(line.calendar.due_shift_days, 0) for line in self.lines)
        days = [line.end for line in self.lines]
        days += [day for pause in self.pauses for day in (pause.start, pause.end)]
        if any(line.base is not None for line in self.lines):
            days += [
                discount.end_on(line.calendar, line.start)
                for line in self.lines
                for discount in line.terms.discounts
            ]
        return [day + timedelta(days=later) for day in days if day is not None]

    def apply(self, edit: Edit) -> None:
        """Give the new lines keys of their own, as the database does."""
        fresh = max(line.key for line in self.lines) + 1
        keys = {key: fresh - key for key in edit.added}
        self.lines = [
            replace(
                line,
                key=keys.get(line.key, line.key),
                series=keys.get(line.series, line.series),
                origin=keys.get(line.origin, line.origin),
            )
            for line in edit.lines
        ]
        self.lines = [self._with_followers_in_base(line) for line in self.lines]

    def _with_followers_in_base(self, line: Line) -> Line:
        """Return a percent-of-total line with all current lines in its base."""
        if line.base is None:
            return line
        others = frozenset(each.key for each in self.lines if each.base is None)
        return replace(line, base=replace(line.base, lines=others))

    def set_pauses(self, pauses: list[Pause], day: date) -> None:
        self.pauses = pauses
        self.lines = [
            replace(line, closed_until=reopened_from(line, day)) for line in self.lines
        ]

    @property
    def total(self) -> Decimal:
        return sum((row.amount for row in self.rows), Decimal(0))

    def billed_by_period(self) -> dict[tuple[int, date], Decimal]:
        lines = {line.key: line for line in self.lines}
        found: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
        for row in self.rows:
            line = lines[row.line]
            start = line.start
            if line.kind is ChargeKind.RECURRING:
                calendar = line.calendar
                index = calendar.index_on(row.period.start)
                start = calendar.regular_period(index).start
            found[line.series_key, start] += row.amount
        return found


@st.composite
def discounts(draw):
    if draw(st.booleans()):
        return ()
    return (
        Discount(
            percent=draw(st.sampled_from([Decimal(0), Decimal(10), Decimal(33)])),
            fixed=draw(st.sampled_from([Decimal(0), Decimal("4.99")])),
            cycles=draw(st.sampled_from([None, 1, 3])),
        ),
    )


@st.composite
def terms(draw):
    price, kind = draw(PRICES), draw(st.sampled_from(["flat", "unit", "unit", "tiers"]))
    if kind == "flat":
        model = Flat(price)
    elif kind == "unit":
        model = PerUnit(price)
    else:
        model = Graduated(
            (Tier(Decimal(5), price, Decimal(3)), Tier(None, price / 2, Decimal(7)))
        )
    return Terms(model, discounts=draw(discounts()))


@st.composite
def agreements(draw):
    """One to three lines on calendars of their own, one of them perhaps a share."""
    lines = []
    for key in range(1, draw(st.integers(1, 3)) + 1):
        calendar = draw(calendars())
        start = calendar.start + timedelta(days=draw(st.sampled_from([0, 0, 17, 60])))
        kinds = [*[ChargeKind.RECURRING] * 5, ChargeKind.ONE_OFF]
        lines.append(
            Line(
                key,
                calendar,
                draw(terms()),
                draw(WHOLE),
                start,
                kind=draw(st.sampled_from(kinds)),
            )
        )
    if draw(st.booleans()):
        calendar = draw(calendars())
        base = PercentBase(frozenset(line.key for line in lines), draw(st.booleans()))
        share = Terms(PercentOfTotal(Decimal(10)), discounts=draw(discounts()))
        lines.append(Line(9, calendar, share, Decimal(1), calendar.start, base=base))
    return Agreement(lines)


CHANGES = st.lists(
    st.tuples(
        OFFSETS,
        st.sampled_from(["units", "units", "price", "plan", "end", "pause", "undo"]),
        st.integers(0, 3),
        st.integers(-60, 60),
        st.integers(1, 45),
        WHOLE,
        terms(),
        calendars(),
        st.sampled_from([*[ChangePolicy.PRORATE] * 4, *ChangePolicy]),
    ),
    max_size=12,
).map(lambda changes: sorted(changes, key=lambda change: change[0]))
"""Each a day on which it is made, a kind, a line, how many days later (or earlier)
it takes effect, how many days it lasts, the new quantity, terms and calendar, and how
it is charged."""


def live(agreement: Agreement, first: date, changes, *, billing=True) -> date:
    """Make the changes, billing before each; return the day of the last one."""
    today = first
    for offset, kind, index, shift, *how in changes:
        today = first + timedelta(days=offset)
        if billing:
            agreement.bill(today)
        day = max(today + timedelta(days=shift), first)
        change(agreement, kind, index, day, *how)
    return today


def change(agreement, kind, index, day, length, quantity, new_terms, calendar, policy):
    lines = agreement.lines
    line = lines[index % len(lines)]
    origin = line.origin_key
    end = day + timedelta(days=length)
    if kind == "pause":
        overlapping = any(
            pause.start <= end and (pause.end is None or day <= pause.end)
            for pause in agreement.pauses
        )
        if not overlapping:
            agreement.set_pauses([*agreement.pauses, Pause(day, end)], day)
        return
    if kind == "undo":
        if agreement.pauses:
            *others, last = agreement.pauses
            agreement.set_pauses(others, last.start)
        return
    if line.kind is ChargeKind.ONE_OFF or line.base is not None:
        return
    day = max(day, min(each.start for each in lines if each.origin_key == origin))
    try:
        now = line_on(lines, origin, day)
        charged = charged_from(policy, now, day)
        if policy is ChangePolicy.NEXT_PERIOD:
            day = charged
        charged = charged if charged != day else None
        if kind == "units":
            edit = change_quantity(lines, origin, day, quantity, charged)
        elif kind == "price":
            now = line_on(lines, origin, day)

            def terms_of(each):
                return new_terms if each.key == now.key else each.terms

            edit = change_terms(lines, origin, day, terms_of, charged_from=charged)
        elif kind == "plan":
            moved = replace(calendar, start=charged or day, end=None)
            edit = change_terms(
                lines,
                origin,
                day,
                lambda _line: new_terms,
                lambda _line: moved,
                quantity,
                charged,
            )
        else:
            edit = end_line(lines, origin, day, charged)
    except NothingToChange:
        joined = Line(-99, line.calendar, new_terms, quantity, day)
        edit = add_line(lines, joined)
    agreement.apply(edit)
