from odoo import models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _action_launch_stock_rule(self, *, previous_product_uom_qty=False):
        """Skip lines that the subscription delivers, including the first period."""
        own = self.filtered(lambda line: not line._is_delivered_each_period())
        return super(SaleOrderLine, own)._action_launch_stock_rule(
            previous_product_uom_qty=previous_product_uom_qty
        )

    def _is_delivered_each_period(self):
        """Return whether the subscription delivers the line, each period.

        Goods whose delivery starts a subscription are delivered by the order.
        """
        self.ensure_one()
        served = self.sudo().managed_line_id
        if not (self._is_recurring() or served):
            return False
        plan = self.managed_plan_id.sudo() or served.plan_id
        waits = not served and self.order_id._start_condition(plan)
        return plan.delivery_policy != "none" and waits != "delivery"
