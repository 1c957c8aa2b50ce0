from odoo import fields, models


class SubscriptionPlan(models.Model):
    _inherit = "subscription.plan"

    start_policy = fields.Selection(
        selection_add=[("first_use", "At First Usage")],
        ondelete={"first_use": "set default"},
    )
