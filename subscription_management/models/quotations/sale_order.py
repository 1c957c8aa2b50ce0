"""Quotations about a subscription that runs: they renew it, change it or end it."""

from dataclasses import dataclass
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...billing_core.line import ChargeKind
from ...billing_core.money import ZERO


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


class SaleOrder(models.Model):
    """An order that, once it is confirmed, becomes a change of a subscription."""

    _inherit = "sale.order"

    managed_subscription_id = fields.Many2one(
        "subscription.subscription",
        "Subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="subscription_management.group_subscription_user",
    )
    managed_purpose = fields.Selection(
        [
            ("renewal", "Renewal"),
            ("change", "Change"),
            ("cancellation", "Cancellation"),
        ],
        "Purpose",
        readonly=True,
        copy=False,
        help="What becomes of the subscription once the order is confirmed.",
    )
    managed_base_change_id = fields.Many2one(
        "subscription.change",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups="subscription_management.group_subscription_user",
        help="The newest change of the subscription that the quotation knows of.",
    )
    managed_confirmation_error = fields.Char(
        compute="_compute_managed_refusal",
        help="Why the quotation cannot be confirmed as it is.",
    )

    _managed_purpose_of_subscription = models.Constraint(
        "CHECK((managed_subscription_id IS NULL) = (managed_purpose IS NULL))",
        "A quotation about a subscription says what becomes of it.",
    )

    @api.depends(
        "managed_subscription_id",
        "managed_base_change_id",
        "managed_start_date",
        "state",
        "order_line.product_uom_qty",
    )
    def _compute_managed_refusal(self):
        for order in self:
            is_open = order.state in ("draft", "sent")
            order.managed_confirmation_error = is_open and order._quotation_refusal()

    @api.depends("managed_subscription_id")
    def _compute_currency_id(self):
        result = super()._compute_currency_id()
        for order in self.sudo().filtered("managed_subscription_id"):
            order.currency_id = order.managed_subscription_id.currency_id
        return result

    @api.constrains("managed_subscription_id", "partner_id", "company_id")
    def _check_customer_stays(self):
        for order in self.sudo().filtered("managed_subscription_id"):
            subscription = order.managed_subscription_id
            if (
                order.company_id != subscription.company_id
                or order.partner_id.commercial_partner_id
                != subscription.commercial_partner_id
            ):
                raise ValidationError(
                    self.env._(
                        "%(order)s is about %(subscription)s and stays with its "
                        "customer; transfer the subscription instead.",
                        order=order.name,
                        subscription=subscription.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_may_change_subscription(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_may_change_subscription(vals)
        return super().write(vals)

    def _check_may_change_subscription(self, vals):
        """Refuse to quote what the user may not change: a yes is applied for all."""
        if subscription_id := vals.get("managed_subscription_id"):
            subscription = self.env["subscription.subscription"].browse(subscription_id)
            subscription.check_access("write")

    def _quotation_refusal(self):
        """Return why the quotation cannot be accepted as it is, False where it can."""
        self.ensure_one()
        order = self.sudo()
        if not order.managed_subscription_id:
            return False
        return order._stale_reason() or order._quotation_mismatch_reason()

    def _stale_reason(self):
        """Return what the quotation did not know of the subscription, False if all."""
        self.ensure_one()
        subscription = self.managed_subscription_id
        if subscription._latest_agreed_change() != self.managed_base_change_id:
            return self.env._(
                "%s was changed since this quotation was made; update the quotation "
                "and send it again.",
                subscription.name,
            )
        return False

    def _quotation_mismatch_reason(self):
        """Return why the subscription cannot become as quoted, False where it can."""
        return False

    def _why_other_prices(self, prices):
        """Return that a price by order line is not the quoted one, False if all are."""
        if any(line._differs_from(price) for line, price in prices.items()):
            return self.env._(
                "The prices of %s moved since this quotation was made; update the "
                "quotation and send it again.",
                self.managed_subscription_id.name,
            )
        return False

    def _confirmation_error_message(self):
        return super()._confirmation_error_message() or self._quotation_refusal()

    def _action_confirm(self):
        result = super()._action_confirm()
        for order in self.sudo().filtered("managed_subscription_id"):
            subscription = order.managed_subscription_id
            # The customer accepts without rights, staff only with those to change it.
            subscription.with_env(self.env).check_access("write")
            order._apply_to_subscription()
        return result

    def _apply_to_subscription(self):
        """Let the subscription become as the confirmed order says."""
        self.ensure_one()

    def _why_agreed(self):
        """Return what the history says of the order that brought a change."""
        self.ensure_one()
        if self.signed_by:
            return self.env._(
                "Quotation %(order)s, signed by %(name)s",
                order=self.name,
                name=self.signed_by,
            )
        return self.env._("Quotation %s", self.name)

    def action_update_quotation(self):
        """Offer anew what was quoted, from the subscription as it is now."""
        for order in self:
            order.managed_subscription_id.check_access("read")
            order.sudo()._update_quotation()

    def _update_quotation(self):
        """Bring the lines in step with the subscription."""
        self.ensure_one()

    def _cancel_with_reason(self, reason):
        """Cancel, and say on each order why."""
        self._action_cancel()
        for order in self:
            order.message_post(body=reason)

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
        rows, day = self._quoted_rows(listed), self._service_start_date()
        return self.managed_subscription_id._plan_quoted_change(
            rows, day, self._quoted_policy()
        )

    def _quoted(self, listed=()):
        """Return the `Quoted` of the order."""
        amendment, joined = self._plan_as_quoted(listed)
        subscription = self.managed_subscription_id
        day = amendment.effective or self._service_start_date()
        return Quoted(
            subscription._full_amounts_on(subscription._begin_change_plan(), day),
            subscription._full_amounts_on(amendment, day),
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

    def _reprice(self):
        about = self.filtered("managed_purpose")
        for order in about:
            order._follow_quoted_prices()
        return super(SaleOrder, self - about)._reprice()

    def _follow_shares(self):
        about = self.filtered("managed_purpose")
        for order in about:
            order._follow_quoted_prices()
        return super(SaleOrder, self - about)._follow_shares()

    def _follow_quoted_prices(self):
        """Bring the prices in step with the subscription, but those that were typed."""
        order = self.sudo()
        if order.state not in ("draft", "sent") or not order.managed_base_change_id:
            return
        priced = order.order_line.filtered(lambda line: not line.display_type)
        shares = priced.filtered(lambda line: line._is_percent_of_total())
        # Shares are of what the others really cost, with what was typed there.
        for listed in filter(None, (priced - shares, shares)):
            prices = order._quoted_prices(listed)
            for line in listed & priced.browse().union(*prices):
                line._update_plan_price(prices[line])
        if order.ids:
            order._follow_consequences()

    def _follow_consequences(self):
        """Show what else costs another amount: shares of what changes."""


class SubscriptionQuoted(models.Model):
    _inherit = "subscription.subscription"

    def _plan_quoted_change(self, rows, day, policy=None):
        """Return the `Amendment` of what is quoted, and the key of what joins by it."""
        amendment, joined, effective = self._begin_change_plan(), {}, day
        for offer, line, values in rows:
            known = set(amendment.added)
            amendment.effective = None
            self._extend_change_plan(amendment, [(line, values)], day, policy)
            effective = max(effective, amendment.effective)
            if not line:
                [joined[offer]] = set(amendment.added) - known
        amendment.effective = effective
        return amendment, joined

    def _full_amounts_on(self, amendment, day):
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
            for key, (line, price) in self._full_prices_on(amendment, day).items()
        }
