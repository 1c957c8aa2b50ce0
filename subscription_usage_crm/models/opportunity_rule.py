from odoo import api, fields, models

from .conditions import AllowanceCondition, FallingUsageCondition


class SubscriptionOpportunityRule(models.Model):
    _inherit = "subscription.opportunity.rule"

    kind = fields.Selection(
        selection_add=[
            ("allowance", "Allowance Exceeded Twice in a Row"),
            ("fall", "Falling Usage"),
        ],
        ondelete={"allowance": "cascade", "fall": "cascade"},
    )
    allowance_percent = fields.Float("Included Units Used (%)", default=100.0)
    fall_percent = fields.Float("Usage Lowered By (%)", default=30.0)

    _usage_percents_in_bounds = models.Constraint(
        "CHECK (allowance_percent > 0 AND fall_percent > 0 AND fall_percent <= 100)",
        "A percentage of a rule must be more than 0; usage falls by 100 at most.",
    )

    @api.model
    def _summary_fields(self):
        return (*super()._summary_fields(), "allowance_percent", "fall_percent")

    @api.model
    def _conditions(self):
        return {
            **super()._conditions(),
            "allowance": AllowanceCondition(),
            "fall": FallingUsageCondition(),
        }
