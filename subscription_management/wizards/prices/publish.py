from odoo import fields, models
from odoo.tools import clean_context


class SubscriptionPublishPriceWizard(models.TransientModel):
    _name = "subscription.publish.price.wizard"
    _description = "Publish a Price"

    rule_id = fields.Many2one("subscription.pricing.rule", required=True)
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: self.env.company._subscription_today(),
    )
    applies_to = fields.Selection(
        [
            ("new", "New Subscriptions Only"),
            ("date", "Running Ones Too, From That Day"),
            ("renewal", "Running Ones Too, At Their Renewal"),
        ],
        string="For",
        required=True,
        default="new",
    )

    def action_confirm(self):
        self.ensure_one()
        # The defaults of this dialog are not for what a new price makes.
        rule = self.rule_id.with_context(clean_context(self.env.context))
        left = rule._publish(self.date_from, self.applies_to)
        if not left:
            return None
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "Published. These stay at the price before, see the to-do on each: "
                    "%s",
                    ", ".join(left.mapped("name")),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
