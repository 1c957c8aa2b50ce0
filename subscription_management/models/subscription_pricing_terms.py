"""From the fields of a pricing rule to the terms that the core takes."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..billing_core.errors import BillingError
from ..billing_core.price_models import (
    Flat,
    Graduated,
    Package,
    PercentOfTotal,
    PerUnit,
    Stairstep,
    Volume,
)
from ..billing_core.rating import Terms
from .decimals import exact, exact_or_none
from .error_messages import translated
from .subscription_pricing_rule import PRICED_BY_TIERS

PRICE_MODELS = {
    "flat": lambda rule, price: Flat(price),
    "per_unit": lambda rule, price: PerUnit(price),
    "graduated": lambda rule, price: Graduated(rule._snapshot_tiers()),
    "volume": lambda rule, price: Volume(rule._snapshot_tiers()),
    "stairstep": lambda rule, price: Stairstep(
        rule._snapshot_tiers(), exact_or_none(rule.overage_price)
    ),
    "package": lambda rule, price: Package(price, exact(rule.package_size)),
    "percent_of_total": lambda rule, price: PercentOfTotal(exact(rule.percent)),
}
"""How each pricing model is made of a rule and the price agreed on a line."""

SHAPE = {
    "pricing_model",
    "tier_ids",
    "overage_price",
    "package_size",
    "percent",
    "base_scope",
    "base_category_id",
    "base_product_ids",
    "base_price",
    "included_quantity",
    "minimum_amount",
    "maximum_amount",
}
"""What lines read from their rule: kept as it is once a subscription runs on it."""


class SubscriptionPricingTerms(models.Model):
    _inherit = "subscription.pricing.rule"

    tier_ids = fields.One2many(
        "subscription.pricing.tier", "rule_id", "Tiers", copy=True
    )
    overage_price = fields.Float(
        "Price per Unit Beyond",
        min_display_digits="Product Price",
        help="For each unit beyond the last block; 0 refuses more than it holds.",
    )
    package_size = fields.Float("Units per Package", default=1.0, digits="Product Unit")
    percent = fields.Float("Percent of the Total", digits=(16, 6), default=10.0)
    base_scope = fields.Selection(
        [
            ("all", "All Recurring Products"),
            ("category", "A Category"),
            ("products", "Chosen Products"),
        ],
        string="Of",
        required=True,
        default="all",
    )
    base_category_id = fields.Many2one("product.category", "Category")
    base_product_ids = fields.Many2many("product.product", string="Products")
    base_price = fields.Selection(
        [("net", "After Discounts"), ("list", "Before Discounts")],
        string="Their Prices",
        required=True,
        default="net",
    )
    included_quantity = fields.Float(
        "Included Units",
        digits="Product Unit",
        help="Units of each period that cost nothing.",
    )
    minimum_amount = fields.Monetary(
        "Minimum", help="The least that a full period costs; 0 for no minimum."
    )
    maximum_amount = fields.Monetary(
        "Maximum", help="The most that a full period costs; 0 for no maximum."
    )

    _terms_not_negative = models.Constraint(
        "CHECK (percent >= 0 AND included_quantity >= 0 AND overage_price >= 0 "
        "AND minimum_amount >= 0 AND maximum_amount >= 0 AND package_size >= 0)",
        "The percentage, the included units, the package, the minimum, the maximum and "
        "the price beyond are zero or more.",
    )

    @api.constrains(
        "pricing_model",
        "price",
        "tier_ids",
        "package_size",
        "percent",
        "included_quantity",
        "minimum_amount",
        "maximum_amount",
    )
    def _check_terms(self):
        for rule in self:
            try:
                rule._snapshot_terms()
            except BillingError as error:
                raise ValidationError(
                    self.env._(
                        "%(rule)s: %(reason)s",
                        rule=rule.display_name,
                        reason=translated(self.env, error),
                    )
                ) from error

    def write(self, vals):
        self._check_shape_stays(vals)
        if "tier_ids" not in vals:
            return super().write(vals)
        # The tiers are written one by one, and checked by the constraint at the end.
        together = self.with_context(subscription_tiers_are_saved_together=True)
        return super(SubscriptionPricingTerms, together).write(vals)

    def _check_shape_stays(self, vals):
        """Refuse to change under running subscriptions how their price is counted."""
        changed = self.browse()
        for rule in self:
            if any(
                rule._differs(name, vals[name]) for name in self._shape() & vals.keys()
            ):
                changed |= rule
        used = (
            self.env["subscription.line"]
            .sudo()
            .search(
                [
                    ("pricing_rule_id", "in", changed.ids),
                    ("subscription_id.state", "!=", "draft"),
                ],
                limit=1,
            )
        )
        if used:
            raise UserError(
                self.env._(
                    "Subscriptions run on the price of %s, which stays as they agreed "
                    "to it; make a new version instead.",
                    used.pricing_rule_id.display_name,
                )
            )

    def _shape(self):
        """Return the fields that say how the price is counted."""
        return SHAPE

    def _differs(self, name, value):
        field = self._fields[name]
        if field.type in ("one2many", "many2many"):
            return bool(value)
        return field.convert_to_write(self[name], self) != value

    def _snapshot_terms(self, price=None):
        """Return the rule as the core takes it, at its own or at an agreed price."""
        self.ensure_one()
        agreed = exact(self.price) if price is None else price
        return Terms(
            self._snapshot_price_model(agreed),
            included=exact(self.included_quantity),
            minimum=exact_or_none(self.minimum_amount),
            maximum=exact_or_none(self.maximum_amount),
        )

    def _rises_beyond_its_price(self):
        """Tell whether a rise raises more than the price that lines agree on."""
        self.ensure_one()
        bounded = self.minimum_amount or self.maximum_amount
        return bool(bounded or self.pricing_model in PRICED_BY_TIERS)

    def _snapshot_price_model(self, price):
        """Return the pricing model as the core takes it, at an agreed price."""
        return PRICE_MODELS[self.pricing_model](self, price)

    def _snapshot_tiers(self):
        return tuple(tier._snapshot_tier() for tier in self.tier_ids)

    def _counts(self, values):
        """Tell whether a percent-of-total price counts a line with these values."""
        self.ensure_one()
        if values["kind"] != "recurring":
            return False
        product = self.env["product.product"].browse(values["product_id"])
        if self.base_scope == "category":
            within = product.categ_id.parent_path or ""
            return within.startswith(self.base_category_id.parent_path or "/")
        if self.base_scope == "products":
            return product in self.base_product_ids._origin
        return values["pricing_model"] != "percent_of_total"
