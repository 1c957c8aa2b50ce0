"""A price that subscriptions have stays; another one is a new version of it."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import clean_context

from ..subscriptions.internal_write import would_change

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

    @api.model
    def load(self, fields, data):
        """Let the prices of a file count at once, unless it says that they are drafts.

        They were decided on elsewhere; only screens begin with drafts.
        """
        at_once = self.with_context(default_state="published")
        return super(SubscriptionPriceLock, at_once).load(fields, data)

    def copy_data(self, default=None):
        """Begin with a draft where people duplicate a price on a screen."""
        asked = self.env.context.get("default_state")
        if asked:
            default = {"state": asked, **(default or {})}
        return super().copy_data(default)

    def action_publish(self):
        """Ask from when on the draft counts, and for whom, where there is a choice.

        What comes after no other price counts on the days that it says itself.
        """
        self.ensure_one()
        self._check_is_draft()
        if not self.replaces_id and not self.partner_id:
            # The defaults of the screen are for prices, not for what follows.
            self.with_context(clean_context(self.env.context)).state = "published"
            return None
        today = self.env.company._subscription_today()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Publish the Price"),
            "res_model": "subscription.publish.price.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_rule_id": self.id,
                "default_date_from": max(self.date_from or today, today),
            },
        }

    def _check_is_draft(self):
        if self.state != "draft":
            raise UserError(self.env._("%s is published already.", self.display_name))
