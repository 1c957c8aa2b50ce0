from odoo import models

from ...billing_core.money import ONE, Currency
from ..decimals import exact
from .invoicing import shown_unit_price


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def _snapshot_currency(self):
        """Return the currency as the core's value."""
        self.ensure_one()
        return Currency(self.name, exact(self.rounding).normalize())

    def _unit_price_of(self, amount, quantity):
        """Return the unit price at which `quantity` yields `amount`, to the cent."""
        rounded = self._snapshot_currency().round(amount)
        return float(shown_unit_price(rounded, exact(quantity) or ONE))

    def _has_rate(self, company, day):
        """Return whether a rate exists; the host would use 1 without one."""
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
