"""Payments by customers and accountants delay charges and are reported."""

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..dunning.dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestCustomerPayments(DunningCase):
    def begun(self, case, day, state):
        """Return a payment of the customer in a state, started on a day."""
        with freeze_time(f"{day} 09:00:00"):
            theirs = self.online_payment(case.move_id)
            getattr(theirs, f"_set_{state}")()
        return theirs

    def chosen_transfer(self, case, day):
        """Return a payment for which the customer selected a bank transfer."""
        self.card_provider = self.provider
        self.provider = self.provider.copy({"code": "none"})
        theirs = self.begun(case, day, "pending")
        self.provider = self.card_provider
        return theirs

    def test_a_selected_transfer_delays_no_step(self):
        case = self.invoice("2026-04-01")
        self.chosen_transfer(case, "2026-04-02")
        self.collect("2026-04-04")
        self.assertEqual(case.letter_ids.state, "sent")
        self.collect("2026-04-16")
        self.assertEqual(self.subscription.state, "suspended")

    def test_a_charge_waits_some_days_for_a_transfer(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 08:00:00"):
            self.save_card()
        self.chosen_transfer(case, "2026-04-02")
        self.collect("2026-04-08")
        self.assertFalse(case.transaction_ids)
        self.collect("2026-04-10")
        self.assertEqual((case.state, len(case.transaction_ids)), ("paid", 1))

    def test_steps_continue_while_a_transfer_is_selected_repeatedly(self):
        self.save_card("error")
        case = self.invoice("2026-04-01")
        for day in ("2026-04-03", "2026-04-09", "2026-04-15"):
            self.chosen_transfer(case, day)
        self.collect("2026-04-04")
        self.assertIn("step", "".join(case.letter_ids.mapped("key")))
        self.assertEqual(len(case.transaction_ids), 1)
        self.collect("2026-04-10")
        self.assertEqual(len(case.transaction_ids), 2)
        self.collect("2026-04-16")
        self.assertEqual(self.subscription.state, "suspended")

    def test_a_requested_charge_waits_for_no_transfer(self):
        case = self.invoice("2026-04-01")
        self.chosen_transfer(case, "2026-04-02")
        with freeze_time("2026-04-02 10:00:00"):
            self.save_card()
        self.collect("2026-04-03")
        self.assertFalse(case.transaction_ids)
        with freeze_time("2026-04-03 10:00:00"):
            case.action_charge_now()
        self.collect("2026-04-04")
        self.assertEqual((case.state, len(case.transaction_ids)), ("paid", 1))

    def test_a_card_saved_for_open_invoices_waits_for_no_transfer(self):
        case = self.invoice("2026-04-01")
        self.chosen_transfer(case, "2026-04-02")
        with freeze_time("2026-04-02 10:00:00"):
            saving = self.online_payment(case.move_id)
            saving.write({"operation": "validation", "invoice_ids": False})
            saving.tokenize = True
            saving._process(
                "demo", {"simulated_state": "done", "payment_details": "4242"}
            )
        self.assertTrue(saving.token_id)
        self.collect("2026-04-03")
        self.assertEqual((case.state, len(case.transaction_ids)), ("paid", 1))

    def test_a_payment_that_is_pending_too_long_is_reported_once(self):
        case = self.invoice("2026-04-01")
        theirs = self.begun(case, "2026-04-02", "pending")
        self.collect("2026-04-08")
        self.assertFalse(case.activity_ids)
        self.assertFalse(case.can_be_resolved)
        for day in ("2026-04-09", "2026-04-10"):
            self.collect(day)
        self.assertEqual(len(case.activity_ids), 1)
        self.assertIn(theirs.reference, case.activity_ids.note)
        self.assertTrue(case.can_be_resolved)

    def test_a_payment_is_marked_as_succeeded(self):
        case = self.invoice("2026-04-01")
        self.begun(case, "2026-04-02", "pending")
        self.collect("2026-04-09")
        case.action_mark_succeeded()
        self.assertEqual(case.state, "paid")
        self.assertFalse(case.activity_ids)

    def test_a_payment_is_marked_as_failed(self):
        case = self.invoice("2026-04-01")
        theirs = self.begun(case, "2026-04-02", "pending")
        self.collect("2026-04-09")
        with freeze_time("2026-04-16 09:00:00"):
            case.action_mark_failed()
        self.assertEqual(theirs.state, "error")
        self.assertFalse(case.can_be_resolved)
        self.collect("2026-04-16")
        self.assertEqual(self.subscription.state, "past_due")

    def test_a_payment_that_arrives_after_it_was_marked_as_failed_is_to_be_refunded(
        self,
    ):
        case = self.invoice("2026-04-01")
        theirs = self.begun(case, "2026-04-02", "pending")
        self.collect("2026-04-09")
        with freeze_time("2026-04-16 08:00:00"):
            self.save_card()
            case.action_mark_failed()
        self.collect("2026-04-16")
        self.assertEqual(case.state, "paid")
        theirs._set_done()
        theirs._post_process()
        self.assertIn("belong to the customer", case.activity_ids.note)

    def test_a_late_payment_beside_a_charge_is_to_be_refunded(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 08:00:00"):
            theirs = self.online_payment(case.move_id)
            self.save_card()
        self.collect("2026-04-02")
        self.assertEqual(case.state, "paid")
        theirs._set_done()
        theirs._post_process()
        self.assertIn("belong to the customer", case.activity_ids.note)

    def test_an_abandoned_order_payment_that_arrives_is_to_be_refunded(self):
        case = self.invoice("2026-04-01")
        theirs = self.begun(case, "2026-04-02", "pending")
        theirs.sale_order_ids = (
            self.env["sale.order"].sudo().create({"partner_id": self.customer.id})
        )
        self.collect("2026-04-09")
        with freeze_time("2026-04-16 08:00:00"):
            self.save_card()
            case.action_mark_failed()
        self.collect("2026-04-16")
        theirs._set_done()
        theirs._post_process()
        self.assertIn("belong to the customer", case.activity_ids.note)

    def test_a_payment_of_an_open_invoice_leaves_no_to_do(self):
        case = self.invoice("2026-04-01")
        self.begun(case, "2026-04-02", "done")._post_process()
        self.assertEqual(case.state, "paid")
        self.assertFalse(case.activity_ids)

    def test_a_payment_that_cannot_be_registered_is_reported(self):
        case = self.invoice("2026-04-01")
        self.begun(case, "2026-04-02", "done")
        self.collect("2026-04-09")
        self.assertIn("not registered yet", case.activity_ids.note)
        with self.assertRaisesRegex(UserError, "as paid"), self.env.cr.savepoint():
            case.action_mark_failed()
        case.action_mark_succeeded()
        self.assertEqual(case.state, "paid")

    def register(self, case, card, **values):
        """Return the window in which an accountant charges a card."""
        lines = self.provider.journal_id.inbound_payment_method_line_ids
        register = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=case.move_id.ids
        )
        return register.create(
            {
                "journal_id": self.provider.journal_id.id,
                "payment_method_line_id": lines.filtered(
                    lambda line: line.payment_provider_id == self.provider
                ).id,
                "payment_token_id": card.token_id.id,
                **values,
            }
        )

    def test_an_accountant_charges_no_card_beside_a_charge(self):
        self.save_card("pending")
        case = self.invoice("2026-04-01")
        wizard = self.register(case, self.save_card())
        with self.assertRaisesRegex(UserError, "resolve it first"):
            wizard._create_payments()

    def test_a_charge_by_an_accountant_leaves_no_to_do(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            card = self.save_card()
            self.register(case, card, amount=10.0)._create_payments()
            self.assertFalse(case.activity_ids)
            self.assertAlmostEqual(case.amount_open, 25.1)
            self.register(case, card)._create_payments()
        self.assertEqual(case.state, "paid")
        messages = case.message_ids.filtered(
            lambda message: "belong to the customer" in (message.body or "")
        )
        self.assertFalse(messages)

    def test_a_charge_whose_payment_was_deleted_may_follow(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        payment = case.transaction_ids.payment_id
        payment.action_draft()
        payment.unlink()
        self.collect("2026-04-02")
        self.assertEqual((case.state, case.hold), ("open", "on_hold"))
        self.assertTrue(case.move_id._has_to_be_paid())
        with freeze_time("2026-04-03 09:00:00"):
            case.action_resume()
            case.action_charge_now()
        self.collect("2026-04-03")
        self.assertEqual((case.state, len(case.transaction_ids)), ("paid", 2))


@tagged("post_install", "-at_install")
class TestListedInvoices(DunningCase):
    """The invoices that a letter lists."""

    def asked_for(self):
        """Return (letter, other) of two invoices, with the letter of one."""
        other = self.invoice("2026-04-01")
        case = self.invoice("2026-04-01", charges_saved_methods=False)
        return case, other

    def test_a_letter_lists_all_open_invoices(self):
        case, other = self.asked_for()
        self.assertEqual(case.letter_case_ids, case | other)
        self.assertEqual(case.letter_amount, 2 * case.amount)

    def test_a_letter_lists_no_pending_invoice(self):
        self.save_card("pending")
        case, other = self.asked_for()
        self.assertEqual(other.outcome, "pending")
        self.collect("2026-04-04")
        self.assertEqual(case.letter_amount, case.amount)
        self.assertNotIn(other.move_id.name, case.letter_ids.mail_message_id.body)

    def test_a_letter_lists_no_promised_invoice(self):
        case, other = self.asked_for()
        with freeze_time("2026-04-02 09:00:00"):
            other.promise(self.day("2026-04-20"))
        self.assertEqual(case.letter_case_ids, case)

    def test_a_letter_lists_no_invoice_excluded_from_dunning(self):
        case, other = self.asked_for()
        other.move_id.no_followup = True
        self.assertEqual(case.letter_case_ids, case)

    def test_a_letter_lists_no_invoice_that_the_customer_has_paid(self):
        case, other = self.asked_for()
        self.online_payment(other.move_id)._set_pending()
        self.assertEqual(case.letter_case_ids, case)

    def test_a_waiting_letter_is_not_sent_after_a_promise(self):
        self.policy.hour_from = 12
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(case.letter_ids.state, "waiting")
        with freeze_time("2026-04-04 09:00:00"):
            case.promise(self.day("2026-04-20"))
        self.collect("2026-04-05")
        self.assertFalse(case.letter_ids)
        # No customer was warned: the suspension is as late as the letter.
        self.collect("2026-04-21")
        self.collect("2026-04-21", at="12:30:00")
        self.assertEqual(case.letter_ids.state, "sent")
        self.assertEqual(self.subscription.state, "past_due")
        self.assertEqual(str(case.next_date), "2026-05-03")

    def test_a_letter_lists_no_invoice_that_is_due_later(self):
        case, other = self.asked_for()
        self.assertEqual(case.letter_case_ids, case | other)
        other.sudo().due_date = "2026-05-01"
        with freeze_time("2026-04-20 09:00:00"):
            case.invalidate_recordset(["letter_case_ids"])
            self.assertEqual(case.letter_case_ids, case)

    def test_a_reminder_of_a_later_due_date_is_a_message_of_its_own(self):
        policy = self.make_policy("Early", (-3, "email"), (3, "email"), sequence=1)
        first = self.invoice("2026-04-01")
        later = self.invoice("2026-04-01")
        self.assertEqual(later.policy_id, policy)
        with freeze_time("2026-04-01 10:00:00"):
            later.sudo().due_date = "2026-04-07"
            later.sudo()._restart()
            later.sudo()._plan_next()
        self.collect("2026-04-04")
        letters = first.letter_ids | later.letter_ids
        self.assertEqual(set(letters.mapped("state")), {"sent"})
        self.assertEqual(len(letters.mail_message_id), 2)
        self.assertIn(later.move_id.name, later.letter_ids.mail_message_id.body)

    def test_a_letter_lists_no_invoice_with_an_announced_charge(self):
        self.policy.charge_delay_days = 3
        self.save_card()
        case, other = self.asked_for()
        self.assertTrue(other.charge_at)
        with freeze_time("2026-04-02 10:00:00"):
            self.assertEqual(case.letter_case_ids, case)

    def test_a_letter_announces_a_retry_only_if_one_follows(self):
        self.policy.declined_template_id = self.env.ref(
            "subscription_management.mail_template_dunning_declined"
        )
        self.save_card("error")
        again = self.invoice("2026-04-01")
        self.assertIn("We will try again", again.letter_ids.mail_message_id.body)
        self.policy.step_ids.filtered(lambda step: step.action == "charge").unlink()
        once = self.invoice("2026-04-01")
        self.assertNotIn("We will try again", once.letter_ids.mail_message_id.body)
        self.assertIn("Pay now, or save", once.letter_ids.mail_message_id.body)
