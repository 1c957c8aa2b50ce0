"""Evaluate opportunity rules once a day, and link quotations to opportunities."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.subscription_management.billing_core.lifecycle import (
    COMMITTED,
    ENDED,
)

EVALUATED_STATES = tuple(state.value for state in COMMITTED)
CRON = "subscription_crm.ir_cron_find_opportunities"


class SubscriptionOpportunities(models.Model):
    _inherit = "subscription.subscription"

    opportunities_checked_on = fields.Date(
        copy=False,
        readonly=True,
        help="The last day on which the opportunity rules were evaluated; empty to "
        "evaluate them at the next run.",
    )
    opportunity_finding_ids = fields.One2many(
        "subscription.opportunity.finding", "subscription_id", copy=False
    )

    # === EVALUATION OF RULES === #

    @api.model
    def _cron_find_opportunities(self):
        """Evaluate the rules once a day for the subscriptions that they may concern."""
        rules = self.env["subscription.opportunity.rule"].search(
            [("active", "=", True)]
        )
        concerned = Domain.OR([rule._candidates() for rule in rules])
        unfinished = Domain(
            "opportunity_finding_ids", "any", [("cleared_on", "=", False)]
        )
        not_today = self._not_evaluated_today()
        found = self.search(not_today & (unfinished | concerned))
        self._run_for_each(
            not_today & Domain("id", "in", found.ids),
            lambda each: each._find_opportunities(),
        )

    @api.model
    def _not_evaluated_today(self):
        """Return the domain of subscriptions not evaluated on their company's today."""
        never = Domain("opportunities_checked_on", "=", False)
        return never | self.env["res.company"]._domain_by_today(
            lambda today: [("opportunities_checked_on", "<", today)]
        )

    def _find_opportunities(self):
        """Record cleared conditions, then create the opportunities of the rules."""
        self.ensure_one()
        subscription = self.sudo().with_company(self.company_id)
        findings = subscription.opportunity_finding_ids
        findings.filtered(lambda each: not each.cleared_on)._record_cleared()
        if self.state in EVALUATED_STATES:
            rules = subscription.env["subscription.opportunity.rule"].search(
                [("company_id", "in", [False, self.company_id.id])]
            )
            for rule in rules:
                rule._evaluate(subscription)
        subscription.opportunities_checked_on = self._today()

    def _change_observers(self):
        return [*super()._change_observers(), self._evaluate_opportunities_after]

    def _evaluate_opportunities_after(self, changes):
        """Evaluate changed subscriptions again, at once if revenue may be lost.

        The scheduled action does it, so that it never blocks a change.
        """
        evaluated = self.sudo().filtered("opportunities_checked_on")
        evaluated.opportunities_checked_on = False
        if any(change.sudo()._may_reduce_revenue() for change in changes):
            self.env.ref(CRON).sudo()._trigger()

    def _describe_cleared(self, finding):
        """Return the sentence that a condition is cleared, or None while it holds."""
        self.ensure_one()
        if self.state in ENDED:
            return self.env._("The subscription has ended.")
        return finding.rule_id._condition().cleared(self, finding)

    def _is_cancellation_scheduled(self):
        """Return whether a customer's cancellation takes effect on a later date."""
        self.ensure_one()
        return bool(
            self.date_end
            and self.date_end > self._today()
            and not self.ends_by_expiry
            and not self._transfer_change()
        )

    def _invoices_overdue_for(self, days):
        """Return the invoices that are overdue for so many days, oldest first."""
        self.ensure_one()
        last = self._today() - timedelta(days=max(days, 1))
        return self.invoice_ids.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.state == "posted"
                and move.invoice_date_due
                and move.invoice_date_due <= last
                and move.currency_id.compare_amounts(move.amount_residual, 0) > 0
            )
        ).sorted(lambda move: (move.invoice_date_due, move.id))

    # === QUOTATIONS OF OPPORTUNITIES === #

    def _open_wizard(self, model, name, **context):
        """Keep the opportunity for which a quotation is made."""
        if lead := self.env.context.get("quoted_opportunity_id"):
            context["quoted_opportunity_id"] = lead
        return super()._open_wizard(model, name, **context)

    def _quoted_opportunity(self):
        """Return the opportunity from which a quotation is requested, if any."""
        number = self.env.context.get("quoted_opportunity_id")
        lead = self.env["crm.lead"].browse(number or []).exists()
        lead.check_access("read")
        return lead

    def _prepare_quotation_values(self):
        values = super()._prepare_quotation_values()
        if lead := self._quoted_opportunity():
            defaults = lead._prepare_opportunity_quotation_context()
            values = {
                **{name.removeprefix("default_"): defaults[name] for name in defaults},
                **values,
            }
            if lead.user_id:
                values["user_id"] = lead.user_id.id
        return values

    def _current_renewal_quotation(self):
        order = super()._current_renewal_quotation()
        if lead := self._quoted_opportunity():
            order.opportunity_id = order.opportunity_id or lead
        return order
