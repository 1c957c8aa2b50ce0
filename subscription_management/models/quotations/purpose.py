"""Strategies of orders: each purpose prices, checks, applies and undoes its own way."""

from dataclasses import dataclass
from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...billing_core.money import HUNDRED, ZERO
from ..decimals import exact

OPEN_QUOTATION = ("draft", "sent")


def total_of(lines):
    """Return the total of order lines: (untaxed, with taxes)."""
    return sum(lines.mapped("price_subtotal")), sum(lines.mapped("price_total"))


@dataclass(frozen=True)
class QuotedAmounts:
    """The recurring amounts of a subscription before and after a quoted change.

    `before` and `after` are (plan, amount of a full period) by the key of the original
    line; `joined` is the key of the added line by order line.
    """

    before: dict[int, tuple[models.Model, Decimal]]
    after: dict[int, tuple[models.Model, Decimal]]
    joined: dict[models.Model, int]

    def before_of(self, line):
        """Return the amount of a subscription line before the change, 0 without one."""
        return self._amount(self.before, line._origin_key())

    def after_of(self, line):
        """Return the amount of a subscription line after the change, 0 without one."""
        return self._amount(self.after, line._origin_key())

    def joining_by(self, order_line):
        """Return the amount of the line that an order line adds."""
        return self._amount(self.after, self.joined[order_line])

    @staticmethod
    def _amount(found, key):
        _plan, amount = found.get(key, (None, ZERO))
        return amount


class QuotationPurpose:
    """The behavior of one order; `sale.order._purposes` lists the subclasses."""

    def __init__(self, order):
        self.order = order
        self.env = order.env

    # --- Dates and prices ---

    def start_date(self):
        """Return the first day of the service that the order sells."""
        raise NotImplementedError

    def plan_prices(self, lines):
        """Yield (line, unit price) of the given lines that plans price.

        Prices are computed lazily: those that are a percent of the total come last,
        after the caller has stored the others.
        """
        raise NotImplementedError

    def update_prices(self, lines):
        """Update the prices of the given lines, except those that were edited."""
        raise NotImplementedError

    def reprice(self):
        """Update all prices after the customer, date or currency changed."""
        raise NotImplementedError

    def reprice_shares(self):
        """Update the prices that are a percent of the total."""
        raise NotImplementedError

    def is_open(self):
        return self.order.state in OPEN_QUOTATION

    # --- Totals ---

    def has_plans(self):
        """Return whether totals are shown by period."""
        return any(line._is_sold_on_plan() for line in self.order.order_line)

    def due_now(self):
        """Return the total of the first day's invoices with taxes, None if unknown."""
        raise NotImplementedError

    def totals(self):
        """Return the one-time, first and recurring totals as the totals table shows.

        `once` and each of `recurring` are (untaxed, with taxes).
        """
        order = self.order
        priced = order.order_line.filtered(lambda line: not line.display_type)
        served = priced.filtered(lambda line: line._is_recurring())
        by_interval = served.grouped(
            lambda line: (
                line.managed_plan_id.interval_unit,
                line.managed_plan_id.interval_count,
            )
        )
        once = priced - served
        return {
            "once": once and total_of(once),
            "recurring": [
                (lines[0].managed_plan_id.interval_label, *total_of(lines))
                for lines in by_interval.values()
            ],
            "now": self.due_now(),
            "first_day": format_date(self.env, self.start_date()),
            "monthly": order.managed_monthly_amount,
        }

    # --- Life of the order ---

    def shown_error(self):
        """Return why an open quotation cannot be confirmed, for its banner."""
        return False

    def confirmation_error(self):
        """Return why the order cannot be confirmed, False where it can."""
        return self.shown_error()

    def confirm(self):
        """Apply the confirmed order."""
        raise NotImplementedError

    def cancel(self):
        """Undo the effects of the order, or refuse once they cannot be undone."""

    def update(self):
        """Rebuild the open quotation from its subscription."""
        raise UserError(
            self.env._(
                "%s is not about an existing subscription; use Update Prices instead.",
                self.order.display_name,
            )
        )


