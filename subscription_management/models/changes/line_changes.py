"""The part of a subscription line that changes read: its values, series and ends."""

from odoo import api, fields

from ..model_part import ModelPart
from ..subscriptions.internal_write import internal_write


class SubscriptionLineChanges(ModelPart):
    _register = False

    category_path = fields.Char(
        compute="_compute_category_path",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="The product's category and its parents when the line was agreed. Later "
        "changes of the category do not change the shares that running subscriptions "
        "owe.",
    )

    @api.depends("product_id", "plan_id")
    def _compute_category_path(self):
        for line in self:
            line.category_path = line.product_id.categ_id.parent_path

    def _prepare_follower_values(self):
        """Return the values of a line that continues this one unchanged."""
        self.ensure_one()
        return {
            "product_id": self.product_id.id,
            "product_uom_id": self.product_uom_id.id,
            "name": self.name,
            "kind": self.kind,
            "sequence": self.sequence,
            "plan_id": self.plan_id.id,
            "calendar_start": self.calendar_start,
            "quantity": self.quantity,
            "pricing_rule_id": self.pricing_rule_id.id,
            "pricing_model": self.pricing_model,
            "price": self.price,
            "uplift_percent": self.uplift_percent,
            "analytic_distribution": self.analytic_distribution,
            "discount_ids": self._discount_commands(),
            "category_path": self.category_path,
            "seats_used": self.seats_used,
            "seats_used_on": self.seats_used_on,
        }

    def _prepare_values_by(self, rule):
        """Return the values that change when another price serves the line."""
        self.ensure_one()
        return {
            "plan_id": rule.plan_id.id,
            "product_id": rule.product_id.id,
            "product_uom_id": self._unit_for(rule.product_id).id,
            "pricing_rule_id": rule.id,
            "pricing_model": rule.pricing_model,
            "price": rule.price,
        }

    def _without_increases(self, values):
        """Return changed values; uplifts stay with the price that they raised."""
        return (
            {"uplift_percent": 0.0, **values} if "pricing_rule_id" in values else values
        )

    def _series_key(self):
        self.ensure_one()
        return self.series_id.id or self.id

    def _origin_key(self):
        self.ensure_one()
        return self.origin_id.id or self._series_key()

    def _series_lines(self):
        """Return the lines of the same series, of all days."""
        self.ensure_one()
        key = self._series_key()
        return self.subscription_id.line_ids.filtered(
            lambda line: key in (line.id, line.series_id.id)
        )

    def _origin_lines(self):
        """Return the lines of the same original line, of all days."""
        self.ensure_one()
        key = self._origin_key()
        return self.subscription_id.line_ids.filtered(
            lambda line: line._origin_key() == key
        )

    def _prepare_ends_before(self):
        """Return the ends of lines as values of the change that replaces them."""
        return {
            "ended_lines": {
                str(line.id): line.date_end and line.date_end.isoformat()
                for line in self
            },
            "charged_ends": self._charged_ends(),
        }

    def _restore_end_dates(self, change):
        """Restore the ends that lines had before a change."""
        for key in change.ended_lines or {}:
            line = self.filtered(lambda each, key=key: each.id == int(key))
            line.write(self._prepare_restored_values(change, key))

    def _restore_ends_at(self, end, cancelled):
        """Restore the ends that lines had before a cancellation on a day.

        Lines that changes have added since then end as their original lines.
        """
        ended = cancelled.ended_lines or {}
        agreed = {
            line._origin_key(): str(line.id)
            for line in self
            if str(line.id) in ended and line.date_start < end
        }
        for line in internal_write(self):
            key, was = str(line.id), line.date_end
            if line.date_start >= end and was == line.date_start and key in ended:
                before = key
            elif was == end and line.date_start < end:
                before = key if key in ended else agreed.get(line._origin_key())
            else:
                continue
            if before:
                line.write(self._prepare_restored_values(cancelled, before))

    def _prepare_restored_values(self, change, key):
        """Return the values of the end that a line had before a change."""
        end, charged = (
            fields.Date.to_date((kept or {}).get(key))
            for kept in (change.ended_lines, change.charged_ends)
        )
        return self._prepare_end_values(end, charged)

    def _ordered_lines(self):
        """Return the lines that orders refer to, and that therefore stay."""
        order_lines = self.env["sale.order.line"].sudo()
        found = order_lines.search([("managed_line_id", "in", self.ids)])
        return found.managed_line_id
