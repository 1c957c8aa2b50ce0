"""Charges of saved methods: the host's transactions, with what is known of them."""

import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import retrying

from ...billing_core.collection import Decline, Outcome, outcome_of
from ..dunning.case import OUTCOMES, SENDING, UNSETTLED
from .payment_method import DECLINES
from .payment_provider import calls_of

_logger = logging.getLogger(__name__)

BY_CUSTOMER = ("online_redirect", "online_direct", "online_token")


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    managed_case_id = fields.Many2one(
        "subscription.dunning.case",
        "Charged For",
        readonly=True,
        index="btree_not_null",
    )
    managed_attempt = fields.Integer("Attempt", readonly=True)
    managed_outcome = fields.Selection(OUTCOMES, "Outcome", readonly=True)
    # As it was heard: after a time-out the state alone proves nothing.
    managed_answer = fields.Selection(OUTCOMES, "Answer", readonly=True)
    managed_decline = fields.Selection(DECLINES, "Why Declined", readonly=True)
    managed_decline_code = fields.Char("Decline Code", readonly=True)
    managed_sent_at = fields.Datetime("Charged At", readonly=True)

    _managed_one_unsettled = models.UniqueIndex(
        "(managed_case_id) WHERE managed_outcome IN ('sending', 'pending', 'unknown')",
        "A charge of this invoice is not settled yet: nothing is charged beside it.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Let nobody pay beside a charge of which money may still come."""
        transactions = super().create(vals_list)
        for transaction in transactions.filtered(lambda each: each._pays_beside()):
            # What is captured in parts was paid before.
            if not transaction.source_transaction_id:
                transaction.invoice_ids._check_nothing_unsettled(
                    by_customer=transaction.operation in BY_CUSTOMER
                )
        return transactions

    def _store_response(self, calls):
        """Keep what an answer came to, so that it is known whoever notes it."""
        self.ensure_one()
        decline = self._decline_of(calls)
        self.write(
            {
                "managed_answer": outcome_of(self.state, calls.done, decline).value,
                "managed_decline": decline and decline.value,
                "managed_decline_code": calls.decline_code,
            }
        )

    def _record_response(self):
        """Note what came of a charge that was sent, unless a webhook was first."""
        self.ensure_one()
        if self.managed_outcome != SENDING:
            return
        decline = self.managed_decline and Decline(self.managed_decline)
        self._note_outcome(
            self._received_response(), decline, self.managed_decline_code
        )

    def _received_response(self):
        """Return what is certain: without an answer an error proves nothing."""
        if self.state in ("done", "pending", "authorized"):
            return outcome_of(self.state, ())
        return Outcome(self.managed_answer or Outcome.UNKNOWN)

    def _is_unsettled(self):
        """Tell whether money may come of it that is not written down as a payment.

        A payment that was written, and deleted since, is a person's decision.
        """
        self.ensure_one()
        if not self.managed_case_id:
            return self._is_unknown()
        is_paid = self.managed_outcome == Outcome.PAID.value
        return self.managed_outcome in UNSETTLED or (
            is_paid and not self.is_post_processed
        )

    def _decline_of(self, calls):
        if calls.decline:
            return calls.decline
        return Decline.OTHER if self.state in ("error", "cancel") else None

    def _record_failed_charge(self, calls, error):
        """Note a charge during which something broke, now or as one that was lost."""
        self._each_case_that_can(lambda charge: charge._record_exception(calls, error))

    def _record_exception(self, calls, error):
        """Note that nobody knows what a charge came to, unless it is said.

        What was kept, or what a webhook has said meanwhile, counts; nothing was charged
        where nothing was sent.
        """
        self.ensure_one()
        is_unheard = self.state == "draft" and not self.managed_answer
        if is_unheard and isinstance(error, UserError) and not calls.done:
            self._set_error(str(error))
            self._note_outcome(Outcome.DECLINED, Decline.OTHER)
            self.managed_case_id._schedule_activity(str(error))
        else:
            self._record_response()

    def _note_outcome(self, outcome, decline=None, code=None):
        """Write down what is known now, and let the case follow."""
        self.ensure_one()
        if outcome is Outcome.ACTION:
            decline = Decline.ACTION
        self.write(
            {
                "managed_outcome": outcome.value,
                "managed_decline": decline.value
                if decline and outcome in (Outcome.DECLINED, Outcome.ACTION)
                else False,
                "managed_decline_code": code,
            }
        )
        if outcome is Outcome.DECLINED and not self.managed_decline:
            self.managed_decline = Decline.OTHER.value
        self.managed_case_id._note_charged(self, outcome)

    def _finish_charge(self):
        """Register the payment of what was charged; the host tries again later."""
        self.ensure_one()
        commit = self.env["ir.cron"]._commit_progress
        if self.state == "draft" and self.managed_outcome == Outcome.ACTION.value:
            if not self._withdraw_charge():
                self._note_outcome(Outcome.UNKNOWN)
            commit()
        if self.state != "done" or self.is_post_processed:
            return
        try:
            # Another worker may write a payment of the same journal meanwhile.
            retrying(self._post_process, self.env)
            commit()
        except Exception as error:
            self.env.cr.rollback()
            if isinstance(error, psycopg2.OperationalError):
                return
            _logger.error("Payment of charge %s", self.reference, exc_info=error)
            case = self.managed_case_id._worded()
            reason = case.env._(
                "%(reference)s was charged, but its payment cannot be written: "
                "%(reason)s",
                reference=self.reference,
                reason=str(error),
            )
            if case.error != reason:
                case.error = reason
                case._schedule_activity(reason)
            commit()

    def _process(self, provider_code, payment_data):
        """Follow what a provider says later: by a webhook, or when it is asked."""
        if not self:
            found = self._search_by_reference(provider_code, payment_data)
            return found._process(provider_code, payment_data) if found else found
        before = self.state
        transaction = super()._process(provider_code, payment_data)
        if calls_of(self.env) is None:
            # After a time-out its state is an error, which by itself is no refusal.
            if self.state != before or self._is_final(payment_data):
                self._follow_state()
        return transaction

    def _is_final(self, _payment_data):
        """Tell whether a provider says that no money comes of a charge any more."""
        return False

    def _follow_state(self):
        """Bring what is known of a charge in step with what the provider said."""
        self.ensure_one()
        if not self.managed_case_id:
            self.managed_outcome = False
            return
        if self.state == "draft":
            return
        said = outcome_of(self.state, ())
        if said.value == self.managed_outcome:
            return
        settled = self.managed_outcome not in UNSETTLED
        if settled and said is not Outcome.PAID:
            return
        decline, code = self._decline_said()
        self._note_outcome(said, decline, code)

    def _withdraw_charge(self):
        """Make sure that a charge which waits for its customer cannot come later.

        Return whether that is certain; addons of a provider know how it is done.
        """
        return False

    def _decline_said(self):
        """Return (decline, code) of what a provider said by itself."""
        return Decline.OTHER, False

    def _post_process(self):
        """Send a receipt of what was charged, and say where it was paid twice."""
        new = self.filtered(lambda each: not each.is_post_processed)
        paid_for = new.filtered(lambda each: each.invoice_ids.managed_billed_period_ids)
        for transaction in paid_for:
            # The host gave its payment up when it was not answered at once.
            if (
                transaction.state == "done"
                and transaction.payment_id.state == "canceled"
            ):
                transaction.payment_id = False
        result = super()._post_process()
        for transaction in self.filtered("managed_case_id"):
            if transaction.state == "done":
                transaction._follow_state()
                transaction._follow_payment()
                transaction.managed_case_id._go_on_with_what_is_left()
        for transaction in new.filtered(lambda each: each._pays_beside()):
            case = transaction.invoice_ids.managed_case_ids[:1]
            # What is left of the payment of an order is for invoices to come.
            is_for_later = (
                transaction.sale_order_ids and not transaction.managed_is_given_up
            )
            if case and transaction.state == "done" and not is_for_later:
                transaction._notify_overpayment(case._worded())
        for transaction in new.filtered(lambda each: each.operation == "refund"):
            case = transaction.source_transaction_id.invoice_ids.managed_case_ids[:1]
            if case and transaction.state == "done":
                transaction._notify_refund(case._worded())
        return result

    def _follow_payment(self):
        self.ensure_one()
        case, payment = self.managed_case_id._worded(), self.payment_id
        template = case.version_id._template("receipt_template_id")
        key = f"receipt:{self.id}"
        if template and payment and key not in case.notice_ids.mapped("key"):
            case._note_letter(template, key, payment_id=payment.id)
        self._notify_overpayment(case)

    def _notify_overpayment(self, case):
        """Let a person give back what was paid for what was paid already."""
        payment = self.payment_id
        left = payment.move_id.line_ids.filtered(
            lambda line: (
                line.account_id == payment.destination_account_id
                and line.parent_state == "posted"
                and not line.reconciled
            )
        )
        if left:
            case._schedule_activity(
                case.env._(
                    "%(reference)s was charged though %(invoice)s was paid: "
                    "%(amount)s belong to the customer. Refund the payment, or set it "
                    "against another invoice.",
                    reference=self.reference,
                    invoice=case.move_id.name,
                    amount=self.currency_id.format(
                        abs(sum(left.mapped("amount_residual_currency")))
                    ),
                )
            )

    def _notify_refund(self, case):
        """Let a person say what was given back: the host matches it with nothing."""
        case._schedule_activity(
            case.env._(
                "%(amount)s of %(invoice)s were refunded. Match the refund with what "
                "was credited or paid: until then no credit of the customer is used.",
                invoice=case.move_id.name,
                amount=self.currency_id.format(abs(self.amount)),
            )
        )

    def _tokenize(self, payment_data):
        """Charge the subscriptions with what a customer has just saved first."""
        before = self.token_id
        result = super()._tokenize(payment_data)
        saved = self.token_id - before
        if self.operation in (*BY_CUSTOMER, "validation"):
            saved.managed_method_ids.sudo()._put_first()
        if self.operation == "validation":
            # It was saved to be charged, not while something else was paid.
            for method in saved.managed_method_ids.sudo():
                method._open_cases()._expire_transfers()
        return result


class SubscriptionPaymentMethodSaved(models.Model):
    _inherit = "subscription.payment.method"

    def _put_first(self):
        """Let what was saved last be charged first, as its customer expects."""
        for method in self:
            others = self.search(self._domain_of(method.partner_id, method.company_id))
            method.sequence = min(others.mapped("sequence"), default=10) - 1


class AccountMoveUnsettled(models.Model):
    _inherit = "account.move"

    managed_case_ids = fields.One2many("subscription.dunning.case", "move_id")

    def _unsettled_charges(self):
        """Return the charges of which money may still come."""
        moves = self.sudo()
        charges = moves.managed_case_ids.transaction_ids | moves.transaction_ids
        return charges.filtered(lambda each: each._is_unsettled())

    def _check_nothing_unsettled(self, by_customer):
        """Refuse a payment beside one that is under way, or about to be sent."""
        cases = self.sudo().managed_case_ids
        # Whoever holds it is about to charge.
        free = cases.try_lock_for_update(allow_referencing=True)
        free._retry_by_other_workers()
        held = cases - free
        unsettled = held.move_id | self._unsettled_charges().invoice_ids
        if not unsettled:
            return
        if not by_customer and unsettled.managed_case_ids:
            unsettled.managed_case_ids[:1]._refuse_beside_unsettled()
        raise UserError(
            self.env._(
                "A payment of %s is being looked into. You need not do anything "
                "now; we write to you if it was not made.",
                unsettled[:1].name,
            )
        )

    def _has_to_be_paid(self):
        """Offer no payment beside one of which money may still come."""
        return super()._has_to_be_paid() and not self._unsettled_charges()
