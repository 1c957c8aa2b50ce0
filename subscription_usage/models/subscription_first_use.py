"""Subscriptions that are ordered and start with the first use."""

from odoo import fields, models


class SubscriptionPlanFirstUse(models.Model):
    _inherit = "subscription.plan"

    start_policy = fields.Selection(
        selection_add=[("first_use", "With the First Use")],
        ondelete={"first_use": "set default"},
    )


class SubscriptionFirstUse(models.Model):
    _inherit = "subscription.subscription"

    def _day_of_what_it_waits_for(self):
        if self.starts_with != "first_use":
            return super()._day_of_what_it_waits_for()
        used = self.usage_event_ids.filtered("quantity_left")
        return min(used.mapped("day"), default=False)
