"""A price that subscriptions have stays; another one is a new version of it."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .written_values import would_change

LOCKED_FIELDS = {
    "plan_id",
    "product_id",
    "currency_id",
    "partner_id",
    "date_from",
    "state",
    "replaces_id",
    "applies_at_renewal",
    "pricing_model",
    "is_charged_once",
    "price",
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
"""What says what is owed, by whom, and since when it is asked."""


class SubscriptionPriceLock(models.Model):
    _inherit = "subscription.pricing.rule"

    line_ids = fields.One2many("subscription.line", "pricing_rule_id")
    is_used = fields.Boolean(
        compute="_compute_is_used",
        help="Subscriptions have this price, or drafts of subscriptions.",
    )

    @api.depends("line_ids")
    def _compute_is_used(self):
        used = self._used()
        for rule in self:
            rule.is_used = rule in used

    def _used(self):
        """Return those that a subscription has, of any company, drafts too."""
        lines = self.env["subscription.line"].sudo()
        return self.filtered(
            lambda rule: (
                rule._origin
                and lines.search_count(
                    [("pricing_rule_id", "=", rule._origin.id)], limit=1
                )
            )
        )

    @api.model
    def _locked_fields(self):
        """Return the fields that stay as they are once a subscription has the price."""
        return LOCKED_FIELDS

    def write(self, vals):
        self.check_access("write")
        for rule in self:
            rule._check_unlocked(rule._changed_by(vals))
        return super().write(vals)

    def _changed_by(self, vals):
        """Return which locked fields would be others; tiers answer for themselves."""
        self.ensure_one()
        names = self._locked_fields() & vals.keys() - {"tier_ids"}
        return sorted(name for name in names if would_change(self, name, vals[name]))

    def _check_unlocked(self, names):
        """Refuse to change fields where subscriptions were agreed at the price."""
        used = self._used() if names else self.browse()
        if used:
            field = self._fields[names[0]]
            raise UserError(
                self.env._(
                    "Subscriptions have the price %(price)s, so its “%(field)s” stays "
                    "as they agreed to it. Use the button New Version, which asks from "
                    "when on another price counts, and for whom.",
                    price=used[0].display_name,
                    field=field._description_string(self.env),
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if used := self._used():
            raise UserError(
                self.env._(
                    "Subscriptions have the price %s, which stays readable; archive it "
                    "instead.",
                    used[0].display_name,
                )
            )
