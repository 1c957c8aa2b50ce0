"""What of a running subscription an order line changes, and by how much."""

from odoo import api, fields, models

from ...billing_core.changes import line_on

EFFECTS = [
    ("units", "More or Fewer Units"),
    ("leaves", "Leaves"),
    ("replaces", "Takes Its Place"),
    ("follows", "Follows"),
]


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    managed_effect = fields.Selection(
        EFFECTS,
        "Effect",
        readonly=True,
        copy=False,
        help="What becomes of the line of the subscription.\n"
        "More or fewer units: the quantity is the difference.\n"
        "Leaves: it is not served any more, or something takes its place.\n"
        "Follows: it costs another amount, as a share of what changes.",
    )

    @api.depends("managed_effect", "managed_line_id", "product_uom_qty")
    def _compute_managed_interval_label(self):
        """Say what becomes of what is served already, too."""
        result = super()._compute_managed_interval_label()
        for line in self.filtered("managed_effect"):
            plan = line.managed_plan_id or line.managed_line_id.sudo().plan_id
            line.managed_interval_label = line._describe_effect(plan.interval_label)
        return result

    def _describe_effect(self, interval):
        """Return in the words of the customer what becomes of a line."""
        self.ensure_one()
        if self.managed_effect == "units":
            if self.product_uom_qty < 0:
                return self.env._("%s, fewer than before", interval)
            return self.env._("%s, in addition", interval)
        if self.managed_effect == "leaves":
            return self.env._("%s, no longer", interval)
        if self.managed_effect == "replaces":
            return self.env._("%s, instead", interval)
        return self.env._("%s, as a share of what changes", interval)

    def _of_effect(self, effect):
        return self.filtered(lambda line: line.managed_effect == effect)

    def _may_be_of_product(self):
        return self.managed_effect == "replaces" or super()._may_be_of_product()

    def _quoted_unit_price(self, quoted):
        self.ensure_one()
        served, units = self.managed_line_id, self.product_uom_qty
        if self in quoted.joined or self.managed_effect in (False, "replaces"):
            return super()._quoted_unit_price(quoted)
        before, after = quoted.before_of(served), quoted.after_of(served)
        amount = -before if self.managed_effect == "leaves" else after - before
        return self.currency_id._unit_price_of(amount, units)

    def _replacing_values(self, listed=()):
        """Return the values that take the place of those of the subscription's line."""
        self.ensure_one()
        served, values = self.managed_line_id, {}
        if self.product_uom_qty != served.quantity:
            values["quantity"] = self.product_uom_qty
        if self._is_same_offer():
            if self._has_own_price() and self not in listed:
                values |= self._quoted_price_values()
            return values
        joining = self._joining_values(listed)
        names = (
            "product_id",
            "product_uom_id",
            "plan_id",
            "pricing_rule_id",
            "pricing_model",
            "price",
        )
        values |= {name: joining[name] for name in names}
        if joining["discount_ids"]:
            values["added_discounts"] = joining["discount_ids"]
        return values

    def _is_same_offer(self):
        """Tell whether product and plan stay as they are served."""
        self.ensure_one()
        served, plan = self.managed_line_id, self.managed_plan_id
        return served.product_id == self.product_id and plan in (False, served.plan_id)

    def _follow_served_lines(self):
        """Let lines of a quotation be about what is served now, or leave it."""
        order = self.order_id
        subscription = order.managed_subscription_id
        now = {
            line._origin_key(): line
            for line in subscription._lines_to_change(order._service_start_date())
        }
        gone = self.browse()
        for line in self.filtered("managed_line_id"):
            served = now.get(line.managed_line_id._origin_key())
            if not served:
                gone |= line
                continue
            line.managed_line_id = served
            if line.managed_effect == "leaves":
                line.product_uom_qty = -served._quoted_units()
        if names := ", ".join(gone.product_id.mapped("display_name")):
            order.message_post(
                body=self.env._("Not served any more, and left out: %s", names)
            )
        gone.unlink()

    def unlink(self):
        """Delete what leaves together with what takes its place."""
        paired = self.filtered(
            lambda line: line.managed_effect in ("leaves", "replaces")
        )
        siblings = paired.order_id.order_line.filtered(
            lambda line: (
                line.managed_effect in ("leaves", "replaces")
                and line.managed_line_id in paired.managed_line_id
            )
        )
        return super(SaleOrderLine, self | siblings).unlink()


class SubscriptionLineQuotedChange(models.Model):
    _inherit = "subscription.line"

    def _quantity_on(self, day):
        """Return the quantity on a day of what was this line at first."""
        self.ensure_one()
        lines = self.subscription_id._snapshot_lines()
        return float(line_on(lines, self._origin_key(), day).quantity)

    def _quoted_units(self):
        """Return the quantity by which the line is shown on an order."""
        self.ensure_one()
        return 1.0 if self._is_quoted_as_one_unit() else self.quantity

    def _prepare_quoted_change(self, effect, quantity=None, **values):
        """Return the values of the order line by which this one changes."""
        self.ensure_one()
        units = -self._quoted_units() if effect == "leaves" else quantity
        return {
            "managed_line_id": self.id,
            "managed_effect": effect,
            "product_id": self.product_id.id,
            "name": self.name
            or self.product_id.get_product_multiline_description_sale(),
            "product_uom_id": self.product_uom_id.id,
            "product_uom_qty": units,
            "sequence": self.sequence,
            "price_unit": 0.0,
            "technical_price_unit": 0.0,
            **values,
        }

    def _prepare_quoted_replacement(self, quantity, **values):
        """Return the values of the order lines by which something takes its place."""
        return [
            self._prepare_quoted_change("leaves"),
            self._prepare_quoted_change("replaces", quantity, **values),
        ]

    def _prepare_quoted_share(self, amount):
        """Return the order line that shows by how much a share changes."""
        price = float(amount)
        return self._prepare_quoted_change(
            "follows", 1.0, price_unit=price, technical_price_unit=price
        )
