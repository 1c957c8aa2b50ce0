"""Charges and credits: the difference between the amounts owed and billed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from .line import BilledPeriod, ChargeKind
from .money import ONE, ZERO, Currency
from .owed import OwedPart
from .period import Period


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One row of the next invoice."""

    line: int
    kind: ChargeKind
    period: Period
    """The days that the amount is for."""
    regular: Period
    """The full billing period that contains those days."""
    quantity: Decimal
    amount: Decimal
    revision: int
    due: date
    reverses: int | None = None
    """The key of the billed period that a credit reverses."""

    @property
    def is_prorated(self) -> bool:
        return self.kind is ChargeKind.RECURRING and self.period != self.regular


@dataclass(frozen=True, slots=True)
class PeriodBalance:
    """The amounts owed and billed of a series for one regular period."""

    kind: ChargeKind
    regular: Period
    due: date
    parts: Sequence[OwedPart]
    rows: Sequence[BilledPeriod]
    quantities: Mapping[int, Decimal] = field(default_factory=dict)
    """The quantity of each line, for rows of lines that ended before the period."""

    @property
    def difference(self) -> Decimal:
        """The amount to charge, or to credit when negative.

        Amounts credited manually reduce a credit, but never cause a charge.
        """
        owed = sum((part.amount for part in self.parts), ZERO)
        difference = owed - sum((row.amount for row in self.rows), ZERO)
        if difference >= 0:
            return difference
        return min(ZERO, difference + sum((row.credited for row in self.rows), ZERO))

    @property
    def unbilled_usage(self) -> Decimal:
        """Units used less units billed; negative after a correction."""
        billed = (
            row.quantity if row.amount >= 0 else -row.quantity for row in self.rows
        )
        return sum((part.quantity for part in self.parts), ZERO) - sum(billed, ZERO)

    @property
    def next_revision(self) -> int:
        return max((row.revision for row in self.rows), default=-1) + 1


def items_for(balance: PeriodBalance, currency: Currency) -> list[PlannedItem]:
    """Return the items that settle the difference to the cent; none without one.

    Five users were billed on one invoice, two more on the next; when three leave with
    a quarter of the month left, the second charge is credited for two of them:

    >>> from .billing_calendar import BillingCalendar, Interval, IntervalUnit
    >>> from .line import Line
    >>> from .price_models import PerUnit
    >>> from .rating import Terms
    >>> april = Period(date(2026, 4, 1), date(2026, 5, 1))
    >>> last_week = Period(date(2026, 4, 23), april.end)
    >>> calendar = BillingCalendar(april.start, Interval(1, IntervalUnit.MONTH))
    >>> def users(count, start, end, amount):
    ...     terms = Terms(PerUnit(Decimal(10)))
    ...     line = Line(1, calendar, terms, Decimal(count), start, end)
    ...     return OwedPart(line, Period(start, end), Decimal(amount))
    >>> monthly = ChargeKind.RECURRING
    >>> rows = [
    ...     BilledPeriod(1, monthly, april, Decimal(50), key=1),
    ...     BilledPeriod(1, monthly, april, Decimal(20), revision=1, key=2),
    ... ]
    >>> parts = [
    ...     users(7, april.start, last_week.start, "51.33"),
    ...     users(4, last_week.start, april.end, "10.67"),
    ... ]
    >>> balance = PeriodBalance(monthly, april, last_week.start, parts, rows)
    >>> ils = Currency("ILS", Decimal("0.01"))
    >>> for item in items_for(balance, ils):
    ...     print(item.period, item.amount, "of charge", item.reverses)
    2026-04-23/2026-05-01 -5.33 of charge 2
    2026-04-23/2026-05-01 -2.67 of charge 1
    """
    difference = balance.difference
    if not balance.rows:
        return [
            _charge(balance, part, part.days, part.quantity, part.amount)
            for part in balance.parts
            if part.amount
        ]
    if difference > 0:
        return [_added(balance, difference, currency)]
    if difference < 0:
        return list(_credits(balance, -difference, currency))
    return []


def _charge(
    balance: PeriodBalance,
    part: OwedPart,
    days: Period,
    quantity: Decimal,
    amount: Decimal,
) -> PlannedItem:
    return PlannedItem(
        line=part.line.key,
        kind=balance.kind,
        period=days,
        regular=balance.regular,
        quantity=quantity,
        amount=amount,
        revision=balance.next_revision,
        due=balance.due,
    )


