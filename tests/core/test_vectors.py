"""The cases that the project publishes in docs/vectors come out as they say."""

import json
from itertools import islice
from pathlib import Path

import pytest
from billing_core.billing_calendar import (
    Anchor,
    AnchorKind,
    BillingCalendar,
    Interval,
    IntervalUnit,
    Timing,
)
from billing_core.changes import change_quantity, change_terms
from billing_core.discounts import Discount
from billing_core.invoice_plan import plan_invoice
from billing_core.line import BilledPeriod, ChargeKind, Line, UsageEntry
from billing_core.price_models import (
    Flat,
    Graduated,
    Package,
    PercentageOfAmount,
    PercentOfTotal,
    PerUnit,
    Stairstep,
    Tier,
    Volume,
)
from billing_core.rating import Terms, rated_amount

from .agreed import MONTHLY, Decimal, charged, day, seats
from .histories import ILS

DOCS = Path(__file__).parents[2] / "docs" / "vectors" / "cases.json"
CASES = json.loads(DOCS.read_text())


def decimal(value):
    return None if value is None else Decimal(str(value))


def tiers(given):
    return tuple(
        Tier(
            decimal(tier["up_to"]),
            decimal(tier["unit_price"]),
            decimal(tier["flat_fee"]),
        )
        for tier in given["tiers"]
    )


MODELS = {
    "flat": lambda given: Flat(decimal(given["price"])),
    "per_unit": lambda given: PerUnit(decimal(given["price"])),
    "graduated": lambda given: Graduated(tiers(given)),
    "volume": lambda given: Volume(tiers(given)),
    "stairstep": lambda given: Stairstep(tiers(given), decimal(given["overage_price"])),
    "package": lambda given: Package(decimal(given["price"]), decimal(given["size"])),
    "percent_of_total": lambda given: PercentOfTotal(
        decimal(given["percent"]), decimal(given["floor"]), decimal(given["cap"])
    ),
}


def price(given):
    terms = Terms(
        MODELS[given["model"]](given),
        included=decimal(given.get("included", 0)),
        minimum=decimal(given.get("minimum")),
        maximum=decimal(given.get("maximum")),
    )
    return {"amount": rated_amount(terms, decimal(given["quantity"]), ILS)}


def discount(given):
    off = Discount(decimal(given["percent"]), decimal(given["fixed"]))
    terms = Terms(PerUnit(decimal(given["price"])), discounts=(off,))
    return {"amount": rated_amount(terms, decimal(given["quantity"]), ILS)}


def boundaries(given):
    interval = Interval(given["interval_months"], IntervalUnit.MONTH)
    periods = BillingCalendar(day(given["start"]), interval).periods_from()
    return {"boundaries": [str(each.service.start) for each in islice(periods, 6)]}


def stub(given):
    anchor = Anchor(AnchorKind.DAY_OF_MONTH, given["billing_day"])
    calendar = BillingCalendar(day(given["start"]), MONTHLY, anchor)
    line = seats(1, given["start"], price=given["price"], calendar=calendar)
    [item, *_later] = plan_invoice([line], [], ILS, day(given["start"])).items
    return {"until": item.period.end, "amount": item.amount}


def whole_month(line):
    whole = line.calendar.regular_period(0)
    amount = ILS.round(line.terms.price.unit_price * line.quantity)
    return charged(str(whole), amount)


def quantity_change(given):
    line = seats(
        given["before"], given["start"], price=given["price"], since=given["start"]
    )
    edit = change_quantity([line], 1, day(given["on"]), decimal(given["after"]))
    plan = plan_invoice(edit.lines, [whole_month(line)], ILS, day(given["on"]))
    assert len(plan.items) == 1
    return {"difference": plan.amount}


def price_change(given):
    line = seats(1, given["start"], price=given["old"], since=given["start"])
    terms = Terms(PerUnit(decimal(given["new"])))
    edit = change_terms([line], 1, day(given["on"]), lambda _line: terms)
    plan = plan_invoice(edit.lines, [whole_month(line)], ILS, day(given["on"]))
    credit, charge = plan.items
    return {"credit": credit.amount, "charge": charge.amount}


def usage(given):
    """Bill a month, then once more when the late events have come in."""
    model = USED_MODELS.get(given["model"], MODELS.get(given["model"]))(given)
    terms = Terms(
        model,
        included=decimal(given["included"]),
        minimum=decimal(given["minimum"]),
        maximum=decimal(given["maximum"]),
    )
    month = BillingCalendar(day(given["start"]), MONTHLY, timing=Timing.IN_ARREARS)

    def line(events):
        uses = tuple(UsageEntry(month.start, decimal(event)) for event in events)
        end = day(given["end"]) if given["end"] else None
        one = Decimal(1)
        return Line(1, month, terms, one, month.start, end, ChargeKind.USAGE, used=uses)

    due = month.boundary(1)
    first = plan_invoice([line(given["used"])], [], ILS, due)
    rows = [
        BilledPeriod(
            1, item.kind, item.period, item.amount, key=1, quantity=item.quantity
        )
        for item in first.items
    ]
    later = plan_invoice([line(given["used"] + given["late"])], rows, ILS, due)
    return {
        "amount": ILS.round(first.amount),
        "difference": ILS.round(later.amount),
    }


USED_MODELS = {
    "percentage_of_amount": lambda given: PercentageOfAmount(
        decimal(given["percent"]),
        decimal(given["fee"]),
        free_events=given["free_events"],
        free_amount=decimal(given["free_amount"]),
    ),
}
RULES = {
    "usage": usage,
    "price": price,
    "discount": discount,
    "boundaries": boundaries,
    "stub": stub,
    "quantity_change": quantity_change,
    "price_change": price_change,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_documented_case_has_its_documented_result(case):
    ours = RULES[case["kind"]](case["inputs"])
    shown = {
        name: value if isinstance(value, list) else str(value)
        for name, value in ours.items()
    }
    assert shown == case["expected"]


def test_each_kind_has_enough_documented_cases():
    assert len(CASES) >= 150
    assert {case["kind"] for case in CASES} == set(RULES)
