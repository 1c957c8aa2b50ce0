from odoo import fields, models


class SubscriptionPlan(models.Model):
    _inherit = "subscription.plan"

    delivery_policy = fields.Selection(
        [
            ("period", "When the Period Begins"),
            ("paid", "Once Its Invoice Is Paid"),
            ("none", "Not by Itself"),
        ],
        "Goods Are Delivered",
        required=True,
        default="period",
        help="Goods that are billed each period get a delivery for each of them.",
    )
    delivery_lead_days = fields.Integer(
        "Prepared Before (Days)",
        help="How many days before the period begins the delivery is made.",
    )

    _delivery_lead_days_not_negative = models.Constraint(
        "CHECK (delivery_lead_days >= 0)", "Days before a period are zero or more."
    )

    def _init_column(self, column_name):
        result = super()._init_column(column_name)
        if column_name == "delivery_policy":
            self._init_of_plans_in_use(column_name, "none")
        return result

    def write(self, vals):
        idle = self.filtered(lambda plan: plan.delivery_policy == "none")
        result = super().write(vals)
        if {"delivery_policy", "delivery_lead_days"} & vals.keys():
            served = self.env["subscription.subscription"].sudo()
            served.search([("line_ids.plan_id", "in", self.ids)])._fulfil_soon()
            begun = idle.filtered(lambda plan: plan.delivery_policy != "none")
            served.search([("line_ids.plan_id", "in", begun.ids)])._fulfil_from_now()
        return result
