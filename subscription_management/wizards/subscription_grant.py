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
    state = fields.Selection(related="subscription_id.state", related_sudo=False)
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.onchange("code")
    def _onchange_code(self):
        if self.code:
            self.percent = self.fixed_amount = self.cycles = 0

    @api.depends("code", "percent", "fixed_amount", "cycles", "date_start")
    def _compute_preview(self):
        for grant in self:
            subscription = grant.subscription_id
            grant.preview = False
            if subscription and grant.date_start:
                # What a code is worth is told to those who may redeem it here.
                subscription.check_access("write")
                grant.preview = subscription.sudo()._render_forecast(grant._plan)

    def _plan(self):
        """Return the `Amendment` that the discount makes, or refuse it."""
        subscription = self.subscription_id.sudo()
        values, day = self._discount_values(), self.date_start
        if self.code:
            coupon = self.env["subscription.coupon"]._find(self.code, subscription)
            coupon._check_redeemable(subscription, day)
            values = coupon._prepare_discount_values()
        amendment = subscription._begin_amendment()
        if values["percent"] or values["fixed_amount"]:
            rows = subscription._discount_rows(values, day)
            subscription._extend_amendment(amendment, rows, day, "prorate")
        return amendment

    def _discount_values(self):
        return {
            "percent": self.percent,
            "fixed_amount": self.fixed_amount,
            "cycles": self.cycles,
        }

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
            self._discount_values(), self.date_start, reason=self.reason
        )
