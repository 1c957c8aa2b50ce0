"""What a change knows of one line: its steps, its ends, its cost."""

from dataclasses import replace
from fractions import Fraction

from odoo import fields, models

from ...billing_core.rating import price_of
from ..decimals import exact
from ..subscriptions.internal_write import internal_write


class SubscriptionLineAmendment(models.Model):
    _inherit = "subscription.line"

    def _series_key(self):
        self.ensure_one()
        return self.series_id.id or self.id

    def _prepare_ends_before(self):
        """Return how lines end, as the values of a change that ends them otherwise."""
        return {
            "ended_lines": {
                str(line.id): line.date_end and line.date_end.isoformat()
                for line in self
            },
            "charged_ends": self._charged_ends(),
        }

    def _restore_end_dates(self, change):
        """Let the lines that a change ended end as they did before it."""
        for key in change.ended_lines or {}:
            line = self.filtered(lambda each, key=key: each.id == int(key))
            line.write(self._prepare_restored_values(change, key))

    def _restore_ends_at(self, end, cancelled):
        """Let lines that a cancellation ended on a day end as was agreed before it.

        Lines that changes added since then go on as the ones that they go back to.
        """
        ended = cancelled.ended_lines or {}
        agreed = {
            line._origin_key(): str(line.id)
            for line in self
            if str(line.id) in ended and line.date_start < end
        }
        quiet = internal_write(self)
        for line in quiet:
            key, was = str(line.id), line.date_end
            if line.date_start >= end and was == line.date_start and key in ended:
                before = key
            elif was == end and line.date_start < end:
                before = key if key in ended else agreed.get(line._origin_key())
            else:
                continue
            if before:
                line.write(self._prepare_restored_values(cancelled, before))

    def _prepare_restored_values(self, change, key):
        """Return the values of the end that a line had before a change ended it."""
        end, charged = (
            fields.Date.to_date((kept or {}).get(key))
            for kept in (change.ended_lines, change.charged_ends)
        )
        return self._prepare_end_values(end, charged)

    def _origin_key(self):
        self.ensure_one()
        return self.origin_id.id or self._series_key()

    def _series_lines(self):
        """Return the lines of the same series, wherever their days lie."""
        self.ensure_one()
        key = self._series_key()
        return self.subscription_id.line_ids.filtered(
            lambda line: key in (line.id, line.series_id.id)
        )

    def _origin_lines(self):
        """Return the lines that go back to the same one, wherever their days lie."""
        self.ensure_one()
        key = self._origin_key()
        return self.subscription_id.line_ids.filtered(
            lambda line: line._origin_key() == key
        )

    def _prepare_follower_values(self):
        """Return the values of a line that goes on with this one."""
        self.ensure_one()
        return {
            "product_id": self.product_id.id,
            "product_uom_id": self.product_uom_id.id,
            "name": self.name,
            "kind": self.kind,
            "sequence": self.sequence,
            "plan_id": self.plan_id.id,
            "calendar_start": self.calendar_start,
            "quantity": self.quantity,
            "pricing_rule_id": self.pricing_rule_id.id,
            "pricing_model": self.pricing_model,
            "price": self.price,
            "uplift_percent": self.uplift_percent,
            "analytic_distribution": self.analytic_distribution,
            "discount_ids": self._discount_commands(),
        }

    def _prepare_values_by(self, rule):
        """Return what of the line changes when it is served by another price."""
        self.ensure_one()
        return {
            "plan_id": rule.plan_id.id,
            "product_id": rule.product_id.id,
            "product_uom_id": self._unit_for(rule.product_id).id,
            "pricing_rule_id": rule.id,
            "pricing_model": rule.pricing_model,
            "price": rule.price,
        }

    def _would_cost_more(self, values):
        """Tell whether changed values cost more for a month than the line does."""
        now = self._prepare_follower_values()
        then = {**now, **self._without_increases(values)}
        return self._monthly_cost(then) > self._monthly_cost(now)

    def _without_increases(self, values):
        """Return changed values where rises stay with the price that they raised."""
        return (
            {"uplift_percent": 0.0, **values} if "pricing_rule_id" in values else values
        )

    def _monthly_cost(self, values):
        """Return what a line with these values costs for a month, as a rule.

        A share of the total is compared as that of 100.
        """
        terms = self._terms_of(values)
        lasting = tuple(each for each in terms.discounts if each.cycles is None)
        is_share = values["pricing_model"] == "percent_of_total"
        quantity = exact(100 if is_share else values["quantity"])
        plan = self.env["subscription.plan"].browse(values["plan_id"])
        calendar = self.subscription_id._snapshot_calendar(plan, self.date_start)
        interval = calendar.interval
        price = price_of(replace(terms, discounts=lasting), quantity)
        return Fraction(price) / Fraction(interval.in_months())
