"""Coupons for some plans only: their discounts end with what moves to another one.

What was granted by hand always goes along.
"""

from odoo import models


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
