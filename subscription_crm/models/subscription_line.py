from math import floor

from odoo import models
from odoo.tools import float_compare

from odoo.addons.subscription_management.models.decimals import exact


class SubscriptionLine(models.Model):
    _inherit = "subscription.line"

    def _seats_are_nearly_full(self, limit):
        percent = self._seats_percent()
        return percent is not None and float_compare(percent, limit, 2) >= 0

    def _price_of_missing_seats(self, limit):
        """Return the monthly price of the seats that bring the use below a limit."""
        self.ensure_one()
        used, _day = self._seats_counted()
        enough = floor(exact(used) * 100 / exact(limit)) + 1
        return (enough - self.quantity) * self.monthly_amount / self.quantity
