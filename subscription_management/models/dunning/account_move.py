"""What is paid closes its case at once; what is chased is seen on its invoice."""

from odoo import api, models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """Chase what is posted again by its new day and amount."""
        posted = super()._post(soft)
        posted.sudo().managed_case_ids._follow_invoice()
        return posted

    @api.ondelete(at_uninstall=False)
    def _unlink_close_cases(self):
        """Give back what was withheld for an invoice that is deleted."""
        cases = self.sudo().managed_case_ids
        cases.filtered(lambda case: case.state == "open")._close()

    def _invoice_paid_hook(self):
        """Close the case of what is paid, by card or by a bank statement.

        A case that cannot be closed refuses nobody's payment: the next run tries again.
        """
        result = super()._invoice_paid_hook()
        open_cases = self.sudo().managed_case_ids.filtered(
            lambda case: case.state == "open" and case._is_settled()
        )
        if open_cases:
            open_cases._run_each(lambda each: each._close())
        return result
