"""A draft of a price, tried on the customers who have the version before."""

from dataclasses import replace

from odoo import api, fields, models
from odoo.fields import Domain

from ...billing_core.errors import BillingError
from ...billing_core.money import ZERO
from ...billing_core.owed import terms_in
from ...billing_core.percent_base import with_bases
from ..error_messages import translated
from ..subscriptions.line_snapshot import holds, period_start
from .price_version import MOVED_TO_NEW_PRICES


class SubscriptionPriceSimulation(models.Model):
    _inherit = "subscription.pricing.rule"

    trial = fields.Html(compute="_compute_trial", sanitize=False)

    @api.depends(
        "state",
        "replaces_id",
        "partner_id",
        "plan_id",
        "product_id",
        "currency_id",
        "pricing_model",
        "price",
        "percent",
        "base_scope",
        "base_category_id",
        "base_product_ids",
        "base_price",
        "included_quantity",
        "minimum_amount",
        "maximum_amount",
        "package_size",
        "overage_price",
        "tier_ids.sequence",
        "tier_ids.up_to",
        "tier_ids.unit_price",
        "tier_ids.flat_fee",
    )
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_trial(self):
        # With the reader's own rights: each sees the customers that he may see.
        for rule in self:
            rule.trial = (
                self.env["ir.qweb"]._render(
                    "subscription_management.price_trial", rule._try_out()
                )
                if rule.state == "draft" and (rule.replaces_id or rule.partner_id)
                else False
            )

    def _try_out(self):
        """Return what the customers would pay: who more, who less, and in all."""
        self.ensure_one()
        shown = {
            "currency": self.currency_id,
            "rows": [],
            "more": 0,
            "less": 0,
            "same": 0,
            "total": 0.0,
            "problem": None,
        }
        try:
            rows = self._try_on_customers()
        except BillingError as error:
            return {**shown, "problem": translated(self.env, error)}
        for customer, (quantity, now, then) in rows.items():
            difference = then - now
            kind = "more" if difference > 0 else "less" if difference else "same"
            shown[kind] += 1
            shown["total"] += float(difference)
            shown["rows"].append(
                {
                    "customer": customer.display_name,
                    "quantity": float(quantity),
                    "now": float(now),
                    "then": float(then),
                    "difference": float(difference),
                }
            )
        shown["rows"].sort(key=lambda row: -abs(row["difference"]))
        return shown

    def _try_on_customers(self):
        """Return for each customer (units, cost now, cost then) of a period."""
        rows = {}
        for line in self._lines_to_try():
            customer = line.subscription_id.commercial_partner_id
            units, now, then = rows.get(customer, (ZERO, ZERO, ZERO))
            rows[customer] = (
                units + line._units_last_month() * line._units_per_quantity(),
                now + line._cost_by(line.pricing_rule_id),
                then + line._cost_by(self),
            )
        return rows

    def _lines_to_try(self):
        """Return the lines that publishing the draft for all moves to it.

        What ended, or was changed in between, counts with what it is now only; what
        is in trial, or rests, with what it costs afterwards.
        """
        today = self.env.company._subscription_today()
        lines = self.env["subscription.line"].search(
            self._lines_before()
            & Domain("company_id", "in", self.env.companies.ids)
            & Domain("subscription_id.state", "in", MOVED_TO_NEW_PRICES)
            & (Domain("date_end", "=", False) | Domain("date_end", ">", today))
        )
        moved = [each._lines_to_change(each._today()) for each in lines.subscription_id]
        return lines & lines.browse().union(*moved)


class SubscriptionPriceSimulationLine(models.Model):
    _inherit = "subscription.line"

    def _cost_by(self, rule):
        """Return what a period of the line costs by a rule, unrounded.

        By its own one it is the price that was agreed, with the rises since then.
        """
        self.ensure_one()
        line = self._snapshot_by(rule)
        terms = terms_in(line, period_start(line, self._today()))
        return self._cost_last_month(terms, line.quantity)

    def _snapshot_by(self, rule):
        """Return the line as it is today, priced by a rule that may not be saved yet.

        The quantity of a share of the total is its base.
        """
        keys = {line: line.id for line in self.subscription_id.line_ids}
        own = self._snapshot_line(keys, only_open=True)
        if rule != self.pricing_rule_id:
            values = {
                **self._prepare_follower_values(),
                "pricing_model": rule.pricing_model,
                "price": rule.price,
                "uplift_percent": 0.0,
            }
            own = replace(
                own,
                terms=self._terms_by(rule, values),
                base=self._base_by(rule, values["pricing_model"], keys),
            )
        if own.base is None:
            return own
        lines = [
            own if line == self else line._snapshot_line(keys, only_open=True)
            for line in keys
        ]
        parts = [part for part in with_bases(lines) if part.key == own.key]
        day = max(self.date_start, self._today())
        return next((part for part in parts if holds(part, day)), parts[-1])
