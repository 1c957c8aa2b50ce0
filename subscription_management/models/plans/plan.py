"""Plans: the interval, timing, term and invoicing of their subscriptions."""

from fractions import Fraction

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain

from ...billing_core.billing_calendar import (
    Anchor,
    AnchorKind,
    BillingCalendar,
    Interval,
    IntervalUnit,
    StubPolicy,
    Timing,
)
from ...billing_core.errors import BillingError
from ...billing_core.lifecycle import SERVED
from ..dunning.related_records import SubscriptionPlanDunning
from ..dunning.reminders import SubscriptionPlanReminders
from ..error_messages import translated
from ..fulfilment.fulfilment import SubscriptionPlanFulfilment
from ..payments.payment_method_order import SubscriptionPlanPaymentMethods
from ..renewals.plan_renewal import SubscriptionPlanRenewal
from ..sales.subscription_plan import SubscriptionPlanSale
from ..subscriptions.lifecycle import SubscriptionPlanStart
from ..subscriptions.suspension import SubscriptionPlanSuspension
from ..subscriptions.trial import SubscriptionPlanTrial
from .plan_policies import SubscriptionPlanPolicies

CALENDAR = {
    "interval_count",
    "interval_unit",
    "timing",
    "anchor_kind",
    "anchor_day",
    "stub_policy",
    "cut_off_days",
    "due_shift_days",
}
"""The fields that decide the billing periods and the charge of the stub period."""


