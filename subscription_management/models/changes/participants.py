"""The participants of the change planner: the values that a line adopts from a change.

A change applies to the line of its day and to the scheduled follow-up lines. Each
participant takes the change of one of these lines and the values adopted so far, and
returns the values to adopt. `PARTICIPANTS`, at the end, is their order.
"""

from dataclasses import dataclass

from odoo.fields import Command

from ...billing_core.discounts import carried_over

AGREED_PRICE_FIELDS = ("pricing_rule_id", "pricing_model", "price", "uplift_percent")
REQUESTS = ("quantity", "added_discounts", "ends_discounts")
"""Requested values that are no values of a record, or are planned by the core."""


@dataclass(frozen=True)
class LineChange:
    """The change of one line."""

    subscription: object
    requested: dict
    """The values of `subscription.line` that change; `added_discounts` are added to the
    discounts of the line, unless it `ends_discounts`."""
    own: dict
    """The values of the line itself."""
    current: dict
    """The values of the line that is served on the day of the change."""

    @property
    def changes_offer(self):
        """Return whether the product or the plan becomes another one."""
        return any(
            self.requested.get(name, self.current[name]) != self.current[name]
            for name in ("plan_id", "product_id")
        )

    def plans(self, adopted):
        """Return the plan of the line before and after the adopted values."""
        plan = self.subscription.env["subscription.plan"]
        before = self.own["plan_id"]
        return plan.browse(before), plan.browse(adopted.get("plan_id", before))


def adopted_values(subscription, requested, own, current):
    """Return the values that a line adopts from a change."""
    change = LineChange(subscription, requested, own, current)
    adopted = {}
    for participant in PARTICIPANTS:
        adopted = participant(change, adopted)
    return adopted


def requested_price(change, adopted):
    """Adopt the requested values; a price scheduled for later days stays.

    Another product or plan replaces scheduled prices too.
    """
    has_current_price = all(
        change.own[name] == change.current[name] for name in AGREED_PRICE_FIELDS
    )
    names = change.requested.keys() - REQUESTS
    if not (change.changes_offer or has_current_price):
        names &= {"calendar_start"}
    return adopted | {name: change.requested[name] for name in names}


def requested_discounts(change, adopted):
    """Add the granted discounts; end the others where the change replaces them."""
    added = change.requested.get("added_discounts")
    ends = change.requested.get("ends_discounts")
    if not (added or ends):
        return adopted
    kept = [] if ends else adopted.get("discount_ids", change.own["discount_ids"])
    return adopted | {"discount_ids": [*kept, *(added or [])]}


def discounts_in_new_interval(change, adopted):
    """Keep the value of the line's discounts on a plan of another interval."""
    explicit = {"discount_ids", "ends_discounts"} & change.requested.keys()
    before, after = change.plans(adopted)
    if explicit or before._has_interval_of(after):
        return adopted
    kept = _carried_over(change, before, after, adopted["calendar_start"])
    added = change.requested.get("added_discounts", [])
    return adopted | {"discount_ids": [*kept, *added]}


def _carried_over(change, before, after, day):
    """Return the line's discounts, counted in the periods of another plan."""
    subscription, own = change.subscription, change.own
    discounts = subscription.env["subscription.discount"]
    start = own["calendar_start"] or subscription.trial_end or subscription.date_start
    old = subscription._snapshot_calendar(before, start, own["kind"])
    new = subscription._snapshot_calendar(after, day, own["kind"])
    commands = []
    for _command, _id, granted in own["discount_ids"]:
        kept = carried_over(discounts._snapshot_discount(granted), day, old, new)
        if kept:
            values = {
                **granted,
                "percent": float(kept.percent),
                "fixed_amount": subscription.currency_id.round(float(kept.fixed)),
                "cycles": kept.cycles or 0,
                "date_start": kept.since,
            }
            commands.append(Command.create(values))
    return commands


def coupons_of_new_plan(change, adopted):
    """End the discounts of coupons that the new plan does not accept."""
    before, after = change.plans(adopted)
    if not after or before == after:
        return adopted
    # A salesperson may not read the coupon of a discount.
    coupons = change.subscription.env["subscription.coupon"].sudo()
    kept = [
        (command, number, granted)
        for command, number, granted in adopted.get(
            "discount_ids", change.own["discount_ids"]
        )
        if coupons.browse(granted["coupon_id"] or [])._is_for_plan(after)
    ]
    return adopted | {"discount_ids": kept}


def category_of_new_product(change, adopted):
    """Take the current category with another plan or product."""
    agreed = {**change.own, **adopted}
    if any(agreed[name] != change.own[name] for name in ("plan_id", "product_id")):
        return adopted | category_values(change.subscription.env, agreed)
    return adopted


def category_values(env, values):
    """Return the category by which percent-of-total prices count a line."""
    product = env["product.product"].browse(values["product_id"])
    return {"category_path": product.categ_id.parent_path}


PARTICIPANTS = (
    requested_price,
    requested_discounts,
    discounts_in_new_interval,
    coupons_of_new_plan,
    category_of_new_product,
)
