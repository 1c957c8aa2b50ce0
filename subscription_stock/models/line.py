"""Deliveries of goods, one per period, by the host's procurement rules."""

from datetime import datetime, time

from odoo import models

PAID = ("paid", "in_payment")


class SubscriptionLine(models.Model):
    _inherit = "subscription.line"

    def _is_fulfilled(self):
        return super()._is_fulfilled() or self._is_delivered()

    def _is_delivered(self):
        """Return whether the line's goods are delivered each period."""
        self.ensure_one()
        return bool(
            self.kind == "recurring"
            and self.product_id.type == "consu"
            and self.plan_id.delivery_policy != "none"
        )

    def _fulfilment_lead_days(self):
        if self._is_delivered() and self.plan_id.delivery_policy == "period":
            return self.plan_id.delivery_lead_days
        return super()._fulfilment_lead_days()

    def _is_period_released(self, day):
        if not self._is_delivered() or self.plan_id.delivery_policy != "paid":
            return super()._is_period_released(day)
        billed = self._origin_lines().billed_period_ids.filtered(
            lambda each: each.date_start == day
        )
        return bool(billed) and all(
            move.payment_state in PAID for move in billed.move_id
        )

    def _quantity_fulfilled_by_order(self, period):
        if not self._is_delivered():
            return super()._quantity_fulfilled_by_order(period)
        order_line = self.order_line_id
        is_by_order = order_line and not order_line._is_delivered_each_period()
        return order_line.qty_delivered if is_by_order else 0.0

    def _start_fulfilment(self, period, quantity):
        if not self._is_delivered():
            return super()._start_fulfilment(period, quantity)
        procurement = self._prepare_procurement(period, quantity)
        self.env["stock.rule"].run([procurement])
        # The host leaves the confirmation of transfers to the caller.
        period.managed_move_ids.picking_id.filtered(
            lambda picking: picking.state == "draft"
        ).action_confirm()
        return None

    def _prepare_procurement(self, period, quantity):
        """Return the procurement of an added quantity on the period's first day."""
        subscription = self.subscription_id
        quantity, unit = self.product_uom_id._adjust_uom_quantities(
            quantity, self.product_id.uom_id
        )
        partner = subscription.partner_shipping_id or subscription.partner_id
        location = partner.with_company(self.company_id).property_stock_customer
        # At noon UTC the calendar date is the same in almost every time zone.
        planned = datetime.combine(period.date_start, time(12))
        return self.env["stock.rule"].Procurement(
            self.product_id,
            quantity,
            unit,
            location,
            self.product_id.display_name,
            subscription.name,
            self.company_id,
            {
                "origin": subscription.name,
                "reference_ids": period._stock_reference(),
                "managed_period_id": period.id,
                "date_planned": planned,
                "date_deadline": planned,
                "warehouse_id": self._warehouse(),
                "partner_id": partner.id,
                "location_final_id": location,
                "company_id": self.company_id,
                "sequence": self.sequence,
            },
        )

    def _warehouse(self):
        """Return the warehouse of the original order, or of the company."""
        self.ensure_one()
        warehouses = self.env["stock.warehouse"]
        return self.order_line_id.order_id.warehouse_id or warehouses.search(
            [("company_id", "=", self.company_id.id)], limit=1
        )

    def _stop_fulfilment(self, period, quantity):
        """Reduce the planned moves, the newest first, and return the reduction."""
        if not period.managed_move_ids:
            return super()._stop_fulfilment(period, quantity)
        unit, remaining = self.product_uom_id, quantity
        for move in period._open_moves():
            planned = move.product_uom._compute_quantity(
                move.product_uom_qty, unit, rounding_method="HALF-UP"
            )
            reduction = min(planned, remaining)
            remaining -= reduction
            if unit.compare(reduction, planned) >= 0:
                move._action_cancel()
            elif reduction:
                move.product_uom_qty = unit._compute_quantity(
                    planned - reduction, move.product_uom, rounding_method="HALF-UP"
                )
            if unit.is_zero(remaining):
                break
        return quantity - remaining
