"""A published price reaches the drafts of subscriptions that start on its days.

Drafts have not started and count as new subscriptions. Prices that users entered on a
draft stay.
"""

from odoo.fields import Domain

from ..model_part import ModelPart


class SubscriptionDraftRepricing(ModelPart):
    _register = False

    def _reprice_drafts(self):
        """Give the published price to the drafts of any company that it applies to."""
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


class SubscriptionLineDraftRepricing(ModelPart):
    _register = False

    def _take_published_price(self, rule):
        """Take the price of a rule that applies to the line, unless one was entered.

        Scheduled changes of the line that only change the quantity get it too.
        """
        self.ensure_one()
        customer, day = self.subscription_id.partner_id, self._pricing_day()
        offered = rule._find(
            self.plan_id, self.product_id, self.currency_id, day, customer
        )
        if offered != rule or self._is_follow_up_line() or self._has_entered_price():
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

    def _has_entered_price(self):
        """Return whether a user entered another price than the one that was found."""
        self.ensure_one()
        rule = self.pricing_rule_id
        if not rule:
            return self.price != self.found_price
        found = (rule.price, rule.pricing_model, 0.0)
        return (self.price, self.pricing_model, self.uplift_percent) != found
