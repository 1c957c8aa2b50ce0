from odoo import fields, models


class SubscriptionPricePublish(models.TransientModel):
    _name = "subscription.price.publish"
    _description = "Publish a Price"

    rule_id = fields.Many2one("subscription.pricing.rule", required=True)
    date_from = fields.Date("From", required=True, default=fields.Date.context_today)
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
        self.rule_id._publish(self.date_from, self.applies_to)
