"""The renewal terms of a plan: policy, reminders, early discount and uplift."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...billing_core.errors import BillingError
from ...billing_core.renewal import Uplift, index_change
from ..decimals import exact, exact_or_none
from ..error_messages import translated
from ..model_part import ModelPart


class SubscriptionPlanRenewal(ModelPart):
    _register = False

    renewal_policy = fields.Selection(
        [
            ("renew", "Renew Automatically"),
            ("ask", "Send a Renewal Quotation"),
            ("expire", "End"),
        ],
        string="At End of Term",
        required=True,
        default="renew",
    )
    renewal_quotation_days = fields.Integer(
        "Quotation (Days Before)",
        default=30,
        help="Days before the end of the term on which the quotation is created.",
    )
    renewal_quotation_to = fields.Selection(
        [("customer", "The Customer"), ("salesperson", "The Salesperson")],
        string="Send Quotation To",
        required=True,
        default="salesperson",
        help="The customer gets it by email and can accept it online; the salesperson "
        "gets a to-do, to check it before sending it.",
    )
    renewal_reminder_ids = fields.One2many(
        "subscription.renewal.reminder", "plan_id", "Reminders", copy=True
    )
    early_renewal_percent = fields.Float(
        "Early Renewal Discount (%)",
        digits=(16, 4),
        help="Discount on the next term's prices when the customer renews before the "
        "current term ends.",
    )
    uplift_kind = fields.Selection(
        [
            ("none", "Unchanged"),
            ("fixed", "Raise by a Fixed Percentage"),
            ("index", "Follow a Price Index"),
        ],
        string="Prices at Renewal",
        required=True,
        default="none",
    )
    uplift_percent = fields.Float(
        "Uplift (%)",
        digits=(16, 4),
        help="With a price index: percentage in addition to the index change.",
    )
    uplift_index_id = fields.Many2one(
        "subscription.price.index", "Price Index", ondelete="restrict"
    )
    uplift_floor = fields.Float("Minimum Uplift (%)", digits=(16, 4))
    uplift_cap = fields.Float(
        "Maximum Uplift (%)", digits=(16, 4), help="Leave at 0 for no limit."
    )

    _quotation_before_the_end = models.Constraint(
        "CHECK (renewal_quotation_days > 0)",
        "A renewal quotation is created at least one day before the end of the term.",
    )

    _early_renewal_share = models.Constraint(
        "CHECK (early_renewal_percent >= 0 AND early_renewal_percent <= 100)",
        "The early renewal discount is 0 to 100 %.",
    )
    _uplift_in_bounds = models.Constraint(
        "CHECK (uplift_floor >= -100 AND uplift_cap >= 0 AND uplift_percent >= -100)",
        "An uplift is -100 % or more, and its maximum is zero or more.",
    )

    @api.constrains(
        "uplift_kind",
        "uplift_percent",
        "uplift_index_id",
        "uplift_floor",
        "uplift_cap",
    )
    def _check_uplift(self):
        for plan in self:
            try:
                plan._snapshot_uplift()
            except BillingError as error:
                raise ValidationError(translated(self.env, error)) from error
            if plan.uplift_kind == "fixed" and plan.uplift_percent < 0:
                raise ValidationError(
                    self.env._(
                        "The uplift of %s is zero percent or more; enter a positive "
                        "number.",
                        plan.name,
                    )
                )
            if plan.uplift_kind == "index" and not plan.uplift_index_id:
                raise ValidationError(
                    self.env._("Choose the price index of %s.", plan.name)
                )

    def _snapshot_uplift(self):
        """Return the core's value of the uplift at renewal."""
        self.ensure_one()
        if self.uplift_kind == "fixed":
            return Uplift(exact(self.uplift_percent))
        return Uplift(
            exact(self.uplift_percent),
            exact(self.uplift_floor),
            exact_or_none(self.uplift_cap),
        )

    def _uplift_between(self, start, end, index_before=0.0):
        """Return the uplift in percent after a term.

        `index_before` is the index value of the previous uplift; index values that are
        published later do not change it.
        """
        self.ensure_one()
        if self.uplift_kind == "none":
            return exact(0)
        if self.uplift_kind == "fixed":
            return self._snapshot_uplift().percent()
        index = self.uplift_index_id
        before, now = index_before or index._value_on(start), index._value_on(end)
        return self._snapshot_uplift().percent(index_change(exact(before), exact(now)))

    def _index_on(self, day):
        """Return the value of the plan's price index on a day, 0 without an index."""
        self.ensure_one()
        follows = self.uplift_kind == "index"
        return self.uplift_index_id._value_on(day) if follows else 0.0


class SubscriptionRenewalReminder(models.Model):
    _name = "subscription.renewal.reminder"
    _description = "Renewal Reminder"
    _order = "days desc"
    _rec_name = "days"

    plan_id = fields.Many2one(
        "subscription.plan", required=True, ondelete="cascade", index=True
    )
    days = fields.Integer("Days Before the End", required=True, default=30)

    _days_once = models.UniqueIndex(
        "(plan_id, days)", "The plan already has a reminder on that day."
    )
    _days_positive = models.Constraint(
        "CHECK (days > 0)", "A reminder is sent at least one day before the end."
    )
