from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionGrant(models.TransientModel):
    _name = "subscription.grant"
    _description = "Grant a Discount"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    currency_id = fields.Many2one(
        related="subscription_id.currency_id", related_sudo=False
    )
    code = fields.Char("Coupon Code")
    percent = fields.Float("Percent Off", digits=(16, 4))
    fixed_amount = fields.Monetary("Amount Off", help="Taken off each period.")
    cycles = fields.Integer("Number of Periods", help="0 for a discount without end.")
    date_start = fields.Date("From", required=True)
    reason = fields.Char()

    @api.onchange("code")
    def _onchange_code(self):
        if self.code:
            self.percent = self.fixed_amount = self.cycles = 0

    def action_confirm(self):
        self.ensure_one()
        subscription = self.subscription_id
        if self.code:
            subscription.redeem_coupon(self.code, self.date_start)
            return
        if not self.percent and not self.fixed_amount:
            raise UserError(
                self.env._("Give a coupon code, a percentage or an amount to take off.")
            )
        subscription.grant_discount(
            {
                "percent": self.percent,
                "fixed_amount": self.fixed_amount,
                "cycles": self.cycles,
            },
            self.date_start,
            reason=self.reason,
        )
