"""Quotations of the next term: their acceptance renews the subscription."""

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command

from ...billing_core.lifecycle import RENEWABLE
from .purpose import SubscriptionQuotation


class RenewalQuotation(SubscriptionQuotation):
    """A quotation that offers the next term of a subscription."""

    def start_date(self):
        return self.order.managed_renews_from

    def policy(self):
        return "prorate"

    def due_now(self):
        """Return None: the next term is invoiced when it begins."""
        return None

    def rows(self, listed=()):
        return [*self._renewed_rows(listed), *super().rows(listed)]

    def _renewed_rows(self, listed):
        """Yield the changes of the lines that are served already."""
        subscription = self.subscription
        planned = dict(self._planned_changes())
        offers = {line.managed_line_id: line for line in self.order.order_line}
        for line in subscription._lines_to_change(subscription.term_end):
            offer = offers.get(line)
            if not offer:
                yield offer, line, None
                continue
            values = {**planned.get(line, {}), **self._edited_values(offer, listed)}
            if values:
                yield offer, line, values

    def _planned_changes(self):
        """Return the changes of the plan for an acceptance now."""
        subscription = self.subscription
        return subscription._renewal_rows(is_early=subscription._is_before_term_end())

    def _edited_values(self, offer, listed):
        """Return the values of an order line that differ from its subscription line."""
        line, values = offer.managed_line_id, {}
        if offer.display_type:
            return values
        if line._is_quoted_as_one_unit():
            if offer.product_uom_qty != 1.0:
                raise UserError(
                    self.env._(
                        "The price of %s does not depend on its quantity; set the "
                        "quantity to 1.",
                        line.product_id.display_name,
                    )
                )
        elif offer.product_uom_qty != line.quantity:
            values["quantity"] = offer.product_uom_qty
        if offer._has_edited_price() and offer not in listed:
            values |= self.quoted_price_values(offer)
        return values

    def outdated_reason(self):
        subscription = self.subscription
        if (
            subscription.state not in RENEWABLE
            or subscription.term_end != self.order.managed_renews_from
        ):
            return self.env._(
                "%s can no longer be renewed by this quotation: its term was renewed "
                "or has ended. Make a new quotation from the subscription.",
                subscription.name,
            )
        return super().outdated_reason()

    def mismatch_reason(self):
        # While a cancellation is scheduled, no price of the next term is known.
        if self.subscription._is_cancelled_for_renewal():
            return False
        return self._offer_mismatch_reason()

    def _offer_mismatch_reason(self):
        """Return why the subscription cannot be renewed as quoted, False if it can."""
        offers = self.order.order_line.filtered(
            lambda line: line.managed_line_id and not line.display_type
        )
        if not offers:
            return self.env._(
                "The quotation has no product to renew; update the quotation, or let "
                "the subscription end."
            )
        return self.price_mismatch_reason()

    def rebuild(self):
        """Offer the next term of the subscription as it is now."""
        subscription = self.subscription
        subscription._check_can_renew()
        subscription._check_not_cancelled_for_renewal()
        former = self.order.order_line.filtered("managed_line_id")
        self.order.write(
            {
                "managed_renews_from": subscription.term_end,
                "managed_base_change_id": subscription._latest_agreed_change().id,
                "validity_date": fields.Date.subtract(subscription.term_end, days=1),
                "order_line": [
                    *(Command.delete(line.id) for line in former),
                    *(Command.create(values) for values in self._prepare_lines()),
                ],
            }
        )

    def _prepare_lines(self):
        """Yield the values of an order line for each product of the next term."""
        subscription = self.subscription
        day = subscription.term_end
        change_plan = subscription._plan_renewal(self._planned_changes())
        prices = subscription._full_prices_on(change_plan, day)
        lang = self.order._get_lang()
        for line in subscription._lines_to_change(day).with_context(lang=lang):
            planned, amount = prices[line._origin_key()]
            yield line._prepare_renewal_offer(change_plan.values[planned.key], amount)

    def apply(self):
        """Begin the next term as quoted, and undo a cancellation at the term's end."""
        subscription = self.subscription
        # Checked again under the lock: another quotation may have been confirmed.
        if reason := self.outdated_reason():
            raise UserError(reason)
        replaced = subscription._term_as_it_is()
        if subscription._is_cancelled_for_renewal():
            subscription.action_undo_cancellation()
        if reason := self._offer_mismatch_reason():
            raise UserError(reason)
        subscription._renew(self.changes(), self.history_reason(), replaced=replaced)

    def cancel(self):
        """Undo the renewal before its term begins, or refuse."""
        renewal = self.subscription._renewal_from(self.order.managed_renews_from)
        if self.order.state == "sale" and renewal:
            self.check_rights()
            renewal._undo()
