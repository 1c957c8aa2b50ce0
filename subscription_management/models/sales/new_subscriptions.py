"""Orders that start subscriptions."""

from odoo.exceptions import UserError
from odoo.fields import Command

from ...billing_core.errors import BillingError
from ..quotations.purpose import QuotationPurpose
from .due_now import first_day_total


class NewSubscriptions(QuotationPurpose):
    """An order about no existing subscription: it starts one for each set of terms."""

    def start_date(self):
        company = self.order.company_id or self.env.company
        return self.order.managed_start_date or company._subscription_today()

    def lines_by_plan(self, joining=None):
        """Return the (plan, lines) of each subscription that the order starts.

        Plans with the same term and trial share a subscription, whatever their
        intervals; it has the first of these plans. One-time fees join the first
        subscription. Optional lines without a quantity are left out, except those that
        are `joining`.
        """
        chosen = self.order.order_line.filtered("product_uom_qty")
        lines = (chosen | (joining or chosen)).sorted("sequence")
        by_terms = lines.filtered(lambda line: line._is_sold_on_plan()).grouped(
            lambda line: line.managed_plan_id._subscription_terms()
        )
        groups = [(own[0].managed_plan_id, own) for own in by_terms.values() if own]
        if groups and groups[0][0].fee_policy == "subscription":
            plan, own = groups[0]
            groups[0] = plan, own | lines.filtered(lambda line: line._is_fee())
        return groups

    # --- Prices ---

    def plan_prices(self, lines):
        for plan, own in self.lines_by_plan(lines):
            asked = (own & lines).filtered(lambda line: line._is_sold_on_plan())
            shares = asked.filtered(lambda line: line._is_percent_of_total())
            for listed in filter(None, (asked - shares, shares)):
                served = self.order._new_subscription_lines(plan, own, listed)
                for line in listed:
                    amount = served[line]._full_price()
                    units = line.product_uom_qty or 1.0
                    yield line, self.order.currency_id._unit_price_of(amount, units)

    def update_prices(self, lines):
        for line, price in self.plan_prices(lines):
            line._update_plan_price(price)

    def reprice(self):
        lines = self.order.order_line.filtered(lambda line: line._is_sold_on_plan())
        if self.is_open() and lines:
            lines._compute_managed_charge_kind()
            self.update_prices(lines)

    def reprice_shares(self):
        lines = self.order.order_line.filtered(
            lambda line: line._is_sold_on_plan() and line._is_percent_of_total()
        )
        if self.is_open() and lines:
            self.update_prices(lines)

    # --- Totals ---

    def due_now(self):
        """Return the total of the order's own invoice and of the first invoices."""
        order, groups = self.order, self.lines_by_plan()
        by_order = order.order_line.filtered(lambda line: not line.display_type)
        for _plan, own in groups:
            by_order -= own
        due = sum(by_order.mapped("price_total"))
        try:
            for plan, own in groups:
                # A service that starts on delivery is not invoiced before it.
                if not order._start_condition(plan):
                    due += self._first_day_total(plan, own)
        except BillingError:
            return None
        return due

    def _first_day_total(self, plan, lines):
        served = self.order._new_subscription_lines(plan, lines)
        [subscription] = next(iter(served.values())).subscription_id
        change_plan = subscription._begin_change_plan()
        return first_day_total(self.order, subscription, change_plan)

    # --- Life of the order ---

    def confirmation_error(self):
        for plan, lines in self.lines_by_plan():
            if negative := lines.filtered(lambda line: line.product_uom_qty < 0)[:1]:
                return self.env._(
                    "%s is sold on a plan and cannot be ordered with a negative "
                    "quantity; change the customer's subscription instead.",
                    negative.product_id.display_name,
                )
            try:
                served = self.order._new_subscription_lines(plan, lines)
                for line, new in served.items():
                    line._check_price_can_be_edited(new)
            except UserError as error:
                return str(error)
        return False

    def confirm(self):
        """Start the subscriptions; a customer who accepts needs no rights to them."""
        started = self._create_subscriptions()
        for subscription in started.filtered(lambda each: not each.starts_with):
            subscription._start_ordered(subscription.date_start)

    def _create_subscriptions(self):
        order = self.order
        model = self.env["subscription.subscription"].sudo()
        created = model.browse()
        for plan, lines in self.lines_by_plan():
            commands = [
                Command.create(line._prepare_subscription_line_values(plan))
                for line in lines
            ]
            values = {
                **order._prepare_subscription_values(plan),
                "starts_with": order._start_condition(plan),
                "line_ids": commands,
            }
            created |= model.with_company(order.company_id).create(values)
        return created

    def cancel(self):
        """Cancel the subscriptions before their first invoice, or refuse."""
        for subscription in self.order.sudo().managed_started_ids:
            subscription._cancel_with_order()
