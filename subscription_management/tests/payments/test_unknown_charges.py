"""Charges of unknown outcome block charges and payments until they are resolved."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ...models.payments.charge import ChargeAttempt
from ..dunning.dunning_case import DunningCase

CHARGE = ChargeAttempt.__module__
REPS = "base.group_user,subscription_management.group_subscription_user"
MANAGERS = "subscription_management.group_subscription_manager"


@tagged("post_install", "-at_install")
class TestUnknownCharges(DunningCase):
    def broken(self, error):
        """Let the provider fail once the charge was sent."""
        return patch.object(
            type(self.env["payment.transaction"]),
            "_send_payment_request",
            side_effect=error,
        )

    def unknown(self):
        """Return a case with a charge of unknown outcome."""
        self.save_card()
        with self.broken(RuntimeError("the line went dead")), mute_logger(CHARGE):
            return self.invoice("2026-04-01")

    def test_a_charge_of_unknown_outcome_is_not_retried(self):
        case = self.unknown()
        self.assertEqual(case.outcome, "unknown")
        self.save_card()
        for day in ("2026-04-01", "2026-04-04", "2026-05-16"):
            self.collect(day)
        self.assertEqual(len(case.transaction_ids), 1)
        self.assertEqual(self.subscription.state, "active")
        self.assertIn("is unknown", case.activity_ids.note)

    def test_an_unknown_charge_blocks_manual_charges(self):
        case = self.unknown()
        with self.assertRaisesRegex(UserError, "resolve it first"):
            case.action_charge_now()
        with self.assertRaisesRegex(UserError, "resolve it first"):
            case.action_run_now()

    def test_an_unknown_charge_blocks_payments_of_the_customer(self):
        case = self.unknown()
        self.assertFalse(case.move_id._has_to_be_paid())
        with self.assertRaisesRegex(UserError, "under review"):
            self.online_payment(case.move_id)

    def test_a_manager_has_the_to_do_if_there_is_no_salesperson(self):
        self.save_card()
        with self.broken(RuntimeError("the line went dead")), mute_logger(CHARGE):
            case = self.invoice("2026-04-01", user_id=False)
        asked = case.activity_ids.user_id
        self.assertTrue(asked.has_group(MANAGERS))
        self.assertNotEqual(asked, self.env.ref("base.user_root"))

    def test_a_manager_has_the_to_do_if_the_salesperson_has_left(self):
        self.save_card()
        rep = new_test_user(self.env, "rep", REPS)
        with self.broken(RuntimeError("the line went dead")), mute_logger(CHARGE):
            case = self.invoice("2026-04-01", user_id=rep.id)
        self.assertEqual(case.activity_ids.user_id, rep)
        rep.active = False
        self.assertTrue(case._responsible_user().has_group(MANAGERS))

    def test_the_to_do_stays_when_the_invoice_is_paid_otherwise(self):
        case = self.unknown()
        self.pay(case.move_id, case.amount_open, "2026-04-02")
        self.assertEqual(case.state, "paid")
        self.assertIn("is unknown", case.activity_ids.note)
        case.action_mark_failed()
        self.assertFalse(case.activity_ids)
        self.collect("2026-04-04")
        self.assertEqual(len(case.transaction_ids), 1)

    def test_an_unknown_charge_is_marked_as_succeeded(self):
        case = self.unknown()
        case.action_mark_succeeded()
        self.assertEqual(case.state, "paid")
        self.assertFalse(case.activity_ids)

    def test_a_charge_of_a_paid_invoice_is_to_be_refunded(self):
        case = self.unknown()
        self.pay(case.move_id, case.amount_open, "2026-04-03")
        case.action_mark_succeeded()
        self.assertIn("belong to the customer", case.activity_ids.note)

    def test_a_charge_marked_as_failed_is_retried(self):
        case = self.unknown()
        with freeze_time("2026-04-03"):
            case.action_mark_failed()
        self.collect("2026-04-04")
        self.assertEqual(case.state, "paid")
        self.assertEqual(
            case.transaction_ids.sorted("id").mapped("managed_outcome"),
            ["declined", "paid"],
        )

    def test_a_late_response_resolves_an_unknown_charge(self):
        case = self.unknown()
        charge = case.transaction_ids.sudo()
        charge.action_demo_set_done()
        charge._post_process()
        self.assertEqual(case.state, "paid")

    def test_a_late_payment_after_a_retry_is_to_be_refunded(self):
        case = self.unknown()
        charge = case.transaction_ids.sudo()
        with freeze_time("2026-04-03"):
            case.action_mark_failed()
        self.collect("2026-04-04")
        charge.action_demo_set_done()
        charge._post_process()
        self.assertIn("belong to the customer", case.activity_ids[-1:].note)

    def test_a_provider_without_queries_refers_to_its_dashboard(self):
        case = self.unknown()
        case.action_check_provider()
        self.assertIn(case.transaction_ids.reference, case.provider_response)
        self.assertEqual(case.outcome, "unknown")

    def test_a_charge_that_was_never_sent_is_declined(self):
        self.save_card()
        with self.broken(UserError("Choose an account for the journal.")):
            case = self.invoice("2026-04-01")
        self.assertEqual(case.outcome, "declined")
        self.assertIn("Choose an account", case.activity_ids.note)

    def test_a_salesperson_cannot_resolve_a_charge(self):
        case = self.unknown()
        rep = self.env["res.users"].create(
            {
                "name": "Rep",
                "login": "rep",
                "group_ids": [
                    (
                        4,
                        self.env.ref(
                            "subscription_management.group_subscription_user"
                        ).id,
                    )
                ],
            }
        )
        self.subscription.user_id = rep
        with self.assertRaisesRegex(UserError, "Only accountants"):
            case.with_user(rep).action_mark_succeeded()

    def test_a_customer_on_the_payment_page_is_not_charged(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            theirs = self.online_payment(case.move_id)
            self.save_card()
        self.collect("2026-04-02")
        self.assertEqual(case.transaction_ids, theirs.browse())
        self.assertEqual(case.move_id.transaction_ids, theirs)
        self.collect("2026-04-03")
        self.assertEqual(case.state, "paid")

    def test_an_invoice_that_was_just_paid_is_not_charged(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            theirs = self.online_payment(case.move_id)
            theirs._set_done()
            self.save_card()
        self.collect("2026-04-02")
        self.assertFalse(case.transaction_ids)
        theirs._post_process()
        self.assertEqual(case.state, "paid")

    def test_a_pending_payment_delays_the_suspension(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            theirs = self.online_payment(case.move_id)
            theirs._set_pending()
        self.collect("2026-04-16")
        self.assertFalse(case.step_ids)
        self.assertEqual(self.subscription.state, "active")
        with freeze_time("2026-04-17 09:00:00"):
            theirs._set_error("Refused by the bank.")
        self.collect("2026-04-18")
        self.assertEqual(self.subscription.state, "past_due")
