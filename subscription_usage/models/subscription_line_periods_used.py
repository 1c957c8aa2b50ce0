"""What was used in the last periods, compared with what is included and with before."""

from dataclasses import dataclass
from decimal import Decimal

from odoo import models

from odoo.addons.subscription_management.billing_core.money import ZERO
from odoo.addons.subscription_management.billing_core.period import Period
from odoo.addons.subscription_management.models.decimals import exact

from .subscription_opportunity_usage import PERIODS_BEFORE


@dataclass(frozen=True)
class Fall:
    """The last full period, against the average of those before it."""

    period: Period
    used: Decimal
    average: Decimal

    @property
    def percent(self):
        """By how many percent less was used; below zero where it was more."""
        return (self.average - self.used) * 100 / self.average


class SubscriptionLinePeriodsUsed(models.Model):
    _inherit = "subscription.line"

    def _used_last(self, count):
        """Return (period, what was used) of so many full periods, newest first.

        Nothing where they were not all served from their first to their last day.
        """
        self.ensure_one()
        calendar = self._snapshot_calendar()
        running = calendar.index_on(max(self.subscription_id._today(), calendar.start))
        periods = [
            calendar.regular_period(running - back) for back in range(1, count + 1)
        ]
        since = periods[-1].start
        if since < min(self._origin_lines().mapped("date_start")):
            return []
        uses = self._snapshot_used(self.pricing_rule_id, since=since)
        return [
            (period, sum((use.quantity for use in uses if use.day in period), ZERO))
            for period in periods
        ]

    def _allowance_limit(self, rule):
        """Return how many units a rule lets pass, 0 without an allowance."""
        self.ensure_one()
        included = exact(self.pricing_rule_id.included_quantity)
        return included * exact(rule.allowance_percent) / 100

    def _fall_of_use(self):
        """Return the `Fall` of the last period, None where it cannot be compared.

        Days on which the service rested tell nothing of the customer.
        """
        self.ensure_one()
        found = self._used_last(PERIODS_BEFORE + 1)
        if not found:
            return None
        (period, used), *before = found
        average = sum((each for _period, each in before), ZERO) / PERIODS_BEFORE
        rested = any(
            pause.date_start < period.end
            and (not pause.date_end or pause.date_end > period.start)
            for pause in self.subscription_id.pause_ids
        )
        return None if rested or not average else Fall(period, used, average)
