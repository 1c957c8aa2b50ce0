"""One invoice that is to be paid: charged, chased, and closed when it is."""

from odoo import api, fields, models
from odoo.tools import SQL

from ...billing_core.collection import UNRESOLVED, Decline, Outcome
from ...billing_core.dunning import (
    Action,
    Case,
    PaymentReadiness,
    next_step_day,
    upcoming_steps,
)
from ..payments.payment_method import DECLINES, PAYERS

SENDING = "sending"
"""A charge whose answer nobody noted yet: it may be under way, or lost."""

OUTCOMES = [
    (SENDING, "Being Charged"),
    (Outcome.PAID.value, "Charged"),
    (Outcome.PENDING.value, "Payment Pending"),
    (Outcome.DECLINED.value, "Declined"),
    (Outcome.ACTION.value, "Customer Must Agree"),
    (Outcome.UNKNOWN.value, "Outcome Unknown"),
]
UNSETTLED = (SENDING, *sorted(UNRESOLVED))
"""The outcomes of which money may still come."""

BLOCKING = (*UNSETTLED, Outcome.PAID.value)
"""The outcomes beside which nothing is done, until what was paid is written down."""

STATES = [("open", "Open"), ("paid", "Paid"), ("settled", "Nothing Owed")]
STAGES = [
    ("declined", "Declined"),
    (Action.PAST_DUE.value, "Past Due"),
    (Action.CHARGE.value, "Charged Again"),
    (Action.EMAIL.value, "Reminded"),
    (Action.ACTIVITY.value, "With a Person"),
    (Action.SUSPEND.value, "Suspended"),
    (Action.CANCEL.value, "Cancelled"),
]
"""How far a case has come: what is further down is not undone by what follows."""

HOLDS = [("promised", "Promised"), ("disputed", "Disputed"), ("paused", "Paused")]
PAID_STATES = ("paid", "in_payment")


