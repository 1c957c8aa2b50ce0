from odoo import fields, models


class SubscriptionPlan(models.Model):
    _inherit = "subscription.plan"

    makes_tasks = fields.Boolean(
        "Create Tasks Each Period",
        default=True,
        help="Services that create a task on an order create one in each period.",
    )

    def _init_column(self, column_name):
        result = super()._init_column(column_name)
        if column_name == "makes_tasks":
            self._init_column_of_plans_in_use(column_name, value=False)
        return result

    def write(self, vals):
        result = super().write(vals)
        if "makes_tasks" in vals:
            served = self.env["subscription.subscription"].sudo()
            served.search([("line_ids.plan_id", "in", self.ids)])._enable_fulfilment()
        return result
