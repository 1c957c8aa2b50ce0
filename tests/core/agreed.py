"""Short words for the lines and rows of worked examples."""

from datetime import date
from decimal import Decimal

from billing_core.billing_calendar import BillingCalendar, Interval, IntervalUnit
from billing_core.line import BilledPeriod, ChargeKind, Line
from billing_core.period import Period
from billing_core.price_models import PerUnit
from billing_core.proration import prorate
from billing_core.rating import Terms

MONTHLY = Interval(1, IntervalUnit.MONTH)


def day(text):
    return date.fromisoformat(text)


def period(text):
    start, end = text.split("/")
    return Period(day(start), day(end))


def seats(quantity, start="2026-04-01", end=None, key=1, price="7.00", **values):
    """Return a line of seats, billed monthly in advance since 1 April 2026."""
    calendar = values.pop("calendar", None) or BillingCalendar(
        day(values.pop("since", "2026-04-01")), MONTHLY
    )
    model = values.pop("model", None) or PerUnit(Decimal(price))
    discounts = values.pop("discounts", ())
    return Line(
        key,
        calendar,
        Terms(model, discounts=discounts),
        Decimal(quantity),
        day(start),
        day(end) if end else None,
        **values,
    )


def charged(text, amount, *, key=1, line=1, revision=0, reverses=None):
    return BilledPeriod(
        line,
        ChargeKind.RECURRING,
        period(text),
        Decimal(amount),
        revision,
        key=key,
        reverses=reverses,
    )


def rows_of(plan):
    return [
        (str(item.period), f"{item.quantity.normalize():f}", str(item.amount))
        for item in plan.items
    ]


def share_of(price, used, whole):
    """Return what one price costs for the days used, not rounded."""
    return prorate([(price, used)], whole)
