"""Lines of what has started: changed with a day and a place in history, never typed."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .noted_changes import is_noted
from .subscription_line import AGREED_FIELDS, PRICED_FIELDS
from .written_values import would_change

STARTED_FIELDS = (
    PRICED_FIELDS
    | AGREED_FIELDS
    | {"date_end", "last_day", "charged_until", "charged_end", "subscription_id"}
)
"""What only a change may write once the subscription has started."""

LINKING_FIELDS = ("series_id", "origin_id")
"""What only a change may write, on drafts too: by these, lines are billed as one."""

CHARGED_FIELDS = ("charged_from", "charged_until", "charged_end", "category_path")
"""What only a change may write, on drafts too: no screen shows what it takes off."""


class SubscriptionAgreedLine(models.Model):
    _inherit = "subscription.line"

    @api.model_create_multi
    def create(self, vals_list):
        default = self.default_get([*LINKING_FIELDS, *CHARGED_FIELDS])
        given = {
            name
            for vals in vals_list
            for name, value in {**default, **vals}.items()
            if value
        }
        # Before a price is looked for, which those that go on with others have.
        self._check_follows(given)
        lines = super().create(vals_list)
        if lines.filtered("closed_until"):
            lines._check_billing_is_noted()
        lines._check_is_by_change()
        return lines

    def write(self, vals):
        if "closed_until" in vals:
            day = fields.Date.to_date(vals["closed_until"]) or False
            if self.filtered(lambda line: line.closed_until != day):
                self._check_billing_is_noted()
        self._check_follows(
            {
                name
                for name in vals.keys() & {*LINKING_FIELDS, *CHARGED_FIELDS}
                if any(would_change(line, name, vals[name]) for line in self)
            }
        )
        self._check_agreed_stays(vals)
        result = super().write(vals)
        if "subscription_id" in vals:
            self._check_is_by_change()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        self._check_is_by_change()

    def _check_agreed_stays(self, vals):
        """Refuse to edit what was agreed once the subscription has started."""
        agreed = STARTED_FIELDS & vals.keys()
        for line in self if agreed else self.browse():
            if any(would_change(line, name, vals[name]) for name in agreed):
                line._check_is_by_change()

    def _check_billing_is_noted(self):
        """Refuse to write by hand until when a line is billed."""
        if not self.env.su and not is_noted(self.env):
            raise UserError(
                self.env._(
                    "Until when a product is billed follows from its invoices and is "
                    "not written by hand; cancel an invoice, and its days are billed "
                    "again."
                )
            )

    def _check_follows(self, names):
        """Refuse to write by hand what follows from changes."""
        if self.env.su or is_noted(self.env):
            return
        if names & {*LINKING_FIELDS}:
            raise UserError(
                self.env._(
                    "Which line goes on with which other follows from changes and is "
                    "not written by hand; use the buttons Change, or Agree on Later "
                    "Steps."
                )
            )
        if names & {*CHARGED_FIELDS}:
            raise UserError(
                self.env._(
                    "Which days of a product are charged, and of which category it "
                    "counts, follows from its plan and its changes and is not written "
                    "by hand; use the button Change."
                )
            )

    def _check_is_by_change(self):
        """Refuse what is no change of its own: it has no day, and no place in history.

        Official changes say that they note what they do.
        """
        if is_noted(self.env):
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
