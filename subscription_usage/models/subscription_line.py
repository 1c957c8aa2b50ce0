"""What usage lines are charged for: the events of their meter on their days."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.subscription_management.billing_core.line import UsageEntry
from odoo.addons.subscription_management.billing_core.money import ZERO
from odoo.addons.subscription_management.billing_core.rating import price_of_usage
from odoo.addons.subscription_management.models.decimals import exact

from .subscription_pricing_rule import PERCENTAGE
from .subscription_usage_event import DIGITS


class SubscriptionLine(models.Model):
    _inherit = "subscription.line"

    meter_id = fields.Many2one(related="pricing_rule_id.meter_id")
    used_quantity = fields.Float(
        "Used",
        compute="_compute_used_quantity",
        digits=DIGITS,
        help="In the period that runs today.",
    )

    @api.depends("pricing_rule_id", "date_start", "date_end")
    def _compute_used_quantity(self):
        for line in self:
            line.used_quantity = float(line._used_today()) if line.meter_id else 0.0

    def _used_today(self):
        """Return what was used of the running period so far."""
        self.ensure_one()
        if not (self.date_start and self.plan_id):
            return ZERO
        calendar = self._snapshot_calendar()
        running = calendar.regular_period(
            calendar.index_on(max(self._today(), calendar.start))
        )
        uses = self._snapshot_used(self.pricing_rule_id, since=running.start)
        return sum((use.quantity for use in uses if use.day in running), ZERO)

    @api.model
    def _kind_by_rule(self, rule):
        return "usage" if rule.meter_id else super()._kind_by_rule(rule)

    def _is_priced_alike(self, rule):
        """Let what is measured be priced by what measures the same."""
        same = rule.meter_id == self.pricing_rule_id.meter_id
        return same and super()._is_priced_alike(rule)

    def _measured_as(self, rule):
        return rule.meter_id, rule.pricing_model == PERCENTAGE

    def _snapshot_used(self, rule, since=None):
        if not (rule.meter_id and self.subscription_id):
            return super()._snapshot_used(rule, since)
        days = Domain("day", ">=", since) if since else Domain.TRUE
        # Whose lines people may see, theirs are the uses that these are priced by.
        events = self.env["subscription.usage.event"].sudo()
        used = (
            Domain("subscription_id", "in", self.subscription_id.ids)
            & Domain("meter_id", "=", rule.meter_id.id)
            & days
        )
        if rule.pricing_model == PERCENTAGE:
            found = events.search(used & Domain("corrects_id", "=", False))
            each = [
                (event.day, event.quantity_left) for event in found.sorted(_in_order)
            ]
        else:
            each = events._read_group(
                used, ["day:day"], ["quantity:sum"], order="day:day"
            )
        return tuple(
            UsageEntry(day, exact(quantity)) for day, quantity in each if quantity
        )

    def _units_last_month(self):
        if self.kind != "usage":
            return super()._units_last_month()
        return sum(self._uses_last_month(), ZERO)

    def _cost_last_month(self, terms, quantity):
        if self.kind != "usage":
            return super()._cost_last_month(terms, quantity)
        return max(
            price_of_usage(terms, self._uses_last_month()), terms.minimum or ZERO
        )

    def _uses_last_month(self):
        """Return what was used in the last thirty days, in order."""
        since = self._today() - timedelta(days=30)
        uses = self._snapshot_used(self.pricing_rule_id, since=since)
        return [use.quantity for use in uses]

    def _invoice_line_name(self, item):
        """Say how much was used, as the line may show one amount only."""
        text = super()._invoice_line_name(item)
        if item.kind != "usage":
            return text
        lang = self.subscription_id.partner_invoice_id.lang or self.env.lang
        line = self.with_context(lang=lang)
        units = line._shown_units(item.quantity)
        included = exact(self.pricing_rule_id.included_quantity)
        if item.amount < 0:
            used = line.env._("%s less used than billed before", units)
        elif item.revision:
            used = line.env._("%s more used than billed before", units)
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
        """Say how much of what is included was used in the period that runs."""
        if self.kind != "usage":
            return super()._describe_served()
        product = self.product_id.display_name
        used = self._shown_units(self._used_today())
        included = exact(self.pricing_rule_id.included_quantity)
        if not included:
            return self.env._("%(used)s × %(product)s used", used=used, product=product)
        return self.env._(
            "%(used)s of %(included)s × %(product)s",
            used=used,
            included=self._shown_units(included),
            product=product,
        )


def _in_order(event):
    return event.time, event.id
