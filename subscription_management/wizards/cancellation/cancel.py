"""Cancel a subscription, after a retention offer of the chosen reason."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...models.discounts.grant import DISCOUNT_POLICIES, DISCOUNT_POLICY_HELP


class SubscriptionCancelWizard(models.TransientModel):
    _name = "subscription.cancel.wizard"
    _description = "Cancel Subscription"
    _check_company_auto = True

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    is_quoted = fields.Boolean(
        help="The cancellation is quoted, for the customer to accept."
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", related_sudo=False
    )
    state = fields.Selection(related="subscription_id.state", related_sudo=False)
    when = fields.Selection(
        [
            ("billed_period_end", "At End of Billed Period"),
            ("notice", "At End of Term, with Notice Period"),
            ("now", "Immediately"),
            ("date", "On a Date"),
        ],
        required=True,
        default="billed_period_end",
    )
    last_day = fields.Date(
        "Last Day of Service",
        compute="_compute_last_day",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    cancellation_reason_id = fields.Many2one(
        "subscription.cancellation.reason", "Reason", check_company=True
    )
    reason = fields.Char("Comment")
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    has_offer = fields.Boolean(compute="_compute_offer")
    offer_label = fields.Char(compute="_compute_offer")
    offer_text = fields.Text(related="cancellation_reason_id.offer_text")
    offer_day = fields.Date(
        "Offer Starts On",
        compute="_compute_offer_day",
        store=True,
        readonly=False,
        precompute=True,
    )
    offer = fields.Selection(related="cancellation_reason_id.offer")
    offer_policy = fields.Selection(
        DISCOUNT_POLICIES,
        "Discount Begins",
        required=True,
        default="next_period",
        help=DISCOUNT_POLICY_HELP,
    )
    offer_refusal = fields.Char(compute="_compute_offer")
    offer_preview = fields.Html(compute="_compute_offer", sanitize=False)

    @api.depends("when", "subscription_id")
    def _compute_last_day(self):
        for wizard in self:
            subscription = wizard.subscription_id
            today = (subscription.company_id or self.env.company)._subscription_today()
            end = subscription._billed_period_end() if subscription else today
            billed_period_end = end - timedelta(days=1)
            if wizard.when == "billed_period_end":
                wizard.last_day = billed_period_end
            elif wizard.when == "notice" and subscription.line_ids:
                end = subscription._end_after_notice()
                wizard.last_day = end - timedelta(days=1)
            elif wizard.when == "now":
                wizard.last_day = today - timedelta(days=1)
            else:
                wizard.last_day = wizard.last_day or billed_period_end

    @api.depends("last_day")
    def _compute_preview(self):
        for wizard in self:
            subscription = wizard.subscription_id
            wizard.preview = False
            if wizard.last_day and subscription.state != "draft":
                subscription.check_access("read")
                end = wizard.last_day + timedelta(days=1)
                wizard.preview = subscription.sudo()._render_forecast(
                    wizard._plan, since=subscription._billed_again_on(end)
                )

    @api.depends("subscription_id")
    def _compute_offer_day(self):
        for wizard in self:
            subscription = wizard.subscription_id
            wizard.offer_day = subscription and subscription._offer_start()

    @api.depends(
        "cancellation_reason_id", "offer_day", "offer_policy", "subscription_id"
    )
    def _compute_offer(self):
        for wizard in self:
            subscription = wizard.subscription_id
            reason, day = wizard.cancellation_reason_id, wizard.offer_day
            label = reason and reason._describe_offer()
            wizard.offer_label = label
            wizard.has_offer = label and subscription.state != "draft"
            wizard.offer_refusal = wizard.offer_preview = False
            if not wizard.has_offer or not day:
                continue
            subscription.check_access("read")
            subscription = subscription.sudo()
            refusal = subscription._offer_refusal(reason, day)
            wizard.offer_refusal = refusal
            if not refusal:
                wizard.offer_preview = wizard._render_offer()

    def _render_offer(self):
        """Return the upcoming invoices with the offer, as a table."""
        subscription, day = self.subscription_id.sudo(), self.offer_day
        reason = self.cancellation_reason_id.sudo()
        if reason.offer == "pause":
            pause = self.env["subscription.pause.wizard"].new(
                {
                    "subscription_id": subscription.id,
                    "date_start": day,
                    "resume_on": reason._pause_end(day),
                }
            )
            return pause.preview
        values = reason.coupon_id._prepare_discount_values()
        return subscription._render_forecast(
            lambda: subscription._plan_discount(values, day, policy=self.offer_policy)
        )

    def _plan(self):
        subscription = self.subscription_id.sudo()
        return subscription._plan_cancellation(self.last_day + timedelta(days=1))

    def action_confirm(self):
        """Cancel the subscription with the chosen last day of service."""
        self.ensure_one()
        subscription = self.subscription_id
        if self.last_day < subscription.date_start - timedelta(days=1):
            raise UserError(
                self.env._(
                    "The subscription starts on %s; choose a later last day.",
                    format_date(self.env, subscription.date_start),
                )
            )
        subscription._end_on(
            self.last_day + timedelta(days=1),
            self.reason,
            because=self.cancellation_reason_id,
        )

    def action_quote(self):
        """Create a quotation of the cancellation, for the customer to accept."""
        self.ensure_one()
        order = self.subscription_id._quote_cancellation(
            self.last_day + timedelta(days=1), self.cancellation_reason_id, self.reason
        )
        return order._get_records_action()

    def action_accept_offer(self):
        """Apply the retention offer; the subscription continues."""
        self.ensure_one()
        subscription = self.subscription_id
        subscription.accept_offer(
            self.cancellation_reason_id,
            self.offer_day or subscription._offer_start(),
            self.reason,
            self.offer_policy,
        )
