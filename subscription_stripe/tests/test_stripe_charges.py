"""Charges by the host's own Stripe provider, over real HTTP."""

from contextlib import suppress
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.subscription_management.models.payments.charge import ChargeAttempt

from .stripe_case import StripeCase
from .stripe_server import FAULTS

CHARGE = ChargeAttempt.__module__
PROVIDER = "odoo.addons.payment.models.payment_provider"


@tagged("post_install", "-at_install")
class TestStripeCharges(StripeCase):
    def test_a_saved_card_pays_and_each_attempt_has_its_own_key(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        self.assertEqual(case.state, "paid")
        (_method, path, data, headers) = self.stripe.requests[0]
        self.assertEqual(path, "payment_intents")
        self.assertEqual(data["off_session"], "True")
        self.assertEqual(len(headers["Idempotency-Key"]), 40)
        self.assertEqual(self.stripe.charges, [(self.charges(case).reference, 3510)])

    def test_declines_are_classified_by_their_code(self):
        for method, decline, code, refused in (
            ("pm_card_chargeDeclined", "other", "generic_decline", False),
            (
                "pm_card_chargeDeclinedInsufficientFunds",
                "funds",
                "insufficient_funds",
                False,
            ),
            ("pm_card_chargeDeclinedLostCard", "hard", "lost_card", True),
            ("pm_card_chargeDeclinedExpiredCard", "hard", "expired_card", True),
            (
                "pm_card_chargeDeclinedProcessingError",
                "temporary",
                "processing_error",
                False,
            ),
        ):
            with self.subTest(method), mute_logger(PROVIDER):
                card = self.save_card(method)
                case = self.invoice("2026-04-01", payment_method_id=card.id)
                self.assertRecordValues(
                    case,
                    [{"outcome": "declined", "decline": decline, "decline_code": code}],
                )
                self.assertEqual(card.is_hard_declined, refused)
                card.action_remove()

    def test_a_hard_decline_is_not_charged_again_until_there_is_another_card(self):
        self.save_card("pm_card_chargeDeclinedLostCard")
        with mute_logger(PROVIDER):
            case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(len(self.stripe.requests), 1)
        with freeze_time("2026-04-05"):
            self.save_card()
        self.collect("2026-04-05")
        self.assertEqual(case.state, "paid")

    def test_a_soft_decline_is_charged_again_by_the_policy(self):
        self.save_card("pm_card_chargeDeclined")
        with mute_logger(PROVIDER):
            case = self.invoice("2026-04-01")
            for day in ("2026-04-02", "2026-04-03", "2026-04-04", "2026-04-05"):
                self.collect(day)
        self.assertEqual(len(case.transaction_ids), 2)
        keys = [headers["Idempotency-Key"] for *_rest, headers in self.stripe.requests]
        self.assertEqual(len(set(keys)), 2)

    def test_a_customer_must_authenticate(self):
        self.policy.action_template_id = self.env.ref(
            "subscription_management.mail_template_dunning_action"
        )
        for method in ("pm_card_authenticationRequired", "pm_needsAction"):
            with self.subTest(method), mute_logger(PROVIDER):
                card = self.save_card(method)
                case = self.invoice("2026-04-01", payment_method_id=card.id)
                self.collect("2026-04-04")
                self.assertEqual(case.outcome, "action")
                self.assertEqual(len(case.transaction_ids), 1)
                letter = case.letter_ids.filtered(lambda row: "action" in row.key)
                self.assertEqual(letter.state, "sent")
                self.assertIn(
                    f"/my/invoices/{case.move_id.id}", letter.mail_message_id.body
                )
                # It cannot succeed in addition to the customer's payment.
                intent = self.stripe.intent_of(case.transaction_ids.reference)
                self.assertIn(intent["status"], ("canceled", "requires_payment_method"))
                card.action_remove()

    def test_a_charge_awaiting_authentication_is_withdrawn_by_the_next_run(self):
        self.save_card("pm_needsAction")
        stopped = patch.object(ChargeAttempt, "book", side_effect=SystemExit)
        with stopped, suppress(SystemExit):
            self.invoice("2026-04-01")
        case = self.subscription.dunning_case_ids
        intent = self.stripe.intent_of(case.transaction_ids.reference)
        self.assertEqual(intent["status"], "requires_action")
        self.collect("2026-04-02")
        self.assertEqual((intent["status"], case.outcome), ("canceled", "action"))

    def test_a_missing_response_is_an_unknown_outcome(self):
        for fault in FAULTS:
            with self.subTest(fault), mute_logger(PROVIDER):
                self.stripe.fault = fault
                card = self.save_card()
                case = self.invoice("2026-04-01", payment_method_id=card.id)
                for day in ("2026-04-01", "2026-04-04", "2026-06-01"):
                    self.collect(day)
                self.assertEqual(case.outcome, "unknown")
                self.assertEqual(len(case.transaction_ids), 1)
                was_charged = len(self.stripe.charges)
                self.assertEqual(was_charged, 1 if fault.endswith("after") else 0)
                self.stripe.intents.clear()
                card.action_remove()

    def test_a_worker_that_dies_after_a_time_out_leaves_it_unknown(self):
        self.save_card()
        self.save_card()
        case = self.unrecorded_charge("drop_after")
        with freeze_time("2026-04-01 10:00:00"):
            self.cases.sudo()._conclude_stale_charges()
        self.collect("2026-04-04")
        self.assertEqual((case.outcome, len(case.transaction_ids)), ("unknown", 1))

    def test_a_worker_that_dies_after_a_refusal_leaves_its_reason(self):
        card = self.save_card("pm_card_chargeDeclinedLostCard")
        case = self.unrecorded_charge(None)
        with freeze_time("2026-04-01 10:00:00"):
            self.cases.sudo()._conclude_stale_charges()
        self.assertEqual((case.outcome, case.decline), ("declined", "hard"))
        self.assertTrue(card.is_hard_declined)

    def unrecorded_charge(self, fault):
        """Return a case whose worker stopped once the response was stored."""
        self.stripe.fault = fault
        stopped = patch.object(ChargeAttempt, "answer", side_effect=SystemExit)
        with mute_logger(PROVIDER), stopped, suppress(SystemExit):
            self.invoice("2026-04-01")
        return self.cases.search([("move_id", "in", self.subscription.invoice_ids.ids)])

    def test_stripe_is_queried_about_the_outcome_of_a_charge(self):
        with mute_logger(PROVIDER):
            self.stripe.fault = "drop_after"
            self.save_card()
            case = self.invoice("2026-04-01")
        case.action_check_provider()
        self.assertIn("“succeeded”", case.provider_response)
        self.assertEqual(case.state, "paid")
        self.assertEqual(len(self.stripe.charges), 1)

    def test_a_charge_that_stripe_does_not_know_is_resolved_by_a_user(self):
        with mute_logger(PROVIDER):
            self.stripe.fault = "drop_before"
            self.save_card()
            case = self.invoice("2026-04-01")
        case.action_check_provider()
        self.assertIn("has no record of charge", case.provider_response)
        self.assertEqual(case.outcome, "unknown")
        with freeze_time("2026-04-02"):
            case.action_mark_failed()
        self.collect("2026-04-04")
        self.assertEqual(case.state, "paid")
        self.assertEqual(len(self.stripe.charges), 1)

    def test_a_query_finds_a_decline_without_response(self):
        with mute_logger(PROVIDER):
            self.stripe.fault = "drop_after"
            self.save_card("pm_card_chargeDeclinedInsufficientFunds")
            case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02"):
            case.action_check_provider()
        self.assertRecordValues(case, [{"outcome": "declined", "decline": "funds"}])

    def test_a_query_without_response_changes_nothing(self):
        with mute_logger(PROVIDER):
            self.stripe.fault = "drop_after"
            self.save_card()
            case = self.invoice("2026-04-01")
            self.stripe.status = 500
            case.action_check_provider()
        self.assertIn("Check again later", case.provider_response)
        self.assertEqual(case.outcome, "unknown")

    def test_it_is_found_among_many_charges_of_a_customer(self):
        with mute_logger(PROVIDER):
            self.stripe.fault = "drop_after"
            self.save_card()
            case = self.invoice("2026-04-01")
        for number in range(250):
            self.stripe.intents[f"pi_later_{number}"] = {
                "id": f"pi_later_{number}",
                "customer": "cus_galil",
                "description": f"other-{number}",
                "status": "succeeded",
            }
        case.action_check_provider()
        self.assertEqual(case.state, "paid")

    def test_rejected_keys_are_no_fault_of_the_customer(self):
        self.policy.declined_template_id = self.letter
        self.stripe.status = 401
        card = self.save_card()
        with mute_logger(PROVIDER):
            case = self.invoice("2026-04-01")
        self.assertRecordValues(case, [{"outcome": "declined", "decline": "temporary"}])
        self.assertIn("own keys", case.provider_error)
        self.assertFalse(case.letter_ids)
        self.assertFalse(card.is_hard_declined)

    def rejected_keys(self):
        """Return a case whose charge Stripe rejected because of the company's keys."""
        self.stripe.status = 401
        self.save_card()
        with mute_logger(PROVIDER):
            case = self.invoice("2026-04-01")
        self.assertIn("own keys", case.provider_error)
        return case

    def test_rejected_keys_are_shown_until_a_charge_is_answered(self):
        case = self.rejected_keys()
        with mute_logger(PROVIDER):
            for day in ("2026-04-02", "2026-04-04", "2026-04-06"):
                self.collect(day)
        self.assertEqual(len(case.transaction_ids), 2)
        self.assertEqual(self.subscription.state, "past_due")
        self.assertIn("own keys", case.provider_error)
        needs_attention = [("keys_rejected_by_id", "!=", False)]
        self.assertEqual(self.cases.search(needs_attention), case)
        self.stripe.status = None
        with freeze_time("2026-04-07 09:00:00"):
            case.action_charge_now()
        self.collect("2026-04-07")
        self.assertEqual((case.state, case.provider_error), ("paid", False))
        self.assertFalse(self.cases.search(needs_attention))

    def test_rejected_keys_are_cleared_by_new_keys_and_by_nothing_else(self):
        case = self.rejected_keys()
        self.provider.name = "Stripe of the shop"
        self.assertIn("Stripe of the shop", case.provider_error)
        self.provider.stripe_secret_key = "sk_test_of_another_day"
        self.assertFalse(case.provider_error)

    def test_no_answer_proves_nothing_about_the_keys(self):
        case = self.rejected_keys()
        self.stripe.status, self.stripe.fault = None, "drop_after"
        with mute_logger(PROVIDER), freeze_time("2026-04-02 09:00:00"):
            case.action_charge_now()
            self.collect("2026-04-02")
        self.assertEqual(case.outcome, "unknown")
        self.assertIn("own keys", case.provider_error)

    def test_a_server_that_cannot_be_reached_was_not_asked_to_charge(self):
        self.save_card()
        self.stripe.close()
        with mute_logger(PROVIDER):
            case = self.invoice("2026-04-01")
        self.assertEqual(case.outcome, "declined")

    def test_a_stale_charge_that_cannot_be_booked_stops_no_other(self):
        self.save_card("pm_needsAction")
        stopped = patch.object(ChargeAttempt, "book", side_effect=SystemExit)
        with stopped, suppress(SystemExit):
            self.invoice("2026-04-01")
        waits = self.subscription.dunning_case_ids
        good = self.save_card()
        broken = patch.object(
            type(self.env["payment.transaction"]),
            "_withdraw_charge",
            side_effect=KeyError("status"),
        )
        with broken as asked, mute_logger(CHARGE):
            other = self.invoice("2026-04-02", payment_method_id=good.id)
        self.assertTrue(asked.called)
        self.assertEqual((waits.outcome, other.state), ("action", "paid"))
