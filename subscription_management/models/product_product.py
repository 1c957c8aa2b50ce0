from odoo import fields, models

from ..billing_core.money import ONE
from .decimals import exact


class ProductProduct(models.Model):
    _inherit = "product.product"

    managed_pricing_rule_ids = fields.One2many(
        "subscription.pricing.rule", "product_id", "Subscription Prices"
    )

    def _units_in(self, unit):
        """Return how many of the product's own units one of another unit holds."""
        if not unit or unit == self.uom_id:
            return ONE
        return exact(unit._compute_quantity(1.0, self.uom_id, round=False))


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def action_view_managed_pricing_rules(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_pricing_rule_action"
        )
        action["domain"] = [("product_id", "in", self.product_variant_ids.ids)]
        action["context"] = {
            "default_product_id": self.product_variant_id.id,
            "default_state": "draft",
        }
        return action
