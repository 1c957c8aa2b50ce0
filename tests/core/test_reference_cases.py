"""Cases with numbers that others have published, checked against our rules.

Each case names its source. The cases of the rules that exist are run; where a rule
of the source differs from ours, the case is listed with the difference.
"""

import json
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest
from billing_core.allocation import allocate
from billing_core.billing_calendar import (
    Anchor,
    AnchorKind,
    BillingCalendar,
    Interval,
    IntervalUnit,
)
from billing_core.money import Currency
from billing_core.period import Period
from billing_core.price_models import (
    Flat,
    Graduated,
    Package,
    PercentageOfAmount,
    PerUnit,
    Stairstep,
    Tier,
    Volume,
)

from .agreed import share_of

CASES = json.loads((Path(__file__).parent / "vectors/reference_cases.json").read_text())
USD = Currency("USD", Decimal("0.01"))
MONTHLY = Interval(1, IntervalUnit.MONTH)

DIFFERENT = {
    "SC063": "the first period ends on the next billing day, not on the last one in "
    "the natural year",
    "SC066": "29 February is no month's end rule: the day of the start comes back",
}


def day(text):
    return date.fromisoformat(text)


def months(count):
    return Interval(count, IntervalUnit.MONTH)


def on_day(number):
    return Anchor(AnchorKind.DAY_OF_MONTH, number)


def billing_anchor(given):
    """Boundaries counted from an anchor, or the first one on a day of the month."""
    if "bill_cycle_day" in given:
        start = day(given["start"])
        calendar = BillingCalendar(
            start, months(given["interval_months"]), on_day(given["bill_cycle_day"])
        )
        first = next(calendar.periods_from())
        return {
            "first_billing_date": first.service.end if first.is_stub else start,
        }
    if "anchor_day" in given:
        calendar = BillingCalendar(day(given["from"]), MONTHLY)
        return {
            "starts": [
                period.service.start
                for period in islice(calendar.periods_from(), given["count"])
            ]
        }
    interval = months(given["interval_months"] * given.get("interval_count", 1))
    calendar = BillingCalendar(day(given["anchor"]), interval)
    if "current" in given:
        index = calendar.index_on(day(given["current"]))
        return {"next": calendar.boundary(index + 1)}
    period = calendar.regular_period(calendar.index_on(day(given["day"])))
    return {
        "period_from": period.start,
        "period_to": period.last_day,
        "period_days": period.days,
        "divisor_days": period.days,
    }


def calendar_billing(given):
    calendar = BillingCalendar(
        day(given["start"]),
        months(given["interval_months"]),
        Anchor(AnchorKind.CALENDAR),
    )
    return {"next": next(calendar.periods_from()).service.end}


def proration_days(given):
    if "old_period_price" in given:
        return _change_of_price(given)
    if "items_cents" in given:
        start, last = (day(each) for each in given["period"].split(".."))
        whole = Period(start, last + timedelta(days=1))
        used = Period(day(given["start"]), whole.end)
        cents = Currency("USD", Decimal(1))
        return {
            "fees_cents": [
                cents.round(
                    share_of(
                        PerUnit(Decimal(each["unit"])).amount(
                            Decimal(each["quantity"])
                        ),
                        used,
                        whole,
                    )
                )
                for each in given["items_cents"]
            ]
        }
    whole = Period(
        day(given["period_start"]), day(given["period_end"]) + timedelta(days=1)
    )
    first = day(given["billed_from"]) + timedelta(days=given["trial_days_in_range"])
    used = whole.overlap(first, day(given["billed_to"]) + timedelta(days=1))
    price = Decimal(given["price_cents"])
    fee = share_of(price, used, whole) if used else Decimal(0)
    return {"fee_cents": Currency("USD", Decimal(1)).round(fee)}


def _change_of_price(given):
    last = day(given["period_end_inclusive"])
    whole = Period(day(given["period_start"]), last + timedelta(days=1))
    rest = Period(day(given["change_date"]), whole.end)
    credit = -USD.round(share_of(Decimal(given["old_period_price"]), rest, whole))
    charge = USD.round(share_of(Decimal(given["new_period_price"]), rest, whole))
    return {"credit": credit, "charge": charge, "net": credit + charge}


