from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    managed_subscription_line_id = fields.Many2one(
        "subscription.line",
        "Subscription Line",
        index="btree_not_null",
        copy=False,
        ondelete="restrict",
    )
    managed_period_start = fields.Date("Service From", copy=False)
    managed_period_end = fields.Date(
        "Service Before", copy=False, help="The first day after the service period."
    )
    managed_billed_period_ids = fields.One2many(
        "subscription.billed.period", "invoice_line_id"
    )

    def _copy_data_extend_business_fields(self, values):
        """Copy the period to the credit note that credits it."""
        result = super()._copy_data_extend_business_fields(values)
        if self.managed_subscription_line_id:
            values["managed_subscription_line_id"] = (
                self.managed_subscription_line_id.id
            )
            values["managed_period_start"] = self.managed_period_start
            values["managed_period_end"] = self.managed_period_end
        return result

    def unlink(self):
        """Release the periods of deleted invoice lines."""
        rows = self.sudo().managed_billed_period_ids.filtered("active")
        subscriptions = rows.subscription_id
        rows.filtered(lambda row: not row.credited_period_id)._reopen_lines()
        result = super().unlink()
        if rows:
            # The database deleted the rows with their invoice lines.
            rows.invalidate_model()
        subscriptions.exists()._schedule_billing()
        return result

    def _record_correction(self):
        """Record the correction of a billed period by an invoice line of a person.

        A credit note credits its period; the invoice that the host creates in place of
        the credited one charges it again.
        """
        for line in self:
            recorded = line.managed_billed_period_ids
            if recorded:
                recorded.filtered(
                    "credited_period_id"
                ).amount = line._corrected_amount()
            elif billed := line._billed_period_to_correct():
                self.env["subscription.billed.period"].sudo().create(
                    {
                        **billed._prepare_correction_values(),
                        "amount": line._corrected_amount(),
                        "invoice_line_id": line.id,
                        "move_id": line.move_id.id,
                    }
                )

    def _corrected_amount(self):
        """Return the line's amount without taxes on top; negative for a credit."""
        sign = -1 if self.move_id.move_type == "out_refund" else 1
        kept = 1 - self.discount / 100
        return sign * self.currency_id.round(self.price_unit * self.quantity * kept)

    def _billed_period_to_correct(self):
        """Return the billed period of a line that the host copied."""
        return (
            self.env["subscription.billed.period"]
            .sudo()
            .search(
                [
                    ("line_id", "=", self.managed_subscription_line_id.id),
                    ("date_start", "=", self.managed_period_start),
                    ("date_end", "=", self.managed_period_end),
                    ("credited_period_id", "=", False),
                ],
                order="revision",
                limit=1,
            )
        )
