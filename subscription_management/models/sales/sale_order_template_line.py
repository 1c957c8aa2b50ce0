from odoo import fields, models


class SaleOrderTemplateLine(models.Model):
    _inherit = "sale.order.template.line"

    managed_plan_id = fields.Many2one(
        "subscription.plan",
        "Plan",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        help="Leave empty to sell on the first plan that has a price of the product.",
    )

    def _prepare_order_line_values(self):
        values = super()._prepare_order_line_values()
        if self.managed_plan_id:
            values["managed_plan_id"] = self.managed_plan_id.id
        return values
