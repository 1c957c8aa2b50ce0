from odoo import api, fields, models
from odoo.exceptions import UserError

from ...models.discounts.discount import FIXED_AMOUNT_HELP
from ...models.discounts.duration import DurationFields
from ...models.discounts.grant import DISCOUNT_POLICIES, DISCOUNT_POLICY_HELP


class SubscriptionDiscountWizard(DurationFields, models.TransientModel):
    """A discount or coupon, with the upcoming invoices once it is granted."""

    _name = "subscription.discount.wizard"
    _description = "Grant Discount"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    currency_id = fields.Many2one(
        related="subscription_id.currency_id", related_sudo=False
    )
    code = fields.Char("Coupon Code")
    percent = fields.Float("Discount (%)", digits=(16, 4))
    fixed_amount = fields.Monetary(
        "Discount Amount",
        help=FIXED_AMOUNT_HELP,
    )
    date_start = fields.Date("From", required=True)
    policy = fields.Selection(
        DISCOUNT_POLICIES,
        "Starts",
        required=True,
        default="next_period",
        help=DISCOUNT_POLICY_HELP,
    )
    replaces = fields.Boolean(
        "Replace Other Discounts",
        help="Earlier discounts end when this one starts; without a discount here, "
        "they only end.",
    )
    has_discounts = fields.Boolean(
        related="subscription_id.has_discounts", related_sudo=False
    )
    reason = fields.Char()
    state = fields.Selection(related="subscription_id.state", related_sudo=False)
    starts = fields.Text("First Days", compute="_compute_starts")
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.onchange("code")
    def _onchange_code(self):
        if self.code:
            self.percent = self.fixed_amount = self.cycles = 0

    @api.depends("date_start", "policy")
    def _compute_starts(self):
        for wizard in self:
            subscription = wizard.subscription_id
            wizard.starts = False
            if subscription and wizard.date_start:
                subscription.check_access("read")
                wizard.starts = subscription.sudo()._describe_discount_starts(
                    wizard.date_start, wizard.policy
                )

    @api.depends(
        *("code", "percent", "fixed_amount", "cycles"),
        *("date_start", "policy", "replaces"),
    )
    def _compute_preview(self):
        for wizard in self:
            subscription = wizard.subscription_id
            wizard.preview = False
            if subscription and wizard.date_start:
                # Only users who may redeem a code here see its value.
                subscription.check_access("write")
                wizard.preview = subscription.sudo()._render_forecast(wizard._plan)

    def _plan(self):
        """Return the `ChangePlan` of the discount, or refuse."""
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
        """Grant the discount that the preview shows."""
        self.ensure_one()
        subscription = self.subscription_id
        if self.code:
            subscription.redeem_coupon(
                self.code, self.date_start, self.policy, replaces=self.replaces
            )
            return
        if not (self.percent or self.fixed_amount or self.replaces):
            raise UserError(
                self.env._("Enter a coupon code, a percentage or an amount.")
            )
        subscription.grant_discount(
            self._discount_values(),
            self.date_start,
            reason=self.reason,
            policy=self.policy,
            replaces=self.replaces,
        )
