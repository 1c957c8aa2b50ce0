from odoo import fields, models


class SubscriptionPlan(models.Model):
    _inherit = "subscription.plan"

    delivery_policy = fields.Selection(
        [
            ("period", "At Period Start"),
            ("paid", "When the Invoice Is Paid"),
            ("none", "Manually"),
        ],
        "Delivery of Goods",
        required=True,
        default="period",
        help="When the delivery of recurring goods is created in each period.",
    )
    delivery_lead_days = fields.Integer(
        "Delivery Lead Time (Days)",
        help="How many days before the period starts its delivery is created.",
    )

    _delivery_lead_days_not_negative = models.Constraint(
        "CHECK (delivery_lead_days >= 0)", "The lead time must be zero or more days."
    )

    def _init_column(self, column_name):
        result = super()._init_column(column_name)
        if column_name == "delivery_policy":
            self._init_column_of_plans_in_use(column_name, "none")
        return result

    def write(self, vals):
        manual = self.filtered(lambda plan: plan.delivery_policy == "none")
        result = super().write(vals)
        if {"delivery_policy", "delivery_lead_days"} & vals.keys():
            served = self.env["subscription.subscription"].sudo()
            served.search([("line_ids.plan_id", "in", self.ids)])._schedule_fulfilment()
            automated = manual.filtered(lambda plan: plan.delivery_policy != "none")
            served.search(
                [("line_ids.plan_id", "in", automated.ids)]
            )._enable_fulfilment()
        return result
