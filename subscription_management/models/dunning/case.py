"""Dunning cases: the state of one unpaid invoice and the day of its next step."""

from odoo import api, fields, models

from ...billing_core.collection import Decline, Outcome
from ...billing_core.dunning import (
    Case,
    PaymentReadiness,
    next_step_day,
    upcoming_steps,
)
from ..payments.charge import SubscriptionDunningCharge
from ..payments.customer_payment import SubscriptionDunningCustomerPayment
from ..payments.payment_method import DECLINES, PAYERS
from ..payments.resolve_unknown import SubscriptionDunningResolve
from .case_lifecycle import SubscriptionDunningCaseLifecycle
from .holds import SubscriptionDunningHolds
from .letters import SubscriptionDunningLetters
from .open_credits import SubscriptionDunningCredits
from .related_records import SubscriptionDunningCaseAction
from .run import SubscriptionDunningRun
from .states import (
    BLOCKING,
    HOLDS,
    OUTCOMES,
    STAGES,
    STATES,
)
from .steps import SubscriptionDunningSteps
from .timeline import SubscriptionDunningCaseTimeline


class SubscriptionDunningCase(
    SubscriptionDunningCaseLifecycle,
    SubscriptionDunningHolds,
    SubscriptionDunningLetters,
    SubscriptionDunningCredits,
    SubscriptionDunningCaseAction,
    SubscriptionDunningRun,
    SubscriptionDunningSteps,
    SubscriptionDunningCaseTimeline,
    SubscriptionDunningCharge,
    SubscriptionDunningCustomerPayment,
    SubscriptionDunningResolve,
    models.Model,
):
    _name = "subscription.dunning.case"
    _description = "Dunning Case"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "due_date, id"
    _rec_name = "move_id"
    _mail_post_access = "read"

    move_id = fields.Many2one(
        "account.move", "Invoice", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True
    )
    contact_id = fields.Many2one(
        related="move_id.partner_id", string="Invoice Address", store=True
    )
    subscription_ids = fields.Many2many(
        "subscription.subscription",
        "subscription_dunning_case_subscription_rel",
        string="Subscriptions",
        readonly=True,
    )
    user_id = fields.Many2one(
        "res.users", "Responsible", readonly=True, help="The salesperson."
    )
    currency_id = fields.Many2one(related="move_id.currency_id", store=True)
    amount = fields.Monetary("Amount Due", readonly=True)
    amount_open = fields.Monetary(related="move_id.amount_residual", string="Open")
    due_date = fields.Date(readonly=True, required=True)
    version_id = fields.Many2one(
        "subscription.dunning.version",
        "Policy Version",
        readonly=True,
        ondelete="restrict",
        help="The policy as it was when the case opened.",
    )
    policy_id = fields.Many2one(related="version_id.policy_id", store=True)
    payer = fields.Selection(PAYERS, "Paid By", readonly=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, default="open", index=True, tracking=True
    )
    hold = fields.Selection(HOLDS, readonly=True, tracking=True)
    hold_until = fields.Date(
        readonly=True, tracking=True, help="The last day of the hold."
    )
    hold_reason = fields.Char(readonly=True)
    next_date = fields.Date(
        "Next Step On",
        readonly=True,
        help="Empty while a charge, a payment or a user must act first.",
    )
    charge_at = fields.Datetime(
        "Next Charge",
        readonly=True,
        help="When a saved payment method is charged next.",
    )
    attempt = fields.Integer(
        readonly=True, help="The number of rounds of charges of all saved methods."
    )
    outcome = fields.Selection(OUTCOMES, "Last Charge", readonly=True, tracking=True)
    decline = fields.Selection(DECLINES, "Decline Reason", readonly=True)
    decline_code = fields.Char(readonly=True)
    error = fields.Text(readonly=True, help="Problem that needs manual action.")
    entered_on = fields.Date(
        "In Dunning Since",
        readonly=True,
        help="The day of the first decline, or the first day past due.",
    )
    closed_on = fields.Date(readonly=True)
    closed_after = fields.Char(
        "Recovered After", readonly=True, help="The last step before the payment."
    )
    stage = fields.Selection(
        STAGES, readonly=True, group_expand=True, help="The highest stage so far."
    )
    step_ids = fields.One2many("subscription.dunning.case.step", "case_id", "Steps")
    transaction_ids = fields.One2many(
        "payment.transaction", "managed_case_id", "Charges", readonly=True
    )
    suspended_ids = fields.Many2many(
        "subscription.subscription",
        "subscription_dunning_case_suspended_rel",
        string="Suspended Subscriptions",
        readonly=True,
    )
    suspend_on_resume_ids = fields.Many2many(
        "subscription.subscription",
        "subscription_dunning_case_suspend_on_resume_rel",
        string="Suspended on Resume",
        readonly=True,
        help="Paused or in a trial when they were due for suspension.",
    )
    cancelled_ids = fields.Many2many(
        "subscription.subscription",
        "subscription_dunning_case_cancelled_rel",
        string="Cancelled Subscriptions",
        readonly=True,
    )

    _move_once = models.Constraint(
        "UNIQUE (move_id)", "An invoice has one dunning case."
    )
    _due = models.Index("(next_date, id) WHERE state = 'open'")
    _to_charge = models.Index("(charge_at, id) WHERE charge_at IS NOT NULL")
    _open_of_customer = models.Index("(partner_id) WHERE state = 'open'")

    @api.depends("move_id.name", "partner_id.name")
    def _compute_display_name(self):
        for case in self:
            names = (case.sudo().move_id.name, case.sudo().partner_id.name)
            case.display_name = " · ".join(filter(None, names))

    def _today(self):
        return self.company_id._subscription_today()

    def _in_responsible_language(self):
        """Return the case in the language of its responsible user."""
        self.ensure_one()
        lang = self.user_id.lang or self.company_id.partner_id.lang or self.env.lang
        return self.with_context(lang=lang)

    def _reach(self, stage):
        """Raise the stage, never lower it."""
        order = [value for value, _label in STAGES]
        for case in self:
            reached = order.index(case.stage) if case.stage else -1
            if order.index(stage) > reached:
                case.stage = stage

    def _snapshot_case(self):
        """Return the case as the core sees it."""
        self.ensure_one()
        done = {row.key: row.day for row in self.step_ids if row.result == "done"}
        skipped = {row.key for row in self.step_ids if row.result != "done"}
        return Case(
            due=self.due_date,
            done=done,
            skipped=frozenset(skipped),
            readiness=self._payment_readiness(),
            decline=self._retriable_decline(),
            charged_on=self._last_charge_day(),
        )

    def _payment_readiness(self):
        """Return whether a saved payment method can be charged."""
        self.ensure_one()
        if self.outcome == Outcome.ACTION.value:
            return PaymentReadiness.ACTION
        if self._methods_to_charge():
            return PaymentReadiness.READY
        return PaymentReadiness.NONE

    def _retriable_decline(self):
        """Return the last decline as it applies to the methods that can be charged.

        A hard decline excludes its method and gives no reason against the others.
        """
        decline = Decline(self.decline) if self.decline else None
        return Decline.OTHER if decline is Decline.HARD else decline

    def _last_charge_day(self):
        """Return the company's day of the last charge, None without one."""
        sent = self.transaction_ids.filtered("managed_sent_at").mapped(
            "managed_sent_at"
        )
        return self.company_id._subscription_day(max(sent)) if sent else None

    def _methods_to_charge(self):
        return self.subscription_ids._methods_to_charge(self.partner_id)

    def _upcoming_steps(self, today):
        """Return (step, day) rows of the upcoming steps if nothing is paid."""
        self.ensure_one()
        if not self.version_id:
            return iter(())
        quiet = self.version_id._quiet_days(self.company_id, today)
        policy = self.version_id._snapshot_policy()
        return upcoming_steps(policy, self._snapshot_case(), today, quiet)

    def _plan_next(self, snapshot=None):
        """Set the day of the next step.

        `snapshot` is the core's view of a single case, if the caller has it already.
        """
        for case in self:
            today = case._today()
            case.next_date = case._next_day(today, snapshot)

    def _next_day(self, today, snapshot=None):
        self.ensure_one()
        if self.state != "open" or self.outcome in BLOCKING:
            return False
        if self.hold:
            return self.hold_until and max(
                today, fields.Date.add(self.hold_until, days=1)
            )
        if self._charge_precedes_steps() or not self.version_id:
            return False
        if self._services_to_suspend():
            return today
        quiet = self.version_id._quiet_days(self.company_id, today)
        policy = self.version_id._snapshot_policy()
        return next_step_day(policy, snapshot or self._snapshot_case(), today, quiet)


class SubscriptionDunningCaseStep(models.Model):
    """A step that a case has behind it: done, or skipped."""

    _name = "subscription.dunning.case.step"
    _description = "Dunning Step of a Case"
    _order = "day desc, id desc"

    case_id = fields.Many2one(
        "subscription.dunning.case", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    key = fields.Integer(required=True)
    action = fields.Char(required=True)
    day = fields.Date("On", required=True)
    result = fields.Selection(
        [
            ("done", "Done"),
            ("skipped", "Skipped"),
            ("skipped_manually", "Skipped Manually"),
        ],
        required=True,
        default="done",
    )
    label = fields.Char("Step", compute="_compute_label")

    _step_once = models.Constraint(
        "UNIQUE (case_id, key)", "A case has each step once."
    )

    @api.depends("case_id.version_id", "key")
    @api.depends_context("lang")
    def _compute_label(self):
        for version, rows in self.grouped(lambda row: row.case_id.version_id).items():
            labels = version._labels()
            for row in rows:
                row.label = labels.get(row.key, row.action)
