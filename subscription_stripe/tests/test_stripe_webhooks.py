"""Late, repeated and disordered webhooks of Stripe's, to the host's own page."""

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

    def test_a_webhook_with_a_wrong_signature_changes_nothing(self):
        self.save_card("pm_sepa")
        case = self.invoice("2026-04-01")
        self.stripe.intent_of(self.charges(case).reference)["status"] = "succeeded"
        with mute_logger("odoo.addons.payment_stripe.controllers.main", "odoo.http"):
            status = self.tell("payment_intent.succeeded", case, secret="whsec_guessed")
        self.assertEqual(status, 403)
        self.assertEqual(case.outcome, "pending")
