"""Late, repeated and disordered webhooks of Stripe's, to the host's own page."""

from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .stripe_case import WEBHOOK_SECRET, StripeCase

PROVIDER = "odoo.addons.payment.models.payment_provider"
TRANSACTION = "odoo.addons.payment.models.payment_transaction"


@tagged("post_install", "-at_install")
class TestStripeWebhooks(StripeCase, HttpCase):
    def tell(self, kind, case, secret=WEBHOOK_SECRET):
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

    def test_a_direct_debit_is_paid_days_later_and_told_twice(self):
        self.save_card("pm_sepa")
        case = self.invoice("2026-04-01")
        self.assertEqual(case.outcome, "pending")
        self.stripe.intent_of(self.charges(case).reference)["status"] = "succeeded"
        for _time in range(2):
            self.assertEqual(self.tell("payment_intent.succeeded", case), 200)
            self.post_process(case)
        self.assertEqual(case.state, "paid")
        self.assertEqual(len(self.charges(case).payment_id), 1)

    def test_a_direct_debit_that_is_refused_days_later_goes_on(self):
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
        self.tell("payment_intent.payment_failed", case)
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

    def test_a_refusal_that_arrives_after_the_payment_changes_nothing(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        intent = self.stripe.intent_of(self.charges(case).reference)
        intent["status"] = "requires_payment_method"
        with mute_logger(TRANSACTION):
            self.tell("payment_intent.payment_failed", case)
            intent["status"] = "processing"
            self.tell("payment_intent.processing", case)
        self.assertEqual(case.state, "paid")
        self.assertEqual(self.charges(case).managed_outcome, "paid")

    def test_a_webhook_that_is_quicker_than_the_answer_is_noted_once(self):
        self.save_card()
        transactions = type(self.env["payment.transaction"])
        note = transactions._record_response

        def webhook_first(charge):
            intent = self.stripe.intent_of(charge.reference)
            charge._process("stripe", charge._data_of(intent))
            self.assertEqual(charge.managed_outcome, "paid")
            note(charge)

        with patch.object(transactions, "_record_response", webhook_first):
            case = self.invoice("2026-04-01")
        self.assertEqual(case.state, "paid")
        self.assertEqual(len(self.charges(case).payment_id), 1)

    def test_a_late_webhook_settles_what_nobody_knew(self):
        with mute_logger(PROVIDER):
            self.stripe.fault = "drop_after"
            self.save_card()
            case = self.invoice("2026-04-01")
        self.assertEqual(case.outcome, "unknown")
        self.tell("payment_intent.succeeded", case)
        self.post_process(case)
        self.assertEqual(case.state, "paid")
        self.assertEqual(self.charges(case).managed_outcome, "paid")
        self.assertEqual(len(self.stripe.charges), 1)

    def unheard(self, method):
        """Return a case whose charge Stripe took without an answer reaching us."""
        with mute_logger(PROVIDER):
            self.stripe.fault = "drop_after"
            self.save_card(method)
            case = self.invoice("2026-04-01")
        self.save_card()
        self.assertEqual(case.outcome, "unknown")
        return case

    def test_an_unknown_charge_that_is_processing_is_charged_by_no_backup(self):
        case = self.unheard("pm_sepa")
        with mute_logger(TRANSACTION):
            self.tell("payment_intent.processing", case)
        for day in ("2026-04-01", "2026-04-04", "2026-04-16"):
            self.collect(day)
        self.assertEqual((case.outcome, len(case.transaction_ids)), ("pending", 1))
        self.stripe.intent_of(self.charges(case).reference)["status"] = "succeeded"
        self.tell("payment_intent.succeeded", case)
        self.post_process(case)
        self.assertEqual((case.state, len(self.stripe.charges)), ("paid", 1))

    def test_an_unknown_charge_that_is_processing_is_pending_when_asked_for(self):
        case = self.unheard("pm_sepa")
        case.action_ask_provider()
        self.assertEqual(case.outcome, "pending")
        self.collect("2026-04-04")
        self.assertEqual(len(case.transaction_ids), 1)

    def test_an_unknown_charge_that_its_customer_may_yet_confirm_stays_unknown(self):
        case = self.unheard("pm_needsAction")
        case.action_ask_provider()
        self.assertIn("requires_action", case.provider_says)
        self.collect("2026-04-04")
        self.assertEqual((case.outcome, len(case.transaction_ids)), ("unknown", 1))

    def test_an_unknown_charge_that_was_refused_goes_on(self):
        case = self.unheard("pm_card_chargeDeclinedInsufficientFunds")
        with mute_logger(TRANSACTION):
            self.tell("payment_intent.payment_failed", case)
        charge = self.charges(case)
        self.assertEqual(
            (charge.managed_outcome, charge.managed_decline), ("declined", "funds")
        )

    def test_a_webhook_with_a_wrong_signature_changes_nothing(self):
        self.save_card("pm_sepa")
        case = self.invoice("2026-04-01")
        self.stripe.intent_of(self.charges(case).reference)["status"] = "succeeded"
        with mute_logger("odoo.addons.payment_stripe.controllers.main", "odoo.http"):
            status = self.tell("payment_intent.succeeded", case, secret="whsec_guessed")
        self.assertEqual(status, 403)
        self.assertEqual(case.outcome, "pending")