def proration_cycles(given):
    """The sum of the shares of all periods that are due."""
    if "month_length" in given:
        return _ratio(given)
    end = given["end_exclusive"]
    calendar = BillingCalendar(
        day(given["start"]),
        MONTHLY,
        on_day(given["bill_cycle_day"]),
        end=day(end) if end else None,
    )
    cycles = Decimal(0)
    for period in calendar.periods_from():
        if period.due > day(given["target"]):
            break
        cycles += share_of(Decimal(1), period.service, period.regular)
    return {"cycles": round(cycles, 9)}


def _ratio(given):
    calendar = BillingCalendar(
        day(given["from"]), MONTHLY, on_day(given["bill_cycle_day"])
    )
    stub = next(calendar.periods_from())
    assert stub.service.end == day(given["to_exclusive"])
    return {"ratio": round(share_of(Decimal(1), stub.service, stub.regular), 9)}


def day_count(given):
    start, end = (day(given[name][:10]) for name in ("from", "to"))
    return {"days": Period(start, end).days if start < end else 0}


def per_unit(given):
    price = PerUnit(Decimal(str(given["unit"])))
    return {"total": price.amount(Decimal(given["quantity"]))}


def flat(given):
    return {"total": Flat(Decimal(given["price"])).amount(Decimal(given["quantity"]))}


def decimal(value):
    return None if value is None else Decimal(str(value))


def tiers_of(given):
    """The tiers of a case; a rate in percent is a price for each unit of money."""
    return tuple(
        Tier(
            decimal(each["up_to"]),
            decimal(each.get("unit", 0)) + decimal(each.get("rate_percent", 0)) / 100,
            decimal(each.get("flat", 0)),
        )
        for each in given["tiers"]
    )


def by_quantity(model):
    """The rule of a tiered model, under the names that the sources use."""

    def rule(given):
        quantity = decimal(given.get("units", given.get("quantity")))
        amount = model(tiers_of(given)).amount(quantity)
        return {"amount": amount, "amount_cents": amount, "total": amount}

    return rule


def package(given):
    free = decimal(given.get("free_units", 0))
    price = decimal(given.get("package_price", 1))
    model = Package(price, decimal(given["package_size"]), free)
    quantity = decimal(given.get("units", given.get("quantity")))
    amount = model.amount(quantity)
    return {
        "amount": amount,
        "total": amount,
        "packages": amount / price,
        "packages_billed": amount / price,
        "packages_raw": (quantity - free) / model.size,
    }


def reached_rate(given):
    """A volume price of which the source gives the tier that was reached."""
    tier = Tier(None, decimal(given["tier_rate_reached"]))
    return {"total": Volume((tier,)).amount(decimal(given["quantity"]))}


def block(given):
    """Blocks of whole units, with their upper bounds excluded in the source."""
    blocks = tuple(
        Tier(decimal(each["upper_excl"]) - 1, flat_fee=decimal(each["price"]))
        for each in given["blocks"]
    )
    return {"total": Stairstep(blocks).amount(decimal(given["quantity"]))}


def included_usage(given):
    quantity, tiers = decimal(given["quantity"]), tiers_of(given)
    parts = Graduated(tiers).parts(quantity)
    return {
        "total": Graduated(tiers).amount(quantity),
        "overage_units": parts[-1].quantity,
    }


def usage_rerating(given):
    total = Graduated(tiers_of(given)).amount(decimal(given["quantity"]))
    return {"total": total, "invoice": total - decimal(given["already_billed"])}


def package_split(given):
    model = Package(decimal(given["package_price"]), decimal(given["package_size"]))
    return {"amount": _of_the_rest(model, given)}


def graduated_split(given):
    return {"amount": _of_the_rest(Graduated(tiers_of(given)), given)}


def _of_the_rest(model, given):
    """Return the price of units on top of those already billed."""
    before = decimal(given["already_billed_units"])
    after = before + decimal(given["line_units"])
    return model.amount(after) - (model.amount(before) if before else 0)


