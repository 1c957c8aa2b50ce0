from odoo import models
from odoo.exceptions import UserError


class SaleOrderDiscount(models.TransientModel):
    _inherit = "sale.order.discount"

    def action_apply_discount(self):
        """Take a percentage off each line of an order that subscriptions bill.

        The host's line of its own would be credited once and by the order, apart from
        the invoices of what is sold.
        """
        self.ensure_one()
        order = self.sale_order_id
        if order.managed_has_plans or order.managed_purpose:
            if self.discount_type == "amount":
                raise UserError(
                    self.env._(
                        "%s sells on plans, which are paid each period: give a "
                        "percentage, which holds in each of them, or another price on "
                        "a line. For the first periods only, grant the discount on "
                        "the subscription.",
                        order.display_name,
                    )
                )
            self.discount_type = "sol_discount"
        return super().action_apply_discount()
