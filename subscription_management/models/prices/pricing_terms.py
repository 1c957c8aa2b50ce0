"""The terms of a pricing rule: its fields, and the values of the core made of them."""

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
from ..model_part import ModelPart
from .pricing_models import PRICED_BY_TIERS

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
"""The core's price model of a rule at the price agreed on a line."""


class SubscriptionPricingTerms(ModelPart):
    _register = False

    tier_ids = fields.One2many(
        "subscription.pricing.tier", "rule_id", "Tiers", copy=True
    )
    overage_price = fields.Float(
        "Price per Unit Beyond",
        min_display_digits="Product Price",
        tracking=True,
        help="For each unit beyond the last block; 0 to refuse larger quantities.",
    )
    tiers_label = fields.Char(
        "Tier Prices",
        compute="_compute_tiers_label",
        store=True,
        tracking=True,
        help="The tiers in one line, for the log of changes.",
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
        string="Base",
        required=True,
        default="all",
        tracking=True,
    )
    # A deleted category would leave the base empty.
    base_category_id = fields.Many2one(
        "product.category", "Category", ondelete="restrict", tracking=True
    )
    base_product_ids = fields.Many2many(
        "product.product", string="Products", tracking=True
    )
    base_price = fields.Selection(
        [("net", "After Discounts"), ("list", "Before Discounts")],
        string="Base Prices",
        required=True,
        default="net",
        tracking=True,
    )
    included_quantity = fields.Float(
        "Included Units",
        digits="Product Unit",
        tracking=True,
        help="Units of each period that are free of charge.",
    )
    minimum_amount = fields.Monetary(
        "Minimum",
        tracking=True,
        help="The lowest amount of a full period; 0 for no minimum.",
    )
    maximum_amount = fields.Monetary(
        "Maximum",
        tracking=True,
        help="The highest amount of a full period; 0 for no maximum.",
    )

    _terms_not_negative = models.Constraint(
        "CHECK (percent >= 0 AND included_quantity >= 0 AND overage_price >= 0 "
        "AND minimum_amount >= 0 AND maximum_amount >= 0 AND package_size >= 0)",
        "The percentage, the included units, the package, the minimum, the maximum and "
        "the price per unit beyond are zero or more.",
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

    def _with_joint_tier_check(self, vals):
        """Return the rules with a context that checks the tiers of one save at its end.

        Otherwise each tier would be checked against the former values of the others.
        """
        if "tier_ids" not in vals:
            return self
        return self.with_context(subscription_tiers_are_saved_together=True)

    def _snapshot_terms(self, price=None):
        """Return the core's terms, at the rule's own or at an agreed price."""
        self.ensure_one()
        agreed = exact(self.price) if price is None else price
        return Terms(
            self._snapshot_price_model(agreed),
            included=exact(self.included_quantity),
            minimum=exact_or_none(self.minimum_amount),
            maximum=exact_or_none(self.maximum_amount),
        )

    def _uplift_affects_terms(self):
        """Return whether an uplift raises tiers or limits besides the agreed price."""
        self.ensure_one()
        bounded = self.minimum_amount or self.maximum_amount
        return bool(bounded or self.pricing_model in PRICED_BY_TIERS)

    def _snapshot_price_model(self, price):
        """Return the core's price model at an agreed price."""
        return PRICE_MODELS[self.pricing_model](self, price)

    def _snapshot_tiers(self):
        return tuple(tier._snapshot_tier() for tier in self.tier_ids)

    def _includes_in_base(self, values):
        """Return whether a line with these values is in the base of a percentage."""
        self.ensure_one()
        if values["kind"] != "recurring":
            return False
        if self.base_scope == "category":
            return self._includes_category_of(values)
        if self.base_scope == "products":
            return values["product_id"] in self.base_product_ids._origin.ids
        return values["pricing_model"] != "percent_of_total"

    def _includes_category_of(self, values):
        """Return whether a line with these values is in the category of the base."""
        self.ensure_one()
        wanted = self.base_category_id._origin.id
        return str(wanted) in (values["category_path"] or "").split("/")
