"""Renew a subscription, after a preview of the next term and its invoices."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionRenewWizard(models.TransientModel):
    """The next term with its upcoming invoices."""

    _name = "subscription.renew.wizard"
    _description = "Renew Subscription"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    date_start = fields.Date(
        "Next Term From",
        compute="_compute_date_start",
        store=True,
        precompute=True,
    )
    last_day = fields.Date("Until", compute="_compute_term")
    early_percent = fields.Float("Early Renewal Discount (%)", compute="_compute_term")
    reason = fields.Char()
    preview = fields.Html(compute="_compute_term", sanitize=False)

    @api.depends("subscription_id")
    def _compute_date_start(self):
        """Keep the term that is shown, so that a second window cannot renew twice."""
        for wizard in self:
            wizard.date_start = wizard.subscription_id.term_end

    @api.depends("subscription_id")
    def _compute_term(self):
        for wizard in self:
            subscription = wizard.subscription_id
            subscription.check_access("read")
            day = subscription.term_end
            end = day and subscription._term_end_after(day)
            is_early = subscription._is_before_term_end()
            wizard.last_day = end and fields.Date.subtract(end, days=1)
            wizard.early_percent = (
                subscription.plan_id.early_renewal_percent if is_early else 0.0
            )
            wizard.preview = day and subscription.sudo()._render_forecast(
                wizard._plan, until=end or fields.Date.add(day, years=1)
            )

    def _plan(self):
        subscription = self.subscription_id.sudo()
        subscription._check_not_cancelled_for_renewal()
        return subscription._plan_renewal(
            subscription._renewal_rows(is_early=subscription._is_before_term_end())
        )

    def action_confirm(self):
        """Renew for the term that the preview shows."""
        self.ensure_one()
        self.subscription_id.lock_for_update()
        self.subscription_id._check_can_renew()
        self.subscription_id._check_not_cancelled_for_renewal()
        if self.subscription_id.term_end != self.date_start:
            raise UserError(
                self.env._(
                    "%s was renewed already; close this window.",
                    self.subscription_id.name,
                )
            )
        subscription = self.subscription_id
        subscription._renew(
            reason=self.reason, is_early=subscription._is_before_term_end()
        )

    def action_quote(self):
        """Open the renewal quotation, for the customer to accept."""
        self.ensure_one()
        return self.subscription_id.action_quote_renewal()
