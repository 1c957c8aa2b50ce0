"""The days on which a line is served, where they are not those that it is billed for.

A change that is charged, or credited, as for the full period is billed from the first
day of that period. The customer is served by it, and its revenue moves, from the day on
which it was made.
"""

from dataclasses import replace

from odoo import fields, models


class SubscriptionServedLine(models.Model):
    _inherit = "subscription.line"

    served_from = fields.Date(
        copy=False, help="The first day of service, where earlier days are billed too."
    )
    served_until = fields.Date(
        copy=False,
        help="The first day without service, where it is billed for fewer days.",
    )

    def write(self, vals):
        if "date_end" in vals and "served_until" not in vals:
            vals = {**vals, "served_until": False}
        return super().write(vals)

    def _served_days(self):
        """Return the first day of service and the first one without, None if open."""
        self.ensure_one()
        start = self.served_from or self.date_start
        end = self.served_until or self.date_end or None
        last = self.subscription_id.date_end
        if last and self.served_until:
            end = min(end, last)
        return start, end and max(start, end)

    def _is_served_on(self, day):
        self.ensure_one()
        if not self.date_start:
            return False
        start, end = self._served_days()
        return start <= day and (not end or day < end)

    def _as_served(self, line):
        """Return a line of the core for the days on which it is served."""
        start, end = self._served_days()
        return replace(line, start=start, end=end)
