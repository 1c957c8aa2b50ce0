from odoo import api, models
from odoo.fields import Command


class SubscriptionInvoiceWriter(models.AbstractModel):
    """Writes planned invoices as the host's, in bulk."""

    _name = "subscription.invoice.writer"
    _description = "Subscription Invoice Writer"

    @api.model
    def _write_invoices(self, invoices):
        """Create the moves of `PlannedInvoice`s and return them in that order."""
        return self._create_plainly([self._prepare_move(each) for each in invoices])

    @api.model
    def _prepare_move(self, invoice):
        """Return the values of one move: a credit note when its sum is negative."""
        sign = -1 if invoice.amount < 0 else 1
        lines = [
            line._prepare_invoice_line_values(item, sign) for line, item in invoice.rows
        ]
        return {
            **invoice.header,
            "move_type": "out_refund" if sign < 0 else "out_invoice",
            "invoice_line_ids": [
                Command.create({**values, "sequence": 10 + index})
                for index, values in enumerate(lines)
            ],
        }

    @api.model
    def _create_plainly(self, vals_list):
        return (
            self.env["account.move"]
            .with_context(mail_create_nolog=True, mail_notrack=True)
            .create(vals_list)
        )

    @api.model
    def _post(self, moves):
        """Post moves in bulk; each gets its number here."""
        if moves:
            moves.with_context(mail_create_nolog=True, mail_notrack=True)._post(
                soft=False
            )

    @api.model
    def _forget(self):
        """Drop what was learnt in a transaction that is taken back."""
