from odoo import api, fields, models

from ...billing_core.allocation import allocate
from ...billing_core.money import ZERO
from ..decimals import exact
from ..dunning.account_move import AccountMoveDunning
from ..payments.account_move import AccountMoveCharges
from ..sales.payment_transaction import AccountMovePrepayments


class AccountMove(
    AccountMoveDunning, AccountMoveCharges, AccountMovePrepayments, models.Model
):
    _inherit = "account.move"

    managed_billing_run_id = fields.Many2one(
        "subscription.billing.run",
        "Billing Run",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
    managed_billed_period_ids = fields.One2many(
        "subscription.billed.period", "move_id", context={"active_test": False}
    )
    managed_subscription_ids = fields.Many2many(
        "subscription.subscription",
        string="Subscriptions",
        compute="_compute_managed_subscription_ids",
    )
    managed_subscription_count = fields.Integer(
        compute="_compute_managed_subscription_ids"
    )

    @api.depends("line_ids.managed_subscription_line_id")
    def _compute_managed_subscription_ids(self):
        for move in self:
            lines = move.line_ids.managed_subscription_line_id
            move.managed_subscription_ids = lines.subscription_id
            move.managed_subscription_count = len(lines.subscription_id)

    def write(self, vals):
        """Keep billed periods in step with the invoice's state."""
        before = {move: move.state for move in self} if "state" in vals else {}
        result = super().write(vals)
        if before:
            self._sync_billed_periods(before)
        return result

    def _get_next_sequence_format(self):
        """Look up the number's format once for invoices that are posted together.

        The number itself is taken under the host's lock each time.
        """
        formats = self.env.context.get("managed_number_formats")
        if formats is None:
            return super()._get_next_sequence_format()
        refund = self.move_type == "out_refund" and self.journal_id.refund_sequence
        key = (self.journal_id.id, self.date, refund)
        if key not in formats:
            formats[key] = super()._get_next_sequence_format()
        text, values = formats[key]
        return text, dict(values)

    def _sync_billed_periods(self, before):
        """Release the periods of cancelled invoices; reclaim those of reopened ones."""
        rows = self.sudo().managed_billed_period_ids
        if not rows:
            return self._record_corrections(before)
        cancelled = rows.filtered(lambda row: row.move_id.state == "cancel")
        cancelled._release()
        reopened = rows.filtered(
            lambda row: (
                before[row.move_id] == "cancel" and row.move_id.state != "cancel"
            )
        )
        reopened._reclaim()
        return self._record_corrections(before)

    def _record_corrections(self, before):
        """Record the corrections of manually posted invoices and credit notes.

        Billing runs record the periods of their moves before posting them.
        """
        posted = self.filtered(
            lambda move: (
                move.state == "posted"
                and before[move] != "posted"
                and not move.managed_billing_run_id
            )
        )
        posted.sudo().line_ids.filtered(
            "managed_subscription_line_id"
        )._record_correction()

    def _residual_of(self, subscription):
        """Return the part of the unpaid amount that is owed for a subscription.

        A shared invoice is split in proportion to what it charges for each; the parts
        add up to the unpaid amount. A credit owes nothing.
        """
        self.ensure_one()
        lines = self.invoice_line_ids.grouped(
            lambda line: line.managed_subscription_line_id.subscription_id
        )
        charged = {
            each: max(sum(exact(line.price_total) for line in own), ZERO)
            for each, own in lines.items()
            if each
        }
        if not any(charged.values()):
            return 0.0
        parts = allocate(
            exact(self.amount_residual),
            charged.values(),
            self.currency_id._snapshot_currency(),
        )
        return float(dict(zip(charged, parts, strict=True)).get(subscription, ZERO))

    def action_view_managed_subscriptions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_subscription_action"
        )
        action["domain"] = [("id", "in", self.managed_subscription_ids.ids)]
        action["context"] = {}
        if len(self.managed_subscription_ids) == 1:
            action["views"] = [(False, "form")]
            action["res_id"] = self.managed_subscription_ids.id
        return action
