"""Where people meet a case: on its invoice, its subscription and its customer."""

from odoo import api, fields, models
from odoo.fields import Domain

from ...billing_core.collection import Outcome


class SubscriptionDunningShown(models.Model):
    _inherit = "subscription.dunning.case"

    def _action_to_view(self):
        """Return the action that shows these cases."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_dunning_case_action"
        )
        action["domain"] = [("id", "in", self.ids)]
        action["context"] = {}
        if len(self) == 1:
            action["views"] = [(False, "form")]
            action["res_id"] = self.id
        return action

    def _has_unknown(self):
        return any(
            case.state == "open" and case.outcome == Outcome.UNKNOWN.value
            for case in self
        )


class AccountMoveShown(models.Model):
    _inherit = "account.move"

    managed_next_step = fields.Char(
        "What Comes Next", compute="_compute_managed_next_step", compute_sudo=True
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


class SubscriptionShown(models.Model):
    _inherit = "subscription.subscription"

    dunning_case_ids = fields.Many2many(
        "subscription.dunning.case",
        "subscription_dunning_case_subscription_rel",
        "subscription_subscription_id",
        "subscription_dunning_case_id",
        "Unpaid Invoices",
        copy=False,
        readonly=True,
    )
    next_dunning_step = fields.Char(
        "What Comes Next", compute="_compute_next_dunning_step", compute_sudo=True
    )
    has_unknown_charge = fields.Boolean(
        compute="_compute_next_dunning_step", compute_sudo=True
    )

    @api.depends_context("lang")
    def _compute_next_dunning_step(self):
        for subscription in self:
            late = subscription._cases_in_dunning().sorted(
                lambda case: (case.next_date or case.due_date, case.id)
            )
            subscription.next_dunning_step = late[:1].next_step
            subscription.has_unknown_charge = late._has_unknown()

    def _cases_in_dunning(self):
        """Return the open cases of what is late, declined or not known."""
        return self.dunning_case_ids.filtered(
            lambda case: (
                case.state == "open" and (case.entered_on or case._has_unknown())
            )
        )

    def action_view_dunning_cases(self):
        self.ensure_one()
        return self._cases_in_dunning()._action_to_view()


class ResPartnerShown(models.Model):
    _inherit = "res.partner"

    managed_open_case_count = fields.Integer(compute="_compute_managed_cases")
    managed_payment_method_count = fields.Integer(compute="_compute_managed_cases")

    def _compute_managed_cases(self):
        cases, methods = (
            self.env[name]
            for name in ("subscription.dunning.case", "subscription.payment.method")
        )
        for partner in self:
            own = Domain("partner_id", "=", partner.commercial_partner_id.id)
            partner.managed_payment_method_count = methods.search_count(own)
            partner.managed_open_case_count = cases.search_count(
                own & Domain("state", "=", "open")
            )

    def action_view_managed_cases(self):
        self.ensure_one()
        own = Domain("partner_id", "=", self.commercial_partner_id.id)
        cases = self.env["subscription.dunning.case"]
        return cases.search(own & Domain("state", "=", "open"))._action_to_view()

    def action_view_managed_payment_methods(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_payment_method_action"
        )
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id)]
        return action
