from odoo import models
from odoo.tools import format_date


class AccountMove(models.Model):
    _inherit = "account.move"

    def _describe_settlement(self):
        """Return the sentence that it is no longer overdue, or None while it is."""
        if not self or self.state != "posted":
            return self.env._("The invoice was cancelled or deleted.")
        if self.currency_id.compare_amounts(self.amount_residual, 0) > 0:
            return None
        days = self.line_ids.matched_credit_ids.mapped("max_date")
        words = {
            "invoice": self.name,
            "day": format_date(self.env, max(days, default=self.date)),
        }
        if self.payment_state == "reversed":
            return self.env._("Invoice %(invoice)s was credited on %(day)s.", **words)
        return self.env._("Invoice %(invoice)s was paid on %(day)s.", **words)
