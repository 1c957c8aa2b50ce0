"""The state follows from what is done with a subscription, and is never written."""

from odoo import models
from odoo.exceptions import UserError

from .noted_changes import is_noted


class SubscriptionStateGuard(models.Model):
    _inherit = "subscription.subscription"

    def write(self, vals):
        self._check_state_is_noted(vals)
        return super().write(vals)

    def _check_state_is_noted(self, vals):
        """Refuse to write the state by hand: what runs would be a draft again."""
        if "state" not in vals or self.env.su or is_noted(self.env):
            return
        if self.filtered(lambda each: each.state != vals["state"]):
            raise UserError(
                self.env._(
                    "The state of a subscription follows from what is done with it; "
                    "use the buttons to start, pause or cancel it."
                )
            )
