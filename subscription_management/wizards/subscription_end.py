from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionEnd(models.TransientModel):
    _name = "subscription.end"
    _description = "Cancel a Subscription"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    when = fields.Selection(
        [
            ("paid_until", "At the End of What Is Billed"),
            ("notice", "At the Term's End, with Notice"),
            ("now", "Today"),
            ("date", "On a Date"),
        ],
        required=True,
        default="paid_until",
    )
    last_day = fields.Date(
        "Last Day of Service",
        compute="_compute_last_day",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    reason = fields.Char()
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("when", "subscription_id")
    def _compute_last_day(self):
        for wizard in self:
            subscription = wizard.subscription_id
            today = subscription._today() if subscription else fields.Date.today()
            billed = subscription.line_ids.filtered("closed_until").mapped(
                "closed_until"
            )
            paid_until = max(billed, default=today) - timedelta(days=1)
            if wizard.when == "paid_until":
                wizard.last_day = max(paid_until, today - timedelta(days=1))
            elif wizard.when == "notice" and subscription.line_ids:
                end = subscription._end_with_notice()
                wizard.last_day = end - timedelta(days=1)
            elif wizard.when == "now":
                wizard.last_day = today - timedelta(days=1)
            else:
                wizard.last_day = wizard.last_day or paid_until

    @api.depends("last_day")
    def _compute_preview(self):
        for wizard in self:
            subscription = wizard.subscription_id
            wizard.preview = False
            if wizard.last_day and subscription.state != "draft":
                subscription.check_access("read")
                wizard.preview = subscription.sudo()._render_forecast(wizard._plan)

    def _plan(self):
        subscription = self.subscription_id.sudo()
        amendment = subscription._begin_amendment()
        end = self.last_day + timedelta(days=1)
        subscription._amend_cancelled(amendment, end)
        return amendment

    def action_confirm(self):
        self.ensure_one()
        subscription = self.subscription_id
        if self.last_day < subscription.date_start - timedelta(days=1):
            raise UserError(
                self.env._(
                    "The subscription starts on %s only; choose a later last day.",
                    subscription.date_start,
                )
            )
        subscription._end_on(self.last_day + timedelta(days=1), self.reason)
