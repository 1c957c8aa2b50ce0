"""Invoices open, follow and close their dunning cases, and show them."""

from odoo import api, fields
from odoo.fields import Command

from ..model_part import ModelPart


class AccountMoveDunning(ModelPart):
    _register = False

    managed_next_step = fields.Char(
        "Next Dunning Step", compute="_compute_managed_next_step", compute_sudo=True
    )
    managed_has_unknown_charge = fields.Boolean(
        compute="_compute_managed_next_step", compute_sudo=True
    )

    @api.depends_context("lang")
    def _compute_managed_next_step(self):
        for move in self:
            case = move.managed_case_ids.filtered(lambda each: each.state == "open")
            move.managed_next_step = case.next_step
            move.managed_has_unknown_charge = case._has_unknown()

    def action_view_managed_case(self):
        return self.managed_case_ids._action_to_view()

    def _post(self, soft=True):
        """Update the cases of corrected invoices to their new date and amount."""
        posted = super()._post(soft)
        posted.sudo().managed_case_ids._follow_invoice()
        return posted

    @api.ondelete(at_uninstall=False)
    def _unlink_close_cases(self):
        """Close the cases of deleted invoices, and reactivate their services."""
        cases = self.sudo().managed_case_ids
        cases.filtered(lambda case: case.state == "open")._close()

    def _invoice_paid_hook(self):
        """Close the cases of paid invoices, however they were paid.

        A case that cannot be closed refuses no payment: the next run closes it.
        """
        result = super()._invoice_paid_hook()
        open_cases = self.sudo().managed_case_ids.filtered(
            lambda case: case.state == "open" and case._is_settled()
        )
        if open_cases:
            open_cases._run_each(lambda each: each._close())
        return result

    def _prepare_dunning_case_values(self):
        self.ensure_one()
        subscriptions = self.sudo().managed_billed_period_ids.subscription_id
        methods = subscriptions._methods_to_charge()
        payer = methods[:1].payer or "manual"
        return {
            "move_id": self.id,
            "company_id": self.company_id.id,
            "partner_id": self.commercial_partner_id.id,
            "subscription_ids": [Command.set(subscriptions.ids)],
            "user_id": subscriptions.user_id[:1].id,
            "amount": self.amount_residual,
            "due_date": self.invoice_date_due or self.invoice_date,
            "payer": payer,
            "version_id": self._dunning_version(subscriptions.plan_id, payer).id,
        }

    def _dunning_version(self, plans, payer):
        """Return the policy version for an invoice, empty if no policy applies."""
        policies = self.env["subscription.dunning.policy"]
        fitting = policies._policies_for(self.company_id)._first_for(
            self.commercial_partner_id, plans, payer
        )
        return fitting._version() if fitting else policies.version_ids

    def _dunning_payment_url(self):
        """Return the link to pay the invoice online without signing in."""
        self.ensure_one()
        return self.get_base_url() + self.get_portal_url(
            query_string="&payment=True", anchor="portal_pay"
        )
