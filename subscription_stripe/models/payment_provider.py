from odoo import models

from .declines import decline_of


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    def _read_decline(self, response):
        """Return why Stripe declined a charge, by its code."""
        if self.code != "stripe":
            return super()._read_decline(response)
        try:
            error = response.json()["error"]
        except (ValueError, KeyError):
            return super()._read_decline(response)
        if error.get("type") in ("card_error", "invalid_request_error"):
            return decline_of(error)
        return super()._read_decline(response)
