"""The amount that an order causes to be invoiced on its first day."""

from datetime import timedelta


class DueNow:
    """Totals of first invoices, forecast by billing and taxed by the host."""

    def __init__(self, order):
        self.order = order
        self.env = order.env

    def of_new_subscription(self, plan, lines):
        """Return the total that a new subscription invoices until its first day."""
        served = self.order._new_subscription_lines(plan, lines)
        [subscription] = next(iter(served.values())).subscription_id
        lines_by_key = {key: line for line, key in subscription._line_keys().items()}
        ordered = {new: line for line, new in served.items()}
        return self._total_of_base_lines(
            [
                ordered.get(
                    lines_by_key.get(item.line), lines[:1]
                )._prepare_base_line_for_taxes_computation(
                    price_unit=float(item.amount), quantity=1.0, discount=0.0
                )
                for invoice in self._forecast(
                    subscription, subscription._begin_change_plan()
                )
                for item in invoice.items
            ]
        )

    def of_change(self, subscription, amendment):
        """Return the total that a changed subscription invoices on the first day."""
        products = self.env["product.product"]
        day = self._first_day(subscription)
        return self._total_of_base_lines(
            [
                self._prepare_base_line(
                    products.browse(amendment.values[item.line]["product_id"]),
                    float(item.amount),
                )
                for invoice in self._forecast(subscription, amendment)
                if invoice.day >= day
                for item in invoice.items
            ]
        )

    def _first_day(self, subscription):
        return max(self.order._service_start_date(), subscription._today())

    def _forecast(self, subscription, amendment):
        """Return the invoices of a planned change until the end of the first day."""
        until = self._first_day(subscription) + timedelta(days=1)
        return subscription._forecast_change(amendment, until)

    def _prepare_base_line(self, product, amount):
        """Return the input of the host's taxes for an amount of a product."""
        order = self.order
        taxes = product.taxes_id._filter_taxes_by_company(order.company_id)
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            None,
            product_id=product,
            tax_ids=order.fiscal_position_id.map_tax(taxes),
            quantity=1.0,
            price_unit=amount,
            currency_id=order.currency_id,
            partner_id=order.partner_id,
        )

    def _total_of_base_lines(self, base_lines):
        """Return the total with taxes of base lines of the host's taxes."""
        if not base_lines:
            return 0.0
        taxes, order = self.env["account.tax"], self.order
        taxes._add_tax_details_in_base_lines(base_lines, order.company_id)
        taxes._round_base_lines_tax_details(base_lines, order.company_id)
        summary = taxes._get_tax_totals_summary(
            base_lines, order.currency_id, order.company_id
        )
        return summary["total_amount_currency"]