class SubscriptionDunningCase(models.Model):
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
    amount = fields.Monetary("Asked For", readonly=True)
    amount_open = fields.Monetary(related="move_id.amount_residual", string="Open")
    due_date = fields.Date(readonly=True, required=True)
    version_id = fields.Many2one(
        "subscription.dunning.version",
        "Policy Version",
        readonly=True,
        ondelete="restrict",
        help="As it was when the case began.",
    )
    policy_id = fields.Many2one(related="version_id.policy_id", store=True)
    payer = fields.Selection(PAYERS, "Paid By", readonly=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, default="open", index=True, tracking=True
    )
    hold = fields.Selection(HOLDS, readonly=True, tracking=True)
    hold_until = fields.Date(
        readonly=True, tracking=True, help="The last day on which nothing is done."
    )
    hold_reason = fields.Char(readonly=True)
    next_date = fields.Date(
        "Next Step On",
        readonly=True,
        help="Empty while something else has to happen first.",
    )
    charge_at = fields.Datetime(
        "Charge From", readonly=True, help="When a saved method is charged next."
    )
    attempt = fields.Integer(
        readonly=True, help="How often the saved methods were gone through."
    )
    outcome = fields.Selection(OUTCOMES, "Last Charge", readonly=True, tracking=True)
    decline = fields.Selection(DECLINES, "Why Declined", readonly=True)
    decline_code = fields.Char(readonly=True)
    error = fields.Text(readonly=True, help="What a person has to cure.")
    entered_on = fields.Date(
        "In Dunning Since",
        readonly=True,
        help="The day of the first decline, or from which it was past due.",
    )
    closed_on = fields.Date(readonly=True)
    closed_after = fields.Char(
        "Recovered After", readonly=True, help="The last step before it was paid."
    )
    stage = fields.Selection(
        STAGES, readonly=True, group_expand=True, help="The gravest step so far."
    )
    step_ids = fields.One2many("subscription.dunning.done", "case_id", "What Was Done")
    transaction_ids = fields.One2many(
        "payment.transaction", "managed_case_id", "Charges", readonly=True
    )
    suspended_ids = fields.Many2many(
        "subscription.subscription",
        "subscription_dunning_case_suspended_rel",
        string="Suspended by It",
        readonly=True,
    )
    paused_ids = fields.Many2many(
        "subscription.subscription",
        "subscription_dunning_case_resting_rel",
        string="Suspended Once They Go On",
        readonly=True,
        help="They were paused, or in a trial, when they were to be suspended.",
    )
    cancelled_ids = fields.Many2many(
        "subscription.subscription",
        "subscription_dunning_case_cancelled_rel",
        string="Cancelled by It",
        readonly=True,
    )

    _move_once = models.Constraint(
        "UNIQUE (move_id)", "An invoice is chased by one case."
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

    def _worded(self):
        """Return the case in the language of whoever is responsible for it."""
        self.ensure_one()
        lang = self.user_id.lang or self.company_id.partner_id.lang or self.env.lang
        return self.with_context(lang=lang)

    def _reach(self, stage):
        """Note a stage, unless a graver one was reached."""
        order = [value for value, _label in STAGES]
        for case in self:
            reached = order.index(case.stage) if case.stage else -1
            if order.index(stage) > reached:
                case.stage = stage

    def _snapshot_case(self):
        """Return the case as the core sees it."""
        self.ensure_one()
        done = {row.key: row.day for row in self.step_ids if row.result == "done"}
        passed = {row.key for row in self.step_ids if row.result != "done"}
        return Case(
            due=self.due_date,
            done=done,
            skipped=frozenset(passed),
            readiness=self._method(),
            decline=self._decline(),
        )

    def _method(self):
        """Return what there is to charge."""
        self.ensure_one()
        if self.outcome == Outcome.ACTION.value:
            return PaymentReadiness.ACTION
        return (
            PaymentReadiness.READY
            if self._methods_to_charge()
            else PaymentReadiness.NONE
        )

    def _decline(self):
        """Return why what is left to charge was declined last.

        What was refused for good is not charged any more; of the others it says
        nothing.
        """
        decline = Decline(self.decline) if self.decline else None
        return Decline.OTHER if decline is Decline.HARD else decline

    def _methods_to_charge(self):
        return self.subscription_ids._methods_to_charge(self.partner_id)

    def _foresee(self, today):
        """Return (step, day) rows of what will be done if nothing is paid."""
        self.ensure_one()
        if not self.version_id:
            return iter(())
        quiet = self.version_id._quiet_days(self.company_id, today)
        policy = self.version_id._snapshot_policy()
        return upcoming_steps(policy, self._snapshot_case(), today, quiet)

    def _plan_next(self, snapshot=None):
        """Note the day on which something is to be done next.

        `snapshot` is what is known of a single case already.
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
        if self._charge_comes_first() or not self.version_id:
            return False
        if self._services_to_suspend():
            return today
        quiet = self.version_id._quiet_days(self.company_id, today)
        policy = self.version_id._snapshot_policy()
        return next_step_day(policy, snapshot or self._snapshot_case(), today, quiet)

    def _lock(self):
        """Keep other workers off these; return those that nobody else has."""
        return self.try_lock_for_update(allow_referencing=True)

    @api.model
    def _take(self, condition, limit):
        """Return open cases that no other worker has, locked for this transaction."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM subscription_dunning_case WHERE state = 'open' AND %s "
                "LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
                condition,
                limit,
            )
        )
        return self.browse(row_id for (row_id,) in rows)


class SubscriptionDunningDone(models.Model):
    """A step of a case: done, passed over or skipped by a person, once."""

    _name = "subscription.dunning.done"
    _description = "Dunning Step Done"
    _order = "day desc, id desc"

    case_id = fields.Many2one(
        "subscription.dunning.case", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    key = fields.Integer(required=True)
    action = fields.Char(required=True)
    day = fields.Date("On", required=True)
    result = fields.Selection(
        [("done", "Done"), ("passed", "Passed Over"), ("skipped", "Skipped")],
        required=True,
        default="done",
    )
    label = fields.Char("Step", compute="_compute_label")

    _step_once = models.Constraint(
        "UNIQUE (case_id, key)", "A step of a case is done once."
    )

    @api.depends("case_id.version_id", "key")
    @api.depends_context("lang")
    def _compute_label(self):
        for version, rows in self.grouped(lambda row: row.case_id.version_id).items():
            labels = version._labels()
            for row in rows:
                row.label = labels.get(row.key, row.action)
