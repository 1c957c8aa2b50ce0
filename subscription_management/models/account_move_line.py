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
        """Let a credit note know which period it credits."""
        result = super()._copy_data_extend_business_fields(values)
        if self.managed_subscription_line_id:
            values["managed_subscription_line_id"] = (
                self.managed_subscription_line_id.id
            )
            values["managed_period_start"] = self.managed_period_start
            values["managed_period_end"] = self.managed_period_end
        return result

    def unlink(self):
        """Give the periods of deleted invoice lines back."""
        rows = self.sudo().managed_billed_period_ids.filtered("active")
        subscriptions = rows.subscription_id
        rows.filtered(lambda row: not row.credited_period_id)._reopen_lines()
        result = super().unlink()
        if rows:
            # The database took the rows along with their invoice lines.
            rows.invalidate_model()
        subscriptions.exists()._schedule_billing()
        return result

    def _note_credit(self):
        """Record which billed periods the lines of a credit note give back."""
        periods = self.env["subscription.billed.period"].sudo()
        for line in self.filtered(lambda line: not line.managed_billed_period_ids):
            credited = periods.search(
                [
                    ("move_id", "=", line.move_id.reversed_entry_id.id),
                    ("line_id", "=", line.managed_subscription_line_id.id),
                    ("date_start", "=", line.managed_period_start),
                    ("credited_period_id", "=", False),
                ],
                limit=1,
            )
            if credited:
                periods.create(
                    {
                        **credited._prepare_credit_values(),
                        "amount": -line.price_unit * line.quantity,
                        "invoice_line_id": line.id,
                        "move_id": line.move_id.id,
                    }
                )
