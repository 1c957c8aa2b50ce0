"""The amounts that a subscription owes, counted naively, day by day.

Shares no code with the plan: it walks over single days, looks up the regular period of
each by trying boundaries one after the other, and counts in fractions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from billing_core.billing_calendar import IntervalUnit, StubPolicy, Timing
from billing_core.line import ChargeKind, Line
from billing_core.price_models import Flat, Graduated, PercentOfTotal, PerUnit

ONE_DAY = timedelta(days=1)
HORIZON = timedelta(days=500)
"""Longer than any period: nothing is billed so far ahead."""
MONTHS = {
    IntervalUnit.DAY: Fraction(12, 365),
    IntervalUnit.WEEK: Fraction(12, 52),
    IntervalUnit.MONTH: Fraction(1),
    IntervalUnit.QUARTER: Fraction(3),
    IntervalUnit.HALF_YEAR: Fraction(6),
    IntervalUnit.YEAR: Fraction(12),
}


@dataclass
class Debt:
    """The amount owed for one regular period of a series, and its due date."""

    amount: Decimal
    due: date


_known: dict = {}
"""Cached results, so that a price is not calculated again for each day."""


def owed_by_period(lines, pauses, target) -> dict[tuple[int, date], Debt]:
    """Return the debt of each (series, first day of a regular period)."""
    _known.clear()
    by_key = {line.key: line for line in lines}
    charged = charged_lines(lines, target)
    for days in charged.values():
        for day, key in days.items():
            first = _known.setdefault(("first", key), day)
            _known["first", key] = min(first, day)
    debts = {}
    for series in sorted({line.series_key for line in lines}):
        own = [line for line in lines if line.series_key == series]
        if own[0].kind is ChargeKind.ONE_OFF:
            debts |= _once(own[0])
        else:
            debts |= _recurring(own, by_key, charged, pauses, target)
    return debts


def charged_lines(lines, target):
    """Return for each origin the key of the line that each day is charged for.

    Changes are made one after the other, in the order of their days.
    """
    charged = {}
    for origin in {line.origin_key for line in lines}:
        steps = [line for line in lines if line.origin_key == origin]
        steps = [line for line in steps if line.end is None or line.end > line.start]
        steps.sort(key=lambda line: line.start)
        days = charged[origin] = {}
        first = None
        for index, line in enumerate(steps):
            if index == 0 or steps[index - 1].end != line.start:
                first = line.start
            end = _end_of_chain(steps[index:])
            known = line.start != first and max(
                line.charged_from if line.charged_from is not None else line.start,
                _period_begins(line, line.start),
            )
            before = days.get(line.start - ONE_DAY)
            for day in _each(line.start, end, target):
                days[day] = line.key
            if known and known > line.start:
                for day in _each(line.start, min(known, end or known), target):
                    days[day] = before
            elif known and _is_known(line, line.start, target):
                for day in _each(max(known, first), line.start, target):
                    days[day] = line.key
            if line.end is None or line.charged_until is None or end != line.end:
                continue
            for day in _each(line.end, line.charged_until, target):
                days[day] = days[line.end - ONE_DAY]
            if _is_known(line, line.end, target):
                own = min(_period_begins(line, line.end), line.end)
                for day in _each(max(line.charged_until, first, own), line.end, target):
                    del days[day]
    return charged


def _period_begins(line, day):
    """Return when the period of a day begins, or the first one after it."""
    before = [each for each in _boundaries(line.calendar, day, day) if each <= day]
    return max(before[-1], line.calendar.start)


def _end_of_chain(steps):
    end = steps[0].end
    for before, line in zip(steps, steps[1:], strict=False):
        if before.end != line.start:
            return before.end
        end = line.end
    return end


def _each(start, end, target):
    day, last = start, end or target + HORIZON
    while day < last:
        yield day
        day += ONE_DAY


def _is_known(line, day, target):
    """Return whether a change of a day is taken into account already."""
    return day + timedelta(days=line.calendar.due_shift_days) <= target


def _once(line: Line):
    if line.end is not None and line.end <= line.start:
        return {}
    due = line.start + timedelta(days=line.calendar.due_shift_days)
    regular = max(
        each
        for each in _boundaries(line.calendar, line.start, line.start)
        if each <= line.start
    )
    amount = _rounded(_price(line, line.quantity, regular))
    return {(line.series_key, line.start): Debt(amount, due)}


def _recurring(own, by_key, charged, pauses, target):
    calendar = own[0].calendar
    boundaries = _boundaries(calendar, min(line.start for line in own), target)
    days = _days(own, by_key, charged, pauses)
    seen = _as_seen(days, calendar, target)
    debts = {}
    for index, (start, end) in enumerate(zip(boundaries, boundaries[1:], strict=False)):
        served = _served(calendar, start, end)
        if not served:
            continue
        used = [day for day in served if day in days]
        if not used:
            continue
        due = _due(calendar, served, index, boundaries)
        if calendar.timing is Timing.IN_ADVANCE:
            first = _stretch_start(days, used[0])
            due = max(due, first + timedelta(days=calendar.due_shift_days))
        exact = Fraction(0)
        is_stub = start < calendar.start
        whole = (end - start).days
        if is_stub and calendar.stub_policy is StubPolicy.FULL:
            whole = len(served)
        terms = {id(seen[day]): seen[day] for day in used}
        for each, number in Counter(id(seen[day]) for day in used).items():
            line, quantity = terms[each]
            exact += number * _price(line, quantity, start) / whole
        if is_stub and calendar.stub_policy is StubPolicy.FREE:
            exact = Fraction(0)
        debts[own[0].series_key, start] = Debt(_rounded(exact), due)
    return debts


def _days(own, by_key, charged, pauses):
    """Return (line, quantity) for each day that is charged.

    It is the same object on days with the same bases.
    """
    keys = {line.key for line in own}
    found, known = {}, {}
    for origin in {line.origin_key for line in own}:
        for day, key in charged[origin].items():
            if key not in keys or any(_holds(pause, day) for pause in pauses):
                continue
            line = by_key[key]
            bases = () if line.base is None else _bases_on(line, by_key, charged, day)
            if (key, bases) not in known:
                known[key, bases] = line, _quantity(line, by_key, bases)
            found[day] = known[key, bases]
    return found


def _bases_on(line, by_key, charged, day):
    """Return (key, period, its own bases) of each line that a percentage counts."""
    if line.base is None:
        return ()
    found = []
    for key in line.base.lines:
        base = by_key[key]
        is_charged = charged[base.origin_key].get(day) == key
        if base.kind is ChargeKind.ONE_OFF or not is_charged:
            continue
        if base.calendar.end is not None and day >= base.calendar.end:
            continue
        period = _regular_start(base, day)
        found.append((key, period, _bases_on(base, by_key, charged, day)))
    return tuple(found)


def _quantity(line, by_key, bases):
    """Return the quantity of a line on a day with these bases.

    It is the same object on each such day, which makes days quick to compare.
    """
    known = ("quantity", line.key, bases)
    if known not in _known:
        _known[known] = _counted_quantity(line, by_key, bases)
    return _known[known]


def _counted_quantity(line, by_key, bases):
    if line.base is None:
        return Fraction(line.quantity)
    total = Fraction(0)
    for key, period, its_bases in bases:
        base = by_key[key]
        quantity = _quantity(base, by_key, its_bases)
        price = _price(base, quantity, period, listed=not line.base.is_net)
        total += price * _months(line.calendar) / _months(base.calendar)
    return total


def _regular_start(line, day):
    """Return the first day of the full period that holds a day."""
    key = (line.key, "periods")
    if key not in _known:
        _known[key] = _boundaries(line.calendar, line.start, day + 2000 * ONE_DAY)
    return _known[key][bisect_right(_known[key], day) - 1]


def _holds(stretch, day):
    return stretch.start <= day and (stretch.end is None or day < stretch.end)


def _stretch_start(days, day):
    while day - ONE_DAY in days and days[day - ONE_DAY] == days[day]:
        day -= ONE_DAY
    return day


def _as_seen(days, calendar, target):
    """Return the days as they are billed: a change waits until it takes effect."""
    shift = timedelta(days=calendar.due_shift_days)
    seen = {}
    for day in sorted(days):
        start = day
        if day - ONE_DAY in days and days[day - ONE_DAY] == days[day]:
            seen[day] = seen[day - ONE_DAY]
            continue
        seen[day] = days[day]
        if calendar.timing is Timing.IN_ARREARS or start + shift <= target:
            continue
        before = start - ONE_DAY
        while before in days:
            began = _stretch_start(days, before)
            # After a pause the terms of the first day apply.
            if began + shift <= target or began - ONE_DAY not in days:
                seen[day] = days[began]
                break
            before = began - ONE_DAY
    return seen


def _served(calendar, start, end):
    day, served = start, []
    while day < end:
        if day >= calendar.start and (calendar.end is None or day < calendar.end):
            served.append(day)
        day += ONE_DAY
    return served


def _due(calendar, served, index, boundaries):
    def of(days):
        first, after = days[0], days[-1] + ONE_DAY
        base = first if calendar.timing is Timing.IN_ADVANCE else after
        return base + timedelta(days=calendar.due_shift_days)

    is_stub = boundaries[index] < calendar.start
    if is_stub and len(served) < calendar.cut_off_days:
        following = _served(calendar, boundaries[index + 1], boundaries[index + 2])
        return of(following or served)
    return of(served)


def _boundaries(calendar, first, target):
    """Return boundaries from before a day to well after `target`, ascending.

    A calendar that begins after `target` has those of its first whole period, too.
    """
    index, found = 0, []
    last = max(target + timedelta(days=10), calendar.start)
    while calendar.boundary(index) > min(first, calendar.start):
        index -= 1
    while True:
        found.append(calendar.boundary(index))
        if len(found) > 2 and found[-3] > last:
            return found
        index += 1


def _price(line, quantity, regular_start, *, listed=False):
    """Return what a quantity costs for a full period."""
    key = (line.key, quantity, regular_start, listed)
    if key not in _known:
        _known[key] = _counted_price(line, quantity, regular_start, listed)
    return _known[key]


def _counted_price(line, quantity, regular_start, listed):
    model, quantity = line.terms.price, Fraction(quantity)
    if isinstance(model, Flat):
        price = Fraction(model.price)
    elif isinstance(model, PerUnit):
        price = Fraction(model.unit_price) * quantity
    elif isinstance(model, PercentOfTotal):
        price = quantity * Fraction(model.percent) / 100
    else:
        assert isinstance(model, Graduated)
        price = _graduated(model, quantity)
    if listed:
        return price
    holding = [
        each for each in line.terms.discounts if _holds_in(each, line, regular_start)
    ]
    for discount in holding:
        price -= price * Fraction(discount.percent) / 100
    fixed = sum(Fraction(discount.fixed) for discount in holding)
    return max(price - fixed, Fraction(0))


def _graduated(model, quantity):
    """Price one unit after the other; the quantities of the tests are whole."""
    price = Fraction(model.tiers[0].flat_fee)
    entered = {0}
    for unit in range(1, int(quantity) + 1):
        row = next(
            index
            for index, tier in enumerate(model.tiers)
            if tier.up_to is None or unit <= tier.up_to
        )
        if row not in entered:
            entered.add(row)
            price += Fraction(model.tiers[row].flat_fee)
        price += Fraction(model.tiers[row].unit_price)
    return price


def _holds_in(discount, line, regular_start):
    if discount.cycles is None:
        return True
    since = discount.since or _known.get(("first", line.key), line.start)
    boundaries = _boundaries(line.calendar, min(since, regular_start), regular_start)
    begun = max(each for each in boundaries if each <= since)
    periods = [each for each in boundaries if begun <= each < regular_start]
    return len(periods) < discount.cycles


def _months(calendar):
    return calendar.interval.length * MONTHS[calendar.interval.unit]


def _rounded(amount: Fraction) -> Decimal:
    cents = amount * 100
    whole = Decimal(cents.numerator) / Decimal(cents.denominator)
    return whole.quantize(Decimal(1), ROUND_HALF_UP) / 100
