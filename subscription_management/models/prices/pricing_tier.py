"""The tiers of a pricing rule: ranges of quantities with their own prices."""

from odoo import api, fields, models

from ...billing_core.price_models import Tier
from ..decimals import exact
from ..subscriptions.internal_write import would_change


class SubscriptionPricingTier(models.Model):
    _name = "subscription.pricing.tier"
    _description = "Pricing Tier"
    _order = "rule_id, sequence, id"

    rule_id = fields.Many2one(
        "subscription.pricing.rule", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="rule_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    above = fields.Float(
        compute="_compute_above",
        digits="Product Unit",
        help="The last quantity of the previous tier.",
    )
    up_to = fields.Float(
        digits="Product Unit",
        help="The last quantity of this tier; 0 in the last row for a tier without "
        "end.",
    )
    unit_price = fields.Float("Price per Unit", min_display_digits="Product Price")
    flat_fee = fields.Float(
        min_display_digits="Product Price",
        help="Charged once per period, independent of the quantity in the tier.",
    )

    _not_negative = models.Constraint(
        "CHECK (up_to >= 0 AND unit_price >= 0 AND flat_fee >= 0)",
        "The end, the price and the fee of a tier are zero or more.",
    )

    @api.depends("rule_id.tier_ids.up_to", "rule_id.tier_ids.sequence")
    def _compute_above(self):
        for tier in self:
            before = 0.0
            for other in tier.rule_id.tier_ids:
                if other == tier:
                    break
                before = other.up_to
            tier.above = before

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        tiers.rule_id._check_unlocked(["tier_ids"])
        tiers._check_together()
        return tiers

    def write(self, vals):
        changed = self.filtered(
            lambda tier: any(would_change(tier, name, vals[name]) for name in vals)
        )
        rules = changed.rule_id
        if changed and "rule_id" in vals:
            rules |= rules.browse(vals["rule_id"])
        rules._check_unlocked(["tier_ids"])
        result = super().write(vals)
        self._check_together()
        return result

    def _check_together(self):
        """Refuse inconsistent tiers, unless the rule checks all tiers of one save."""
        if not self.env.context.get("subscription_tiers_are_saved_together"):
            self.rule_id._check_terms()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.rule_id._check_unlocked(["tier_ids"])

    def _label(self):
        """Return the tier as text: `≤ 10: 3 + 40`, the unit price and the fee."""
        self.ensure_one()
        ends = f"≤ {_figure(self.up_to)}" if self.up_to else f"> {_figure(self.above)}"
        amounts = [self.unit_price, self.flat_fee]
        if self.rule_id.pricing_model == "stairstep":
            amounts = [self.flat_fee]
        elif not self.flat_fee:
            amounts = [self.unit_price]
        return f"{ends}: {' + '.join(map(_figure, amounts))}"

    def _snapshot_tier(self):
        """Return the core's value of the tier."""
        self.ensure_one()
        return Tier(
            up_to=exact(self.up_to) if self.up_to else None,
            unit_price=exact(self.unit_price),
            flat_fee=exact(self.flat_fee),
        )


def _figure(number):
    return f"{exact(number).normalize():f}"
