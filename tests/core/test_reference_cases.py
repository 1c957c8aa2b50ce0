"""Cases with numbers that others have published, checked against our rules.

Each case names its source. The cases of the rules that exist are run; where a rule
of the source differs from ours, the case is listed with the difference.
"""

import json
from dataclasses import replace
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
from billing_core.changes import change_terms
from billing_core.invoice_plan import plan_invoice
from billing_core.line import BilledPeriod, ChargeKind, Line
from billing_core.money import ZERO, Currency
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
from billing_core.rating import Terms

from .agreed import share_of

CASES = json.loads((Path(__file__).parent / "vectors/reference_cases.json").read_text())
USD = Currency("USD", Decimal("0.01"))
CENTS = Currency("USD", Decimal(1))
ONE_DAY = timedelta(days=1)
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
        lines = [
            recurring(
                each["unit"],
                whole,
                key=key,
                quantity=each["quantity"],
                start=day(given["start"]),
            )
            for key, each in enumerate(given["items_cents"])
        ]
        plan = plan_invoice(lines, [], CENTS, whole.end - ONE_DAY)
        return {"fees_cents": [item.amount for item in plan.items]}
    last = day(given["period_end"])
    whole = Period(day(given["period_start"]), last + timedelta(days=1))
    first = day(given["billed_from"]) + timedelta(days=given["trial_days_in_range"])
    served = recurring(
        given["price_cents"],
        whole,
        start=first,
        end=day(given["billed_to"]) + timedelta(days=1),
    )
    return {"fee_cents": plan_invoice([served], [], CENTS, whole.end).amount}


def recurring(price, whole, key=1, quantity=1, start=None, end=None):
    """Return a line billed in advance by periods as long as the one given."""
    calendar = BillingCalendar(whole.start, Interval(whole.days, IntervalUnit.DAY))
    terms = Terms(PerUnit(Decimal(price)))
    return Line(key, calendar, terms, Decimal(quantity), start or whole.start, end)


def _change_of_price(given):
    last = day(given["period_end_inclusive"])
    whole = Period(day(given["period_start"]), last + timedelta(days=1))
    when = day(given["change_date"])
    old = recurring(given["old_period_price"], whole)
    new = Terms(PerUnit(Decimal(given["new_period_price"])))
    edit = change_terms([old], 1, when, lambda _line: new)
    paid = Decimal(given["old_period_price"])
    rows = [BilledPeriod(1, ChargeKind.RECURRING, whole, paid, key=1)]
    plan = plan_invoice(edit.lines, rows, USD, when)
    return {
        "credit": sum((item.amount for item in plan.items if item.amount < 0), ZERO),
        "charge": sum((item.amount for item in plan.items if item.amount > 0), ZERO),
        "net": plan.amount,
    }


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
    amount, [part] = model.amount(quantity), model.parts(quantity)
    return {
        "amount": amount,
        "total": amount,
        "packages": part.quantity,
        "packages_billed": part.quantity,
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
    per_period = min(parts)
    return {
        "per_period": per_period,
        "remainder": sum(part - per_period for part in parts),
    }


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
    start = calendar.start
    new = Line(1, calendar, Terms(Flat(Decimal(given["new_price"]))), Decimal(1), start)
    stub = plan_invoice([new], [], USD, start)
    [item] = stub.items
    existing = Line(
        2,
        replace(calendar, start=item.period.end),
        Terms(Flat(Decimal(given["existing_price"]))),
        Decimal(1),
        item.period.end,
    )
    following = plan_invoice([*stub.closed([new]), existing], [], USD, item.period.end)
    return {
        "first_period_end": item.period.end.strftime("%m-%d"),
        "prorated_exact_17_of_31": item.amount,
        "next_invoice_total": following.amount,
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
}
NOT_COMPARED = {
    "packages_raw": "a step of the source; ours starts with whole packages",
    "prorated_source": "rounded by the source in a way that its own note disowns",
}


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
