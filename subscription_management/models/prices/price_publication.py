"""Drafts, publication and locks: a price in use keeps its terms."""

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.tools import clean_context

from ..model_part import ModelPart
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
"""The fields that decide the amount of a line, its customers and its start."""


class SubscriptionPricePublication(ModelPart):
    _register = False

    line_ids = fields.One2many("subscription.line", "pricing_rule_id")
    is_used = fields.Boolean(
        compute="_compute_is_used",
        help="Subscriptions, or drafts of subscriptions, have this price.",
    )

    @api.depends("line_ids")
    def _compute_is_used(self):
        used = self._used()
        for rule in self:
            rule.is_used = rule in used

    def _used(self):
        """Return the rules that a subscription of any company has, drafts included."""
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
        """Return the fields that cannot change once a subscription has the price."""
        return LOCKED_FIELDS

    def _check_locked(self, vals):
        """Refuse to change locked fields of a price in use."""
        for rule in self:
            rule._check_unlocked(rule._changed_locked_fields(vals))

    def _changed_locked_fields(self, vals):
        """Return the locked fields that would change; tiers check themselves."""
        self.ensure_one()
        names = self._locked_fields() & vals.keys() - {"tier_ids"}
        return sorted(name for name in names if would_change(self, name, vals[name]))

    def _check_unlocked(self, names):
        """Refuse to change fields of a price that subscriptions have."""
        used = self._used() if names else self.browse()
        if used:
            field = self._fields[names[0]]
            raise UserError(
                self.env._(
                    "Subscriptions have the price %(price)s, so its “%(field)s” cannot "
                    "be changed. Use the button New Version to set another price from "
                    "a date.",
                    price=used[0].display_name,
                    field=field._description_string(self.env),
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if used := self._used():
            raise UserError(
                self.env._(
                    "Subscriptions have the price %s, so it cannot be deleted; archive "
                    "it instead.",
                    used[0].display_name,
                )
            )

    @api.model
    def load(self, fields, data):
        """Publish imported prices at once, unless the file says that they are drafts.

        Only prices created on screens begin as drafts.
        """
        published = self.with_context(default_state="published")
        return super(SubscriptionPricePublication, published).load(fields, data)

    def copy_data(self, default=None):
        """Duplicate as a draft on screens, whose context asks for drafts."""
        default_state = self.env.context.get("default_state")
        if default_state:
            default = {"state": default_state, **(default or {})}
        return super().copy_data(default)

    def action_publish(self):
        """Publish the draft, or ask for the date and the subscriptions that get it.

        There is nothing to ask for a general price that replaces no other: it applies
        on its own dates.
        """
        self.ensure_one()
        self.check_access("write")
        self._check_is_draft()
        if self.replaces_id or self.partner_id:
            return self._open_publish_wizard()
        # The default values of the screen are for prices, not for their log.
        self.with_context(clean_context(self.env.context)).state = "published"
        self._reprice_drafts()
        return None

    def _open_publish_wizard(self):
        today = self.env.company._subscription_today()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Publish Price"),
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
            raise UserError(
                self.env._(
                    "%s is published already; use the button New Version to change it.",
                    self.display_name,
                )
            )
