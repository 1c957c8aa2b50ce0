"""Charges of saved payment methods, each recorded before it is sent."""

import logging
from datetime import timedelta
from functools import partial

import psycopg2

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.service.model import retrying
from odoo.tools import SQL

from ...billing_core.collection import Decline, Outcome
from ..dunning.states import SENDING
from ..model_part import ModelPart
from .payment_provider import CALLS, KEY_ERRORS, ProviderCalls

_logger = logging.getLogger(__name__)

STALE_AFTER = timedelta(minutes=10)
"""The age at which a charge without an outcome is taken from its worker."""

ONE_DAY = timedelta(days=1)


class ChargeAttempt:
    """One charge for a dunning case: recorded → sent → answered → booked.

    Each stage ends with a commit, so that a worker may be killed at any point: a
    recorded charge blocks every other one, and the next run continues from its stage.
    """

    def __init__(self, case, transaction=None):
        self.case = case
        self.env = case.env
        self.transaction = transaction

    @classmethod
    def of(cls, transaction):
        """Return the attempt of a transaction that was recorded before."""
        return cls(transaction.managed_case_id, transaction)

    def run(self):
        """Send a recorded charge, and take it through the stages after that."""
        calls = ProviderCalls()
        try:
            self.send(calls)
            retrying(self.answer, self.env)
        except Exception as error:
            self.env.cr.rollback()
            if not isinstance(error, psycopg2.OperationalError):
                _logger.error("Charge %s", self.transaction.id, exc_info=error)
            retrying(partial(self.fail, calls, error), self.env)
        self.book()

    # === Recorded === #

    def record(self, now):
        """Record a charge of the open amount, unless it has to wait."""
        case = self.case
        case._settle_with_credits()
        if case._is_settled():
            case._close()
        elif case._has_unresolved_charge():
            self._stop()
        elif case._is_excluded_from_dunning():
            case.charge_at = now + ONE_DAY
        elif until := case._customer_payment_expected_until(now):
            case.charge_at = until
            case._plan_next()
        elif method := self._untried_methods()[:1]:
            self._create_transaction(method.token_id, now)
        else:
            self._stop()

    def _untried_methods(self):
        """Return the saved methods that this round of charges has not tried yet."""
        case = self.case
        tried = case.transaction_ids.filtered(
            lambda each: each.managed_attempt == case.attempt
        ).token_id
        return case._methods_to_charge().filtered(
            lambda method: method.token_id not in tried
        )

    def _create_transaction(self, token, now):
        self.transaction = self.env["payment.transaction"].create(
            self.prepare_values(token, now)
        )
        # Other workers take only cases with a charge date.
        self.case.write({"outcome": SENDING, "charge_at": False})

    def prepare_values(self, token, now):
        """Return the values of the host's transaction; its reference is used once."""
        case, move = self.case, self.case.move_id
        transactions = self.env["payment.transaction"]
        return {
            "provider_id": token.provider_id.id,
            "payment_method_id": token.payment_method_id.id,
            "token_id": token.id,
            "reference": transactions._compute_reference(
                token.provider_id.code, prefix=move.name
            ),
            "amount": move.amount_residual,
            "currency_id": move.currency_id.id,
            "partner_id": token.partner_id.id,
            "operation": "offline",
            "invoice_ids": [Command.set(move.ids)],
            "managed_case_id": case.id,
            "managed_attempt": case.attempt,
            "managed_outcome": SENDING,
            "managed_sent_at": now,
            # The host's scheduled action must not process it before its answer.
            "is_post_processed": True,
        }

    # === Sent === #

    def send(self, calls):
        """Send the charge, and store the response before the case is locked for it."""
        transaction = self.transaction
        transaction.with_context(**{CALLS: calls})._charge_with_token()
        transaction._store_response(calls)
        self._commit()

    # === Answered === #

    def answer(self):
        """Record the outcome of the response, unless a webhook was faster."""
        transaction = self.transaction
        if transaction.managed_outcome == SENDING:
            decline = transaction.managed_decline and Decline(
                transaction.managed_decline
            )
            self.conclude(
                transaction._received_outcome(),
                decline,
                transaction.managed_decline_code,
            )

    def fail(self, calls, error):
        """Record the outcome of a charge during which an error was raised."""
        self.transaction._run_each_case(
            lambda charge: ChargeAttempt.of(charge)._answer_failure(calls, error)
        )

    def _answer_failure(self, calls, error):
        """Decline a charge that was never sent; answer any other by its response."""
        transaction = self.transaction
        has_no_response = (
            transaction.state == "draft" and not transaction.managed_answer
        )
        if has_no_response and isinstance(error, UserError) and not calls.done:
            transaction._set_error(str(error))
            self.conclude(Outcome.DECLINED, Decline.OTHER)
            self.case._schedule_activity(str(error))
        else:
            self.answer()

    def conclude(self, outcome, decline=None, code=None):
        """Record an outcome with the charge, and let the case follow it."""
        transaction, case = self.transaction, self.case
        match outcome:
            case Outcome.DECLINED:
                decline = decline or Decline.OTHER
            case Outcome.ACTION:
                decline = Decline.ACTION
            case _:
                decline = None
        transaction.write(
            {
                "managed_outcome": outcome.value,
                "managed_decline": decline and decline.value,
                "managed_decline_code": code,
            }
        )
        case.write({"outcome": outcome.value, "error": False})
        self._check_keys(outcome)
        match outcome:
            case Outcome.PAID:
                self._wait()
                transaction.token_id.managed_method_ids._record_success()
            case Outcome.PENDING:
                self._wait()
            case Outcome.UNKNOWN:
                self._wait()
                case._in_responsible_language()._request_resolution(transaction)
            case Outcome.DECLINED:
                self._enter_dunning(decline, code)
                self._charge_next_method_or_notify(decline, code)
            case Outcome.ACTION:
                self._enter_dunning(decline, code)
                self._ask_for_authentication()

    def _wait(self):
        """Let nothing follow before the payment is registered or fails."""
        self.case.charge_at = self.case.next_date = False

    def _stop(self):
        """Charge again only for a step, a new payment method or a user."""
        self.case.charge_at = False
        self.case._plan_next()

    def _enter_dunning(self, decline, code):
        self.case.write({"decline": decline.value, "decline_code": code})
        self.case._enter_dunning()

    def _charge_next_method_or_notify(self, decline, code):
        case = self.case
        method = self.transaction.token_id.managed_method_ids
        method._record_decline(decline, code)
        if self._untried_methods():
            case.charge_at = fields.Datetime.now()
            case._plan_next()
            return
        # The customer can do nothing about a temporary failure.
        if decline is not Decline.TEMPORARY:
            case._queue_letter_once("declined_template_id", "declined")
        self._stop()

    def _ask_for_authentication(self):
        case = self.case
        case._queue_letter_once("action_template_id", f"action:{case.attempt}")
        self._stop()

    def _check_keys(self, outcome):
        """Keep the provider that rejects the company's keys until it accepts them."""
        case, transaction = self.case, self.transaction
        if transaction.managed_decline_code in KEY_ERRORS:
            case.keys_rejected_by_id = transaction.provider_id
        elif case.keys_rejected_by_id == transaction.provider_id and (
            outcome is Outcome.PAID or transaction._is_answered()
        ):
            case.keys_rejected_by_id = False

    # === Booked === #

    def book(self):
        """Register the payment of a charge; the next run retries one that fails."""
        transaction = self.transaction
        if transaction.state == "draft" and (
            transaction.managed_outcome == Outcome.ACTION.value
        ):
            if not transaction._withdraw_charge():
                self.conclude(Outcome.UNKNOWN)
            self._commit()
        if transaction.state != "done" or transaction.is_post_processed:
            return
        try:
            # Another worker may register a payment in the same journal meanwhile.
            retrying(transaction._post_process, self.env)
            self._commit()
        except Exception as error:
            self.env.cr.rollback()
            if isinstance(error, psycopg2.OperationalError):
                return
            _logger.error("Payment of charge %s", transaction.id, exc_info=error)
            self._report_missing_payment(error)
            self._commit()

    def _report_missing_payment(self, error):
        """Leave a to-do with the reason, once for each reason."""
        case = self.case._in_responsible_language()
        reason = case.env._(
            "Charge %(reference)s succeeded, but its payment cannot be registered: "
            "%(reason)s",
            reference=self.transaction.reference,
            reason=str(error),
        )
        if case.error != reason:
            case.error = reason
            case._schedule_activity(reason)

    def _commit(self):
        self.env["ir.cron"]._commit_progress()


