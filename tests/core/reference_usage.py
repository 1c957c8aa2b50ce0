"""Rules that answer published cases of usage, minimums and revenue with the core."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from billing_core.billing_calendar import Timing
from billing_core.changes import end_line
from billing_core.discounts import Discount
from billing_core.invoice_plan import plan_invoice
from billing_core.line import BilledPeriod, ChargeKind, Line, UsageEntry
from billing_core.money import ZERO, as_decimal
from billing_core.monthly_revenue import monthly_price
from billing_core.movements import AgreedChange, kinds_by_day, movements_to_record
from billing_core.period import Period
from billing_core.price_models import Graduated, Package, PerUnit, Volume
from billing_core.rating import Terms, rate, rated_amount
from billing_core.usage import usage_parts

from .agreed import day
from .reference_changes import (
    APRIL,
    CENTS,
    START,
    USD,
    billed,
    calendar_of,
    changed,
    dates,
    fee,
    line,
    monthly,
)
from .test_reference_cases import tiers_of


def metered(given):
    cap = given["cap_cents"]
    terms = Terms(
        PerUnit(Decimal(given["unit_cents"])),
        maximum=None if cap is None else Decimal(cap),
    )
    return {"amount_cents": rated_amount(terms, Decimal(given["units"]), CENTS)}


def minimum(given):
    """A minimum is for a full period and is prorated with it."""
    if "usage_amount" in given:
        least, used = Decimal(given["minimum"]), Decimal(given["usage_amount"])
        rating = rate(Terms(PerUnit(Decimal(1)), minimum=least), used)
        return {"true_up": rating.true_up, "total": rating.amount}
    if "commitment_cents" in given:
        whole = dates("2024-02-01..2024-03-01")
        served = Period(day(given["subscription_start"]), whole.end)
        plan_fee = fee(given["plan_cents"], served, whole, CENTS)
        least, used = given["commitment_cents"], [plan_fee, *given["usage_fees_cents"]]
        return {
            "plan_fee_cents": plan_fee,
            "prorated_commitment_cents": true_up(least, [], served, whole),
            "true_up_cents": true_up(least, used, served, whole),
        }
    whole = dates("2023-02-01..2023-03-01")
    served = Period(whole.start, whole.start + timedelta(days=25))
    used = given["used_cents"]
    used = used if isinstance(used, list) else [used]
    found = {
        "true_up_cents": true_up(given["charge_minimum_cents"], used, served, whole)
    }
    if "plan_cents" in given:
        price = Decimal(given["plan_cents"])
        edit = end_line([line(price, calendar=calendar_of(whole))], 1, served.end)
        rows = [billed(price, whole)]
        credit, _charge = changed(edit, rows, CENTS, served.end)
        found["credit_cents"] = -credit
    return found


def true_up(least, used, served, whole):
    """Return the charge that reaches a minimum after the usage was billed."""
    calendar = replace(calendar_of(whole), timing=Timing.IN_ARREARS)
    terms = Terms(PerUnit(Decimal(1)), minimum=Decimal(least))
    events = tuple(UsageEntry(served.start, Decimal(each)) for each in used)
    usage = usage_line(terms, events, calendar, start=served.start, end=served.end)
    rows = [
        BilledPeriod(1, ChargeKind.USAGE, served, event.quantity, row, key=row)
        for row, event in enumerate(events)
    ]
    return plan_invoice([usage], rows, CENTS, whole.end).amount


def usage_line(terms, events=(), calendar=None, **values):
    calendar = calendar or replace(monthly(), timing=Timing.IN_ARREARS)
    start = values.pop("start", calendar.start)
    return Line(
        1,
        calendar,
        terms,
        Decimal(1),
        start,
        kind=ChargeKind.USAGE,
        used=tuple(events),
        **values,
    )


def _model_of(given):
    if "package_size" in given:
        price, size = (given[name] for name in ("package_price", "package_size"))
        return Package(Decimal(price), Decimal(size))
    if "tiers" in given:
        return (Volume if given["mode"] == "volume" else Graduated)(tiers_of(given))
    return PerUnit(Decimal(given["unit"]))


def usage_delta(given):
    if "block_size" in given:
        model = Package(Decimal(given["block_price"]), Decimal(given["block_size"]))
        units, rows = given["units_in_period"], [_billed_use(given["already_billed"])]
        return {"amount": _charge_of(model, units, rows)}
    model, rows, charges = _model_of(given), [], []
    for quantity in given["cumulative_quantities_per_run"]:
        charges.append(_charge_of(model, quantity, rows))
        rows.append(_billed_use(charges[-1], rows))
    return {"billed_per_run": charges}


def usage_rerating(given):
    model, quantity = Graduated(tiers_of(given)), given["quantity"]
    rows = [_billed_use(given["already_billed"])]
    return {
        "total": _charge_of(model, quantity),
        "invoice": _charge_of(model, quantity, rows),
    }


def usage_split(given):
    """Return the charge of units after others of the same period."""
    before, units = given["already_billed_units"], given["line_units"]
    model = (
        Package(Decimal(given["package_price"]), Decimal(given["package_size"]))
        if "package_size" in given
        else Graduated(tiers_of(given))
    )
    change = START + timedelta(days=15)
    rest = usage_line(Terms(model), [UsageEntry(change, Decimal(units))], start=change)
    rest = replace(rest, key=2, series=1)
    first = usage_line(Terms(model), [UsageEntry(START, Decimal(before))], end=change)
    lines = [first, rest] if before else [rest]
    april = next(rest.calendar.periods_from())
    return {"amount": usage_parts(lines, april, USD)[-1].amount}


def _charge_of(model, quantity, rows=()):
    """Return the amount that is billed for the usage of April known so far."""
    usage = usage_line(Terms(model), [UsageEntry(START, Decimal(quantity))])
    return plan_invoice([usage], rows, USD, APRIL.end).amount


def _billed_use(amount, before=()):
    """Return the billed period of a charge, or of a credit of the first one."""
    amount, number = Decimal(amount), len(before)
    reverses = before[0].key if amount < 0 else None
    return BilledPeriod(
        1, ChargeKind.USAGE, APRIL, amount, number, key=number, reverses=reverses
    )


def usage_share(given):
    start, end = day(given["start"]), day(given["end_inclusive"]) + timedelta(days=1)
    calendar = monthly(since=start.replace(day=1))
    plan = plan_invoice(
        [line(given["full_month_amount"], calendar=calendar, start=start)],
        [],
        USD,
        start,
    )
    whole = calendar.regular_period(0)
    return {
        "prorated_days": (end - start).days,
        "period_days": whole.days,
        "total": plan.amount,
    }


def per_month(priced):
    return as_decimal(monthly_price(priced))


def revenue(given):
    if "coupon_percent" in given:
        price = Decimal(given["price"])
        off = Discount(percent=Decimal(given["coupon_percent"]))
        return {
            "mrr_if_forever": per_month(line(price, discount=[off])),
            "mrr_if_once_or_repeating": per_month(line(price)),
        }
    yearly = monthly(months=12)
    total = sum(
        (each["n"] * per_month(line(each["price"])) for each in given["monthly"]),
        ZERO,
    )
    total += sum(
        each["n"] * per_month(line(each["price"], calendar=yearly))
        for each in given["yearly"]
    )
    return {"mrr": total}


def movement(given):
    if "qty" in given:
        seats = line(given["yearly_price"], given["qty"], monthly(months=12))
        return {"mrr": USD.round(per_month(seats))}
    old = Decimal(given["old_mrr"])
    change = Decimal(given["new_mrr"]) - old
    moved = [
        AgreedChange(1, day(on), amount, amount)
        for on, amount in (("2026-04-01", old), ("2026-05-01", change))
    ]
    may = day("2026-05-01")
    [recorded] = movements_to_record(
        {may: Decimal(given["new_mrr"])}, {may: old}
    ).values()
    return {"movement": kinds_by_day(moved)[may].value, "mrr": recorded}


RULES = {
    "metered_unit": metered,
    "minimum_commitment": minimum,
    "minimum_true_up": minimum,
    "usage_delta": usage_delta,
    "usage_rerating": usage_rerating,
    "graduated_split": usage_split,
    "package_split": usage_split,
    "proration_usage": usage_share,
    "mrr": revenue,
    "mrr_movement": movement,
}
