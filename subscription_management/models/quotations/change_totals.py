"""What a change of a subscription costs: now, for the rest of the period, and later."""

from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError

from ...billing_core.errors import BillingError


class SaleOrderChangeTotals(models.Model):
    _inherit = "sale.order"

    @api.depends("managed_purpose")
    def _compute_managed_has_plans(self):
        changes = self._changes()
        changes.managed_has_plans = True
        return super(SaleOrderChangeTotals, self - changes)._compute_managed_has_plans()

    @api.depends("managed_purpose", "managed_change_policy", "order_line.discount")
    def _compute_managed_totals(self):
        return super()._compute_managed_totals()

    def _totals_by_time(self):
        """Add what the whole subscription costs each period, `before` and `after`.

        Each is a list of (interval, untaxed amount).
        """
        totals = super()._totals_by_time()
        if not self._changes():
            return totals
        once = self.order_line.filtered(
            lambda line: (
                not (line.display_type or line.managed_line_id or line._is_recurring())
            )
        )
        totals |= {"once": once and self._sum_of(once), "recurring": []}
        try:
            quoted = self.sudo()._quoted()
        except UserError:
            # The banner of the quotation says what is wrong with it.
            return totals
        return totals | {
            "before": self._by_interval(quoted.before),
            "after": self._by_interval(quoted.after),
        }

    def _by_interval(self, priced):
        """Return (interval, amount) of what is charged each period."""
        amounts = {}
        for plan, amount in priced.values():
            key = plan.interval_unit, plan.interval_count
            label, total = amounts.get(key, (plan.interval_label, 0))
            amounts[key] = label, total + amount
        return [(label, float(total)) for label, total in amounts.values()]

    def _due_now(self):
        """Return what is invoiced on the day of the change, with taxes.

        It is negative where more is credited than charged.
        """
        if self.managed_purpose == "renewal":
            return None
        if not self._changes():
            return super()._due_now()
        order = self.sudo()
        try:
            due = order._invoiced_on_its_day()
        except (BillingError, UserError):
            return None
        by_order = order.order_line.filtered(
            lambda line: not (line.display_type or line.managed_line_id)
        )
        rest = by_order - order._joining_lines()
        return order.currency_id.round(due + sum(rest.mapped("price_total")))

    def _invoiced_on_its_day(self):
        """Return what the subscription invoices on the day, as it is changed."""
        subscription = self.managed_subscription_id
        amendment, _joined = self._plan_as_quoted()
        day = max(self._service_start_date(), subscription._today())
        products = self.env["product.product"]
        return self._total_of_base_lines(
            [
                self._prepare_product_base_line(
                    products.browse(amendment.values[item.line]["product_id"]),
                    float(item.amount),
                )
                for invoice in subscription._forecast_change(
                    amendment, day + timedelta(days=1)
                )
                if invoice.day >= day
                for item in invoice.items
            ]
        )

    def _prepare_product_base_line(self, product, amount):
        """Return what the host's tax engine takes of an amount for a product."""
        company = self.company_id
        taxes = product.taxes_id._filter_taxes_by_company(company)
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            None,
            product_id=product,
            tax_ids=self.fiscal_position_id.map_tax(taxes),
            quantity=1.0,
            price_unit=amount,
            currency_id=self.currency_id,
            partner_id=self.partner_id,
        )
