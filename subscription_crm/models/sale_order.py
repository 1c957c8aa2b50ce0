from odoo import api, models

from odoo.addons.subscription_management.models.sales.sale_order_line import (
    SHARE_BASE_FIELDS,
)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders._update_opportunity_revenue()
        return orders

    def write(self, vals):
        result = super().write(vals)
        if {"opportunity_id", "state", "order_line", "currency_id"} & vals.keys():
            self._update_opportunity_revenue()
        return result

    def _update_opportunity_revenue(self):
        """Set the expected MRR of the opportunities to that of their quotations."""
        # A user who may quote need not have access to the opportunity.
        self.sudo().opportunity_id._update_quoted_revenue()

    def _monthly_in_currency_of(self, lead):
        self.ensure_one()
        currency = lead.company_currency or self.env.company.currency_id
        return self.currency_id._convert(
            self.managed_monthly_amount,
            currency,
            self.company_id,
            self.date_order or self.company_id._subscription_today(),
        )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def write(self, vals):
        result = super().write(vals)
        if SHARE_BASE_FIELDS & vals.keys():
            self.order_id._update_opportunity_revenue()
        return result
