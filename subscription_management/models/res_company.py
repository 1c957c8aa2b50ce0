from datetime import UTC, timedelta

import pytz

from odoo import api, fields, models
from odoo.fields import Domain

from .dunning.quiet_days import ResCompanyDaysOff
from .dunning.reminders import ResCompanyReminders

EASTERNMOST = timedelta(hours=14)
WESTERNMOST = timedelta(hours=-12)
"""The offsets from UTC between which every calendar date of the moment lies."""


class ResCompany(ResCompanyDaysOff, ResCompanyReminders, models.Model):
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
        """Return today's calendar date in the company's time zone."""
        return self._subscription_day(fields.Datetime.now())

    @api.model
    def _latest_today_anywhere(self):
        """Return the latest calendar date that any company can have at the moment.

        For the selection of scheduled actions whose step checks the company's date.
        """
        return (fields.Datetime.now() + EASTERNMOST).date()

    @api.model
    def _earliest_today_anywhere(self):
        """Return the earliest calendar date that any company can have at the moment.

        A record that is planned for it is due in every company at once.
        """
        return (fields.Datetime.now() + WESTERNMOST).date()

    @api.model
    def _domain_by_today(self, condition):
        """Return a domain that holds for each record on its company's date.

        `condition` returns the domain for a date.
        """
        companies = self.sudo().search([("active", "in", (True, False))])
        return Domain.OR(
            Domain("company_id", "in", same_day.ids) & Domain(condition(today))
            for today, same_day in companies.grouped(
                lambda company: company._subscription_today()
            ).items()
        )

    def _subscription_day(self, moment):
        """Return the calendar date of a moment in the company's time zone.

        The moment is in UTC, as the host stores it. The time zone is that of the
        company's contact, or UTC where it has none.
        """
        self.ensure_one()
        zone = pytz.timezone(self.partner_id.tz or "UTC")
        return moment.replace(tzinfo=UTC).astimezone(zone).date()
