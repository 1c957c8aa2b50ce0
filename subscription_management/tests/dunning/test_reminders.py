"""Reminders of upcoming invoices, expiring cards and pending charges."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.payments import payment_method
from .dunning_case import DunningCase

PAYMENT_METHODS = payment_method.__name__


@tagged("post_install", "-at_install")
class TestPaymentReminders(DunningCase):
    def remind(self, day):
        self.run_action("ir_cron_remind_of_payments", day)

    def mails_to_customer(self):
        return (
            self.env["mail.mail"]
            .sudo()
            .search([("recipient_ids", "in", self.customer.ids)])
        )

    def test_a_yearly_invoice_is_announced_once_with_its_amount(self):
        with freeze_time("2026-04-01 08:00:00"):
            subscription = self.subscribe(on="2026-04-01", plan=self.yearly)
        self.bill("2026-04-01")
        moves = subscription.invoice_ids
        self.remind("2027-03-17")
        self.assertFalse(self.mails_to_customer())
        self.remind("2027-03-18")
        self.remind("2027-03-19")
        mail = self.mails_to_customer()
        self.assertEqual(len(mail), 1)
        self.assertIn("351.00", mail.body_html)  # 300.00 and 17 % of tax
        self.assertIn("04/01/2027", mail.body_html)
        self.assertEqual(subscription.invoice_ids, moves)

    def test_a_reminder_writes_no_invoice_and_states_the_later_total(self):
        tax = self.seat.taxes_id.copy({"name": "Levy", "amount": 2.345})
        self.seat.taxes_id |= tax
        with freeze_time("2026-04-01 08:00:00"):
            subscription = self.subscribe(
                self.basic,
                self.seat,
                self.seat,
                quantity=3,
                on="2026-04-01",
                plan=self.yearly,
            )
        self.bill("2026-04-01")
        self.assertTrue(subscription.invoice_ids)
        moves = type(self.env["account.move"])
        written = patch.object(moves, "create", side_effect=AssertionError("written"))
        with (
            written,
            patch.object(moves, "_post", side_effect=AssertionError("posted")),
        ):
            self.remind("2027-03-20")
        before = subscription.invoice_ids
        self.bill("2027-04-01")
        later = subscription.invoice_ids - before
        self.assertTrue(later.amount_tax)
        self.assertIn(f"{later.amount_total:,.2f}", self.mails_to_customer().body_html)

    def test_the_reminder_of_an_automatic_charge_names_the_card(self):
        with freeze_time("2026-04-01 08:00:00"):
            self.subscribe(on="2026-04-01", plan=self.yearly)
        self.save_card()
        self.bill("2026-04-01")
        self.remind("2027-03-20")
        self.assertIn("no action", self.mails_to_customer().body_html)

    def test_plans_without_a_reminder_send_none(self):
        self.assertEqual(self.monthly.upcoming_reminder_days, 0)
        self.yearly.upcoming_reminder_days = 0
        self.subscribe(on="2026-04-01", plan=self.yearly)
        self.bill("2026-04-01")
        self.remind("2027-03-20")
        self.assertFalse(self.mails_to_customer())

    def test_an_expiring_card_is_announced_once(self):
        card = self.save_card()
        card.expires_on = "2026-05-31"
        self.subscribe(on="2026-04-01")
        self.remind("2026-04-30")
        self.assertFalse(self.mails_to_customer())
        self.remind("2026-05-01")
        self.remind("2026-05-02")
        mail = self.mails_to_customer()
        self.assertEqual(len(mail), 1)
        self.assertIn("05/2026", mail.body_html)
        self.assertIn("/my/payment_method", mail.body_html)

    def test_a_letter_about_a_card_that_fails_is_sent_on_another_day(self):
        card = self.save_card()
        card.expires_on = "2026-05-31"
        self.subscribe(on="2026-04-01")
        broken = patch.object(
            type(self.env["mail.template"]), "_send_letter", side_effect=ValueError("x")
        )
        with broken, mute_logger(PAYMENT_METHODS):
            self.remind("2026-05-01")
        self.remind("2026-05-01")
        self.assertRecordValues(
            card, [{"expiry_error": "x", "expiry_notified_on": False}]
        )
        self.remind("2026-05-02")
        self.assertEqual(len(self.mails_to_customer()), 1)
        self.assertFalse(card.expiry_error)

    def test_a_card_without_charges_expires_without_a_letter(self):
        cards = self.save_card() | self.save_card()
        cards[1].expires_on = "2026-05-31"
        self.subscribe(on="2026-04-01")
        self.remind("2026-05-02")
        self.assertFalse(self.mails_to_customer())

    def test_the_payer_is_notified_of_the_expiring_card(self):
        payer = self.env["res.partner"].create(
            {"name": "Payer", "email": "payer@example.com"}
        )
        card = self.save_card(partner_id=payer.id)
        card.expires_on = "2026-05-31"
        subscription = self.subscribe(on="2026-04-01", partner_invoice_id=payer.id)
        self.assertEqual(card._subscriptions_charged(), subscription)
        self.remind("2026-05-02")
        self.assertEqual(str(card.expiry_notified_on), "2026-05-02")

    def test_a_company_can_switch_off_card_reminders(self):
        self.env.company.subscription_card_expiry_days = 0
        self.save_card().expires_on = "2026-05-31"
        self.subscribe(on="2026-04-01")
        self.remind("2026-05-02")
        self.assertFalse(self.mails_to_customer())

    def test_a_charge_that_is_pending_too_long_is_reported_once(self):
        self.save_card("pending")
        case = self.invoice("2026-04-01")
        self.collect("2026-04-07")
        self.assertFalse(case.activity_ids)
        for day in ("2026-04-08", "2026-04-09"):
            self.collect(day)
        self.assertEqual(len(case.activity_ids), 1)
        self.assertIn("has been pending since", case.activity_ids.note)

    def test_a_user_resolves_a_charge_that_is_pending_too_long(self):
        self.save_card("pending")
        case = self.invoice("2026-04-01")
        with self.assertRaisesRegex(UserError, "no charge to resolve"):
            case.action_mark_failed()
        self.assertFalse(case.can_be_resolved)
        self.collect("2026-04-09")
        self.assertTrue(case.can_be_resolved)
        case.transaction_ids.sudo().token_id.demo_simulated_state = "done"
        with freeze_time("2026-04-10 09:00:00"):
            case.action_mark_failed()
        self.collect("2026-04-10")
        self.assertEqual(case.state, "paid")
        self.assertEqual(
            case.transaction_ids.sorted("id").mapped("state"), ["error", "done"]
        )

    def test_the_text_of_a_sent_letter_is_kept(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        letter = case.letter_ids
        # Nothing leaves a test: this is what the host does once a mail has left.
        self.mail_of(letter)._postprocess_sent_message([], [])
        self.assertFalse(self.mail_of(letter))
        self.assertIn(case.move_id.name, letter.mail_message_id.body)
