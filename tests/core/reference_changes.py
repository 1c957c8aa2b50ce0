"""Rules that answer published cases of changes and credits with the core."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from billing_core.billing_calendar import (
    Anchor,
    AnchorKind,
    BillingCalendar,
    Interval,
    IntervalUnit,
)
from billing_core.changes import change_quantity, change_terms, end_line
from billing_core.difference import PeriodBalance, items_for
from billing_core.discounts import Discount, discounted
from billing_core.invoice_plan import plan_invoice
from billing_core.line import BilledPeriod, ChargeKind, Line
from billing_core.money import ZERO, Currency
from billing_core.owed import OwedPart
from billing_core.pauses import Pause
from billing_core.period import Period
from billing_core.price_models import PerUnit
from billing_core.rating import Terms

from .agreed import day

USD = Currency("USD", Decimal("0.01"))
CENTS = Currency("USD", Decimal(1))
START = day("2026-04-01")
APRIL = Period(START, day("2026-05-01"))


def fraction_of_april(ratio):
    """Return the days of April that are left: the last quarter, half and so on."""
    left = Fraction(str(ratio)) * APRIL.days
    if left.denominator != 1:
        # A month of another length has whole days: 8 of 32 do not exist, 7 of 28 do.
        return None
    return APRIL.end - timedelta(days=int(left))


def monthly(key=1, since=START, months=1, anchor=None):
    interval = Interval(months, IntervalUnit.MONTH)
    return BillingCalendar(since, interval, anchor or Anchor())


def line(price, quantity=1, calendar=None, *, discount=(), model=None, **values):
    terms = Terms(model or PerUnit(Decimal(str(price))), discounts=tuple(discount))
    calendar = calendar or monthly()
    start = values.pop("start", calendar.start)
    return Line(1, calendar, terms, Decimal(str(quantity)), start, **values)


def billed(amount, period=APRIL, key=1, revision=0):
    return BilledPeriod(
        1, ChargeKind.RECURRING, period, Decimal(str(amount)), revision, key=key
    )


def changed(edit, rows, currency, when):
    """Return (credited, charged) of the plan after a change."""
    items = plan_invoice(edit.lines, rows, currency, when).items
    credit = sum((item.amount for item in items if item.amount < 0), ZERO)
    charge = sum((item.amount for item in items if item.amount > 0), ZERO)
    return credit, charge


def dates(text):
    start, end = text.split("..")
    return Period(day(start), day(end))


def proration_amount(given):
    price = Decimal(given["price"])
    if "blocked" in given:
        period, blocked = dates(given["period"]), dates(given["blocked"])
        served = line(price, calendar=monthly(since=day("2011-12-31")))
        pause = Pause(blocked.start, blocked.end)
        rows = [billed(price, period)]
        opened = line(
            price,
            calendar=served.calendar,
            closed_until=period.start,
        )
        plan = plan_invoice([opened], rows, USD, blocked.start, [pause])
        return {"amount": plan.amount}
    if "cancelled" in given:
        period, when = dates(given["period"]), day(given["cancelled"])
        served = line(price, calendar=monthly(since=period.start))
        lines = [*end_line([served], 1, when).lines]
        if "other_renewal" in given:
            other = line(given["other_renewal"], calendar=monthly(since=when))
            lines.append(replace(other, key=2))
        return {
            "amount": plan_invoice(lines, [billed(price, period)], USD, when).amount
        }
    if "asked" in given:
        asked, whole = dates(given["asked"]), dates(given["new_periods"][0])
        return {"amount": fee(price, asked, whole, USD)}
    if "start" in given:
        anchor = Anchor(AnchorKind.DAY_OF_MONTH, given["bill_cycle_day"])
        calendar = monthly(since=day(given["start"]), anchor=anchor)
        plan = plan_invoice(
            [line(price, calendar=calendar)], [], USD, day(given["target"])
        )
        return {"amount": plan.amount}
    plan = plan_invoice([line(price, given["quantity"])], [], USD, START)
    return {"amount": plan.amount}


def plan_change(given):
    old, new = given["old"], given["new"]
    start, when = day(given["period_start"]), day(given["change"])
    current = line(
        old["cents"], calendar=monthly(since=start, months=old["interval_months"])
    )
    same = old["interval_months"] == new["interval_months"]
    calendar = (
        current.calendar if same else monthly(since=when, months=new["interval_months"])
    )
    terms = Terms(PerUnit(Decimal(new["cents"])))
    edit = change_terms([current], 1, when, lambda _line: terms, lambda _line: calendar)
    period = current.calendar.regular_period(0)
    credit, charge = changed(edit, [billed(old["cents"], period)], CENTS, when)
    return {"credit_cents": -credit, "debit_cents": charge}


def fee(price, used, whole, currency):
    """Return the fee of a line that is served for some days of a period."""
    [item] = items_of(price, used, calendar_of(whole), currency, whole.end)
    return item.amount


def items_of(price, used, calendar, currency, target):
    """Return the planned items of a line that is served for some days."""
    served = line(price, calendar=calendar, start=used.start, end=used.end)
    return plan_invoice([served], [], currency, target).items


def calendar_of(whole):
    """Return a calendar whose first period is the one given."""
    return BillingCalendar(whole.start, Interval(whole.days, IntervalUnit.DAY))


def upgrade(given):
    if "plan_started" in given:
        last = day(given["terminated_on"])
        used = Period(day(given["plan_started"]), last + timedelta(days=1))
        calendar = monthly(since=day(given["anchor"]), months=given["interval_months"])
        [item] = items_of(given["price_cents"], used, calendar, CENTS, used.end)
        return {
            "used_days": item.period.days,
            "period_days": item.regular.days,
            "fee_cents": item.amount,
        }
    if "period" in given:
        return _changed_addon(given)
    return {**_rest_of_year(given, "upgrade_on"), **_unused_month(given)}


def _changed_addon(given):
    start, last = (day(each) for each in given["period"].split(".."))
    whole, when = Period(start, last + timedelta(days=1)), day(given["upgrade_on"])
    old = Decimal(given["old_addon_period_price_cents"])
    new = Terms(PerUnit(Decimal(given["new_addon_period_price_cents"])))
    addon = line(old, calendar=calendar_of(whole))
    edit = change_terms([addon], 1, when, lambda _line: new)
    credit, charge = changed(edit, [billed(old, whole)], CENTS, when)
    rest_of_period = Period(when, whole.end)
    return {
        "new_gross_cents": charge,
        "old_unused_cents": -credit,
        "net_cents": credit + charge,
        "other_new_item_fee_cents": fee(
            given["other_new_item_cents"], rest_of_period, whole, CENTS
        ),
    }


def _rest_of_year(given, name):
    when = day(given[name])
    calendar = monthly(since=day(given["anchor"]), months=12)
    year = line(given["new"]["price_cents"], calendar=calendar, start=when)
    [item] = plan_invoice([year], [], CENTS, when).items
    return {
        "billed_days": item.period.days,
        "new_fee_cents": item.amount,
        "fee_cents": item.amount,
    }


def _unused_month(given):
    calendar = monthly(since=day(given["anchor"]))
    when = day(given["upgrade_on"])
    whole = calendar.regular_period(calendar.index_on(when))
    old = Decimal(given["old"]["price_cents"])
    edit = end_line([line(old, calendar=calendar)], 1, when)
    credit, _charge = changed(edit, [billed(old, whole)], CENTS, when)
    return {"credit_cents": -credit}


def quantity_change(given):
    when = fraction_of_april(Fraction(given["ratio"]))
    price = given["price_per_seat_cents"]
    current = line(price, given["old_seats"])
    edit = change_quantity([current], 1, when, Decimal(given["new_seats"]))
    rows = [billed(price * given["old_seats"])]
    return {"proration_cents": sum(changed(edit, rows, CENTS, when))}


def discounted_change(given):
    def discount(values):
        if not values:
            return ()
        kind, size = values
        name = "percent" if kind == "pct" else "fixed"
        return (Discount(**{name: Decimal(size)}),)

    when = fraction_of_april(Fraction(given["ratio"]))
    old = discount(given["old_discount"])
    current = line(given["old_cents"], discount=old)
    new = Terms(
        PerUnit(Decimal(given["new_cents"])), discounts=discount(given["new_discount"])
    )
    edit = change_terms([current], 1, when, lambda _line: new)
    paid = discounted(Decimal(given["old_cents"]), old)
    credit, charge = changed(edit, [billed(paid)], CENTS, when)
    return {"credit_cents": -credit, "debit_cents": charge}


def credit_cap(given):
    paid, earlier = given["amount_paid"], given["earlier_credits"]
    rows = [billed(paid)]
    if earlier:
        rows.append(
            BilledPeriod(
                1, ChargeKind.RECURRING, APRIL, Decimal(-earlier), 1, key=2, reverses=1
            )
        )
    # The cap is the core's: what is owed may fall by more than was paid.
    owed = Decimal(paid - earlier - given["potential_credit"])
    part = OwedPart(line(owed), APRIL, owed)
    balance = PeriodBalance(ChargeKind.RECURRING, APRIL, START, [part], rows)
    items = items_for(balance, USD)
    return {"credit": -sum((item.amount for item in items if item.amount < 0), ZERO)}


def termination_credit(given):
    price = Decimal(given["price_cents"])
    whole = Period(START, START + timedelta(days=given["period_days"]))
    when = whole.end - timedelta(days=given["unused_days"])
    edit = end_line([line(price, calendar=calendar_of(whole))], 1, when)
    credit, _charge = changed(edit, [billed(price, whole)], CENTS, when)
    return {"credit_cents": -credit, "item_cents": -credit}


def trial(given):
    start = day(given["period_start"])
    whole = Period(start, day(given["period_end_inclusive"]) + timedelta(days=1))
    paid = Period(start + timedelta(days=given["trial_days"]), whole.end)
    calendar = monthly(since=start)
    plan = plan_invoice(
        [line(given["price"], calendar=calendar, start=paid.start)], [], USD, whole.end
    )
    return {
        "billable_days": paid.days,
        "period_days": whole.days,
        "total": plan.items[0].amount,
    }


def price_upgrade(given):
    when = _whole_days(given["remaining_fraction"])
    period, change = when
    calendar = monthly(since=period.start)
    edit = change_terms(
        [line(given["old_price"], calendar=calendar)],
        1,
        change,
        lambda _line: Terms(PerUnit(Decimal(given["new_price"]))),
    )
    rows = [billed(given["old_price"], period)]
    credit, charge = changed(edit, rows, USD, change)
    renewal = plan_invoice(edit.lines, rows, USD, period.end)
    return {
        "credit": credit,
        "charge": charge,
        "net": credit + charge,
        "next_full_charge": renewal.items[-1].amount,
        "next_invoice": renewal.amount,
    }


def _whole_days(fraction):
    """Return a month and the day in it that leaves a fraction of whole days."""
    month = Period(day("2026-02-01"), day("2026-03-01"))
    return month, month.end - timedelta(days=int(28 * Fraction(str(fraction))))


def quantity_rows(given):
    if "days_used" in given:
        when = APRIL.start + timedelta(days=given["days_used"])
        current = line(given["unit_price"], given["old_qty"])
        edit = change_quantity([current], 1, when, Decimal(given["new_qty"]))
        rows = [billed(given["unit_price"] * given["old_qty"])]
        credit, charge = changed(edit, rows, USD, when)
        return {"credit": credit, "charge": charge}
    period, when = _whole_days(given["remaining_fraction"])
    current = line(given["unit_price"], given["old_qty"], monthly(since=period.start))
    edit = change_quantity([current], 1, when, Decimal(given["new_qty"]))
    rows = [billed(given["unit_price"] * given["old_qty"], period)]
    credit, charge = changed(edit, rows, USD, when)
    return {"credit": credit, "charge": charge}


def credit_trace(given):
    period, when = _whole_days(given["remaining_fraction"])
    charges = given["charges_newest_first"]
    total = sum(each["preproration"] for each in charges)
    current = line(
        given["unit_price"],
        Fraction(total, given["unit_price"]).__float__(),
        monthly(since=period.start),
    )
    edit = change_quantity([current], 1, when, current.quantity - given["remove_qty"])
    rows = [
        billed(each["preproration"], period, key=each["invoice"], revision=revision)
        for revision, each in enumerate(reversed(charges))
    ]
    items = plan_invoice(edit.lines, rows, USD, when).items
    return {
        "credit_by_invoice": {str(item.reverses): item.amount for item in items},
        "credit": sum(item.amount for item in items),
    }


RULES = {
    "proration_amount": proration_amount,
    "plan_change_proration": plan_change,
    "upgrade_proration": upgrade,
    "downgrade": lambda given: _rest_of_year(given, "effective_on"),
    "quantity_change": quantity_change,
    "plan_change_discount": discounted_change,
    "credit_cap": credit_cap,
    "termination_credit": termination_credit,
    "proration_trial": trial,
    "proration_upgrade": price_upgrade,
    "proration_price": price_upgrade,
    "proration_quantity": quantity_rows,
    "proration_credit_trace": credit_trace,
}
