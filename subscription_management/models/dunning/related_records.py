"""Dunning cases on their subscriptions, plans and customers."""

from odoo import api, fields
from odoo.fields import Domain

from ...billing_core.dunning import Action
from ..model_part import ModelPart
from ..payments.payment_method import PAYERS

STAFF = "subscription_management.group_subscription_user"


class SubscriptionDunningCaseAction(ModelPart):
    _register = False

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

    def _first_to_act(self):
        """Return the case with the earliest step."""
        return self.sorted(lambda case: (case.next_date or case.due_date, case.id))[:1]

    def _has_unknown(self):
        return any(case.state == "open" and case.has_unknown_charge for case in self)


class SubscriptionDunningCases(ModelPart):
    _register = False

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
        compute="_compute_next_dunning_step", compute_sudo=True
    )
    has_unknown_charge = fields.Boolean(
        compute="_compute_next_dunning_step", compute_sudo=True
    )

    @api.depends_context("lang")
    def _compute_next_dunning_step(self):
        for subscription in self:
            cases = subscription._cases_in_dunning()
            subscription.next_dunning_step = cases._first_to_act().next_step
            subscription.has_unknown_charge = cases._has_unknown()

    def _cases_in_dunning(self):
        """Return the open cases that are past due, declined or of unknown outcome."""
        return self.dunning_case_ids.filtered(
            lambda case: (
                case.state == "open" and (case.entered_on or case._has_unknown())
            )
        )

    def action_view_dunning_cases(self):
        self.ensure_one()
        return self._cases_in_dunning()._action_to_view()

    def _close_suspension_by_dunning_after(self, before):
        """Release the dunning cases of subscriptions that are no longer suspended."""
        suspended = self.filtered(lambda each: before[each] == "suspended")
        cases = self.env["subscription.dunning.case"].sudo()
        for subscription in suspended:
            for case in cases._cases_suspending(subscription):
                case.suspended_ids -= subscription

    def _follow_dunning(self):
        """Apply after a pause or trial the suspension that became due during it."""
        for subscription in self:
            open_cases = subscription.sudo().dunning_case_ids.filtered(
                lambda case: case.state == "open"
            )
            for each in open_cases.sorted(lambda case: (case.due_date, case.id)):
                case = each._in_responsible_language()
                own = subscription.with_env(case.env)
                done = case.step_ids.filtered(lambda row: row.result == "done")
                if own in case._services_to_suspend() and case._is_collectible():
                    case._suspend_service(own)
                elif own.state == "active" and Action.PAST_DUE in done.mapped("action"):
                    own._set_state("past_due")


class SubscriptionPlanDunning(ModelPart):
    _register = False

    dunning_policy_ids = fields.Many2many(
        "subscription.dunning.policy",
        string="Dunning Policies",
        compute="_compute_dunning_policy_ids",
        help="The policies of its invoices, one for each kind of payment; a policy of "
        "the customer takes precedence.",
    )

    @api.depends("company_id")
    def _compute_dunning_policy_ids(self):
        no_customer = self.env["res.partner"]
        for plan in self:
            policies = self.env["subscription.dunning.policy"]._policies_for(
                plan.company_id or self.env.company
            )
            plan.dunning_policy_ids = policies.browse().union(
                *(
                    policies._first_for(no_customer, plan._origin, payer)
                    for payer, _label in PAYERS
                )
            )


class ResPartnerDunning(ModelPart):
    _register = False

    managed_open_case_count = fields.Integer(
        compute="_compute_managed_cases", groups=STAFF
    )
    managed_payment_method_count = fields.Integer(
        compute="_compute_managed_cases", groups=STAFF
    )
    managed_next_step = fields.Char(
        "Next Dunning Step", compute="_compute_managed_cases", groups=STAFF
    )
    managed_dunning_policy_ids = fields.Many2many(
        "subscription.dunning.policy",
        string="Own Dunning Policies",
        compute="_compute_managed_dunning_policy_ids",
        groups=STAFF,
    )

    @api.depends_context("company")
    def _compute_managed_dunning_policy_ids(self):
        policies = self.env["subscription.dunning.policy"]._policies_for(
            self.env.company
        )
        for partner in self:
            owner = partner.commercial_partner_id._origin
            partner.managed_dunning_policy_ids = policies.filtered(
                lambda policy, owner=owner: owner in policy._customers()
            )

    @api.depends_context("lang")
    def _compute_managed_cases(self):
        cases, methods = (
            self.env[name]
            for name in ("subscription.dunning.case", "subscription.payment.method")
        )
        for partner in self:
            own = Domain("partner_id", "=", partner.commercial_partner_id.id)
            partner.managed_payment_method_count = methods.search_count(own)
            unpaid = cases.search(own & Domain("state", "=", "open"))
            partner.managed_open_case_count = len(unpaid)
            partner.managed_next_step = unpaid._first_to_act().next_step

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
