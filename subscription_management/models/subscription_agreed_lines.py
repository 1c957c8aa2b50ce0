"""Lines of what has started: changed with a day and a place in history, never typed."""

from odoo import api, models
from odoo.exceptions import UserError

from .subscription_line import AGREED_FIELDS, PRICED_FIELDS
from .written_values import would_change

STARTED_FIELDS = PRICED_FIELDS | AGREED_FIELDS | {"date_end", "last_day"}
"""What only a change may write once the subscription has started."""


class SubscriptionAgreedLine(models.Model):
    _inherit = "subscription.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_is_by_change()
        return lines

    def write(self, vals):
        self._check_agreed_stays(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        self._check_is_by_change()

    def _check_agreed_stays(self, vals):
        """Refuse to edit what was agreed once the subscription has started."""
        agreed = STARTED_FIELDS & vals.keys()
        for line in self if agreed else self.browse():
            if any(would_change(line, name, vals[name]) for name in agreed):
                line._check_is_by_change()

    def _check_is_by_change(self):
        """Refuse what is no change of its own: it has no day, and no place in history.

        Official changes say that they note what they do.
        """
        if self.env.context.get("subscription_change_is_logged"):
            return
        for subscription in self.subscription_id:
            if subscription.state != "draft":
                raise UserError(
                    self.env._(
                        "%s has started: its products are not edited in the list. Use "
                        "the button Change, which asks from which day on, and shows "
                        "what is invoiced.",
                        subscription.name,
                    )
                )