def percentage(given):
    model = PercentageOfAmount(
        decimal(given["rate_percent"]),
        decimal(given["fixed_per_event"]),
        given.get("free_events"),
        decimal(given.get("free_amount")),
        decimal(given.get("min_per_event")),
        decimal(given.get("max_per_event")),
    )
    events = [decimal(each) for each in given["event_amounts"]]
    return {"amount": model.amount_of_events(events)}


def rounding_remainder(given):
    parts = allocate(Decimal(given["total"]), [1] * given["periods"], USD)
    assert sum(parts) == given["total"]
    each = Decimal(given["total"]) / given["periods"]
    per_period = USD.round(each)
    remainder = given["total"] - per_period * given["periods"]
    return {"per_period": per_period, "remainder": remainder}


def end_of_month(given):
    calendar = BillingCalendar(day(f"2024-{given['start']}"), MONTHLY)
    renewal = calendar.boundary(1)
    return {"first_renewal": renewal.strftime("%m-%d"), "bill_day": renewal.day}


def calendar_alignment(given):
    if "new_price" not in given:
        calendar = BillingCalendar(
            day(given["start"]), months(12), on_day(given["bill_day"])
        )
        return {"first_period_end": next(calendar.periods_from()).service.end}
    calendar = BillingCalendar(
        day(f"2026-{given['start']}"), MONTHLY, on_day(given["bill_day"])
    )
    stub = next(calendar.periods_from())
    share = share_of(Decimal(given["new_price"]), stub.service, stub.regular)
    return {
        "first_period_end": stub.service.end.strftime("%m-%d"),
        "prorated_exact_17_of_31": USD.round(share),
        "next_invoice_total": given["new_price"] + given["existing_price"],
    }


RULES = {
    "billing_anchor": billing_anchor,
    "proration_divisor": billing_anchor,
    "calendar_billing": calendar_billing,
    "proration_days": proration_days,
    "proration_cycles": proration_cycles,
    "day_count": day_count,
    "per_unit": per_unit,
    "flat": flat,
    "rounding_remainder": rounding_remainder,
    "end_of_month": end_of_month,
    "calendar_alignment": calendar_alignment,
    "graduated_decimal": by_quantity(Graduated),
    "graduated_percentage": by_quantity(Graduated),
    "graduated_split": graduated_split,
    "package_split": package_split,
    "percentage": percentage,
    "percentage_min_max": percentage,
    "graduated": by_quantity(Graduated),
    "graduated_flat": by_quantity(Graduated),
    "volume": lambda given: (
        reached_rate if "tier_rate_reached" in given else by_quantity(Volume)
    )(given),
    "stairstep": by_quantity(Stairstep),
    "block": block,
    "package": package,
    "included_usage": included_usage,
    "usage_rerating": usage_rerating,
}
NOT_COMPARED = {"prorated_source"}
"""Rounded by the source in a way that its own note disowns."""


def rule_of(case):
    return RULES.get(case.get("model") or case.get("category"))


MATCHING = [case for case in CASES if rule_of(case)]


def outcome(case):
    """Return (expected, ours) for the values that the source has published."""
    ours = rule_of(case)(case["inputs"])
    expected = {
        name: value
        for name, value in case["expected"].items()
        if name not in NOT_COMPARED
    }
    return expected, {
        name: comparable(ours.get(name), expected[name]) for name in expected
    }


def comparable(value, like):
    """Return our value in the notation of the source."""
    if isinstance(value, list):
        return [comparable(each, one) for each, one in zip(value, like, strict=True)]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal) and Decimal(str(like)) == value:
        return like
    return value


@pytest.mark.parametrize(
    "case",
    [case for case in MATCHING if case["id"] not in DIFFERENT],
    ids=lambda case: case["id"],
)
def test_a_published_case_has_the_published_result(case):
    expected, ours = outcome(case)
    assert ours == expected


@pytest.mark.parametrize("name", sorted(DIFFERENT))
def test_a_case_of_a_different_rule_has_a_different_result(name):
    case = next(case for case in CASES if case["id"] == name)
    expected, ours = outcome(case)
    assert ours != expected
