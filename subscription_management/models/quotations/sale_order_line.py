"""Lines of an order about a subscription, each about one of its lines."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    managed_line_id = fields.Many2one(
        "subscription.line",
        "Subscription Line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="What of the subscription the line renews, changes or ends.",
    )

    @api.constrains("managed_line_id", "product_id")
    def _check_line_of_subscription(self):
        for line in self.sudo().filtered("managed_line_id"):
            served = line.managed_line_id
            if served.subscription_id != line.order_id.managed_subscription_id or (
                not line.display_type and not line._may_be_of_product()
            ):
                raise ValidationError(
                    self.env._(
                        "%s is quoted as it is served; change the product on the "
                        "subscription first, and update the quotation.",
                        served.product_id.display_name,
                    )
                )

    def _may_be_of_product(self):
        """Tell whether the product is the one that is served."""
        self.ensure_one()
        return self.product_id == self.managed_line_id.product_id

    def _is_percent_of_total(self):
        served = self.managed_line_id
        if served and not self.managed_plan_id:
            return served.pricing_model == "percent_of_total"
        return super()._is_percent_of_total()

    @api.depends("managed_line_id")
    def _compute_price_unit(self):
        """Price what is served already by the code that bills it."""
        served = self.filtered("managed_line_id")
        for order in served.order_id:
            order._follow_quoted_prices()
        return super(SaleOrderLine, self - served)._compute_price_unit()

    @api.depends("managed_line_id")
    def _compute_discount(self):
        """Leave the pricelist's discounts out: what is served has its own price."""
        served = self.filtered("managed_line_id")
        for line in served:
            line.discount = line.discount or 0.0
        return super(SaleOrderLine, self - served)._compute_discount()

    def unlink(self):
        about = self.order_id.filtered("managed_purpose")
        result = super().unlink()
        about.exists()._follow_shares()
        return result

    def _has_own_price(self):
        """Tell whether somebody quoted another price than the subscription's."""
        self.ensure_one()
        return bool(self.discount) or self.price_unit != self.technical_price_unit

    def _differs_from(self, price):
        """Tell whether the amount is another one than at a unit price."""
        self.ensure_one()
        quoted = self.price_unit * (1 - self.discount / 100) * self.product_uom_qty
        return bool(
            self.currency_id.compare_amounts(quoted, price * self.product_uom_qty)
        )

    def _joining_values(self, listed=()):
        """Return the values of the subscription's line that joins by this one."""
        self.ensure_one()
        order = self.order_id
        plan = order.managed_subscription_id.plan_id
        served = order._in_memory(plan, self, listed)[self]
        if self not in listed:
            self._check_price_can_be_edited(served)
        values = served._prepare_follower_values()
        # Periods are counted as those of the subscription.
        del values["calendar_start"]
        return {**values, "order_line_id": self._origin.id}

    def _quoted_unit_price(self, quoted):
        """Return the unit price that follows from a `Quoted`."""
        self.ensure_one()
        if self in quoted.joined:
            amount = quoted.joining_by(self)
        else:
            amount = quoted.after_of(self.managed_line_id)
        return self.currency_id._unit_price_of(amount, self.product_uom_qty)
