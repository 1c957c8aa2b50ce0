"""The steps of official changes that write lines which nobody else may write."""

from odoo import models
from odoo.exceptions import UserError

from .noted_changes import is_noted, noting


class SubscriptionNotedChanges(models.Model):
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

    def _apply_amendment(self, amendment):
        added = super(SubscriptionNotedChanges, noting(self))._apply_amendment(
            amendment
        )
        return added.with_env(self.env)

    def _take_back_lines(self, change):
        return super(SubscriptionNotedChanges, noting(self))._take_back_lines(change)

    def _serve_nothing(self, other):
        return super(SubscriptionNotedChanges, noting(self))._serve_nothing(other)
