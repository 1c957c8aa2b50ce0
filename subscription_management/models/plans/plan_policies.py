"""The policies of a plan for changes, pauses, notice and credits."""

from odoo import fields, models

from ...billing_core.charged_days import ChangePolicy
from ..model_part import ModelPart

CHANGE_POLICIES = [
    (ChangePolicy.PRORATE.value, "Prorated"),
    (ChangePolicy.NEXT_PERIOD.value, "From the Next Period"),
    (ChangePolicy.FULL.value, "As a Full Period"),
    (ChangePolicy.NONE.value, "Not in the Current Period"),
]


class SubscriptionPlanPolicies(ModelPart):
    _register = False

    increase_policy = fields.Selection(
        CHANGE_POLICIES,
        "Upgrade Charges",
        required=True,
        default="prorate",
        help="Prorated: the remaining days of the period are charged at once.\n"
        "From the next period: the upgrade takes effect with the next period.\n"
        "As a full period: the difference of the whole period is charged at once.\n"
        "Not in the current period: the upgrade takes effect at once and is charged "
        "from the next period.",
    )
    decrease_policy = fields.Selection(
        CHANGE_POLICIES,
        "Downgrade Credits",
        required=True,
        default="prorate",
        help="Prorated: the remaining days of the period are credited at once.\n"
        "From the next period: the downgrade takes effect with the next period.\n"
        "As a full period: the difference of the whole period is credited at once.\n"
        "Not in the current period: the downgrade takes effect at once and is credited "
        "from the next period.",
    )
    pause_policy = fields.Selection(
        [
            ("waived", "Not Billed"),
            ("billed", "Billed"),
            ("extends", "Not Billed, Added to the Term"),
        ],
        string="Paused Days",
        required=True,
        default="waived",
    )

    notice_days = fields.Integer(
        "Notice Period (Days)",
        help="A cancellation with fewer days before the end of the term takes effect "
        "at the end of the next one; without a term, at the end of the next period.",
    )
    credit_policy = fields.Selection(
        [
            ("credit_note", "Immediate Credit Note"),
            ("next_invoice", "Deducted From the Next Invoice"),
        ],
        string="Credits",
        required=True,
        default="credit_note",
    )

    _notice_not_negative = models.Constraint(
        "CHECK (notice_days >= 0)", "A notice period is 0 days or more."
    )

    def _has_interval_of(self, other):
        """Return whether the billing periods of both plans have the same length."""
        return (self.interval_count, self.interval_unit) == (
            other.interval_count,
            other.interval_unit,
        )
