"""Changes of a running subscription that are quoted first, and made by a yes."""

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

KINDS = {
    frozenset({"units"}): "quantity",
    frozenset({"leaves"}): "line_ended",
    frozenset({False}): "line_added",
    frozenset({"leaves", "replaces"}): "plan",
}
"""The kind of change in the history by what the lines of an order do."""


class SubscriptionChangeQuotation(models.Model):
    _inherit = "subscription.subscription"

    def action_quote_change(self):
        """Show the products as they are, to quote what is to become of them."""
        return self._open_wizard(
            "subscription.amend",
            self.env._("Quote a Change"),
            default_is_quoted=True,
        )

    def action_quote_end(self):
        """Ask when the service is to end, to let the customer sign it."""
        return self._open_wizard(
            "subscription.end", self.env._("Quote the End"), default_is_quoted=True
        )

    def _quote_change(self, lines, day=False, policy=False, reason=False):
        """Return a new quotation of a change; `lines` are values of order lines.

        Without a day it takes effect when it is confirmed.
        """
        self.ensure_one()
        self._check_can_change()
        if not lines:
            raise UserError(
                self.env._("Nothing was changed: edit a product, or close the window.")
            )
        return self._make_quotation(
            {
                "managed_purpose": "change",
                "managed_start_date": day,
                "managed_change_policy": policy,
                "managed_change_reason": reason,
                "order_line": [Command.create(values) for values in lines],
            }
        )

    def _quote_end(self, day, because=None, reason=False):
        """Return a new quotation by which the customer agrees to the end on a day."""
        self.ensure_one()
        self._check_can_change()
        order = self._make_quotation(
            {
                "managed_purpose": "end",
                "managed_start_date": day,
                "managed_cancellation_reason_id": because and because.id,
                "managed_change_reason": reason,
            }
        )
        order.order_line = order.sudo()._prepare_leaving_commands()
        order._follow_quoted_prices()
        return order

    def _make_quotation(self, values):
        order = self.env["sale.order"].create(
            {
                **self._prepare_quotation_values(),
                **values,
                "managed_seen_change_id": self._newest_agreed_change().id,
            }
        )
        order._follow_quoted_prices()
        return order

    def _change_as_quoted(self, order):
        """Change or end the service as a confirmed quotation says."""
        self.ensure_one()
        self.lock_for_update()
        # Looked at again under the lock: another quotation may have been faster.
        if refusal := order._quotation_refusal() or order._why_stale():
            raise UserError(refusal)
        day, reason = order._first_day_served(), order._why_agreed()
        if order.managed_purpose == "end":
            self._end_on(day, reason, because=order.managed_cancellation_reason_id)
            change = self._newest_agreed_change()
        else:
            rows = [(line, values) for _offer, line, values in order._quoted_rows()]
            lines = order.order_line.filtered(lambda line: not line.display_type)
            effects = set(lines.mapped("managed_effect")) - {"follows"}
            change = self._amend(
                KINDS.get(frozenset(effects), "amended"),
                day,
                rows,
                reason=reason,
                policy=order._quoted_policy(),
            )
        known = self.invoice_ids
        self._invoice_what_was_ordered()
        order.sudo().write(
            {
                "managed_change_id": change.id,
                "managed_move_ids": [Command.set((self.invoice_ids - known).ids)],
            }
        )
