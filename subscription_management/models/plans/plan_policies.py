from odoo import fields, models

from ...billing_core.charged_days import ChangePolicy

CHANGE_POLICIES = [
    (ChangePolicy.PRORATE.value, "By the Day"),
    (ChangePolicy.NEXT_PERIOD.value, "From the Next Period"),
    (ChangePolicy.FULL.value, "As for the Full Period"),
    (ChangePolicy.NONE.value, "Not in the Current Period"),
]


class SubscriptionPlanPolicies(models.Model):
    """What changes, pauses and credits cost on a plan."""

    _inherit = "subscription.plan"

    increase_policy = fields.Selection(
        CHANGE_POLICIES,
        "Upgrades Are Charged",
        required=True,
        default="prorate",
        help="By the day: the rest of the period is charged at once.\n"
        "From the next period: the upgrade waits for it.\n"
        "As for the full period: the whole difference is charged on its day, as if it "
        "had been so from the period's first day.\n"
        "Not in the current period: it is given at once and charged from the next.",
    )
    decrease_policy = fields.Selection(
        CHANGE_POLICIES,
        "Downgrades Are Credited",
        required=True,
        default="prorate",
        help="By the day: the rest of the period is credited at once.\n"
        "From the next period: the downgrade waits for it.\n"
        "As for the full period: the whole difference is credited on its day, as if it "
        "had been so from the period's first day.\n"
        "Not in the current period: it is taken at once and credited from the next.",
    )
    pause_policy = fields.Selection(
        [
            ("waived", "Not Billed"),
            ("billed", "Billed"),
            ("extends", "Not Billed, Added to the Term"),
        ],
        string="Paused Days Are",
        required=True,
        default="waived",
    )

    notice_days = fields.Integer(
        "Notice (Days)",
        help="A customer who gives notice later than this before the term's end stays "
        "for another one; without a term, until the period's end.",
    )
    credit_policy = fields.Selection(
        [
            ("credit_note", "By a Credit Note at Once"),
            ("next_invoice", "Off the Next Invoice"),
        ],
        string="Credits Are Given",
        required=True,
        default="credit_note",
    )

    _notice_not_negative = models.Constraint(
        "CHECK (notice_days >= 0)", "Notice is given 0 days or more before the end."
    )

    def _has_interval_of(self, other):
        """Tell whether the periods of both plans are of one length."""
        return (self.interval_count, self.interval_unit) == (
            other.interval_count,
            other.interval_unit,
        )