class SubscriptionPlan(
    SubscriptionPlanDunning,
    SubscriptionPlanReminders,
    SubscriptionPlanFulfilment,
    SubscriptionPlanPaymentMethods,
    SubscriptionPlanPolicies,
    SubscriptionPlanRenewal,
    SubscriptionPlanSale,
    SubscriptionPlanStart,
    SubscriptionPlanSuspension,
    SubscriptionPlanTrial,
    models.Model,
):
    _name = "subscription.plan"
    _description = "Subscription Plan"
    _inherit = ["mail.thread"]
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    color = fields.Integer()
    company_id = fields.Many2one(
        "res.company",
        help="Leave empty to offer the plan in every company.",
    )
    description = fields.Html(translate=True)

    interval_count = fields.Integer(
        "Interval",
        required=True,
        default=1,
        tracking=True,
        help="The length of a billing period, in the unit beside it.",
    )
    interval_unit = fields.Selection(
        [
            ("day", "Days"),
            ("week", "Weeks"),
            ("month", "Months"),
            ("quarter", "Quarters"),
            ("half_year", "Half-Years"),
            ("year", "Years"),
        ],
        required=True,
        default="month",
        tracking=True,
    )
    interval_label = fields.Char("Billing Interval", compute="_compute_interval_label")
    timing = fields.Selection(
        [("in_advance", "In Advance"), ("in_arrears", "In Arrears")],
        required=True,
        default="in_advance",
        tracking=True,
        help="In advance: billed on the first day of the period.\n"
        "In arrears: billed on the day after its last day.",
    )
    due_shift_days = fields.Integer(
        "Invoice Offset (Days)",
        help="Days by which invoices are later than the timing says; a negative number "
        "bills earlier.",
    )
    anchor_kind = fields.Selection(
        [
            ("anniversary", "Start Date"),
            ("day_of_month", "Day of the Month"),
            ("calendar", "First Day of the Calendar Period"),
        ],
        string="Periods Start On",
        required=True,
        default="anniversary",
        tracking=True,
    )
    anchor_day = fields.Integer(
        "Day", default=1, help="1 to 31; 31 is the last day of every month."
    )
    stub_policy = fields.Selection(
        [
            ("prorated", "Prorated"),
            ("free", "Free"),
            ("full", "As a Full Period"),
        ],
        string="Stub Period",
        required=True,
        default="prorated",
    )
    cut_off_days = fields.Integer(
        "Combine Stub Periods Below (Days)",
        help="A stub period with fewer days is billed in one invoice with the next "
        "full period.",
    )

    term_count = fields.Integer(
        "Term", help="Leave at 0 for subscriptions without a fixed term."
    )
    term_unit = fields.Selection(
        [("month", "Months"), ("year", "Years")], default="year"
    )

    invoice_policy = fields.Selection(
        [("post", "Post"), ("draft", "Leave in Draft")],
        string="New Invoices",
        required=True,
        default="post",
        tracking=True,
    )
    catch_up_policy = fields.Selection(
        [
            ("together", "In One Invoice"),
            ("apart", "In One Invoice Each"),
        ],
        string="Missed Periods",
        required=True,
        default="together",
    )
    sends_invoices = fields.Boolean(
        "Send Invoices by Email",
        help="Posted invoices are sent by the scheduled action that sends invoices.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        domain="[('type', '=', 'sale')]",
        help="Leave empty to use the company's first sales journal.",
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        check_company=True,
        help="Leave empty to use the customer's payment terms.",
    )

    # A copy of a plan has the prices of `_prices_to_copy`.
    pricing_rule_ids = fields.One2many(
        "subscription.pricing.rule", "plan_id", "Prices", copy=False
    )
    subscription_ids = fields.One2many("subscription.subscription", "plan_id")
    active_subscription_count = fields.Integer(
        "Active Subscriptions", compute="_compute_active_subscription_count"
    )

    @api.depends("interval_count", "interval_unit")
    @api.depends_context("lang")
    def _compute_interval_label(self):
        units = dict(self._fields["interval_unit"]._description_selection(self.env))
        singular = {
            "day": self.env._("Daily"),
            "week": self.env._("Weekly"),
            "month": self.env._("Monthly"),
            "quarter": self.env._("Quarterly"),
            "half_year": self.env._("Half-Yearly"),
            "year": self.env._("Yearly"),
        }
        for plan in self:
            if plan.interval_count == 1:
                plan.interval_label = singular[plan.interval_unit]
            else:
                plan.interval_label = self.env._(
                    "Every %(count)s %(units)s",
                    count=plan.interval_count,
                    units=units[plan.interval_unit].lower(),
                )

    def _compute_active_subscription_count(self):
        counts = dict(
            self.env["subscription.subscription"]._read_group(
                [
                    ("plan_id", "in", self.ids),
                    ("state", "in", SERVED),
                ],
                ["plan_id"],
                ["__count"],
            )
        )
        for plan in self:
            plan.active_subscription_count = counts.get(plan, 0)

    @api.constrains(
        "interval_count",
        "interval_unit",
        "anchor_kind",
        "anchor_day",
        "cut_off_days",
    )
    def _check_calendar(self):
        for plan in self:
            try:
                plan._snapshot_calendar(fields.Date.to_date("2024-01-31"))
            except BillingError as error:
                raise ValidationError(translated(self.env, error)) from error

    @api.constrains("term_count", "term_unit")
    def _check_term(self):
        for plan in self:
            if plan.term_count < 0 or (plan.term_count and not plan.term_unit):
                raise ValidationError(
                    self.env._(
                        "The term of plan %(plan)s is incomplete: enter a number of "
                        "months or years, or 0 for no fixed term.",
                        plan=plan.name,
                    )
                )

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "pricing_rule_ids" in (default or {}):
            return vals_list
        for plan, vals in zip(self, vals_list, strict=True):
            prices = plan._prices_to_copy().copy_data()
            vals["pricing_rule_ids"] = [Command.create(price) for price in prices]
        return vals_list

    def _prices_to_copy(self):
        """Return the general prices, without drafts of new versions.

        Contracted prices belong to the plan for which they were granted, and a draft
        version to the price that it replaces.
        """
        self.ensure_one()
        return self.pricing_rule_ids.filtered(
            lambda rule: (
                not rule.partner_id and not (rule.state == "draft" and rule.replaces_id)
            )
        ).sorted("id")

    def write(self, vals):
        self._check_calendar_stays(vals)
        return super().write(vals)

    def _check_calendar_stays(self, vals):
        """Refuse to change the billing periods of subscriptions that have started."""
        changed = self.filtered(
            lambda plan: any(
                plan[name] != vals[name] for name in CALENDAR & vals.keys()
            )
        )
        started = changed.sudo().filtered(lambda plan: plan._has_started())
        if started:
            raise UserError(
                self.env._(
                    "Subscriptions have started on %s, so their billing periods cannot "
                    "be changed; archive the plan and create a new one instead.",
                    started[0].name,
                )
            )

    def _has_started(self):
        """Return whether a subscription or line on the plan is not a draft."""
        self.ensure_one()
        started = Domain("state", "!=", "draft")
        on_it = Domain("plan_id", "=", self.id) | Domain(
            "line_ids.plan_id", "=", self.id
        )
        return bool(self.subscription_ids.search_count(started & on_it, limit=1))

    def _months_in_interval(self):
        """Return the length of the interval in months as a fraction, 0 without one."""
        if self.interval_count < 1 or not self.interval_unit:
            return Fraction(0)
        unit = IntervalUnit(self.interval_unit)
        return Interval(self.interval_count, unit).in_months()

    def _snapshot_calendar(
        self, date_start, date_end=None, kind="recurring", billing_day=0
    ):
        """Return the billing calendar of a subscription that starts on a day.

        Usage is billed in arrears on every plan. If the plan bills on a day of the
        month, the `billing_day` of a subscription has priority over the plan's.
        """
        self.ensure_one()
        timing = Timing.IN_ARREARS if kind == "usage" else Timing(self.timing)
        return BillingCalendar(
            start=date_start,
            interval=Interval(self.interval_count, IntervalUnit(self.interval_unit)),
            anchor=Anchor(
                AnchorKind(self.anchor_kind),
                (billing_day or self.anchor_day)
                if self.anchor_kind == "day_of_month"
                else None,
            ),
            timing=timing,
            stub_policy=StubPolicy(self.stub_policy),
            cut_off_days=self.cut_off_days,
            due_shift_days=self.due_shift_days,
            end=date_end or None,
        )

    def _term_end(self, date_start):
        """Return the first day after a term from `date_start`, False without one."""
        self.ensure_one()
        if not self.term_count:
            return False
        return self._term_calendar(date_start).boundary(1)

    def _term_calendar(self, date_start):
        """Return the calendar whose periods are the terms from a day."""
        self.ensure_one()
        return BillingCalendar(
            date_start, Interval(self.term_count, IntervalUnit(self.term_unit))
        )

    def action_view_subscriptions(self):
        """Open the subscriptions of the plan."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_subscription_action"
        )
        return {
            **action,
            "domain": [("plan_id", "=", self.id)],
            "context": {"default_plan_id": self.id},
        }
