"""What an order about a running subscription costs, by the code that will bill it."""

from dataclasses import dataclass
from decimal import Decimal

from odoo import models

from ..billing_core.line import ChargeKind
from ..billing_core.money import ZERO


@dataclass(frozen=True)
class Quoted:
    """A subscription before and after what an order quotes, on the day of it.

    `before` and `after` are (plan, amount of a full period) by the key of the origin,
    of what is charged each period; `joined` the key of what joins by order line.
    """

    before: dict[int, tuple[models.Model, Decimal]]
    after: dict[int, tuple[models.Model, Decimal]]
    joined: dict[models.Model, int]

    def before_of(self, line):
        """Return what a line of the subscription costs before, 0 where it is none."""
        return self._amount(self.before, line._origin_key())

    def after_of(self, line):
        return self._amount(self.after, line._origin_key())

    def joining_by(self, order_line):
        return self._amount(self.after, self.joined[order_line])

    @staticmethod
    def _amount(found, key):
        _plan, amount = found.get(key, (None, ZERO))
        return amount


class SaleOrderQuoted(models.Model):
    _inherit = "sale.order"

    def _quoted_rows(self, listed=()):
        """Return what changes, as (order line, subscription line, values).

        Values are those that `_amend` takes. Of `listed` order lines, prices and
        discounts that were typed are left out.
        """
        return [
            (line, line.managed_line_id, line._joining_values(listed))
            for line in self._joining_lines()
        ]

    def _quoted_policy(self):
        """Return how the current period is charged, None as the plan says."""
        return None

    def _plan_as_quoted(self, listed=()):
        """Return the `Amendment` of what is quoted, and the key of what joins by it."""
        self.ensure_one()
        rows, day = self._quoted_rows(listed), self._first_day_served()
        return self.managed_subscription_id._plan_quoted(
            rows, day, self._quoted_policy()
        )

    def _quoted(self, listed=()):
        """Return the `Quoted` of the order."""
        amendment, joined = self._plan_as_quoted(listed)
        subscription = self.managed_subscription_id
        day = amendment.effective or self._first_day_served()
        return Quoted(
            subscription._amounts_from(subscription._begin_amendment(), day),
            subscription._amounts_from(amendment, day),
            joined,
        )

    def _quoted_prices(self, listed=()):
        """Return the unit price of each line, by the code that bills."""
        self.ensure_one()
        quoted = self._quoted(listed)
        return {
            line: line._quoted_unit_price(quoted)
            for line in self.order_line
            if not line.display_type
            and (line.managed_line_id or (line in quoted.joined and not line._is_fee()))
        }

    def _joining_lines(self):
        """Return the lines that let something join the subscription."""
        self.ensure_one()
        fees_join = self.managed_subscription_id.plan_id.fee_policy == "subscription"
        return self.order_line.filtered(
            lambda line: (
                line.product_uom_qty
                and (line._is_sold_on_plan() or (fees_join and line._is_fee()))
            )
        )

    def _price_by_plans(self, lines):
        if not self.managed_purpose:
            return super()._price_by_plans(lines)
        return self._follow_quoted_prices()

    def _prices_by_plans(self, lines):
        if not self.managed_purpose:
            yield from super()._prices_by_plans(lines)
            return
        quoted = self.sudo()._quoted_prices(lines)
        yield from ((line, price) for line, price in quoted.items() if line in lines)

    def _price_again(self):
        about = self.filtered("managed_purpose")
        for order in about:
            order._follow_quoted_prices()
        return super(SaleOrderQuoted, self - about)._price_again()

    def _follow_shares(self):
        about = self.filtered("managed_purpose")
        for order in about:
            order._follow_quoted_prices()
        return super(SaleOrderQuoted, self - about)._follow_shares()

    def _follow_quoted_prices(self):
        """Bring the prices in step with the subscription, but those that were typed."""
        order = self.sudo()
        if order.state not in ("draft", "sent") or not order.managed_seen_change_id:
            return
        priced = order.order_line.filtered(lambda line: not line.display_type)
        shares = priced.filtered(lambda line: line._is_a_share())
        # Shares are of what the others really cost, with what was typed there.
        for listed in filter(None, (priced - shares, shares)):
            prices = order._quoted_prices(listed)
            for line in listed & priced.browse().union(*prices):
                line._follow_plan_price(prices[line])
        if order.ids:
            order._follow_consequences()

    def _follow_consequences(self):
        """Show what else costs another amount: shares of what changes."""


class SubscriptionQuoted(models.Model):
    _inherit = "subscription.subscription"

    def _plan_quoted(self, rows, day, policy=None):
        """Return the `Amendment` of what is quoted, and the key of what joins by it."""
        amendment, joined, effective = self._begin_amendment(), {}, day
        for offer, line, values in rows:
            known = set(amendment.added)
            amendment.effective = None
            self._extend_amendment(amendment, [(line, values)], day, policy)
            effective = max(effective, amendment.effective)
            if not line:
                [joined[offer]] = set(amendment.added) - known
        amendment.effective = effective
        return amendment, joined

    def _amounts_from(self, amendment, day):
        """Return (plan, amount of a full period) by origin of what is served on a day.

        What is used has no amount yet.
        """
        currency = self.currency_id._snapshot_currency()
        plans = self.env["subscription.plan"]
        return {
            key: (
                plans.browse(amendment.values[line.key]["plan_id"]),
                ZERO if line.kind is ChargeKind.USAGE else currency.round(price),
            )
            for key, (line, price) in self._prices_from(amendment, day).items()
        }
