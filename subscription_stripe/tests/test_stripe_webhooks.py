"""Late, repeated and disordered webhooks of Stripe's, to the host's own page."""

from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.subscription_management.models.payments.charge import ChargeAttempt

from .stripe_case import WEBHOOK_SECRET, StripeCase

PROVIDER = "odoo.addons.payment.models.payment_provider"
TRANSACTION = "odoo.addons.payment.models.payment_transaction"


@tagged("post_install", "-at_install")
class TestStripeWebhooks(StripeCase, HttpCase):
    def notify(self, kind, case, secret=WEBHOOK_SECRET):
        """Send an event about the first charge of a case; return the status."""
        reference = self.charges(case)[0].reference
        body, headers = self.stripe.webhook(kind, reference, secret)
        answer = self.url_open("/payment/stripe/webhook", data=body, headers=headers)
        self.env.invalidate_all()
        return answer.status_code

    def post_process(self, case):
        """Do what the host's scheduled action does within minutes."""
        self.charges(case).filtered(
            lambda each: not each.is_post_processed
        )._post_process()

    def test_a_direct_debit_succeeds_days_later_by_repeated_webhooks(self):
        self.save_card("pm_sepa")
        case = self.invoice("2026-04-01")
        self.assertEqual(case.outcome, "pending")
        self.stripe.intent_of(self.charges(case).reference)["status"] = "succeeded"
        for _time in range(2):
            self.assertEqual(self.notify("payment_intent.succeeded", case), 200)
            self.post_process(case)
        self.assertEqual(case.state, "paid")
        self.assertEqual(len(self.charges(case).payment_id), 1)

    def test_a_direct_debit_is_declined_days_later(self):
        self.save_card("pm_sepa")
        case = self.invoice("2026-04-01")
        intent = self.stripe.intent_of(self.charges(case).reference)
        intent["status"] = "requires_payment_method"
        intent["last_payment_error"] = {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": "insufficient_funds",
            "message": "Not enough money.",
        }
        self.notify("payment_intent.payment_failed", case)
        self.assertRecordValues(
            case,
            [
                {
                    "outcome": "declined",
                    "decline": "funds",
                    "decline_code": "insufficient_funds",
                }
            ],
        )

    def test_a_decline_that_arrives_after_the_payment_changes_nothing(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        intent = self.stripe.intent_of(self.charges(case).reference)
        intent["status"] = "requires_payment_method"
        with mute_logger(TRANSACTION):
            self.notify("payment_intent.payment_failed", case)
            intent["status"] = "processing"
            self.notify("payment_intent.processing", case)
        self.assertEqual(case.state, "paid")
        self.assertEqual(self.charges(case).managed_outcome, "paid")

    def test_a_webhook_before_the_response_is_recorded_once(self):
        self.save_card()
        answer = ChargeAttempt.answer

        def webhook_first(attempt):
            charge = attempt.transaction
            intent = self.stripe.intent_of(charge.reference)
            charge._process("stripe", charge._data_of(intent))
            self.assertEqual(charge.managed_outcome, "paid")
            answer(attempt)

        with patch.object(ChargeAttempt, "answer", webhook_first):
            case = self.invoice("2026-04-01")
        self.assertEqual(case.state, "paid")
        self.assertEqual(len(self.charges(case).payment_id), 1)

    def test_a_late_webhook_resolves_an_unknown_charge(self):
        with mute_logger(PROVIDER):
            self.stripe.fault = "drop_after"
            self.save_card()
            case = self.invoice("2026-04-01")
        self.assertEqual(case.outcome, "unknown")
        self.notify("payment_intent.succeeded", case)
        self.post_process(case)
        self.assertEqual(case.state, "paid")
        self.assertEqual(self.charges(case).managed_outcome, "paid")
        self.assertEqual(len(self.stripe.charges), 1)

    def unanswered(self, method):
        """Return a case whose charge reached Stripe without a response."""
        with mute_logger(PROVIDER):
            self.stripe.fault = "drop_after"
            self.save_card(method)
            case = self.invoice("2026-04-01")
        self.save_card()
        self.assertEqual(case.outcome, "unknown")
        return case

    def test_an_unknown_charge_that_is_processing_blocks_the_backups(self):
        case = self.unanswered("pm_sepa")
        with mute_logger(TRANSACTION):
            self.notify("payment_intent.processing", case)
        for day in ("2026-04-01", "2026-04-04", "2026-04-16"):
            self.collect(day)
        self.assertEqual((case.outcome, len(case.transaction_ids)), ("pending", 1))
        self.stripe.intent_of(self.charges(case).reference)["status"] = "succeeded"
        self.notify("payment_intent.succeeded", case)
        self.post_process(case)
        self.assertEqual((case.state, len(self.stripe.charges)), ("paid", 1))

    def test_an_unknown_charge_that_is_processing_is_pending_after_a_query(self):
        case = self.unanswered("pm_sepa")
        case.action_check_provider()
        self.assertEqual(case.outcome, "pending")
        self.collect("2026-04-04")
        self.assertEqual(len(case.transaction_ids), 1)

    def test_an_unknown_charge_awaiting_authentication_stays_unknown(self):
        case = self.unanswered("pm_needsAction")
        case.action_check_provider()
        self.assertIn("requires_action", case.provider_response)
        self.collect("2026-04-04")
        self.assertEqual((case.outcome, len(case.transaction_ids)), ("unknown", 1))

    def test_an_unknown_charge_is_declined_by_a_webhook(self):
        case = self.unanswered("pm_card_chargeDeclinedInsufficientFunds")
        with mute_logger(TRANSACTION):
            self.notify("payment_intent.payment_failed", case)
        charge = self.charges(case)
        self.assertEqual(
            (charge.managed_outcome, charge.managed_decline), ("declined", "funds")
        )

    def test_a_webhook_with_a_wrong_signature_changes_nothing(self):
        self.save_card("pm_sepa")
        case = self.invoice("2026-04-01")
        self.stripe.intent_of(self.charges(case).reference)["status"] = "succeeded"
        with mute_logger("odoo.addons.payment_stripe.controllers.main", "odoo.http"):
            status = self.notify(
                "payment_intent.succeeded", case, secret="whsec_guessed"
            )
        self.assertEqual(status, 403)
        self.assertEqual(case.outcome, "pending")
