"""What is paid closes its case at once; what is chased is seen on its invoice."""

from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _invoice_paid_hook(self):
        """Close the case of what is paid, by card or by a bank statement."""
        result = super()._invoice_paid_hook()
        open_cases = self.sudo().managed_case_ids.filtered(
            lambda case: case.state == "open" and case._is_settled()
        )
        open_cases._close()
        return result
