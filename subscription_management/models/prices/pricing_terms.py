"""From the fields of a pricing rule to the terms that the core takes."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...billing_core.errors import BillingError
from ...billing_core.price_models import (
    Flat,
    Graduated,
    Package,
    PercentOfTotal,
    PerUnit,
    Stairstep,
    Volume,
)
from ...billing_core.rating import Terms
from ..decimals import exact, exact_or_none
from ..error_messages import translated
from .pricing_rule import PRICED_BY_TIERS

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


class SubscriptionPricingTerms(models.Model):
    _inherit = "subscription.pricing.rule"

    tier_ids = fields.One2many(
        "subscription.pricing.tier", "rule_id", "Tiers", copy=True
    )
    overage_price = fields.Float(
        "Price per Unit Beyond",
        min_display_digits="Product Price",
        tracking=True,
        help="For each unit beyond the last block; 0 refuses more than it holds.",
    )
    tiers_label = fields.Char(
        "Tier Prices",
        compute="_compute_tiers_label",
        store=True,
        tracking=True,
        help="What the tiers say, for those who read what was changed.",
    )
    package_size = fields.Float(
        "Units per Package", default=1.0, digits="Product Unit", tracking=True
    )
    percent = fields.Float(
        "Percent of the Total", digits=(16, 6), default=10.0, tracking=True
    )
    base_scope = fields.Selection(
        [
            ("all", "All Recurring Products"),
            ("category", "A Category"),
            ("products", "Chosen Products"),
        ],
        string="Of",
        required=True,
        default="all",
        tracking=True,
    )
    # Without its category a share would count nothing.
    base_category_id = fields.Many2one(
        "product.category", "Category", tracking=True, ondelete="restrict"
    )
    base_product_ids = fields.Many2many(
        "product.product", string="Products", tracking=True
    )
    base_price = fields.Selection(
        [("net", "After Discounts"), ("list", "Before Discounts")],
        string="Their Prices",
        required=True,
        default="net",
        tracking=True,
    )
    included_quantity = fields.Float(
        "Included Units",
        digits="Product Unit",
        tracking=True,
        help="Units of each period that cost nothing.",
    )
    minimum_amount = fields.Monetary(
        "Minimum",
        tracking=True,
        help="The least that a full period costs; 0 for no minimum.",
    )
    maximum_amount = fields.Monetary(
        "Maximum",
        tracking=True,
        help="The most that a full period costs; 0 for no maximum.",
    )

    _terms_not_negative = models.Constraint(
        "CHECK (percent >= 0 AND included_quantity >= 0 AND overage_price >= 0 "
        "AND minimum_amount >= 0 AND maximum_amount >= 0 AND package_size >= 0)",
        "The percentage, the included units, the package, the minimum, the maximum and "
        "the price beyond are zero or more.",
    )

    @api.depends(
        "pricing_model",
        "tier_ids.sequence",
        "tier_ids.up_to",
        "tier_ids.unit_price",
        "tier_ids.flat_fee",
    )
    def _compute_tiers_label(self):
        for rule in self:
            priced_by_tiers = rule.pricing_model in PRICED_BY_TIERS
            tiers = rule.tier_ids if priced_by_tiers else rule.tier_ids.browse()
            rule.tiers_label = "; ".join(tier._label() for tier in tiers)

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
        if "tier_ids" not in vals:
            return super().write(vals)
        # The tiers are written one by one, and checked by the constraint at the end.
        together = self.with_context(subscription_tiers_are_saved_together=True)
        return super(SubscriptionPricingTerms, together).write(vals)

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
        if self.base_scope == "category":
            category = str(self.base_category_id._origin.id)
            return category in (values["category_path"] or "").split("/")
        if self.base_scope == "products":
            return values["product_id"] in self.base_product_ids._origin.ids
        return values["pricing_model"] != "percent_of_total"