def _added(
    balance: PeriodBalance, difference: Decimal, currency: Currency
) -> PlannedItem:
    """Return the charge for unbilled days, or for added units."""
    days = _changed_days(balance, currency)
    parts = [part for part in balance.parts if part.days.overlap(days.start, days.end)]
    part = parts[-1] if parts else balance.parts[-1]
    charged = _amount_on(days, [(row.period, row.amount) for row in balance.rows])
    quantity = part.quantity
    if currency.round(charged) or balance.kind is ChargeKind.USAGE:
        quantity = _changed_units(balance) or quantity
    return _charge(balance, part, days, quantity, difference)


def _credits(
    balance: PeriodBalance, credit: Decimal, currency: Currency
) -> Iterator[PlannedItem]:
    """Yield credits of actual charges, newest charge first.

    Each charge is credited by its share of the changed days. The remainder, a rounding
    difference or a whole amount, is credited on the newest charges.
    """
    days = _changed_days(balance, currency)
    charges = sorted(
        (row for row in balance.rows if row.amount > 0),
        key=lambda row: (row.revision, row.period.start),
        reverse=True,
    )
    left = {id(row): _creditable(row, balance.rows) for row in charges}
    credited = {id(row): ZERO for row in charges}
    for share_only in (True, False):
        for row in charges:
            most = left[id(row)]
            if share_only:
                most = min(most, _share_of(row, days, currency))
            part = min(most, credit)
            left[id(row)] -= part
            credited[id(row)] += part
            credit -= part
    revision = balance.next_revision
    for row in charges:
        if credited[id(row)]:
            yield PlannedItem(
                line=row.line,
                kind=balance.kind,
                period=days.overlap(row.period.start, row.period.end) or row.period,
                regular=balance.regular,
                quantity=(
                    _changed_units(balance) or balance.quantities.get(row.line, ONE)
                ),
                amount=-credited[id(row)],
                revision=revision,
                due=balance.due,
                reverses=row.key,
            )
            revision += 1


def _creditable(row: BilledPeriod, rows: Iterable[BilledPeriod]) -> Decimal:
    """Return the part of a charge that was not credited yet."""
    earlier = sum(
        (
            each.amount
            for each in rows
            if each.amount < 0 and row.key is not None and each.reverses == row.key
        ),
        ZERO,
    )
    return max(row.amount - row.credited + earlier, ZERO)


def _share_of(row: BilledPeriod, days: Period, currency: Currency) -> Decimal:
    shared = days.overlap(row.period.start, row.period.end)
    if shared is None:
        return ZERO
    return currency.round(row.amount * shared.days / row.period.days)


def _changed_units(balance: PeriodBalance) -> Decimal:
    """Return by how many units a line changed, 0 if its quantity did not change."""
    if balance.kind is ChargeKind.USAGE:
        return abs(balance.unbilled_usage)
    if not balance.parts:
        return ZERO
    newest = balance.parts[-1].line
    if len(balance.parts) > 1:
        return abs(newest.quantity - balance.parts[-2].line.quantity)
    charge = max(
        (row for row in balance.rows if row.amount > 0), key=lambda row: row.revision
    )
    before = balance.quantities.get(charge.line, newest.quantity)
    return abs(newest.quantity - before)


def _changed_days(balance: PeriodBalance, currency: Currency) -> Period:
    """Return the days from the first to the last on which the difference arises."""
    owed = [(part.days, part.amount) for part in balance.parts]
    charged = [(row.period, row.amount) for row in balance.rows]
    rising = balance.difference > 0
    days_of_change = sorted(
        {day for days, _amount in owed + charged for day in (days.start, days.end)}
    )
    parts = [Period(start, end) for start, end in pairwise(days_of_change)]
    changed = []
    for part in parts:
        change = _amount_on(part, owed) - _amount_on(part, charged)
        if abs(change) >= currency.minor_unit and (change > 0) == rising:
            changed.append(part)
    known = changed or parts
    return Period(known[0].start, known[-1].end)


def _amount_on(days: Period, amounts: Iterable[tuple[Period, Decimal]]) -> Decimal:
    """Return the part of amounts that falls on some days, each prorated by the day."""
    return sum(
        (
            amount * shared.days / whole.days
            for whole, amount in amounts
            if (shared := whole.overlap(days.start, days.end))
        ),
        ZERO,
    )
