from odoo import models
from odoo.exceptions import UserError


class AccountTax(models.Model):
    _inherit = "account.tax"

    def _check_has_accounts(self):
        """Refuse a tax without an account, since the host would book it as income."""
        for tax in self.flatten_taxes_hierarchy():
            without_account = tax.invoice_repartition_line_ids.filtered(
                lambda row: (
                    row.repartition_type == "tax"
                    and row.factor_percent
                    and not row.account_id
                )
            )
            if tax.amount and without_account:
                raise UserError(
                    self.env._(
                        "The tax %s has no account; set one in the tax's distribution.",
                        tax.display_name,
                    )
                )
