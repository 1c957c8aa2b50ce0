"""What a plan says about the end of a term."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...billing_core.errors import BillingError
from ...billing_core.renewal import Uplift, index_change
from ..decimals import exact, exact_or_none
from ..error_messages import translated


class SubscriptionPlanRenewal(models.Model):
    _inherit = "subscription.plan"

    renewal_policy = fields.Selection(
        [
            ("renew", "Renew by Itself"),
            ("ask", "Ask by Quotation"),
            ("expire", "End"),
        ],
        string="At the Term's End",
        required=True,
        default="renew",
    )
    renewal_quotation_days = fields.Integer(
        "Quotation Before (Days)",
        default=30,
        help="How many days before the term's end the quotation is made.",
    )
    renewal_quotation_to = fields.Selection(
        [("customer", "The Customer"), ("salesperson", "The Salesperson")],
        string="Quotation Goes To",
        required=True,
        default="salesperson",
        help="The customer gets it by e-mail and accepts it online; the salesperson "
        "gets a to-do, to look at it before it is sent.",
    )
    renewal_reminder_ids = fields.One2many(
        "subscription.renewal.reminder", "plan_id", "Reminders", copy=True
    )
    early_renewal_percent = fields.Float(
        "Early Renewal Discount (%)",
        digits=(16, 4),
        help="Taken off the prices of the next term when it is agreed before this one "
        "ends.",
    )
    uplift_kind = fields.Selection(
        [
            ("none", "Stay as They Are"),
            ("fixed", "Rise by a Fixed Percentage"),
            ("index", "Follow an Index"),
        ],
        string="Prices at Renewal",
        required=True,
        default="none",
    )
    uplift_percent = fields.Float(
        "Percent", digits=(16, 4), help="With an index: percent on top of its rise."
    )
    uplift_index_id = fields.Many2one(
        "subscription.price.index", "Index", ondelete="restrict"
    )
    uplift_floor = fields.Float("At Least (%)", digits=(16, 4))
    uplift_cap = fields.Float(
        "At Most (%)", digits=(16, 4), help="Leave at 0 for no limit."
    )

    _quotation_before_the_end = models.Constraint(
        "CHECK (renewal_quotation_days > 0)",
        "A renewal quotation is made at least one day before the term's end.",
    )

    _early_renewal_share = models.Constraint(
        "CHECK (early_renewal_percent >= 0 AND early_renewal_percent <= 100)",
        "The discount of an early renewal is 0 to 100 %.",
    )
    _uplift_in_bounds = models.Constraint(
        "CHECK (uplift_floor >= -100 AND uplift_cap >= 0 AND uplift_percent >= -100)",
        "Prices fall by 100 % at most, and the most that they rise is zero or more.",
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
                        "The prices of %s rise by zero percent or more at renewal.",
                        plan.name,
                    )
                )
            if plan.uplift_kind == "index" and not plan.uplift_index_id:
                raise ValidationError(
                    self.env._(
                        "Choose the index that the prices of %s follow.", plan.name
                    )
                )

    def _snapshot_uplift(self):
        """Return how prices rise at renewal, as the core takes it."""
        self.ensure_one()
        if self.uplift_kind == "fixed":
            return Uplift(exact(self.uplift_percent))
        return Uplift(
            exact(self.uplift_percent),
            exact(self.uplift_floor),
            exact_or_none(self.uplift_cap),
        )

    def _uplift_between(self, start, end, index_before=0.0):
        """Return by how many percent prices rise after a term.

        `index_before` is the value of the index that they were raised to before it,
        which stays what it was when others become known.
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
        """Return the value of the plan's index on a day, 0 where prices follow none."""
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
        "(plan_id, days)", "This plan reminds on that day already."
    )
    _days_positive = models.Constraint(
        "CHECK (days > 0)", "A reminder comes at least one day before the end."
    )
