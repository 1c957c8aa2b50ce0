from odoo import api, fields, models
from odoo.exceptions import UserError

from ...models.discounts.discount import AMOUNT_OFF_HELP, CYCLES_HELP
from ...models.discounts.grant import DISCOUNT_POLICIES, DISCOUNT_POLICY_HELP


class SubscriptionDiscountWizard(models.TransientModel):
    _name = "subscription.discount.wizard"
    _description = "Grant a Discount"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    currency_id = fields.Many2one(
        related="subscription_id.currency_id", related_sudo=False
    )
    code = fields.Char("Coupon Code")
    percent = fields.Float("Percent Off", digits=(16, 4))
    fixed_amount = fields.Monetary(
        "Amount Off",
        help=AMOUNT_OFF_HELP,
    )
    cycles = fields.Integer(
        "Number of Periods",
        help=CYCLES_HELP,
    )
    date_start = fields.Date("From", required=True)
    policy = fields.Selection(
        DISCOUNT_POLICIES,
        "Begins",
        required=True,
        default="next_period",
        help=DISCOUNT_POLICY_HELP,
    )
    replaces = fields.Boolean(
        "Instead of Others",
        help="What was taken off before ends when this begins; with nothing to take "
        "off here, it just ends.",
    )
    has_discounts = fields.Boolean(
        related="subscription_id.has_discounts", related_sudo=False
    )
    reason = fields.Char()
    state = fields.Selection(related="subscription_id.state", related_sudo=False)
    starts = fields.Text("Counts From", compute="_compute_starts")
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.onchange("code")
    def _onchange_code(self):
        if self.code:
            self.percent = self.fixed_amount = self.cycles = 0

    @api.depends("date_start", "policy")
    def _compute_starts(self):
        for grant in self:
            subscription = grant.subscription_id
            grant.starts = False
            if subscription and grant.date_start:
                subscription.check_access("read")
                grant.starts = subscription.sudo()._describe_discount_starts(
                    grant.date_start, grant.policy
                )

    @api.depends(
        *("code", "percent", "fixed_amount", "cycles"),
        *("date_start", "policy", "replaces"),
    )
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
        if not (values["percent"] or values["fixed_amount"] or self.replaces):
            return subscription._begin_change_plan()
        return subscription._plan_discount(
            values, day, policy=self.policy, replaces=self.replaces
        )

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
            subscription.redeem_coupon(
                self.code, self.date_start, self.policy, replaces=self.replaces
            )
            return
        if not (self.percent or self.fixed_amount or self.replaces):
            raise UserError(
                self.env._("Give a coupon code, a percentage or an amount to take off.")
            )
        subscription.grant_discount(
            self._discount_values(),
            self.date_start,
            reason=self.reason,
            policy=self.policy,
            replaces=self.replaces,
        )
