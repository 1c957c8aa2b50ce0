"""What an order line about a subscription lets join it, and at which price."""

from odoo import models


class SaleOrderLineQuoted(models.Model):
    _inherit = "sale.order.line"

    def _joining_values(self, listed=()):
        """Return the values of the subscription's line that joins by this one."""
        self.ensure_one()
        order = self.order_id
        plan = order.managed_subscription_id.plan_id
        served = order._in_memory(plan, self, listed)[self]
        if self not in listed:
            self._check_price_can_be_typed(served)
        values = served._prepare_follower_values()
        # Periods are counted as those of the subscription.
        del values["calendar_start"]
        return {**values, "order_line_id": self._origin.id}

    def _quoted_unit_price(self, quoted):
        """Return the unit price that follows from a `Quoted`."""
        self.ensure_one()
        if self in quoted.joined:
            amount = quoted.joining_by(self)
        else:
            amount = quoted.after_of(self.managed_line_id)
        return self.currency_id._unit_price_of(amount, self.product_uom_qty)
