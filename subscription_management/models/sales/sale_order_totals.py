"""What an order costs once, what is due now, and what comes again each period."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

from ...billing_core.errors import BillingError


class SaleOrderTotals(models.Model):
    _inherit = "sale.order"

    managed_totals = fields.Html(compute="_compute_managed_totals", sanitize=False)
    managed_monthly_amount = fields.Monetary(
        "Monthly Recurring",
        compute="_compute_managed_monthly_amount",
        help="What the order brings each month, without taxes.",
    )

    @api.depends("order_line.managed_monthly_amount")
    def _compute_managed_monthly_amount(self):
        for order in self:
            order.managed_monthly_amount = sum(
                order.order_line.mapped("managed_monthly_amount")
            )

    @api.depends(
        "managed_start_date",
        "partner_id",
        "order_line.managed_plan_id",
        "order_line.price_subtotal",
        "order_line.price_total",
    )
    @api.depends_context("lang")
    def _compute_managed_totals(self):
        for order in self:
            order.managed_totals = order.managed_has_plans and self.env[
                "ir.qweb"
            ]._render(
                "subscription_management.order_totals",
                {"order": order, "totals": order._totals_by_time()},
            )

    def _totals_by_time(self):
        """Return what is paid once, now, and each period: amounts as people read them.

        `once` and each of `recurring` are (untaxed, with taxes); `now` is what is
        invoiced on the first day, or None where that is not known.
        """
        self.ensure_one()
        priced = self.order_line.filtered(lambda line: not line.display_type)
        served = priced.filtered(lambda line: line._is_recurring())
        by_plan = served.grouped(
            lambda line: (
                line.managed_plan_id.interval_unit,
                line.managed_plan_id.interval_count,
            )
        )
        once = priced - served
        return {
            "once": once and self._sum_of(once),
            "recurring": [
                (lines[0].managed_plan_id.interval_label, *self._sum_of(lines))
                for lines in by_plan.values()
            ],
            "now": self._due_now(),
            "first_day": format_date(self.env, self._service_start_date()),
            "monthly": self.managed_monthly_amount,
        }

    def _sum_of(self, lines):
        return sum(lines.mapped("price_subtotal")), sum(lines.mapped("price_total"))

    def _due_now(self):
        """Return what is to be paid on the first day with taxes, None if unknown.

        That is what the order invoices by itself, and the first invoices of the
        subscriptions, by the code that makes them.
        """
        self.ensure_one()
        groups = self._lines_by_plan_terms()
        by_subscription = self.env["sale.order.line"].union(
            *(own for _plan, own in groups)
        )
        by_order = self.order_line - by_subscription
        due = sum(
            by_order.filtered(lambda each: not each.display_type).mapped("price_total")
        )
        try:
            for plan, own in groups:
                # What waits for its delivery is not invoiced before it.
                if not self._start_condition(plan):
                    due += self._first_invoices_total(plan, own)
        except BillingError:
            return None
        return due

    def _first_invoices_total(self, plan, lines):
        """Return what a subscription invoices until its first day, with taxes."""
        served = self._in_memory(plan, lines)
        [subscription] = next(iter(served.values())).subscription_id
        day = max(self._service_start_date(), subscription._today())
        amendment = subscription._begin_change_plan()
        lines_by_key = {key: line for line, key in subscription._line_keys().items()}
        ordered = {made: line for line, made in served.items()}
        base_lines = []
        until = day + timedelta(days=1)
        for invoice in subscription._forecast_change(amendment, until):
            for item in invoice.items:
                made = lines_by_key.get(item.line)
                line = ordered.get(made, lines[:1])
                base_lines.append(
                    line._prepare_base_line_for_taxes_computation(
                        price_unit=float(item.amount), quantity=1.0, discount=0.0
                    )
                )
        return self._total_of_base_lines(base_lines)

    def _total_of_base_lines(self, base_lines):
        """Return what base lines of the host's tax engine come to, with taxes."""
        if not base_lines:
            return 0.0
        taxes = self.env["account.tax"]
        taxes._add_tax_details_in_base_lines(base_lines, self.company_id)
        taxes._round_base_lines_tax_details(base_lines, self.company_id)
        summary = taxes._get_tax_totals_summary(
            base_lines, self.currency_id, self.company_id
        )
        return summary["total_amount_currency"]

    def _get_prepayment_required_amount(self):
        """Ask at most for what is due now: later periods are paid when they come."""
        required = super()._get_prepayment_required_amount()
        if not (required and self.managed_has_plans):
            return required
        due = self._due_now()
        if due is None:
            return required
        return self.currency_id.round(max(due, 0.0) * self.prepayment_percent)
