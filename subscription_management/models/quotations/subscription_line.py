"""Subscription lines as orders start, renew, change and remove them."""

from odoo import fields
from odoo.tools import format_date

from ...billing_core.changes import line_on
from ..model_part import ModelPart


class SubscriptionLineSale(ModelPart):
    _register = False

    order_line_id = fields.Many2one(
        "sale.order.line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="sales_team.group_sale_salesman",
    )

    def _quantity_on(self, day):
        """Return the quantity on a day of the lines that continue this one."""
        self.ensure_one()
        lines = self.subscription_id._snapshot_lines()
        return float(line_on(lines, self._origin_key(), day).quantity)

    def _is_quoted_as_one_unit(self):
        """Return whether the price does not depend on the quantity."""
        self.ensure_one()
        return self.pricing_model in ("flat", "percent_of_total")

    def _quoted_units(self):
        """Return the quantity with which orders show the line."""
        self.ensure_one()
        return 1.0 if self._is_quoted_as_one_unit() else self.quantity

    # --- Changes ---

    def _prepare_quoted_quantity(self, difference):
        """Return the values of the order line of a quantity change."""
        return self._prepare_quoted_change("quantity", difference)

    def _prepare_quoted_removal(self):
        """Return the values of the order line that removes this one."""
        return self._prepare_quoted_change("removed", -self._quoted_units())

    def _prepare_quoted_replacement(self, quantity, **values):
        """Return the values of the order lines of a removal and its replacement."""
        return [
            self._prepare_quoted_removal(),
            self._prepare_quoted_change("replacement", quantity, **values),
        ]

    def _prepare_quoted_share(self, amount):
        """Return the values of the order line that shows how a share changes."""
        price = float(amount)
        return self._prepare_quoted_change(
            "share", 1.0, price_unit=price, technical_price_unit=price
        )

    def _prepare_quoted_change(self, effect, quantity, **values):
        """Return the values of the order line with an effect on this one."""
        self.ensure_one()
        return {
            "managed_line_id": self.id,
            "managed_effect": effect,
            "product_id": self.product_id.id,
            "name": self.name
            or self.product_id.get_product_multiline_description_sale(),
            "product_uom_id": self.product_uom_id.id,
            "product_uom_qty": quantity,
            "sequence": self.sequence,
            "price_unit": 0.0,
            "technical_price_unit": 0.0,
            **values,
        }

    # --- Renewals ---

    def _prepare_renewal_offer(self, agreed, amount):
        """Return the values of the order line that offers the next term.

        `agreed` are the values of this line in the next term, `amount` its price.
        """
        self.ensure_one()
        if self.kind == "usage":
            return {
                "managed_line_id": self.id,
                "display_type": "line_note",
                "sequence": self.sequence,
                "name": self.env._(
                    "%(product)s: by usage, %(price)s",
                    product=self.product_id.display_name,
                    price=self._offered_price_label(agreed),
                ),
            }
        is_one = self._is_quoted_as_one_unit()
        quantity = 1.0 if is_one else agreed["quantity"]
        price = self.currency_id._unit_price_of(amount, quantity)
        return {
            "managed_line_id": self.id,
            "product_id": self.product_id.id,
            "name": self._renewal_offer_text(),
            "product_uom_qty": quantity,
            "product_uom_id": self.product_uom_id.id,
            "sequence": self.sequence,
            "price_unit": price,
            "technical_price_unit": price,
        }

    def _offered_price_label(self, agreed):
        """Return the price of usage in the next term."""
        rule = self.env["subscription.pricing.rule"].browse(agreed["pricing_rule_id"])
        if agreed["pricing_model"] != "per_unit":
            return rule.price_label
        return self.currency_id.format(agreed["price"])

    def _renewal_offer_text(self):
        """Return the description of the next term: product, interval and dates."""
        subscription = self.subscription_id
        first = subscription.term_end
        end = subscription._term_end_after(first)
        text = self.name or self.product_id.get_product_multiline_description_sale()
        if self.pricing_model == "percent_of_total":
            text = f"{text}, {self.price_label}"
        if not end:
            return self.env._(
                "%(text)s\n%(interval)s, from %(first)s",
                text=text,
                interval=self.interval_label,
                first=format_date(self.env, first),
            )
        return self.env._(
            "%(text)s\n%(interval)s, %(first)s – %(last)s",
            text=text,
            interval=self.interval_label,
            first=format_date(self.env, first),
            last=format_date(self.env, fields.Date.subtract(end, days=1)),
        )
