"""The host's transactions as charges of dunning cases, and as manual payments."""

from datetime import timedelta

from odoo import api, fields, models

from ...billing_core.collection import Decline, Outcome, outcome_of
from ..dunning.states import OUTCOMES, UNRESOLVED_OUTCOMES
from ..sales.payment_transaction import PaymentTransactionOrders
from .charge import ChargeAttempt
from .payment_method import DECLINES
from .payment_provider import (
    CALLS,
    NON_PAYMENT_OPERATIONS,
    TRANSFER_PROVIDERS,
    ProviderCalls,
    calls_of,
)

BY_CUSTOMER = ("online_redirect", "online_direct", "online_token")

CHECKOUT_TIME = timedelta(minutes=30)
"""For how long a customer on the payment page blocks charges."""

PENDING_DAYS = 7
"""The days after which a pending payment is reported if no policy sets them."""


class PaymentTransaction(PaymentTransactionOrders, models.Model):
    _inherit = "payment.transaction"

    managed_case_id = fields.Many2one(
        "subscription.dunning.case",
        "Dunning Case",
        readonly=True,
        index="btree_not_null",
    )
    managed_attempt = fields.Integer("Attempt", readonly=True)
    managed_outcome = fields.Selection(OUTCOMES, "Outcome", readonly=True)
    # As it was received: after a time-out the state alone proves nothing.
    managed_answer = fields.Selection(OUTCOMES, "Response", readonly=True)
    managed_decline = fields.Selection(DECLINES, "Decline Reason", readonly=True)
    managed_decline_code = fields.Char("Decline Code", readonly=True)
    managed_sent_at = fields.Datetime("Charged At", readonly=True)
    managed_is_reported = fields.Boolean(
        "To-Do Created", readonly=True, help="A to-do asks for the outcome."
    )
    managed_is_abandoned = fields.Boolean(
        "Abandoned", readonly=True, help="No payment is expected from it any more."
    )

    _managed_one_unresolved = models.UniqueIndex(
        "(managed_case_id) WHERE managed_outcome IN ('sending', 'pending', 'unknown')",
        "A charge of this invoice is not resolved yet; resolve it first, so that "
        "nothing is charged twice.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse a manual payment while a charge may still become a payment."""
        transactions = super().create(vals_list)
        for transaction in transactions.filtered(
            lambda each: each._is_manual_payment()
        ):
            # A partial capture belongs to a payment that was checked before.
            if not transaction.source_transaction_id:
                transaction.invoice_ids._check_no_unresolved_charge(
                    by_customer=transaction.operation in BY_CUSTOMER
                )
        return transactions

    # === Charges of dunning cases === #

    def _charge_with_token(self):
        """Record an unknown outcome, which the host takes for a decline."""
        if self.managed_case_id or not self.invoice_ids.managed_billed_period_ids:
            return super()._charge_with_token()
        calls = ProviderCalls()
        recorded = self.with_context(**{CALLS: calls})
        result = super(PaymentTransaction, recorded)._charge_with_token()
        if outcome_of(self.state, calls.done) is Outcome.UNKNOWN:
            self.managed_outcome = Outcome.UNKNOWN.value
            self.invoice_ids.managed_case_ids._trigger_run()
        return result

    def _store_response(self, calls):
        """Store the outcome of the response, for any worker that records it."""
        self.ensure_one()
        decline = self._decline_from(calls)
        self.write(
            {
                "managed_answer": outcome_of(self.state, calls.done, decline).value,
                "managed_decline": decline and decline.value,
                "managed_decline_code": calls.decline_code,
            }
        )

    def _decline_from(self, calls):
        if calls.decline:
            return calls.decline
        return Decline.OTHER if self.state in ("error", "cancel") else None

    def _received_outcome(self):
        """Return the proven outcome: without a response an error proves nothing."""
        if self.state in ("done", "pending", "authorized"):
            return outcome_of(self.state, ())
        return Outcome(self.managed_answer or Outcome.UNKNOWN)

    def _is_answered(self):
        """Return whether the provider processed the request, with any outcome."""
        return self.managed_answer not in (False, Outcome.UNKNOWN.value)

    def _follow_state(self):
        """Update the outcome of a charge after its provider changed its state."""
        self.ensure_one()
        if not self.managed_case_id:
            self.managed_outcome = False
            return
        if self.state == "draft":
            return
        reported = outcome_of(self.state, ())
        if reported.value == self.managed_outcome:
            return
        is_resolved = self.managed_outcome not in UNRESOLVED_OUTCOMES
        if is_resolved and reported is not Outcome.PAID:
            return
        ChargeAttempt.of(self).conclude(reported, *self._reported_decline())

    def _run_each_case(self, do):
        """Call `do` with the payments of each case that is neither failing nor locked.

        Return the cases for which it succeeded.
        """

        def do_with(cases):
            for payment in self.filtered(lambda each: each._cases() & cases):
                do(payment)

        cases = self.env["subscription.dunning.case"].union(
            *(payment._cases() for payment in self)
        )
        return cases._lock()._run_each(do_with)

    def _cases(self):
        """Return the case of a charge, or the open cases of a manual payment."""
        self.ensure_one()
        paid_for = self.invoice_ids.managed_case_ids
        return self.managed_case_id or paid_for.filtered(
            lambda case: case.state == "open"
        )

    # === What addons of a provider know === #

    def _query_provider(self):
        """Return the provider's response about a charge, as one sentence.

        A proven outcome is recorded. Nothing is charged.
        """
        self.ensure_one()
        return self.env._(
            "%(provider)s cannot be queried from here: find %(reference)s in its "
            "dashboard, then use Mark as Succeeded or Mark as Failed.",
            provider=self.provider_id.name,
            reference=self.reference,
        )

    def _withdraw_charge(self):
        """Cancel a charge that waits for its customer; return whether it is certain."""
        return False

    def _is_final_decline(self, _payment_data):
        """Return whether the provider reports that the charge can no longer be paid."""
        return False

    def _reported_decline(self):
        """Return (decline, code) of a decline that the provider reported later."""
        return Decline.OTHER, False

    # === Manual payments === #

    def _is_manual_payment(self):
        """Return whether a customer or accountant started it, to pay invoices."""
        self.ensure_one()
        return not self.managed_case_id and self.operation not in NON_PAYMENT_OPERATIONS

    def _is_transfer(self):
        """Return whether it waits for a bank transfer that may never be made."""
        return self.provider_code in TRANSFER_PROVIDERS and self.state == "pending"

    # === States === #

    def _is_unresolved(self):
        """Return whether it may become a payment that is not registered yet.

        Deleting a registered payment is a user's decision and reopens nothing.
        """
        self.ensure_one()
        if not self.managed_case_id:
            return self._is_unknown()
        is_paid = self.managed_outcome == Outcome.PAID.value
        return self.managed_outcome in UNRESOLVED_OUTCOMES or (
            is_paid and not self.is_post_processed
        )

    def _is_unknown(self):
        """Return whether its outcome is unknown."""
        self.ensure_one()
        if self.managed_outcome != Outcome.UNKNOWN.value:
            return False
        # A manual payment is resolved by any other state.
        return bool(self.managed_case_id) or self.state == "error"

    def _is_pending(self):
        """Return whether it is pending, unknown, or paid and not yet registered."""
        self.ensure_one()
        if self.managed_case_id:
            return self.managed_outcome == Outcome.PENDING.value
        return (
            self.state in ("pending", "authorized")
            or (self.state == "done" and not self.is_post_processed)
            or self._is_unknown()
        )

    def _blocks_charges_until(self, now):
        """Return until when no charge may be sent beside it, None if one may."""
        self.ensure_one()
        if self.state == "draft":
            return self.last_state_change + CHECKOUT_TIME
        if not self._is_pending() or self._is_transfer():
            return None
        return now + CHECKOUT_TIME

    def _pending_time_allowed(self):
        version = self._cases().version_id[:1]
        return timedelta(
            days=version.content["pending_days"] if version else PENDING_DAYS
        )

    def _is_pending_too_long(self):
        if self._is_unknown():
            return True
        since = self.managed_sent_at or self.last_state_change
        return since + self._pending_time_allowed() <= fields.Datetime.now()

    def _report_pending(self):
        """Leave a to-do about a payment that is pending too long, once."""
        self.ensure_one()
        if self.managed_is_reported:
            return
        for each in self._cases():
            case = each._in_responsible_language()
            if self._is_unknown():
                case._request_resolution(self)
            else:
                case._report_pending_charge(self)
        self.managed_is_reported = True

    # === The host's processing === #

    def _process(self, provider_code, payment_data):
        """Follow a later report of the provider, by a webhook or a query."""
        if not self:
            found = self._search_by_reference(provider_code, payment_data)
            return found._process(provider_code, payment_data) if found else found
        before = self.state
        transaction = super()._process(provider_code, payment_data)
        if calls_of(self.env) is None:
            # After a time-out the state is already an error, which alone is no decline.
            if self.state != before or self._is_final_decline(payment_data):
                self._follow_state()
        return transaction

    def _update_source_transaction_state(self):
        """Follow the state of an authorization that was voided."""
        result = super()._update_source_transaction_state()
        for source in self.source_transaction_id.filtered("managed_case_id"):
            if source.state == "cancel":
                source.sudo()._follow_state()
        return result

    def _post_process(self):
        """Register payments, send receipts, and report overpayments and refunds."""
        new = self.filtered(lambda each: not each.is_post_processed)
        new._detach_canceled_payments()
        result = super()._post_process()
        for transaction in self.filtered(
            lambda each: each.managed_case_id and each.state == "done"
        ):
            transaction._follow_state()
            transaction._send_receipt()
            transaction._report_overpayment(transaction.managed_case_id)
            transaction.managed_case_id._resume_steps()
        for transaction in new.filtered(lambda each: each.state == "done"):
            transaction._report_manual_overpayment()
            transaction._report_refund()
        return result

    def _detach_canceled_payments(self):
        """Let the host register a payment again that it canceled after a time-out."""
        for transaction in self.filtered("invoice_ids.managed_billed_period_ids"):
            payment = transaction.payment_id
            if transaction.state == "done" and payment.state == "canceled":
                transaction.payment_id = False

    def _send_receipt(self):
        """Queue the policy's receipt for a charge, once."""
        self.ensure_one()
        case, payment = self.managed_case_id._in_responsible_language(), self.payment_id
        template = case.version_id._template("receipt_template_id")
        key = f"receipt:{self.id}"
        if template and payment and key not in case.letter_ids.mapped("key"):
            case._queue_letter(template, key, payment_id=payment.id)

    def _report_manual_overpayment(self):
        case = self.invoice_ids.managed_case_ids[:1]
        # The rest of an order's payment is for its later invoices.
        is_for_later = self.sale_order_ids and not self.managed_is_abandoned
        if case and self._is_manual_payment() and not is_for_later:
            self._report_overpayment(case)

    def _report_overpayment(self, case):
        """Leave a to-do to refund a payment of an invoice that was already paid."""
        payment = self.payment_id
        left = payment.move_id.line_ids.filtered(
            lambda line: (
                line.account_id == payment.destination_account_id
                and line.parent_state == "posted"
                and not line.reconciled
            )
        )
        if not left:
            return
        case = case._in_responsible_language()
        case._schedule_activity(
            case.env._(
                "%(reference)s was charged although %(invoice)s was already paid: "
                "%(amount)s belong to the customer. Refund the payment, or reconcile "
                "it with another invoice.",
                reference=self.reference,
                invoice=case.move_id.name,
                amount=self.currency_id.format(
                    abs(sum(left.mapped("amount_residual_currency")))
                ),
            )
        )

    def _report_refund(self):
        """Leave a to-do to reconcile a refund, which the host leaves open."""
        case = self.source_transaction_id.invoice_ids.managed_case_ids[:1]
        if self.operation != "refund" or not case:
            return
        case = case._in_responsible_language()
        case._schedule_activity(
            case.env._(
                "%(amount)s of %(invoice)s were refunded. Reconcile the refund with "
                "the credit note or payment: until then the customer's credits are not "
                "used.",
                invoice=case.move_id.name,
                amount=self.currency_id.format(abs(self.amount)),
            )
        )

    def _tokenize(self, payment_data):
        """Charge a payment method first that the customer has just saved."""
        before = self.token_id
        result = super()._tokenize(payment_data)
        saved = self.token_id - before
        if self.operation in (*BY_CUSTOMER, "validation"):
            saved.managed_method_ids.sudo()._move_first()
        if self.operation == "validation":
            # The customer saved it for open invoices, not while paying another one.
            for method in saved.managed_method_ids.sudo():
                method._open_cases()._expire_transfers()
        return result
