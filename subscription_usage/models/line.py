"""Usage lines: the metered quantity of a period, and how it compares with others."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.subscription_management.billing_core.line import UsageEntry
from odoo.addons.subscription_management.billing_core.money import ZERO
from odoo.addons.subscription_management.billing_core.period import Period
from odoo.addons.subscription_management.billing_core.rating import price_of_usage
from odoo.addons.subscription_management.models.decimals import exact

from .pricing_rule import PERCENTAGE
from .usage_event import DIGITS

COMPARED_PERIODS = 3
"""The last period is compared with the average of this many before it."""


@dataclass(frozen=True)
class UsageDrop:
    """The usage of the last full period against the average of those before it."""

    period: Period
    used: Decimal
    average: Decimal

    @property
    def percent(self):
        """The drop in percent of the average, negative for an increase."""
        return (self.average - self.used) * 100 / self.average


class SubscriptionLine(models.Model):
    _inherit = "subscription.line"

    meter_id = fields.Many2one(related="pricing_rule_id.meter_id")
    used_quantity = fields.Float(
        "Used",
        compute="_compute_used_quantity",
        digits=DIGITS,
        help="In the current period.",
    )

    @api.depends("pricing_rule_id", "date_start", "date_end")
    def _compute_used_quantity(self):
        for line in self:
            used = line._usage_in_current_period() if line.meter_id else ZERO
            line.used_quantity = float(used)

    def _usage_in_current_period(self):
        """Return the metered quantity of the current period so far."""
        self.ensure_one()
        if not (self.date_start and self.plan_id):
            return ZERO
        calendar = self._snapshot_calendar()
        current = calendar.regular_period(
            calendar.index_on(max(self._today(), calendar.start))
        )
        entries = self._snapshot_usage(self.pricing_rule_id, since=current.start)
        return sum((each.quantity for each in entries if each.day in current), ZERO)

    @api.model
    def _kind_by_rule(self, rule):
        return "usage" if rule.meter_id else super()._kind_by_rule(rule)

    def _is_priced_alike(self, rule):
        same_meter = rule.meter_id == self.pricing_rule_id.meter_id
        return same_meter and super()._is_priced_alike(rule)

    def _measured_as(self, rule):
        return rule.meter_id, rule.pricing_model == PERCENTAGE

    def _snapshot_usage(self, rule, since=None):
        if not (rule.meter_id and self.subscription_id):
            return super()._snapshot_usage(rule, since)
        days = Domain("day", ">=", since) if since else Domain.TRUE
        # Reading a line includes the quantity from which it is priced.
        events = self.env["subscription.usage.event"].sudo()
        domain = (
            Domain("subscription_id", "in", self.subscription_id.ids)
            & Domain("meter_id", "=", rule.meter_id.id)
            & days
        )
        if rule.pricing_model == PERCENTAGE:
            found = events.search(domain & Domain("corrects_id", "=", False))
            rows = [
                (event.day, event.net_quantity)
                for event in found.sorted(lambda event: (event.time, event.id))
            ]
        else:
            rows = events._read_group(
                domain, ["day:day"], ["quantity:sum"], order="day:day"
            )
        return tuple(
            UsageEntry(day, exact(quantity)) for day, quantity in rows if quantity
        )

    def _units_last_month(self):
        if self.kind != "usage":
            return super()._units_last_month()
        return sum(self._usage_last_month(), ZERO)

    def _cost_last_month(self, terms, quantity):
        if self.kind != "usage":
            return super()._cost_last_month(terms, quantity)
        return max(
            price_of_usage(terms, self._usage_last_month()), terms.minimum or ZERO
        )

    def _usage_last_month(self):
        """Return the metered quantities of the last thirty days, in order."""
        since = self._today() - timedelta(days=30)
        entries = self._snapshot_usage(self.pricing_rule_id, since=since)
        return [entry.quantity for entry in entries]

    def _usage_of_last_periods(self, count):
        """Return (period, quantity) of the last full periods, newest first.

        Empty when the line was not served on every day of them.
        """
        self.ensure_one()
        calendar = self._snapshot_calendar()
        current = calendar.index_on(max(self.subscription_id._today(), calendar.start))
        periods = [
            calendar.regular_period(current - back) for back in range(1, count + 1)
        ]
        since = periods[-1].start
        if since < min(self._origin_lines().mapped("date_start")):
            return []
        entries = self._snapshot_usage(self.pricing_rule_id, since=since)
        return [
            (
                period,
                sum((each.quantity for each in entries if each.day in period), ZERO),
            )
            for period in periods
        ]

    def _usage_drop(self):
        """Return the `UsageDrop` of the last period.

        None when it cannot be compared: too short a history, no usage before, or a
        pause within the period.
        """
        self.ensure_one()
        usage = self._usage_of_last_periods(COMPARED_PERIODS + 1)
        if not usage:
            return None
        (period, used), *before = usage
        average = sum((each for _period, each in before), ZERO) / COMPARED_PERIODS
        was_paused = any(
            pause.date_start < period.end
            and (not pause.date_end or pause.date_end > period.start)
            for pause in self.subscription_id.pause_ids
        )
        if was_paused or not average:
            return None
        return UsageDrop(period, used, average)

    def _invoice_line_name(self, item):
        """Add the metered quantity, since the line may show one amount only."""
        text = super()._invoice_line_name(item)
        if item.kind != "usage":
            return text
        lang = self.subscription_id.partner_invoice_id.lang or self.env.lang
        line = self.with_context(lang=lang)
        units = line._shown_units(item.quantity)
        included = exact(self.pricing_rule_id.included_quantity)
        if item.amount < 0:
            used = line.env._("Usage correction: −%s", units)
        elif item.revision:
            used = line.env._("Late usage: +%s", units)
        elif included:
            used = line.env._(
                "%(units)s used, %(included)s included",
                units=units,
                included=line._shown_units(included),
            )
        else:
            used = line.env._("%s used", units)
        return f"{text}\n{used}"

    def _describe_served(self):
        """Add the usage of the current period and the included units."""
        if self.kind != "usage":
            return super()._describe_served()
        product = self.product_id.display_name
        used = self._shown_units(self._usage_in_current_period())
        included = exact(self.pricing_rule_id.included_quantity)
        if not included:
            return self.env._("%(used)s × %(product)s used", used=used, product=product)
        return self.env._(
            "%(used)s of %(included)s × %(product)s",
            used=used,
            included=self._shown_units(included),
            product=product,
        )
