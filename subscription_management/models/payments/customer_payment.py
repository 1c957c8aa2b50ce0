"""What customers pay by themselves: waited for, and asked about when it takes long."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ...billing_core.collection import Outcome, outcome_of
from .payment_provider import CALLS, ProviderCalls

CUSTOMER_IS_PAYING = timedelta(minutes=30)
"""For how long a customer on the payment page is not charged beside it."""

PENDING_DAYS = 7
"""After how many days people are asked where no policy says so."""

BY_TRANSFER = ("none", "custom")
"""Providers that wait for a transfer which the customer may never make."""

OF_NOTHING_OWED = ("refund", "validation")
"""The operations that pay no invoice."""


class SubscriptionDunningCustomerPayment(models.Model):
    _inherit = "subscription.dunning.case"

    def _payments_begun(self, now):
        """Return the customer's own payments beside which nothing is done."""
        self.ensure_one()
        return self.move_id.transaction_ids.filtered(
            lambda each: (
                each._pays_beside()
                and (until := each._waited_for_until(now))
                and until > now
            )
        )

    def _transfers_until(self, now):
        """Return until when a transfer is waited for that a customer chose to make.

        It is counted from the first one; choosing it again gains no time.
        """
        self.ensure_one()
        chosen = self.move_id.transaction_ids.filtered(
            lambda each: (
                each._pays_beside()
                and each._is_transfer()
                and not each.managed_is_given_up
            )
        )
        if not chosen:
            return None
        until = min(chosen.mapped("last_state_change")) + chosen[0]._days_to_decide()
        return until if until > now else None

    def _expire_transfers(self):
        """Wait for no transfer any more: somebody wants to be charged, or to charge."""
        transactions = self.move_id.transaction_ids
        transactions.filtered(
            lambda each: each._is_transfer()
        ).managed_is_given_up = True

    def _charge_comes_first(self):
        """Tell whether a charge is to be sent before any step is done."""
        self.ensure_one()
        return bool(self.charge_at) and not self._transfers_until(fields.Datetime.now())

    def _customer_pays_until(self, now):
        """Return when a payment that a customer began is given up, None if none is.

        One that the bank has not decided is asked about again later.
        """
        moments = [each._waited_for_until(now) for each in self._payments_begun(now)]
        if until := self._transfers_until(now):
            moments.append(until)
        return max(moments, default=None)

    def _bank_decides(self):
        """Tell whether a customer has paid as far as customers can."""
        begun = self._payments_begun(fields.Datetime.now())
        return any(each._is_undecided() for each in begun)

    @api.model
    def _ask_about_pending(self):
        """Let a person look at what a bank has not decided for days, once."""
        charged = Domain("managed_outcome", "=", Outcome.PENDING.value)
        by_customers = (
            Domain("managed_case_id", "=", False)
            & Domain("invoice_ids.managed_case_ids.state", "=", "open")
            & Domain("operation", "not in", OF_NOTHING_OWED)
            & Domain("provider_code", "not in", BY_TRANSFER)
            & (
                Domain("managed_outcome", "=", Outcome.UNKNOWN.value)
                | Domain("state", "in", ("pending", "authorized"))
                | (
                    Domain("state", "=", "done")
                    & Domain("is_post_processed", "=", False)
                )
            )
        )
        waiting = self.env["payment.transaction"].search(
            Domain("managed_is_asked_about", "=", False) & (charged | by_customers)
        )
        late = waiting.filtered(lambda each: each._is_pending_for_long())
        return late._each_case_that_can(lambda charge: charge._ask_about_decision())


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    managed_is_asked_about = fields.Boolean(readonly=True)
    managed_is_given_up = fields.Boolean(readonly=True)

    def _cases(self):
        """Return the cases that wait for a payment."""
        self.ensure_one()
        beside = self.invoice_ids.managed_case_ids
        return self.managed_case_id or beside.filtered(
            lambda case: case.state == "open"
        )

    def _charge_with_token(self):
        """Note where nobody knows whether a payment was made that people began.

        The host takes a time-out for a refusal.
        """
        if self.managed_case_id or not self.invoice_ids.managed_billed_period_ids:
            return super()._charge_with_token()
        calls = ProviderCalls()
        noted = self.with_context(**{CALLS: calls})
        result = super(PaymentTransaction, noted)._charge_with_token()
        if outcome_of(self.state, calls.done) is Outcome.UNKNOWN:
            self.managed_outcome = Outcome.UNKNOWN.value
            self.invoice_ids.managed_case_ids._wake()
        return result

    def _update_source_transaction_state(self):
        """Follow what a part of a payment makes of the whole: it may be voided."""
        result = super()._update_source_transaction_state()
        for source in self.source_transaction_id.filtered("managed_case_id"):
            if source.state == "cancel":
                source.sudo()._follow_state()
        return result

    def _is_unknown(self):
        """Tell whether nobody knows whether a payment was made."""
        self.ensure_one()
        if self.managed_outcome != Outcome.UNKNOWN.value:
            return False
        # What was begun by people is followed by its state alone.
        return bool(self.managed_case_id) or self.state == "error"

    def _pays_beside(self):
        """Tell whether it is to pay invoices, and was not charged by the run."""
        self.ensure_one()
        return not self.managed_case_id and self.operation not in OF_NOTHING_OWED

    def _is_undecided(self):
        """Tell whether a payment is under way, unknown, or made and not yet written."""
        self.ensure_one()
        if self.managed_case_id:
            return self.managed_outcome == Outcome.PENDING.value
        return (
            self.state in ("pending", "authorized")
            or (self.state == "done" and not self.is_post_processed)
            or self._is_unknown()
        )

    def _waited_for_until(self, now):
        """Return until when nothing is charged beside it, None if nothing waits."""
        self.ensure_one()
        if self.state == "draft":
            return self.last_state_change + CUSTOMER_IS_PAYING
        if not self._is_undecided() or self._is_transfer():
            return None
        return now + CUSTOMER_IS_PAYING

    def _is_transfer(self):
        """Tell whether the customer chose to transfer money, and may never do it."""
        return self.provider_code in BY_TRANSFER and self.state == "pending"

    def _days_to_decide(self):
        version = self._cases().version_id[:1]
        return timedelta(
            days=version.content["pending_days"] if version else PENDING_DAYS
        )

    def _is_pending_for_long(self):
        if self._is_unknown():
            return True
        since = self.managed_sent_at or self.last_state_change
        return since + self._days_to_decide() <= fields.Datetime.now()

    def _each_case_that_can(self, do):
        """Do something with payments, but for those whose case fails or is in use.

        Return the cases with which it could be done.
        """

        def do_with(cases):
            for payment in self.filtered(lambda each: each._cases() & cases):
                do(payment)

        cases = self.env["subscription.dunning.case"].union(
            *(payment._cases() for payment in self)
        )
        return cases._lock()._run_each(do_with)

    def _ask_about_decision(self):
        """Let a person look at what a bank has not decided, once."""
        self.ensure_one()
        if self.managed_is_asked_about:
            return
        for each in self._cases():
            case = each._worded()
            if self._is_unknown():
                case._ask_whether_made(self)
                continue
            since = self.managed_sent_at or self.last_state_change
            words = {
                "reference": self.reference,
                "day": format_date(case.env, since),
            }
            case._schedule_activity(
                case.env._(
                    "%(reference)s was paid on %(day)s, but its payment is not "
                    "written down yet; say here that it was charged, to see why.",
                    **words,
                )
                if self.state == "done"
                else case.env._(
                    "The bank has not decided about charge %(reference)s since "
                    "%(day)s; look at it on the provider's pages.",
                    **words,
                )
            )
        self.managed_is_asked_about = True
