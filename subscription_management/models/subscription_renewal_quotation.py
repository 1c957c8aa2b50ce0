"""A renewal that is asked for by a quotation, and agreed to by accepting it."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..billing_core.errors import BillingError
from ..billing_core.owed import full_price
from ..billing_core.percent_base import with_bases
from .subscription_renewal import RENEWAL_ACTIVITY

OPEN_QUOTATION = ("draft", "sent")


class SubscriptionRenewalQuotation(models.Model):
    _inherit = "subscription.subscription"

    def action_quote_renewal(self):
        """Open the quotation of the next term; make it where there is none."""
        self._check_can_renew()
        self._check_is_to_go_on()
        order = self._open_renewal_quotations()[:1] or self._make_renewal_quotation()
        order.opportunity_id = order.opportunity_id or self._quoted_opportunity()
        return order._get_records_action()

    def _renewal_quotations(self):
        """Return all quotations of the term that begins when this one ends."""
        self.ensure_one()
        return self.env["sale.order"].search(
            Domain("managed_subscription_id", "=", self.id)
            & Domain("managed_renews_from", "=", self.term_end)
        )

    def _open_renewal_quotations(self):
        return self._renewal_quotations().filtered(
            lambda order: order.state in OPEN_QUOTATION
        )

    def _ask_for_renewal(self, days_left):
        """Make the quotation that is due, once, and bring it to whom the plan says."""
        plan = self.plan_id
        is_due = 0 < days_left <= plan.renewal_quotation_days
        if plan.renewal_policy != "ask" or not is_due or self.date_end:
            return
        if self._renewal_quotations():
            return
        order = self._make_renewal_quotation()
        if plan.renewal_quotation_to == "customer":
            order.action_quotation_sent()
            order._send_order_notification_mail(order._find_mail_template())
            return
        self._leave_renewal_to_do(
            self.env._(
                "The term ends on %(day)s, and the subscription with it unless the "
                "customer accepts quotation %(quotation)s: look at it and send it.",
                day=format_date(self.env, self.term_end),
                quotation=order.name,
            )
        )

    def _ask_again_for_renewal(self):
        """Leave it to the salesperson to ask anew, where the plan asks only once."""
        is_asked = self.plan_id.renewal_policy == "ask" and not self.date_end
        if is_asked and (called_off := self.sudo()._renewal_quotations()[:1]):
            self._leave_renewal_to_do(
                self.env._(
                    "The renewal was taken back. The term ends on %(day)s, and the "
                    "subscription with it unless the customer accepts another "
                    "quotation than %(quotation)s, which is cancelled: make it by the "
                    "button Renewal Quotation, and send it.",
                    day=format_date(self.env, self.term_end),
                    quotation=called_off.name,
                )
            )

    def _leave_renewal_to_do(self, note):
        self.activity_schedule(
            RENEWAL_ACTIVITY,
            date_deadline=self.term_end,
            note=note,
            user_id=(self.user_id or self.env.user).id,
        )

    def _make_renewal_quotation(self):
        """Return a new quotation of the next term, as the subscription is now."""
        order = self.env["sale.order"].create(self._prepare_renewal_order_values())
        order._offer_renewal()
        return order

    def _prepare_renewal_order_values(self):
        self.ensure_one()
        return {
            **self._prepare_quotation_values(),
            "validity_date": fields.Date.subtract(self.term_end, days=1),
            "managed_purpose": "renewal",
            "managed_renews_from": self.term_end,
        }

    def _check_is_to_go_on(self):
        """Refuse to quote the next term of what is to end."""
        if self._is_cancelled_for_renewal():
            raise UserError(
                self.env._(
                    "Subscription %(name)s ends on %(day)s; take the cancellation back "
                    "first.",
                    name=self.name,
                    day=format_date(self.env, self.date_end),
                )
            )

    def _newest_agreed_change(self):
        """Return the last change that somebody made; an expiry waits for an answer."""
        self.ensure_one()
        changes = self.change_ids.sorted("id")
        if self.ends_by_expiry and changes[-1:].kind == "cancelled":
            changes -= changes[-1]
        return changes[-1:]

    def _plan_renewal(self, rows):
        """Return the `Amendment` of the next term, or refuse."""
        return self._plan_amendment(rows, self.term_end, "prorate")

    def _prices_from(self, amendment, day):
        """Return what is served from a day on costs for the full period of that day.

        By the key of its origin: the `Line` of the day, or the next one, and its price,
        unrounded.
        """
        self.ensure_one()
        found = {}
        try:
            parts = sorted(with_bases(amendment.lines), key=lambda line: line.start)
            for line in parts:
                if not line.is_empty and (line.end is None or line.end > day):
                    index = line.calendar.index_on(max(day, line.start))
                    price = full_price(line, line.calendar.boundary(index))
                    found.setdefault(line.origin_key, (line, price))
        except BillingError as error:
            raise UserError(self._refusal(error, amendment.values)) from error
        return found

    def _renew(self, *args, **kwargs):
        """Renew, and call off the quotations that asked for it."""
        others = self.sudo()._open_renewal_quotations()
        result = super()._renew(*args, **kwargs)
        others._cancel_because(self.env._("%s was renewed already.", self.name))
        return result

    def _renew_as_quoted(self, order):
        """Begin the next term as a confirmed quotation says."""
        self.ensure_one()
        self.lock_for_update()
        # Looked at again under the lock: another quotation may have been faster.
        if refusal := order._why_stale():
            raise UserError(refusal)
        replaced = self._term_as_it_is()
        if self._is_cancelled_for_renewal():
            self.action_undo_cancellation()
        if refusal := order._why_not_at_these_prices():
            raise UserError(refusal)
        self._renew(order._renewal_rows(), order._why_agreed(), replaced=replaced)
