"""The billing day of a subscription, fixed once it has started."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..model_part import ModelPart

BILLING_DAYS = range(32)
"""The days of a month, and 0 for the billing day of the plan."""


class SubscriptionBillingDay(ModelPart):
    _register = False

    billing_day = fields.Integer(
        compute="_compute_billing_day",
        store=True,
        readonly=False,
        copy=False,
        tracking=True,
        help="The day of the month on which the periods begin: 1 to 31, where 31 is "
        "the last day; 0 uses the plan's. It is fixed once the subscription has "
        "started.",
    )
    anchor_kind = fields.Selection(related="plan_id.anchor_kind")

    _billing_day_of_month = models.Constraint(
        "CHECK (billing_day BETWEEN 0 AND 31)",
        "A billing day is 1 to 31, where 31 is the last day of the month, or 0 to "
        "follow the plan; choose one of these.",
    )

    @api.depends("commercial_partner_id.managed_billing_day")
    def _compute_billing_day(self):
        for subscription in self:
            # A started subscription keeps its billing day.
            if subscription.state == "draft":
                customer = subscription.commercial_partner_id
                subscription.billing_day = customer.managed_billing_day

    def _snapshot_calendar(self, plan, start, kind="recurring"):
        """Return the billing calendar of a line on a plan, counted from a day."""
        day = self.billing_day if self.billing_day in BILLING_DAYS else 0
        return plan._snapshot_calendar(start, self.date_end, kind, day)

    def _check_billing_day_stays(self, vals):
        """Refuse another billing day once the subscription has started."""
        if "billing_day" not in vals:
            return
        day = vals["billing_day"] or 0
        for subscription in self:
            if subscription.state != "draft" and subscription.billing_day != day:
                raise UserError(
                    self.env._(
                        "%s has started and keeps its billing day; cancel it and "
                        "create another subscription instead.",
                        subscription.name,
                    )
                )

    def _check_same_billing_day(self, other):
        """Refuse to align with a subscription that has another billing day."""
        by_day = (self | other).line_ids.plan_id.filtered(
            lambda plan: plan.anchor_kind == "day_of_month"
        )
        if by_day and self.billing_day != other.billing_day:
            raise UserError(
                self.env._(
                    "%(subscription)s keeps its billing day, which differs from that "
                    "of %(other)s; merge the two instead.",
                    subscription=self.display_name,
                    other=other.display_name,
                )
            )
