"""Charging saved methods: an attempt is written down, then sent, then its answer."""

import logging
from datetime import timedelta
from functools import partial

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.service.model import retrying
from odoo.tools import SQL

from ...billing_core.collection import Decline, Outcome
from ..dunning.case import SENDING
from .payment_provider import CALLS, ProviderCalls

_logger = logging.getLogger(__name__)

LOST_AFTER = timedelta(minutes=10)
"""When a charge is looked for whose answer nobody noted."""


class SubscriptionDunningCharge(models.Model):
    _inherit = "subscription.dunning.case"

    @api.model
    def _take_next_charge(self):
        """Return the next charge to send, written down, or an empty one.

        Once this is committed no other worker charges the invoice, and whatever
        happens to this one, people see that a charge may be under way.
        """
        now = fields.Datetime.now()
        wanted = SQL("hold IS NULL AND charge_at <= %s ORDER BY charge_at, id", now)
        while case := self._take(wanted, 1):
            known = case.transaction_ids
            if not case._run_each(lambda each: each._prepare_charge(now)):
                # What would be charged may not be owed: it is tried again tomorrow.
                case.charge_at = now + timedelta(days=1)
            elif charge := case.transaction_ids - known:
                return charge
        return self.env["payment.transaction"]

    def _prepare_charge(self, now):
        """Write down a charge of what is open with the next saved method, if any."""
        self.ensure_one()
        self._set_off_credits()
        if self._is_settled():
            self._close()
            return
        if self._has_unsettled():
            self._end_attempt()
            return
        if self._is_not_chased():
            self.charge_at = now + timedelta(days=1)
            return
        if until := self._customer_pays_until(now):
            self.charge_at = until
            self._plan_next()
            return
        tried = self.transaction_ids.filtered(
            lambda each: each.managed_attempt == self.attempt
        ).token_id
        left = self._methods_to_charge().filtered(
            lambda method: method.token_id not in tried
        )
        if not left:
            self._end_attempt()
            return
        self.env["payment.transaction"].create(
            self._prepare_charge_values(left[0].token_id, now)
        )
        # Other workers look only at what is to be charged.
        self.write({"outcome": SENDING, "charge_at": False})

    def _prepare_charge_values(self, token, now):
        """Return the values of the host's transaction; its reference is used once."""
        move = self.move_id
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
            "managed_case_id": self.id,
            "managed_attempt": self.attempt,
            "managed_outcome": SENDING,
            "managed_sent_at": now,
            # The host's scheduled action is to leave it alone until it is answered.
            "is_post_processed": True,
        }

    def _has_unsettled(self):
        return bool(self.transaction_ids.filtered(lambda each: each._is_unsettled()))

    def _end_attempt(self):
        """Charge nothing more until a step or a new method asks for it."""
        self.charge_at = False
        self._plan_next()

    @api.model
    def _charge_next(self):
        """Charge one invoice and return the charge, an empty one where none is due.

        The answer is noted in a transaction of its own, as soon as it is there.
        """
        # It ends with a commit, by which everybody knows that a charge is under way.
        transaction = retrying(self._take_next_charge, self.env)
        if not transaction:
            return transaction
        calls, commit = ProviderCalls(), self.env["ir.cron"]._commit_progress
        try:
            transaction.with_context(**{CALLS: calls})._charge_with_token()
            # What the provider said is kept, whatever the case is locked for.
            transaction._store_response(calls)
            commit()
            retrying(transaction._record_response, self.env)
        except Exception as error:
            self.env.cr.rollback()
            if not isinstance(error, psycopg2.OperationalError):
                _logger.error("Charge %s", transaction.id, exc_info=error)
            retrying(partial(transaction._record_failed_charge, calls, error), self.env)
        transaction._finish_charge()
        return transaction

    @api.model
    def _find_lost_charges(self):
        """Mark charges whose worker was stopped before it noted the answer."""
        lost = self.env["payment.transaction"].search(
            Domain("managed_outcome", "=", SENDING)
            & Domain("managed_sent_at", "<=", fields.Datetime.now() - LOST_AFTER)
        )
        return lost._each_case_that_can(lambda charge: charge._record_response())

    @api.model
    def _finish_lost_charges(self):
        """Finish what was charged by a worker that was stopped before it did."""
        is_paid = Domain("managed_outcome", "=", Outcome.PAID.value)
        waits = Domain("managed_outcome", "=", Outcome.ACTION.value)
        lost = self.env["payment.transaction"].search(
            Domain("managed_case_id.state", "=", "open")
            & (
                (is_paid & Domain("is_post_processed", "=", False))
                | (waits & Domain("state", "=", "draft"))
            )
            & Domain("managed_sent_at", "<=", fields.Datetime.now() - LOST_AFTER)
        )
        for transaction in lost:
            try:
                transaction._finish_charge()
            except psycopg2.OperationalError:
                raise
            except Exception as error:
                # It stops no other, and is tried again with the next run.
                self.env.cr.rollback()
                _logger.error("Charge %s", transaction.id, exc_info=error)
        return lost.browse()

    def _note_charged(self, transaction, outcome):
        """Note what came of a charge, and what follows from it."""
        case = self._worded()
        case.write({"outcome": outcome.value, "error": False})
        if outcome is Outcome.DECLINED or outcome is Outcome.ACTION:
            case.decline = transaction.managed_decline
            case.decline_code = transaction.managed_decline_code
            case._enter_dunning()
        getattr(case, f"_after_{outcome.value}")(transaction)

    def _after_paid(self, transaction):
        self.charge_at = self.next_date = False
        transaction.token_id.managed_method_ids._note_success()

    def _after_pending(self, _transaction):
        self.charge_at = self.next_date = False

    def _after_unknown(self, transaction):
        self.charge_at = self.next_date = False
        self._ask_whether_made(transaction)

    def _ask_whether_made(self, transaction):
        """Let a person find out what became of a payment."""
        self._schedule_activity(
            self.env._(
                "Nobody knows whether charge %(reference)s of %(amount)s was made: the "
                "provider did not answer. Nothing is charged again until you say what "
                "became of it.",
                reference=transaction.reference,
                amount=transaction.currency_id.format(transaction.amount),
            )
        )

    def _after_declined(self, transaction):
        method = transaction.token_id.managed_method_ids
        method._note_decline(
            Decline(transaction.managed_decline), transaction.managed_decline_code
        )
        tried = self.transaction_ids.filtered(
            lambda each: each.managed_attempt == self.attempt
        ).token_id
        if self._methods_to_charge().token_id - tried:
            self.charge_at = fields.Datetime.now()
            self._plan_next()
            return
        self.charge_at = False
        # Of passing trouble the customer can cure nothing.
        if transaction.managed_decline != Decline.TEMPORARY.value:
            self._write_once("declined_template_id", "declined")
        elif transaction.managed_decline_code in ("http_401", "http_403"):
            self.error = self.env._(
                "%s refuses the company's own keys: enter them again in its settings.",
                transaction.provider_id.name,
            )
        self._plan_next()

    def _after_action(self, _transaction):
        self.charge_at = False
        self._write_once("action_template_id", f"action:{self.attempt}")
        self._plan_next()

    def _write_once(self, name, key):
        """Send what the policy says for an occasion, unless that was done."""
        template = self.version_id._template(name)
        if template and key not in self.notice_ids.mapped("key"):
            self._note_letter(template, key)

    def action_charge_now(self):
        """Charge the saved methods at once, by the wish of a person."""
        self.ensure_one()
        self._check_may_collect()
        case = self.sudo()
        case._check_can_be_charged()
        case._expire_transfers()
        case._want_charge()
        case._wake()

    def _check_can_be_charged(self):
        """Refuse to charge what is settled, unknown, or has nothing to be charged."""
        self.ensure_one()
        if self.state != "open" or self._is_settled():
            raise UserError(
                self.env._("%s needs no payment any more.", self.move_id.name)
            )
        if self.move_id._unsettled_charges():
            self._refuse_beside_unsettled()
        if not self._methods_to_charge():
            raise UserError(
                self.env._(
                    "%(customer)s has no saved payment method that can be charged for "
                    "%(invoice)s; send the payment link instead.",
                    customer=self.partner_id.display_name,
                    invoice=self.move_id.name,
                )
            )

    def _refuse_beside_unsettled(self):
        raise UserError(
            self.env._(
                "A charge of %s is not settled yet; settle it first, so that "
                "nothing is charged twice.",
                self.move_id.name,
            )
        )
