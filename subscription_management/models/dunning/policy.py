"""Dunning policies: steps by day for customers, plans or companies."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...billing_core.collection import Decline
from ...billing_core.dunning import Action, Policy, Step, check_policy
from ...billing_core.errors import BillingError
from ..error_messages import translated
from ..payments.payment_method import PAYERS
from .policy_version import (
    SubscriptionDunningPolicyVersions,
    SubscriptionDunningStepVersions,
)
from .states import PAST_DUE_KEY
from .timeline import SubscriptionDunningPolicyTimeline

ACTIONS = [
    (Action.EMAIL.value, "Email"),
    (Action.CHARGE.value, "Charge"),
    (Action.ACTIVITY.value, "To-do"),
    (Action.SUSPEND.value, "Suspend"),
    (Action.CANCEL.value, "Cancel"),
]


class SubscriptionDunningPolicy(
    SubscriptionDunningPolicyVersions, SubscriptionDunningPolicyTimeline, models.Model
):
    _name = "subscription.dunning.policy"
    _description = "Dunning Policy"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(
        default=10, help="The first policy that applies to an invoice is used."
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty for all companies.")
    payer = fields.Selection(PAYERS, "Paid By", help="Empty for all kinds of payment.")
    plan_ids = fields.Many2many(
        "subscription.plan",
        "subscription_dunning_policy_plan_rel",
        string="Plans",
        check_company=True,
        help="Only for these plans; empty for all.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        "subscription_dunning_policy_partner_rel",
        string="Customers",
        help="Only for these customers; empty for all.",
    )
    step_ids = fields.One2many(
        "subscription.dunning.step", "policy_id", "Dunning Steps"
    )
    charge_delay_days = fields.Integer(
        "Charge After (Days)",
        help="Days between an invoice and its first charge, as for direct debits.",
    )
    past_due_day = fields.Integer(
        "Past Due From Day",
        default=1,
        help="Days after the due date on which the subscription becomes past due.",
    )
    pending_days = fields.Integer(
        "Report Pending After (Days)",
        default=7,
        help="A to-do is created for payments that are still pending after these days.",
    )
    declined_template_id = fields.Many2one(
        "mail.template",
        "When a Charge Is Declined",
        domain="[('model', '=', 'subscription.dunning.case')]",
        ondelete="restrict",
        help="Sent once, when every saved payment method was declined.",
    )
    action_template_id = fields.Many2one(
        "mail.template",
        "When Authentication Is Required",
        domain="[('model', '=', 'subscription.dunning.case')]",
        ondelete="restrict",
        help="Sent when the customer has to approve a charge (3-D Secure).",
    )
    receipt_template_id = fields.Many2one(
        "mail.template",
        "Receipt",
        domain="[('model', '=', 'account.payment')]",
        ondelete="restrict",
        help="Sent after a charge that succeeded; empty for no receipt.",
    )
    keeps_days_off = fields.Boolean(
        "Quiet Days Off",
        default=True,
        help="No letters, suspensions or cancellations on holidays and days without "
        "work in the company's calendar.",
    )
    hour_from = fields.Float("Letters From", default=8.0)
    hour_to = fields.Float("Letters Until", default=19.0)

    _hours_in_order = models.Constraint(
        "CHECK (hour_from >= 0 AND hour_to <= 24 AND hour_from < hour_to)",
        "Letters are sent between two hours from 0 to 24, the first one earlier.",
    )
    _days_not_negative = models.Constraint(
        "CHECK (charge_delay_days >= 0 AND past_due_day >= 0 AND pending_days > 0)",
        "Days of a policy cannot be negative, and pending payments are reported after "
        "1 day or more.",
    )

    @api.constrains("step_ids")
    def _check_steps(self):
        """Refuse steps that contradict each other."""
        for policy in self:
            try:
                check_policy(policy._snapshot_policy())
            except BillingError as error:
                raise ValidationError(policy._sentence_of(error)) from error

    @api.model_create_multi
    def create(self, vals_list):
        policies = super().create(vals_list)
        # The constraint does not run if no steps are given at all.
        policies._check_steps()
        return policies

    def _sentence_of(self, error):
        """Return the sentence of an error, with the labels of the form."""
        action = getattr(error, "action", None)
        if action:
            error.action = dict(
                self.env["subscription.dunning.step"]
                ._fields["action"]
                ._description_selection(self.env)
            )[action]
        return translated(self.env, error)

    def _snapshot_policy(self):
        self.ensure_one()
        past_due = Step(PAST_DUE_KEY, self.past_due_day, Action.PAST_DUE)
        steps = self._steps_by_key().items()
        return Policy((past_due, *(step._snapshot_step(key) for key, step in steps)))

    def _steps_by_key(self):
        """Return {key: step}; steps that are not saved yet follow the saved ones."""
        self.ensure_one()
        last = max(self.step_ids._origin.ids, default=PAST_DUE_KEY)
        return {
            step._origin.id or last + number: step
            for number, step in enumerate(self.step_ids, start=1)
        }

    @api.model
    def _policies_for(self, company):
        """Return the policies of a company in their order, inherited ones last."""
        policies = self.sudo().search(
            [("company_id", "in", [*company.parent_ids.ids, False])]
        )
        # Those of a parent company come last.
        return policies.sorted(
            lambda policy: bool(policy.company_id) and policy.company_id != company
        )

    def _first_for(self, partner, plans, payer):
        """Return the first policy that applies, specific ones before general ones."""
        fitting = self.filtered(
            lambda policy: (
                policy.payer in (payer, False)
                and (not policy.plan_ids or policy.plan_ids & plans)
                and (not policy.partner_ids or partner in policy._customers())
            )
        )
        return (
            fitting.filtered("partner_ids") or fitting.filtered("plan_ids") or fitting
        )[:1]

    def _customers(self):
        return self.partner_ids.commercial_partner_id

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for policy, vals in zip(self, vals_list, strict=True):
            vals["name"] = self.env._("%s (copy)", policy.name)
            vals["step_ids"] = [
                fields.Command.create(step.copy_data()[0]) for step in policy.step_ids
            ]
        return vals_list


class SubscriptionDunningStep(SubscriptionDunningStepVersions, models.Model):
    _name = "subscription.dunning.step"
    _description = "Dunning Step"
    _order = "policy_id, day, id"

    policy_id = fields.Many2one(
        "subscription.dunning.policy", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="policy_id.company_id", store=True)
    day = fields.Integer(
        required=True, help="Days after the due date; below 0 for days before it."
    )
    action = fields.Selection(ACTIONS, required=True, default=Action.EMAIL.value)
    decline = fields.Selection(
        [
            (Decline.FUNDS.value, "Insufficient Funds"),
            (Decline.TEMPORARY.value, "Temporary Failure"),
        ],
        "Only After",
        help="Retry only if this was the reason of the last decline; empty for every "
        "soft decline.",
    )
    template_id = fields.Many2one(
        "mail.template",
        "Email",
        domain="[('model', '=', 'subscription.dunning.case')]",
        ondelete="restrict",
    )
    note = fields.Char("Instructions", translate=True)
    user_id = fields.Many2one(
        "res.users",
        "Assigned To",
        help="Empty for the salesperson of the subscription.",
    )

    @api.constrains("action", "template_id")
    def _check_has_template(self):
        for step in self:
            if step.action == Action.EMAIL.value and not step.template_id:
                raise ValidationError(
                    self.env._(
                        "The email of day %s has no template; choose one.", step.day
                    )
                )

    @api.constrains("day", "action", "decline")
    def _check_policy(self):
        self.policy_id._check_steps()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_last(self):
        for policy, steps in self.grouped("policy_id").items():
            if not policy.step_ids - steps:
                raise ValidationError(
                    self.env._(
                        "“%s” needs at least one step; archive the policy instead.",
                        policy.name,
                    )
                )

    def _snapshot_step(self, key):
        self.ensure_one()
        is_charge = self.action == Action.CHARGE.value
        return Step(
            key=key,
            day=self.day,
            action=Action(self.action),
            decline=Decline(self.decline) if is_charge and self.decline else None,
        )
