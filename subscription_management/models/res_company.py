import datetime

import pytz

from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    subscription_counts_limited_discounts = fields.Boolean(
        "Subtract Limited Discounts",
        help="Whether discounts for some periods only lower the monthly revenue.",
    )

    def write(self, vals):
        result = super().write(vals)
        if "subscription_counts_limited_discounts" in vals:
            self.env["subscription.subscription"]._restate_revenue(self)
        return result

    def _subscription_today(self):
        """Return today's calendar date at the company's place."""
        return self._subscription_day(fields.Datetime.now())

    def _subscription_day(self, moment):
        """Return the calendar date at the company's place of a moment of the host.

        The time zone is that of the company's own contact, which people set on its
        address; without one the dates are those of UTC.
        """
        self.ensure_one()
        zone = pytz.timezone(self.partner_id.tz or "UTC")
        return moment.replace(tzinfo=datetime.UTC).astimezone(zone).date()
