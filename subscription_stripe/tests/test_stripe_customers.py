"""Payments of customers and accountants with Stripe, with and without response."""

from datetime import date

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .stripe_case import WEBHOOK_SECRET, StripeCase

LEADER = "base.group_user,subscription_management.group_subscription_all"
PROVIDER = "odoo.addons.payment.models.payment_provider"


@tagged("post_install", "-at_install")
class TestStripeCustomers(StripeCase, HttpCase):
    def pay_by_card(self, fault=None, method="pm_card_visa"):
        """Return (case, payment) of a customer who pays with a saved card at once."""
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"), mute_logger(PROVIDER):
            card = self.save_card(method)
            case.sudo().charge_at = False
            theirs = self.online_payment(case.move_id)
            theirs.write({"operation": "online_token", "token_id": card.token_id.id})
            self.stripe.fault = fault
            theirs._charge_with_token()
        return case, theirs

    def test_a_payment_without_response_blocks_charges(self):
        case, theirs = self.pay_by_card("drop_after")
        self.assertEqual(theirs.state, "error")
        for day in ("2026-04-02", "2026-04-04", "2026-04-16"):
            self.collect(day)
        self.assertFalse(case.transaction_ids)
        self.assertEqual(len(self.stripe.charges), 1)
        self.assertFalse(case.letter_ids)
        self.assertTrue(case.move_id.managed_has_unknown_charge)
        self.assertTrue(self.subscription.has_unknown_charge)
        rep = new_test_user(self.env, "rep_of_all", LEADER)
        for who in self.env.user, rep:
            cases = self.cases.with_user(who)
            self.assertEqual(cases.search([("has_unknown_charge", "=", True)]), case)
            self.assertNotIn(case, cases.search([("has_unknown_charge", "=", False)]))

    def test_an_unknown_payment_is_reported_once(self):
        case, theirs = self.pay_by_card("drop_after")
        self.collect("2026-04-02")
        self.collect("2026-04-03")
        self.assertEqual(len(case.activity_ids), 1)
        self.assertIn(theirs.reference, case.activity_ids.note)
        case.action_check_provider()
        self.assertEqual(case.state, "paid")
        self.assertFalse(case.move_id.managed_has_unknown_charge)

    def test_the_customer_does_not_pay_again_meanwhile(self):
        case, _theirs = self.pay_by_card("drop_after")
        self.assertFalse(case.move_id._has_to_be_paid())
        with self.assertRaisesRegex(UserError, "under review"), self.env.cr.savepoint():
            self.online_payment(case.move_id)
        for button in case.action_charge_now, case.action_run_now:
            with self.assertRaisesRegex(UserError, "resolve it first"):
                button()

    def test_a_payment_marked_as_failed_is_followed_by_a_charge(self):
        case, _theirs = self.pay_by_card("drop_before")
        self.collect("2026-04-04")
        self.assertFalse(case.transaction_ids)
        with freeze_time("2026-04-05 09:00:00"):
            case.action_mark_failed()
        self.assertFalse(case.can_be_resolved)
        self.collect("2026-04-05")
        self.assertEqual((case.state, len(self.stripe.charges)), ("paid", 1))

    def test_a_decline_reported_later_resolves_the_payment(self):
        case, theirs = self.pay_by_card("drop_after", "pm_card_chargeDeclined")
        self.assertTrue(case.move_id._unresolved_charges())
        body, headers = self.stripe.webhook(
            "payment_intent.payment_failed", theirs.reference, WEBHOOK_SECRET
        )
        self.url_open("/payment/stripe/webhook", data=body, headers=headers)
        self.env.invalidate_all()
        self.assertFalse(case.move_id._unresolved_charges())

    def test_a_decline_with_response_is_resolved(self):
        case, theirs = self.pay_by_card(method="pm_card_chargeDeclined")
        self.assertEqual(theirs.state, "error")
        self.assertFalse(case.move_id._unresolved_charges())

    def test_an_accountants_charge_without_response_is_not_repeated(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"), mute_logger(PROVIDER):
            card = self.save_card()
            lines = self.provider.journal_id.inbound_payment_method_line_ids
            self.stripe.fault = "drop_after"
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=case.move_id.ids
            ).create(
                {
                    "journal_id": self.provider.journal_id.id,
                    "payment_method_line_id": lines.filtered(
                        lambda line: line.payment_provider_id == self.provider
                    ).id,
                    "payment_token_id": card.token_id.id,
                }
            )._create_payments()
        self.collect("2026-04-04")
        self.assertFalse(case.transaction_ids)
        case.action_check_provider()
        self.assertEqual((case.state, len(self.stripe.charges)), ("paid", 1))

    def test_the_day_is_kept_on_which_a_saved_card_expires(self):
        case = self.invoice("2026-04-01")
        theirs = self.online_payment(case.move_id)
        theirs.write({"tokenize": True, "partner_id": self.customer.id})
        card = {"brand": "visa", "last4": "4242", "exp_year": 2028, "exp_month": 2}
        theirs._process(
            "stripe",
            {
                "reference": theirs.reference,
                "payment_method": {"id": "pm_1", "type": "card", "card": card},
                "payment_intent": {
                    "id": "pi_1",
                    "status": "succeeded",
                    "customer": "cus_galil",
                    "amount": round(theirs.amount * 100),
                    "currency": theirs.currency_id.name.lower(),
                    "charges": {"data": [{"payment_method_details": None}]},
                },
            },
        )
        self.assertEqual(
            theirs.token_id.managed_method_ids.expires_on, date(2028, 2, 29)
        )
