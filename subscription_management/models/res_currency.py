from odoo import models

from ..billing_core.money import Currency
from .decimals import exact


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def _snapshot_currency(self):
        """Return the currency as the billing core takes it."""
        self.ensure_one()
        return Currency(self.name, exact(self.rounding).normalize())

    def _has_rate(self, company, day):
        """Tell whether there is a rate; the host reckons with 1 where there is none."""
        self.ensure_one()
        return bool(
            self.env["res.currency.rate"]
            .sudo()
            .search_count(
                [
                    ("currency_id", "=", self.id),
                    ("company_id", "in", (False, company.root_id.id)),
                    ("name", "<=", day),
                ],
                limit=1,
            )
        )
