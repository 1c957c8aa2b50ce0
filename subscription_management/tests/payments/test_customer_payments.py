"""What customers and accountants pay beside the charges: waited for, asked about."""

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..dunning.dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestCustomerPayments(DunningCase):
    def begun(self, case, day, state):
        """Return a payment of the customer, as far as it came on a day."""
        with freeze_time(f"{day} 09:00:00"):
            theirs = self.online_payment(case.move_id)
            getattr(theirs, f"_set_{state}")()
        return theirs

    def chosen_transfer(self, case, day):
        """Return a payment for which the customer chose to transfer money."""
        self.card_provider = self.provider
        self.provider = self.provider.copy({"code": "none"})
        theirs = self.begun(case, day, "pending")
        self.provider = self.card_provider
        return theirs

    def test_a_transfer_that_never_comes_stops_no_step(self):
        case = self.invoice("2026-04-01")
        self.chosen_transfer(case, "2026-04-02")
        self.collect("2026-04-04")
        self.assertEqual(case.notice_ids.state, "sent")
        self.collect("2026-04-16")
        self.assertEqual(self.subscription.state, "suspended")

    def test_a_card_waits_some_days_for_a_transfer(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 08:00:00"):
            self.save_card()
        self.chosen_transfer(case, "2026-04-02")
        self.collect("2026-04-08")
        self.assertFalse(case.transaction_ids)
        self.collect("2026-04-10")
        self.assertEqual((case.state, len(case.transaction_ids)), ("paid", 1))

    def test_steps_go_on_beside_a_transfer_that_is_chosen_again(self):
        self.save_card("error")
        case = self.invoice("2026-04-01")
        for day in ("2026-04-03", "2026-04-09", "2026-04-15"):
            self.chosen_transfer(case, day)
        self.collect("2026-04-04")
        self.assertIn("step", "".join(case.notice_ids.mapped("key")))
        self.assertEqual(len(case.transaction_ids), 1)
        self.collect("2026-04-10")
        self.assertEqual(len(case.transaction_ids), 2)
        self.collect("2026-04-16")
        self.assertEqual(self.subscription.state, "suspended")

    def test_who_wants_to_be_charged_waits_for_no_transfer(self):
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

    def test_who_saves_a_card_to_be_charged_waits_for_no_transfer(self):
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

    def test_what_the_bank_does_not_decide_is_asked_about_once(self):
        case = self.invoice("2026-04-01")
        theirs = self.begun(case, "2026-04-02", "pending")
        self.collect("2026-04-08")
        self.assertFalse(case.activity_ids)
        self.assertFalse(case.can_be_settled)
        for day in ("2026-04-09", "2026-04-10"):
            self.collect(day)
        self.assertEqual(len(case.activity_ids), 1)
        self.assertIn(theirs.reference, case.activity_ids.note)
        self.assertTrue(case.can_be_settled)

    def test_a_person_settles_a_payment_that_was_made(self):
        case = self.invoice("2026-04-01")
        self.begun(case, "2026-04-02", "pending")
        self.collect("2026-04-09")
        case.action_mark_succeeded()
        self.assertEqual(case.state, "paid")
        self.assertFalse(case.activity_ids)

    def test_a_person_settles_a_payment_that_was_not_made(self):
        case = self.invoice("2026-04-01")
        theirs = self.begun(case, "2026-04-02", "pending")
        self.collect("2026-04-09")
        with freeze_time("2026-04-16 09:00:00"):
            case.action_mark_failed()
        self.assertEqual(theirs.state, "error")
        self.assertFalse(case.can_be_settled)
        self.collect("2026-04-16")
        self.assertEqual(self.subscription.state, "past_due")

    def test_a_payment_that_comes_though_it_was_not_made_is_to_be_refunded(self):
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

    def test_a_customer_who_agrees_late_to_what_was_charged_is_told_of(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 08:00:00"):
            theirs = self.online_payment(case.move_id)
            self.save_card()
        self.collect("2026-04-02")
        self.assertEqual(case.state, "paid")
        theirs._set_done()
        theirs._post_process()
        self.assertIn("belong to the customer", case.activity_ids.note)

    def test_what_a_person_gave_up_of_an_order_is_told_of_when_it_comes(self):
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

    def test_a_payment_that_was_owed_leaves_nothing_to_do(self):
        case = self.invoice("2026-04-01")
        self.begun(case, "2026-04-02", "done")._post_process()
        self.assertEqual(case.state, "paid")
        self.assertFalse(case.activity_ids)

    def test_a_payment_that_cannot_be_written_is_asked_about(self):
        case = self.invoice("2026-04-01")
        self.begun(case, "2026-04-02", "done")
        self.collect("2026-04-09")
        self.assertIn("not written down yet", case.activity_ids.note)
        with self.assertRaisesRegex(UserError, "was paid"), self.env.cr.savepoint():
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
        with self.assertRaisesRegex(UserError, "settle it first"):
            wizard._create_payments()

    def test_what_an_accountant_charges_leaves_nothing_to_do(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            card = self.save_card()
            self.register(case, card, amount=10.0)._create_payments()
            self.assertFalse(case.activity_ids)
            self.assertAlmostEqual(case.amount_open, 25.1)
            self.register(case, card)._create_payments()
        self.assertEqual(case.state, "paid")
        told = case.message_ids.filtered(
            lambda message: "belong to the customer" in (message.body or "")
        )
        self.assertFalse(told)

    def test_a_charge_whose_payment_was_deleted_may_follow(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        payment = case.transaction_ids.payment_id
        payment.action_draft()
        payment.unlink()
        self.collect("2026-04-02")
        self.assertEqual((case.state, case.hold), ("open", "paused"))
        self.assertTrue(case.move_id._has_to_be_paid())
        with freeze_time("2026-04-03 09:00:00"):
            case.action_resume()
            case.action_charge_now()
        self.collect("2026-04-03")
        self.assertEqual((case.state, len(case.transaction_ids)), ("paid", 2))


@tagged("post_install", "-at_install")
class TestWhatIsAskedFor(DunningCase):
    """A letter asks for nothing that was paid, promised, or is not to be chased."""

    def asked_for(self):
        """Return (letter, other) of two invoices, with the letter of one."""
        other = self.invoice("2026-04-01")
        case = self.invoice("2026-04-01", charges_saved_methods=False)
        return case, other

    def test_all_that_is_open_is_asked_for(self):
        case, other = self.asked_for()
        self.assertEqual(case.letter_case_ids, case | other)
        self.assertEqual(case.letter_amount, 2 * case.amount)

    def test_nothing_is_asked_for_that_is_at_the_bank(self):
        self.save_card("pending")
        case, other = self.asked_for()
        self.assertEqual(other.outcome, "pending")
        self.collect("2026-04-04")
        self.assertEqual(case.letter_amount, case.amount)
        self.assertNotIn(other.move_id.name, case.notice_ids.mail_message_id.body)

    def test_nothing_is_asked_for_that_was_promised(self):
        case, other = self.asked_for()
        with freeze_time("2026-04-02 09:00:00"):
            other.promise(self.day("2026-04-20"))
        self.assertEqual(case.letter_case_ids, case)

    def test_nothing_is_asked_for_that_nobody_is_chased_for(self):
        case, other = self.asked_for()
        other.move_id.no_followup = True
        self.assertEqual(case.letter_case_ids, case)

    def test_nothing_is_asked_for_that_the_customer_has_paid(self):
        case, other = self.asked_for()
        self.online_payment(other.move_id)._set_pending()
        self.assertEqual(case.letter_case_ids, case)

    def test_a_letter_that_waits_is_not_sent_once_the_money_was_promised(self):
        self.policy.hour_from = 12
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(case.notice_ids.state, "waiting")
        with freeze_time("2026-04-04 09:00:00"):
            case.promise(self.day("2026-04-20"))
        self.collect("2026-04-05")
        self.assertFalse(case.notice_ids)
        # It has warned nobody: suspension comes as late as the letter that does.
        self.collect("2026-04-21")
        self.collect("2026-04-21", at="12:30:00")
        self.assertEqual(case.notice_ids.state, "sent")
        self.assertEqual(self.subscription.state, "past_due")
        self.assertEqual(str(case.next_date), "2026-05-03")

    def test_nothing_is_asked_for_that_is_due_later(self):
        case, other = self.asked_for()
        self.assertEqual(case.letter_case_ids, case | other)
        other.sudo().due_date = "2026-05-01"
        with freeze_time("2026-04-20 09:00:00"):
            case.invalidate_recordset(["letter_case_ids"])
            self.assertEqual(case.letter_case_ids, case)

    def test_a_reminder_of_what_is_due_later_has_a_message_of_its_own(self):
        policy = self.make_policy("Early", (-3, "email"), (3, "email"), sequence=1)
        first = self.invoice("2026-04-01")
        later = self.invoice("2026-04-01")
        self.assertEqual(later.policy_id, policy)
        with freeze_time("2026-04-01 10:00:00"):
            later.sudo().due_date = "2026-04-07"
            later.sudo()._restart()
            later.sudo()._plan_next()
        self.collect("2026-04-04")
        letters = first.notice_ids | later.notice_ids
        self.assertEqual(set(letters.mapped("state")), {"sent"})
        self.assertEqual(len(letters.mail_message_id), 2)
        self.assertIn(later.move_id.name, later.notice_ids.mail_message_id.body)

    def test_nothing_is_asked_for_that_is_charged_on_an_announced_day(self):
        self.policy.charge_delay_days = 3
        self.save_card()
        case, other = self.asked_for()
        self.assertTrue(other.charge_at)
        with freeze_time("2026-04-02 10:00:00"):
            self.assertEqual(case.letter_case_ids, case)

    def test_another_try_is_promised_only_where_one_comes(self):
        self.policy.declined_template_id = self.env.ref(
            "subscription_management.mail_template_dunning_declined"
        )
        self.save_card("error")
        again = self.invoice("2026-04-01")
        self.assertIn("We will try again", again.notice_ids.mail_message_id.body)
        self.policy.step_ids.filtered(lambda step: step.action == "charge").unlink()
        once = self.invoice("2026-04-01")
        self.assertNotIn("We will try again", once.notice_ids.mail_message_id.body)
        self.assertIn("Please pay now", once.notice_ids.mail_message_id.body)
