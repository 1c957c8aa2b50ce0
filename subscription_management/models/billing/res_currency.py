from odoo import models

from ...billing_core.money import ONE, Currency
from ..decimals import exact
from .invoicing import shown_unit_price


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def _snapshot_currency(self):
        """Return the currency as the billing core takes it."""
        self.ensure_one()
        return Currency(self.name, exact(self.rounding).normalize())

    def _unit_price_of(self, amount, quantity):
        """Return the unit price at which a quantity costs an amount, to the cent."""
        rounded = self._snapshot_currency().round(amount)
        return float(shown_unit_price(rounded, exact(quantity) or ONE))

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
