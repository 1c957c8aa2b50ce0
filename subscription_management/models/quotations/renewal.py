from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ...billing_core.money import HUNDRED
from ..decimals import exact
from ..renewals.renewal import RUNNING


class SaleOrder(models.Model):
    """A quotation that asks for the next term of a subscription."""

    _inherit = "sale.order"

    managed_renews_from = fields.Date(
        "From",
        readonly=True,
        copy=False,
        help="The first day of the term that the quotation asks for.",
    )

    def _renewals(self):
        return self.filtered(lambda order: order.managed_purpose == "renewal")

    def _update_quotation(self):
        if self.managed_purpose != "renewal":
            return super()._update_quotation()
        return self._offer_renewal()

    def _offer_renewal(self):
        """Let the lines offer the next term of the subscription, as it is now."""
        for order in self:
            subscription = order.managed_subscription_id
            subscription._check_can_renew()
            subscription._check_not_cancelled_for_renewal()
            order.write(
                {
                    "managed_renews_from": subscription.term_end,
                    "managed_base_change_id": subscription._latest_agreed_change().id,
                    "validity_date": fields.Date.subtract(
                        subscription.term_end, days=1
                    ),
                    "order_line": [
                        *(
                            Command.delete(line.id)
                            for line in order.order_line.filtered("managed_line_id")
                        ),
                        *(
                            Command.create(values)
                            for values in order._prepare_renewal_lines()
                        ),
                    ],
                }
            )

    def _prepare_renewal_lines(self):
        """Return the values of a line for each product of the next term."""
        subscription = self.managed_subscription_id
        day = subscription.term_end
        amendment = subscription._plan_renewal(self._planned_rows())
        prices = subscription._full_prices_on(amendment, day)
        lines = subscription._lines_to_change(day).with_context(lang=self._get_lang())
        for line in lines:
            planned, amount = prices[line._origin_key()]
            yield line._prepare_renewal_offer(amendment.values[planned.key], amount)

    def _planned_rows(self):
        """Return what changes by the plan for whoever accepts the quotation now."""
        subscription = self.managed_subscription_id
        return subscription._renewal_rows(is_early=subscription._is_before_term_end())

    def _service_start_date(self):
        if self.managed_purpose != "renewal":
            return super()._service_start_date()
        return self.managed_renews_from

    def _quoted_policy(self):
        is_renewal = self.managed_purpose == "renewal"
        return "prorate" if is_renewal else super()._quoted_policy()

    def _quoted_rows(self, listed=()):
        rows = super()._quoted_rows(listed)
        if self.managed_purpose != "renewal":
            return rows
        return [*self._renewed_rows(listed), *rows]

    def _renewed_rows(self, listed):
        """Yield what changes of the lines that are served already."""
        subscription = self.managed_subscription_id
        planned = dict(self._planned_rows())
        offers = {line.managed_line_id: line for line in self.order_line}
        for line in subscription._lines_to_change(subscription.term_end):
            offer = offers.get(line)
            if not offer:
                yield offer, line, None
                continue
            values = {**planned.get(line, {}), **offer._renewal_values(listed)}
            if values:
                yield offer, line, values

    def _renewal_rows(self):
        """Return what changes as it is quoted, as `_amend` takes it."""
        self.ensure_one()
        return [(line, values) for _offer, line, values in self._quoted_rows()]

    def _renewal_offers(self):
        """Return the lines that renew at a price; what is used has none yet."""
        return self.order_line.filtered(
            lambda line: line.managed_line_id and not line.display_type
        )

    def _stale_reason(self):
        subscription = self.managed_subscription_id
        if self.managed_purpose == "renewal" and (
            subscription.state not in RUNNING
            or subscription.term_end != self.managed_renews_from
        ):
            return self.env._(
                "%s does not wait for this renewal any more: it was renewed already, "
                "or has ended.",
                subscription.name,
            )
        return super()._stale_reason()

    def _quotation_mismatch_reason(self):
        if self.managed_purpose != "renewal":
            return super()._quotation_mismatch_reason()
        # Its prices are known again once the end is taken back.
        return (
            not self.managed_subscription_id._is_cancelled_for_renewal()
            and self._why_not_at_these_prices()
        )

    def _why_not_at_these_prices(self):
        """Return why the subscription cannot go on as quoted, False where it can."""
        self.ensure_one()
        if not self._renewal_offers():
            return self.env._(
                "Nothing is left to be renewed; let the subscription end, or update "
                "the quotation."
            )
        try:
            prices = self._quoted_prices()
        except UserError as error:
            return str(error)
        return self._why_other_prices(prices)

    def _apply_to_subscription(self):
        if self.managed_purpose == "renewal":
            self.managed_subscription_id._renew_as_quoted(self)
        return super()._apply_to_subscription()

    def _action_cancel(self):
        """Cancel, and take back the renewals that were agreed to, or refuse."""
        for order in self.sudo()._renewals():
            subscription = order.managed_subscription_id
            renewal = subscription._renewal_from(order.managed_renews_from)
            if order.state == "sale" and renewal:
                subscription.with_env(self.env).check_access("write")
                subscription._undo_change(renewal)
        return super()._action_cancel()


