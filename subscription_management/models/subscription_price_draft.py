"""Drafts of prices: what people make on a screen counts once it is published."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import clean_context


class SubscriptionPriceDraft(models.Model):
    _inherit = "subscription.pricing.rule"

    @api.model
    def load(self, fields, data):
        """Let the prices of a file count at once, unless it says that they are drafts.

        They were decided on elsewhere; only screens begin with drafts.
        """
        at_once = self.with_context(default_state="published")
        return super(SubscriptionPriceDraft, at_once).load(fields, data)

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
        today = fields.Date.context_today(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Publish the Price"),
            "res_model": "subscription.price.publish",
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
