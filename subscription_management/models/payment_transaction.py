"""What was paid online for an order settles the invoices of what it began."""

from odoo import models
from odoo.fields import Command


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        """Let what was paid for an order settle the first invoices that it brought."""
        confirmed = super()._check_amount_and_confirm_order()
        for transaction in self.filtered(lambda each: each.state == "done"):
            begun = (transaction.sale_order_ids & confirmed).sudo().managed_begun_ids
            invoices = begun.invoice_ids.filtered(
                lambda move: move.move_type == "out_invoice"
            )
            transaction.invoice_ids = [Command.link(move.id) for move in invoices]
        return confirmed


class AccountMovePrepaid(models.Model):
    _inherit = "account.move"

    def _settle_by_prepayments(self):
        """Let what is left of the payments of an order pay invoices made later."""
        posted = self.filtered(lambda move: move.state == "posted")
        rows = posted.sudo().managed_billed_period_ids
        by_order = rows.grouped(lambda row: row.subscription_id.order_id)
        for order, own in by_order.items():
            credits = order.transaction_ids.filtered(
                lambda each: each.state == "done"
            ).payment_id.move_id.line_ids
            for invoice in own.move_id if credits else ():
                open_items = (credits | invoice.line_ids).filtered(
                    lambda line: (
                        line.account_type == "asset_receivable" and not line.reconciled
                    )
                )
                for items in open_items.grouped("account_id").values():
                    if items & credits and items - credits:
                        items.reconcile()