class SubscriptionQuotation(QuotationPurpose):
    """A quotation about one subscription, which its confirmation changes.

    The order and the subscription are read and written with all rights, because
    customers and salespeople without access to subscriptions see and accept
    quotations. `check_rights` says which user may act.
    """

    def __init__(self, order):
        super().__init__(order.sudo())
        self.user_env = order.env
        self.subscription = self.order.managed_subscription_id

    def check_rights(self):
        """Refuse users who may not change the subscription; a customer may accept."""
        self.subscription.with_env(self.user_env).check_access("write")

    # --- The quoted change ---

    def policy(self):
        """Return how the current period is charged, None for the plan's policy."""
        return None

    def rows(self, listed=()):
        """Return the changes, as (order line, subscription line, values).

        The values are those of a planned change. Edited prices and discounts of
        `listed` order lines are left out.
        """
        return [
            (line, line.managed_line_id, self.joining_values(line, listed))
            for line in self.joining_lines()
        ]

    def changes(self):
        """Return the changes as (subscription line, values)."""
        return [(line, values) for _order_line, line, values in self.rows()]

    def joining_lines(self):
        """Return the order lines that add a product to the subscription."""
        fees_join = self.subscription.plan_id.fee_policy == "subscription"
        return self.order.order_line.filtered(
            lambda line: (
                line.product_uom_qty
                and (line._is_sold_on_plan() or (fees_join and line._is_fee()))
            )
        )

    def joining_values(self, line, listed=()):
        """Return the values of the subscription line that an order line adds."""
        plan = self.subscription.plan_id
        served = self.order._new_subscription_lines(plan, line, listed)[line]
        if line not in listed:
            line._check_price_can_be_edited(served)
        values = served._prepare_follower_values()
        # Its periods are counted as those of the subscription.
        del values["calendar_start"]
        return {**values, "order_line_id": line._origin.id}

    def quoted_price_values(self, line):
        """Return the values of the price that was edited on an order line."""
        served = line.managed_line_id
        if not served._has_one_price():
            raise UserError(
                self.env._(
                    "The price of %s is computed from tiers, packages or a percent of "
                    "the total and cannot be edited here; change it on the "
                    "subscription, or grant a discount there.",
                    served.product_id.display_name,
                )
            )
        quoted = exact(line.price_unit) * (HUNDRED - exact(line.discount)) / HUNDRED
        is_per_unit = served.pricing_model == "per_unit"
        units = served._units_per_quantity() if is_per_unit else 1
        return {
            "price": float(quoted / units),
            "discount_ids": [],
            "added_discounts": [],
        }

    def plan_change(self, listed=()):
        """Return the planned change, and the key of the added line by order line."""
        return self.subscription._plan_quoted_change(
            self.rows(listed), self.start_date(), self.policy()
        )

    # --- Prices ---

    def amounts(self, listed=()):
        """Return the `QuotedAmounts` on the effective date."""
        change_plan, joined = self.plan_change(listed)
        subscription = self.subscription
        day = change_plan.effective or self.start_date()
        return QuotedAmounts(
            subscription._full_amounts_on(subscription._begin_change_plan(), day),
            subscription._full_amounts_on(change_plan, day),
            joined,
        )

    def quoted_prices(self, listed=()):
        """Return the unit price of each line, calculated as billing does."""
        amounts = self.amounts(listed)
        return {
            line: self.unit_price(line, amounts)
            for line in self.order.order_line
            if not line.display_type
            and (
                line.managed_line_id or (line in amounts.joined and not line._is_fee())
            )
        }

    def unit_price(self, line, amounts):
        """Return the unit price of an order line that follows from `QuotedAmounts`."""
        if line in amounts.joined:
            amount = amounts.joining_by(line)
        else:
            amount = amounts.after_of(line.managed_line_id)
        return line.currency_id._unit_price_of(amount, line.product_uom_qty)

    def plan_prices(self, lines):
        prices = self.quoted_prices(lines)
        yield from ((line, price) for line, price in prices.items() if line in lines)

    def update_prices(self, lines):
        self.reprice()

    def reprice_shares(self):
        self.reprice()

    def reprice(self):
        """Update all prices from the subscription, except those that were edited."""
        order = self.order
        if not (self.is_open() and order.managed_base_change_id):
            return
        priced = order.order_line.filtered(lambda line: not line.display_type)
        shares = priced.filtered(lambda line: line._is_percent_of_total())
        # A percent of the total counts the edited prices of the other lines.
        for listed in filter(None, (priced - shares, shares)):
            prices = self.quoted_prices(listed)
            for line in listed & priced.browse().union(*prices):
                line._update_plan_price(prices[line])
        if order.ids:
            self.update_affected_shares()

    def update_affected_shares(self):
        """Show the other lines whose price the change affects."""

    # --- Checks ---

    def shown_error(self):
        return self.outdated_reason() or self.mismatch_reason()

    def outdated_reason(self):
        """Return why the quotation is outdated, False where it is current."""
        latest = self.subscription._latest_agreed_change()
        if latest != self.order.managed_base_change_id:
            return self.env._(
                "%s was changed since this quotation was made; update the quotation "
                "and send it again.",
                self.subscription.name,
            )
        return False

    def mismatch_reason(self):
        """Return why the subscription cannot become as quoted, False where it can."""
        return False

    def price_mismatch_reason(self):
        """Return why the quoted prices cannot be billed, False where they can."""
        try:
            prices = self.quoted_prices()
        except UserError as error:
            return str(error)
        if any(line._differs_from(price) for line, price in prices.items()):
            return self.env._(
                "The prices of %s have changed since this quotation was made; update "
                "the quotation and send it again.",
                self.subscription.name,
            )
        return False

    # --- Life of the quotation ---

    def update(self):
        self.check_rights()
        if not self.is_open():
            raise UserError(
                self.env._(
                    "%(order)s is not an open quotation; make a new quotation from "
                    "%(subscription)s.",
                    order=self.order.name,
                    subscription=self.subscription.name,
                )
            )
        self.rebuild()

    def rebuild(self):
        """Make the lines again from the subscription as it is now."""
        raise NotImplementedError

    def confirm(self):
        self.check_rights()
        self.subscription.lock_for_update()
        self.apply()

    def apply(self):
        """Change the subscription as quoted, once it is locked."""
        raise NotImplementedError

    def history_reason(self):
        """Return the reason that the history of the subscription shows."""
        order = self.order
        if order.signed_by:
            source = self.env._(
                "Quotation %(order)s, signed by %(name)s",
                order=order.name,
                name=order.signed_by,
            )
        else:
            source = self.env._("Quotation %s", order.name)
        reason = order.managed_change_reason
        return f"{source}: {reason}" if reason else source
