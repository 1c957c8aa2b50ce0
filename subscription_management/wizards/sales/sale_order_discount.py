from odoo import models
from odoo.exceptions import UserError


class SaleOrderDiscount(models.TransientModel):
    _inherit = "sale.order.discount"

    def action_apply_discount(self):
        """Apply a percentage to each line of an order that subscriptions bill.

        The host's discount line would be credited once by the order, apart from the
        invoices of the subscriptions.
        """
        self.ensure_one()
        order = self.sale_order_id
        if order.managed_has_plans or order.managed_purpose:
            if self.discount_type == "amount":
                raise UserError(
                    self.env._(
                        "%s sells on plans, so a fixed amount cannot be deducted once; "
                        "give a percentage, which applies to each period, or edit the "
                        "price of a line. For the first periods only, grant the "
                        "discount on the subscription.",
                        order.display_name,
                    )
                )
            self.discount_type = "sol_discount"
        return super().action_apply_discount()
