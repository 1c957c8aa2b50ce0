from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..billing_core.money import HUNDRED
from .decimals import exact


class SaleOrderLine(models.Model):
    """What a renewal quotation offers for one line of the subscription."""

    _inherit = "sale.order.line"

    def _renewal_values(self, listed=()):
        """Return what of the subscription's line is another as quoted.

        Of `listed` order lines, prices that were typed are left out.
        """
        self.ensure_one()
        line, values = self.managed_line_id, {}
        if self.display_type:
            return values
        if line._is_quoted_as_one():
            if self.product_uom_qty != 1.0:
                raise UserError(
                    self.env._(
                        "%s costs the same whatever its quantity; leave it at 1.",
                        line.product_id.display_name,
                    )
                )
        elif self.product_uom_qty != line.quantity:
            values["quantity"] = self.product_uom_qty
        if self._has_own_price() and self not in listed:
            values |= self._quoted_price_values()
        return values

    def _quoted_price_values(self):
        """Return the price that was quoted in place of the subscription's."""
        line = self.managed_line_id
        if not line._has_one_price():
            raise UserError(
                self.env._(
                    "The price of %s follows from its tiers, packages or shares, and "
                    "cannot be quoted by hand; change it on the subscription, or "
                    "grant a discount there.",
                    line.product_id.display_name,
                )
            )
        quoted = exact(self.price_unit) * (HUNDRED - exact(self.discount)) / HUNDRED
        units = line._units_per_quantity() if line.pricing_model == "per_unit" else 1
        return {
            "price": float(quoted / units),
            "discount_ids": [],
            "added_discounts": [],
        }


class SubscriptionLineOffer(models.Model):
    _inherit = "subscription.line"

    def _prepare_renewal_offer(self, agreed, amount):
        """Return the order line that offers this line's next term for an amount.

        `agreed` are the values of the line in the next term.
        """
        self.ensure_one()
        if self.kind == "usage":
            return {
                "managed_line_id": self.id,
                "display_type": "line_note",
                "sequence": self.sequence,
                "name": self.env._(
                    "%(product)s: by what is used, %(price)s",
                    product=self.product_id.display_name,
                    price=self._offered_price_label(agreed),
                ),
            }
        is_one = self._is_quoted_as_one()
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
        """Return the price of what is used, as it is agreed for the next term."""
        rule = self.env["subscription.pricing.rule"].browse(agreed["pricing_rule_id"])
        if agreed["pricing_model"] != "per_unit":
            return rule.price_label
        return self.currency_id.format(agreed["price"])

    def _is_quoted_as_one(self):
        """Tell whether the quantity does not matter to what the line costs."""
        self.ensure_one()
        return self.pricing_model in ("flat", "percent_of_total")

    def _renewal_offer_text(self):
        """Return the text that the customer reads: what, how often, from when."""
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
