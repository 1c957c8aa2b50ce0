"""Discounts that go on when the periods of a line become longer or shorter."""

from odoo import models
from odoo.fields import Command

from ...billing_core.discounts import carried_over


class SubscriptionDiscountInterval(models.Model):
    _inherit = "subscription.subscription"

    def _changed_values(self, values, own, now):
        """Let the discounts of a line be worth the same on a plan of other periods."""
        taken = super()._changed_values(values, own, now)
        if "plan_id" not in taken or {"discount_ids", "ends_discounts"} & values.keys():
            return taken
        plan = self.env["subscription.plan"]
        old, new = plan.browse(own["plan_id"]), plan.browse(taken["plan_id"])
        if old._has_interval_of(new):
            return taken
        kept = self._discounts_carried_over(own, old, new, taken["calendar_start"])
        added = values.get("added_discounts", [])
        return {**taken, "discount_ids": [*kept, *added]}

    def _discounts_carried_over(self, own, old, new, day):
        """Return the discounts of a line's values, counted in the periods of a plan."""
        discounts = self.env["subscription.discount"]
        start = own["calendar_start"] or self.trial_end or self.date_start
        before = self._snapshot_calendar(old, start, own["kind"])
        after = self._snapshot_calendar(new, day, own["kind"])
        commands = []
        for _command, _id, granted in own["discount_ids"]:
            goes_on = carried_over(
                discounts._snapshot_discount(granted), day, before, after
            )
            if goes_on:
                values = {
                    **granted,
                    "percent": float(goes_on.percent),
                    "fixed_amount": self.currency_id.round(float(goes_on.fixed)),
                    "cycles": goes_on.cycles or 0,
                    "date_start": goes_on.since,
                }
                commands.append(Command.create(values))
        return commands


class SubscriptionLineDiscountInterval(models.Model):
    _inherit = "subscription.line"

    def _would_cost_more(self, values):
        """Compare with what discounts are worth in the periods of another plan."""
        plan = self.plan_id.browse((values or {}).get("plan_id"))
        if plan and not plan._has_interval_of(self.plan_id):
            own = {**self._prepare_follower_values(), **values}
            kept = self.subscription_id._discounts_carried_over(
                own, self.plan_id, plan, self.calendar_start
            )
            values = {**values, "discount_ids": kept}
        return super()._would_cost_more(values)


class SubscriptionCouponMoves(models.Model):
    _inherit = "subscription.subscription"

    def _changed_values(self, values, own, now):
        taken = super()._changed_values(values, own, now)
        plan = self.env["subscription.plan"].browse(taken.get("plan_id"))
        if not plan or plan.id == own["plan_id"]:
            return taken
        discounts = taken.get("discount_ids", own["discount_ids"])
        return {**taken, "discount_ids": plan._discounts_that_go_along(discounts)}


class SubscriptionPlanOfCoupons(models.Model):
    _inherit = "subscription.plan"

    def _discounts_that_go_along(self, commands):
        """Return those of a line's discounts that it keeps on its way to the plan."""
        self.ensure_one()
        # A rep need not see a coupon of which a discount is left.
        coupons = self.env["subscription.coupon"].sudo()
        return [
            (command, number, granted)
            for command, number, granted in commands
            if coupons.browse(granted["coupon_id"] or [])._is_for_plan(self)
        ]


class SubscriptionCouponOfPlans(models.Model):
    _inherit = "subscription.coupon"

    def _is_for_plan(self, plan):
        """Tell whether the coupon, if there is one, is accepted on a plan."""
        return not self.plan_ids or plan in self.plan_ids


class SubscriptionLineCouponMoves(models.Model):
    _inherit = "subscription.line"

    def _would_cost_more(self, values):
        plan = self.env["subscription.plan"].browse((values or {}).get("plan_id"))
        if plan and plan != self.plan_id:
            own = values.get("discount_ids", self._discount_commands())
            kept = plan._discounts_that_go_along(own)
            values = {**values, "discount_ids": kept}
        return super()._would_cost_more(values)
