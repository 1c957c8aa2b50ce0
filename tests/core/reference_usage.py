"""Rules that answer published cases of usage, minimums and revenue with the core."""

from datetime import timedelta
from decimal import Decimal

from billing_core.discounts import Discount
from billing_core.invoice_plan import plan_invoice
from billing_core.money import ZERO, as_decimal
from billing_core.monthly_revenue import monthly_price
from billing_core.movements import AgreedChange, kinds_by_day
from billing_core.period import Period
from billing_core.price_models import Graduated, Package, PerUnit, Volume
from billing_core.rating import Terms, price_of, rate, rated_amount

from .agreed import day, share_of
from .reference_changes import CENTS, USD, dates, line, monthly
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
        rest = Period(day(given["subscription_start"]), whole.end)
        fee = CENTS.round(share_of(Decimal(given["plan_cents"]), rest, whole))
        least = CENTS.round(share_of(Decimal(given["commitment_cents"]), rest, whole))
        used = fee + sum(given["usage_fees_cents"])
        return {
            "plan_fee_cents": fee,
            "prorated_commitment_cents": least,
            "true_up_cents": least - used,
        }
    whole = dates("2023-02-01..2023-03-01")
    served = Period(whole.start, whole.start + timedelta(days=25))
    used = given["used_cents"]
    spent = sum(used) if isinstance(used, list) else used
    least = share_of(Decimal(given["charge_minimum_cents"]), served, whole)
    found = {"true_up_cents": CENTS.round(least - spent)}
    if "plan_cents" in given:
        rest = Period(served.end, whole.end)
        unused = share_of(Decimal(given["plan_cents"]), rest, whole)
        found["credit_cents"] = CENTS.round(unused)
    return found


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
        owed = price_of(Terms(model), Decimal(given["units_in_period"]))
        return {"amount": owed - Decimal(given["already_billed"])}
    terms = Terms(_model_of(given))
    known, deltas = ZERO, []
    for quantity in given["cumulative_quantities_per_run"]:
        owed = USD.round(price_of(terms, Decimal(quantity)))
        deltas.append(owed - known)
        known = owed
    return {"billed_per_run": deltas}


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
    kind = kinds_by_day(moved)[day("2026-05-01")]
    return {"movement": kind.value, "mrr": change}


RULES = {
    "metered_unit": metered,
    "minimum_commitment": minimum,
    "minimum_true_up": minimum,
    "usage_delta": usage_delta,
    "proration_usage": usage_share,
    "mrr": revenue,
    "mrr_movement": movement,
}