class SaleOrderLine(models.Model):
    """What a renewal quotation offers for one line of the subscription."""

    _inherit = "sale.order.line"

    def _renewal_values(self, listed=()):
        """Return what of the subscription's line is another as quoted.

        Of `listed` order lines, prices that were typed are left out.
        """
        self.ensure_one()
        line, values = self.managed_line_id, {}
        if self.display_type:
            return values
        if line._is_quoted_as_one_unit():
            if self.product_uom_qty != 1.0:
                raise UserError(
                    self.env._(
                        "%s costs the same whatever its quantity; leave it at 1.",
                        line.product_id.display_name,
                    )
                )
        elif self.product_uom_qty != line.quantity:
            values["quantity"] = self.product_uom_qty
        if self._has_own_price() and self not in listed:
            values |= self._quoted_price_values()
        return values

    def _quoted_price_values(self):
        """Return the price that was quoted in place of the subscription's."""
        line = self.managed_line_id
        if not line._has_one_price():
            raise UserError(
                self.env._(
                    "The price of %s follows from its tiers, packages or shares, and "
                    "cannot be quoted by hand; change it on the subscription, or "
                    "grant a discount there.",
                    line.product_id.display_name,
                )
            )
        quoted = exact(self.price_unit) * (HUNDRED - exact(self.discount)) / HUNDRED
        units = line._units_per_quantity() if line.pricing_model == "per_unit" else 1
        return {
            "price": float(quoted / units),
            "discount_ids": [],
            "added_discounts": [],
        }


class SubscriptionLineOffer(models.Model):
    _inherit = "subscription.line"

    def _prepare_renewal_offer(self, agreed, amount):
        """Return the order line that offers this line's next term for an amount.

        `agreed` are the values of the line in the next term.
        """
        self.ensure_one()
        if self.kind == "usage":
            return {
                "managed_line_id": self.id,
                "display_type": "line_note",
                "sequence": self.sequence,
                "name": self.env._(
                    "%(product)s: by what is used, %(price)s",
                    product=self.product_id.display_name,
                    price=self._offered_price_label(agreed),
                ),
            }
        is_one = self._is_quoted_as_one_unit()
        quantity = 1.0 if is_one else agreed["quantity"]
        price = self.currency_id._unit_price_of(amount, quantity)
        return {
            "managed_line_id": self.id,
            "product_id": self.product_id.id,
            "name": self._renewal_offer_text(),
            "product_uom_qty": quantity,
            "product_uom_id": self.product_uom_id.id,
            "sequence": self.sequence,
            "price_unit": price,
            "technical_price_unit": price,
        }

    def _offered_price_label(self, agreed):
        """Return the price of what is used, as it is agreed for the next term."""
        rule = self.env["subscription.pricing.rule"].browse(agreed["pricing_rule_id"])
        if agreed["pricing_model"] != "per_unit":
            return rule.price_label
        return self.currency_id.format(agreed["price"])

    def _is_quoted_as_one_unit(self):
        """Tell whether the quantity does not matter to what the line costs."""
        self.ensure_one()
        return self.pricing_model in ("flat", "percent_of_total")

    def _renewal_offer_text(self):
        """Return the text that the customer reads: what, how often, from when."""
        subscription = self.subscription_id
        first = subscription.term_end
        end = subscription._term_end_after(first)
        text = self.name or self.product_id.get_product_multiline_description_sale()
        if self.pricing_model == "percent_of_total":
            text = f"{text}, {self.price_label}"
        if not end:
            return self.env._(
                "%(text)s\n%(interval)s, from %(first)s",
                text=text,
                interval=self.interval_label,
                first=format_date(self.env, first),
            )
        return self.env._(
            "%(text)s\n%(interval)s, %(first)s – %(last)s",
            text=text,
            interval=self.interval_label,
            first=format_date(self.env, first),
            last=format_date(self.env, fields.Date.subtract(end, days=1)),
        )
