"""Publish a draft price: its start, and the subscriptions that get it."""

from odoo import fields, models
from odoo.tools import clean_context


class SubscriptionPublishPriceWizard(models.TransientModel):
    _name = "subscription.publish.price.wizard"
    _description = "Publish Price"

    rule_id = fields.Many2one("subscription.pricing.rule", required=True)
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: self.env.company._subscription_today(),
    )
    applies_to = fields.Selection(
        [
            ("new", "New Subscriptions Only"),
            ("date", "Existing Subscriptions from This Date"),
            ("renewal", "Existing Subscriptions at Renewal"),
        ],
        required=True,
        default="new",
    )

    def action_confirm(self):
        """Publish the price; list the subscriptions that could not move to it."""
        self.ensure_one()
        # The default values of this dialog are not for records that follow.
        rule = self.rule_id.with_context(clean_context(self.env.context))
        unmoved = rule._publish(self.date_from, self.applies_to)
        if not unmoved:
            return None
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "The price is published. These subscriptions keep their former "
                    "price; see the to-do on each: %s",
                    ", ".join(unmoved.mapped("name")),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
