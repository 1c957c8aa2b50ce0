"""The effect of a draft price: a past month of the customers it would apply to."""

from dataclasses import replace

from odoo import api, fields
from odoo.fields import Domain

from ...billing_core.errors import BillingError
from ...billing_core.lifecycle import CHANGEABLE
from ...billing_core.money import ZERO
from ...billing_core.owed import terms_in
from ...billing_core.percent_base import with_bases
from ..error_messages import translated
from ..model_part import ModelPart
from ..subscriptions.line_snapshot import holds, period_start


class SubscriptionPriceSimulation(ModelPart):
    _register = False

    simulation = fields.Html(compute="_compute_simulation", sanitize=False)

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
    def _compute_simulation(self):
        # With the reader's own rights: users see only customers that they may see.
        for rule in self:
            rule.simulation = (
                self.env["ir.qweb"]._render(
                    "subscription_management.price_simulation", rule._simulate()
                )
                if rule.state == "draft" and (rule.replaces_id or rule.partner_id)
                else False
            )

    def _simulate(self):
        """Return the amounts by customer before and after, and the total difference."""
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
            rows = self._simulate_customers()
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

    def _simulate_customers(self):
        """Return (units, present amount, new amount) of a period by customer."""
        rows = {}
        for line in self._simulated_lines():
            customer = line.subscription_id.commercial_partner_id
            units, now, then = rows.get(customer, (ZERO, ZERO, ZERO))
            rows[customer] = (
                units + line._units_last_month() * line._units_per_quantity(),
                now + line._price_by(line.pricing_rule_id),
                then + line._price_by(self),
            )
        return rows

    def _simulated_lines(self):
        """Return the lines that would move to the draft if it were published for all.

        Lines count with their present quantity; ended ones are left out. Trials and
        paused subscriptions count with the amount of the period that follows.
        """
        today = self.env.company._subscription_today()
        lines = self.env["subscription.line"].search(
            self._replaced_lines()
            & Domain("company_id", "in", self.env.companies.ids)
            & Domain("subscription_id.state", "in", CHANGEABLE)
            & (Domain("date_end", "=", False) | Domain("date_end", ">", today))
        )
        moved = [each._lines_to_change(each._today()) for each in lines.subscription_id]
        return lines & lines.browse().union(*moved)


class SubscriptionPriceSimulationLine(ModelPart):
    _register = False

    def _price_by(self, rule):
        """Return the unrounded price of a period of the line by a pricing rule.

        By the line's own rule it is the agreed price with the uplifts since then.
        """
        self.ensure_one()
        line = self._snapshot_by(rule)
        terms = terms_in(line, period_start(line, self._today()))
        return self._cost_last_month(terms, line.quantity)

    def _snapshot_by(self, rule):
        """Return the core's line of today, priced by a rule that may be unsaved.

        The quantity of a percent-of-total line is its base.
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
