from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from .subscription_renewal import RUNNING


class SaleOrder(models.Model):
    """A quotation that asks for the next term of a subscription."""

    _inherit = "sale.order"

    managed_subscription_id = fields.Many2one(
        "subscription.subscription",
        "Renews",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="subscription_management.group_subscription_user",
    )
    managed_renews_from = fields.Date(
        "From",
        readonly=True,
        copy=False,
        help="The first day of the term that the quotation asks for.",
    )
    managed_seen_change_id = fields.Many2one(
        "subscription.change",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups="subscription_management.group_subscription_user",
        help="The newest change of the subscription that the quotation knows of.",
    )
    managed_refusal = fields.Char(
        compute="_compute_managed_refusal",
        help="Why the quotation cannot be confirmed as it is.",
    )

    @api.depends("managed_subscription_id", "state", "order_line.product_uom_qty")
    def _compute_managed_refusal(self):
        for order in self:
            is_open = order.state in ("draft", "sent")
            order.managed_refusal = is_open and order._renewal_refusal()

    @api.depends("managed_subscription_id")
    def _compute_currency_id(self):
        result = super()._compute_currency_id()
        for order in self.sudo().filtered("managed_subscription_id"):
            order.currency_id = order.managed_subscription_id.currency_id
        return result

    @api.constrains("managed_subscription_id", "partner_id", "company_id")
    def _check_renewed_customer(self):
        for order in self.sudo().filtered("managed_subscription_id"):
            subscription = order.managed_subscription_id
            if (
                order.company_id != subscription.company_id
                or order.partner_id.commercial_partner_id
                != subscription.commercial_partner_id
            ):
                raise ValidationError(
                    self.env._(
                        "%(order)s renews %(subscription)s and stays with its "
                        "customer; transfer the subscription instead.",
                        order=order.name,
                        subscription=subscription.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_may_renew(vals)
        return super().create(vals_list)

    def _check_may_renew(self, vals):
        """Refuse to renew what the user may not change: a yes is applied for all."""
        if subscription_id := vals.get("managed_subscription_id"):
            subscription = self.env["subscription.subscription"].browse(subscription_id)
            subscription.check_access("write")

    def write(self, vals):
        self._check_may_renew(vals)
        result = super().write(vals)
        if "order_line" in vals:
            self.sudo().filtered("managed_subscription_id")._follow_renewal_prices()
        return result

    def _follow_renewal_prices(self):
        """Let shares of the total follow what was quoted for the others."""
        for order in self.filtered(lambda each: each.state in ("draft", "sent")):
            for line, price in order._renewal_prices().items():
                line._follow_renewal_price(price)

    def action_update_renewal(self):
        """Offer the next term anew, from the subscription as it is now."""
        for order in self:
            order.managed_subscription_id.check_access("read")
            order.sudo()._offer_renewal()

    def _offer_renewal(self):
        """Let the lines offer the next term of the subscription, as it is now."""
        for order in self:
            subscription = order.managed_subscription_id
            subscription._check_can_renew()
            subscription._check_is_to_go_on()
            order.write(
                {
                    "managed_renews_from": subscription.term_end,
                    "managed_seen_change_id": subscription._newest_agreed_change().id,
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
        prices = subscription._prices_from(amendment, day)
        lines = subscription._lines_to_change(day).with_context(lang=self._get_lang())
        for line in lines:
            planned, amount = prices[line._origin_key()]
            yield line._prepare_renewal_offer(amendment.values[planned.key], amount)

    def _planned_rows(self):
        """Return what changes by the plan for whoever accepts the quotation now."""
        subscription = self.managed_subscription_id
        return subscription._renewal_rows(is_early=subscription._is_before_term_end())

    def _renewal_rows(self):
        """Return what changes of the lines as it is quoted, as `_amend` takes it."""
        self.ensure_one()
        subscription = self.managed_subscription_id
        planned = dict(self._planned_rows())
        offers = {line.managed_line_id: line for line in self.order_line}
        rows = []
        for line in subscription._lines_to_change(subscription.term_end):
            if line not in offers:
                rows.append((line, None))
                continue
            values = {**planned.get(line, {}), **offers[line]._renewal_values()}
            if values:
                rows.append((line, values))
        return rows

    def _renewal_prices(self):
        """Return the unit price of each line that renews, by the code that bills."""
        self.ensure_one()
        subscription = self.managed_subscription_id
        amendment = subscription._plan_renewal(self._renewal_rows())
        prices = subscription._prices_from(amendment, subscription.term_end)
        found = {}
        for offer in self._renewal_offers():
            _planned, amount = prices.get(
                offer.managed_line_id._origin_key(), (None, None)
            )
            if amount is not None:
                line, quantity = offer.managed_line_id, offer.product_uom_qty
                found[offer] = line._unit_price_of(amount, quantity)
        return found

    def _renewal_offers(self):
        """Return the lines that renew at a price; what is used has none yet."""
        return self.order_line.filtered(
            lambda line: line.managed_line_id and not line.display_type
        )

    def _renewal_refusal(self):
        """Return why the quotation cannot be accepted as it is, False where it can."""
        self.ensure_one()
        order = self.sudo()
        if not order.managed_subscription_id:
            return False
        return order._why_stale() or (
            # Its prices are known again once the end is taken back.
            not order.managed_subscription_id._is_cancelled_for_renewal()
            and order._why_not_at_these_prices()
        )

    def _why_stale(self):
        """Return what the quotation did not know of the subscription, False if all."""
        self.ensure_one()
        subscription = self.managed_subscription_id
        if (
            subscription.state not in RUNNING
            or subscription.term_end != self.managed_renews_from
        ):
            return self.env._(
                "%s does not wait for this renewal any more: it was renewed already, "
                "or has ended.",
                subscription.name,
            )
        if subscription._newest_agreed_change() != self.managed_seen_change_id:
            return self.env._(
                "%s was changed since this quotation was made; update the quotation "
                "and send it again.",
                subscription.name,
            )
        return False

    def _why_not_at_these_prices(self):
        """Return why the subscription cannot go on as quoted, False where it can."""
        self.ensure_one()
        if not self._renewal_offers():
            return self.env._(
                "Nothing is left to be renewed; let the subscription end, or update "
                "the quotation."
            )
        try:
            prices = self._renewal_prices()
        except UserError as error:
            return str(error)
        if any(line._differs_from(price) for line, price in prices.items()):
            return self.env._(
                "The prices of %s moved since this quotation was made; update the "
                "quotation and send it again.",
                self.managed_subscription_id.name,
            )
        return False

    def _confirmation_error_message(self):
        return super()._confirmation_error_message() or self._renewal_refusal()

    def _action_confirm(self):
        result = super()._action_confirm()
        for order in self.sudo().filtered("managed_subscription_id"):
            subscription = order.managed_subscription_id
            # The customer accepts without rights, staff only with those to change it.
            subscription.with_env(self.env).check_access("write")
            subscription._renew_as_quoted(order)
        return result

    def _cancel_because(self, reason):
        """Cancel, and say on each order why."""
        self._action_cancel()
        for order in self:
            order.message_post(body=reason)

    def _action_cancel(self):
        """Cancel, and take back the renewals that were agreed to, or refuse."""
        for order in self.sudo().filtered("managed_subscription_id"):
            subscription = order.managed_subscription_id
            renewal = subscription._renewal_from(order.managed_renews_from)
            if order.state == "sale" and renewal:
                subscription.with_env(self.env).check_access("write")
                subscription._undo_change(renewal)
        return super()._action_cancel()
