"""What is paid closes its case at once; what is chased is seen on its invoice."""

from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _invoice_paid_hook(self):
        """Close the case of what is paid, by card or by a bank statement.

        A case that cannot be closed refuses nobody's payment: the next run tries again.
        """
        result = super()._invoice_paid_hook()
        open_cases = self.sudo().managed_case_ids.filtered(
            lambda case: case.state == "open" and case._is_settled()
        )
        if open_cases:
            open_cases._each_that_can(lambda each: each._close())
        return result
