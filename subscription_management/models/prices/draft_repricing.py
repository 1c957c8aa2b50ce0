"""Drafts of subscriptions take a price that is published for the days of theirs.

They start later, so they are new ones, for whomever the price is published. What people
typed on a draft stays.
"""

from odoo import models
from odoo.fields import Domain


class SubscriptionPriceOfDrafts(models.Model):
    _inherit = "subscription.pricing.rule"

    def _publish(self, day, applies_to):
        left = super()._publish(day, applies_to)
        self._offer_to_drafts()
        return left

    def action_publish(self):
        action = super().action_publish()
        if self.state == "published":
            self._offer_to_drafts()
        return action

    def _offer_to_drafts(self):
        """Let the drafts that would find this price now have it, of any company."""
        self.ensure_one()
        lines = self.env["subscription.line"].sudo()
        since = Domain("date_start", ">=", self.date_from)
        found = lines.search(
            Domain("subscription_id.state", "=", "draft")
            & Domain("plan_id", "=", self.plan_id.id)
            & Domain("product_id", "=", self.product_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
            & (since if self.date_from else Domain.TRUE)
            & Domain("pricing_rule_id", "!=", self.id)
        )
        for line in found:
            line._take_published_price(self.sudo())


class SubscriptionLineOfDraft(models.Model):
    _inherit = "subscription.line"

    def _take_published_price(self, rule):
        """Ask what a rule says where it counts and no price was typed.

        Steps of the line that only serve another quantity cost the same.
        """
        self.ensure_one()
        customer, day = self.subscription_id.partner_id, self._pricing_day()
        offered = rule._find(
            self.plan_id, self.product_id, self.currency_id, day, customer
        )
        if offered != rule or self._is_step() or self._is_price_typed():
            return
        self.write(
            {
                **self._without_increases(rule._prepare_agreed_values()),
                "found_price": rule.price,
                "priced_for": self._offer_and_day(),
            }
        )
        for step in self._steps().filtered(lambda each: each.series_id == self):
            step._keep_agreed_price()

    def _is_price_typed(self):
        """Tell whether the line costs other than what was found for it."""
        self.ensure_one()
        rule = self.pricing_rule_id
        if not rule:
            return self.price != self.found_price
        found = (rule.price, rule.pricing_model, 0.0)
        return (self.price, self.pricing_model, self.uplift_percent) != found