class SubscriptionDunningCharge(ModelPart):
    _register = False

    keys_rejected_by_id = fields.Many2one(
        "payment.provider", readonly=True, ondelete="set null"
    )
    provider_error = fields.Char(compute="_compute_provider_error", compute_sudo=True)

    @api.depends("state", "keys_rejected_by_id.name")
    @api.depends_context("lang")
    def _compute_provider_error(self):
        for case in self:
            provider = case.keys_rejected_by_id
            is_shown = bool(provider) and case.state == "open"
            case.provider_error = is_shown and self.env._(
                "%s rejects the company's own keys: enter them again in its settings.",
                provider.name,
            )

    @api.model
    def _charge_next(self):
        """Charge one case; return its transaction, empty if no charge is due."""
        # It ends with a commit, from which on other workers see the charge.
        transaction = retrying(self._record_next_charge, self.env)
        if transaction:
            ChargeAttempt.of(transaction).run()
        return transaction

    @api.model
    def _record_next_charge(self):
        """Record the next due charge and return it, empty if there is none."""
        now = fields.Datetime.now()
        due = SQL("known.hold IS NULL AND known.charge_at <= %s", now)
        in_order = SQL("known.charge_at, known.id")
        while case := self._lock_open(due, 1, in_order):
            attempt = ChargeAttempt(case)
            if not case._run_each(lambda _case, now=now, on=attempt: on.record(now)):
                # The amount may be wrong: the next attempt is tomorrow.
                case.charge_at = now + ONE_DAY
            elif attempt.transaction:
                return attempt.transaction
        return self.env["payment.transaction"]

    @api.model
    def _conclude_stale_charges(self):
        """Record the outcome of charges whose worker stopped before the answer."""
        stale = self.env["payment.transaction"].search(
            Domain("managed_outcome", "=", SENDING)
            & Domain("managed_sent_at", "<=", fields.Datetime.now() - STALE_AFTER)
        )
        return stale._run_each_case(lambda charge: ChargeAttempt.of(charge).answer())

    @api.model
    def _book_stale_charges(self):
        """Book charges whose worker stopped after the answer."""
        is_paid = Domain("managed_outcome", "=", Outcome.PAID.value)
        waits = Domain("managed_outcome", "=", Outcome.ACTION.value)
        stale = self.env["payment.transaction"].search(
            Domain("managed_case_id.state", "=", "open")
            & (
                (is_paid & Domain("is_post_processed", "=", False))
                | (waits & Domain("state", "=", "draft"))
            )
            & Domain("managed_sent_at", "<=", fields.Datetime.now() - STALE_AFTER)
        )
        for transaction in stale:
            try:
                ChargeAttempt.of(transaction).book()
            except psycopg2.OperationalError:
                raise
            except Exception as error:
                # It stops no other charge, and the next run retries it.
                self.env.cr.rollback()
                _logger.error("Charge %s", transaction.id, exc_info=error)
        return stale.browse()

    def _has_unresolved_charge(self):
        return any(each._is_unresolved() for each in self.transaction_ids)

    def _queue_letter_once(self, name, key):
        """Queue the policy's letter for an event, unless the case has it already."""
        template = self.version_id._template(name)
        if template and key not in self.letter_ids.mapped("key"):
            self._queue_letter(template, key)

    def action_charge_now(self):
        """Charge the saved payment methods with the next run, which starts at once."""
        self.ensure_one()
        self._check_may_collect()
        case = self.sudo()
        case._check_can_be_charged()
        case._expire_transfers()
        case._request_charge()
        case._trigger_run()

    def _check_can_be_charged(self):
        """Refuse to charge a settled, held or unresolved case, or without a method."""
        self.ensure_one()
        self._check_is_open()
        if self._is_settled():
            self._refuse_settled()
        self._check_is_not_on_hold()
        if self.move_id._unresolved_charges():
            self._refuse_while_unresolved()
        if not self._methods_to_charge():
            raise UserError(
                self.env._(
                    "%(customer)s has no saved payment method that can be charged for "
                    "%(invoice)s; send the payment link instead.",
                    customer=self.partner_id.display_name,
                    invoice=self.move_id.name,
                )
            )

    def _refuse_while_unresolved(self):
        raise UserError(
            self.env._(
                "A charge of %s is pending or its outcome is unknown; resolve it "
                "first, so that nothing is charged twice.",
                self.move_id.name,
            )
        )
