"""The only place that decides whether a change is an upgrade."""

from dataclasses import replace
from fractions import Fraction

from ...billing_core.rating import price_of
from ..decimals import exact
from .participants import adopted_values


def is_upgrade(line, values):
    """Return whether values raise the monthly price of a line.

    Discounts that the change grants or ends do not make it an upgrade or a downgrade.
    """
    now = line._prepare_follower_values()
    requested = {
        "calendar_start": now["calendar_start"],
        **line._without_increases(values),
    }
    requested.pop("added_discounts", None)
    requested.pop("ends_discounts", None)
    adopted = adopted_values(line.subscription_id, requested, now, now)
    quantity = values.get("quantity", now["quantity"])
    then = {**now, **adopted, "quantity": quantity}
    return monthly_price(line, then) > monthly_price(line, now)


def monthly_price(line, values):
    """Return the price per month of a line with these values, as a `Fraction`.

    Limited discounts are not counted. A percent-of-total price is compared as its share
    of 100.
    """
    terms = line._terms_of(values)
    lasting = tuple(each for each in terms.discounts if each.cycles is None)
    is_share = values["pricing_model"] == "percent_of_total"
    quantity = exact(100 if is_share else values["quantity"])
    plan = line.env["subscription.plan"].browse(values["plan_id"])
    calendar = line.subscription_id._snapshot_calendar(plan, line.date_start)
    price = price_of(replace(terms, discounts=lasting), quantity)
    return Fraction(price) / Fraction(calendar.interval.in_months())
