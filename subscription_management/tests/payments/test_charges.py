"""Saved payment methods are charged after their invoices are posted."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import ConcurrencyError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.payments.charge import ChargeAttempt
from ..dunning.dunning_case import DunningCase

CLOSED = "The books are closed."
CHARGE = ChargeAttempt.__module__


@tagged("post_install", "-at_install")
class TestCharges(DunningCase):
    def test_a_saved_card_pays_the_invoice(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        self.assertEqual(case.state, "paid")
        self.assertEqual(case.move_id.payment_state, "paid")
        self.assertRecordValues(
            case.transaction_ids,
            [{"state": "done", "amount": case.amount, "managed_outcome": "paid"}],
        )
        self.assertEqual(self.subscription.state, "active")
        self.assertFalse(case.entered_on)

    def test_a_second_run_charges_nothing(self):
        self.save_card("error")
        case = self.invoice("2026-04-01")
        self.collect("2026-04-01")
        self.collect("2026-04-01")
        self.assertEqual(len(case.transaction_ids), 1)

    def test_a_recorded_charge_is_taken_by_no_other_worker(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-01 10:00:00"):
            self.save_card()
            charge = self.cases.sudo()._record_next_charge()
            self.assertEqual(charge.managed_case_id, case)
            written = case.write_date, case.charge_at
            self.assertFalse(self.cases.sudo()._record_next_charge())
        self.assertEqual((case.write_date, case.charge_at), written)
        self.assertFalse(case.charge_at)

    def test_a_response_is_recorded_again_after_a_concurrent_update(self):
        self.save_card()
        real, tries = ChargeAttempt.answer, []

        def refused_once(attempt):
            tries.append(attempt)
            if len(tries) == 1:
                raise ConcurrencyError("another worker was first")
            return real(attempt)

        self.patch(ChargeAttempt, "answer", refused_once)
        with mute_logger("odoo.service.model"), patch("time.sleep"):
            case = self.invoice("2026-04-01")
        self.assertEqual(len(tries), 2)
        self.assertEqual((case.state, case.outcome), ("paid", "paid"))
        self.assertEqual(len(case.transaction_ids), 1)

    def fails_for(self, failing, name):
        """Let a stage fail for one case; return a function that ends the failure."""
        real = getattr(ChargeAttempt, name)

        def fails(attempt, *args):
            if attempt.case == failing:
                raise UserError(CLOSED)
            return real(attempt, *args)

        self.patch(ChargeAttempt, name, fails)
        return lambda: self.patch(ChargeAttempt, name, real)

    def test_a_charge_that_cannot_be_recorded_stops_no_other(self):
        wrong, right = self.invoice("2026-04-01"), self.invoice("2026-04-01")
        work_again = self.fails_for(wrong, "prepare_values")
        with freeze_time("2026-04-02"):
            self.save_card()
        self.collect("2026-04-02")
        self.assertEqual((wrong.state, right.state), ("open", "paid"))
        self.assertEqual(wrong.error, CLOSED)
        self.assertEqual(len(wrong.activity_ids), 1)
        work_again()
        self.collect("2026-04-03")
        self.assertEqual((wrong.state, wrong.error), ("paid", False))

    def test_an_answer_that_cannot_be_recorded_stops_no_other_and_is_retried(self):
        wrong, right = self.invoice("2026-04-01"), self.invoice("2026-04-01")
        work_again = self.fails_for(wrong, "conclude")
        with freeze_time("2026-04-02"):
            self.save_card("pending")
        with mute_logger(CHARGE):
            self.collect("2026-04-02")
        self.assertEqual((wrong.outcome, right.outcome), ("sending", "pending"))
        self.assertEqual(wrong.error, CLOSED)
        self.collect("2026-04-03")
        self.assertEqual(len(wrong.activity_ids), 1)
        work_again()
        self.collect("2026-04-04")
        self.assertEqual((wrong.outcome, wrong.error), ("pending", False))
        self.assertEqual(len(wrong.transaction_ids), 1)

    def test_a_subscription_paid_manually_is_not_charged(self):
        self.save_card()
        case = self.invoice("2026-04-01", charges_saved_methods=False)
        self.assertFalse(case.transaction_ids)
        self.assertEqual(case.payer, "manual")

    def test_a_plan_can_switch_off_automatic_charges(self):
        self.monthly.charges_saved_methods = False
        self.save_card()
        case = self.invoice("2026-04-01")
        self.assertFalse(case.transaction_ids)

    def test_backups_are_charged_in_their_order(self):
        cards = (
            self.save_card("error") | self.save_card("done") | self.save_card("done")
        )
        case = self.invoice("2026-04-01")
        charged = case.transaction_ids.sorted("id").token_id.managed_method_ids
        self.assertEqual(charged, cards[:2])
        self.assertEqual(case.state, "paid")
        self.assertEqual(cards.mapped("decline"), ["other", False, False])

    def test_the_method_of_a_subscription_is_charged_first(self):
        _first, second = self.save_card(), self.save_card()
        subscription = self.subscribe(on="2026-04-01", payment_method_id=second.id)
        self.bill("2026-04-01")
        self.collect("2026-04-01")
        charged = subscription.invoice_ids.transaction_ids.token_id
        self.assertEqual(charged.managed_method_ids, second)

    def test_a_user_chooses_the_method_that_is_charged_first(self):
        first, second = self.save_card(), self.save_card()
        second.action_charge_first()
        case = self.invoice("2026-04-01")
        self.assertEqual(case.transaction_ids.token_id.managed_method_ids, second)
        self.assertEqual(self.subscription._methods_to_charge(), second | first)

    def test_a_method_of_another_customer_is_refused(self):
        other = self.env["res.partner"].create({"name": "Haifa Cafe"})
        foreign = self.save_card(partner_id=other.id)
        with self.assertRaisesRegex(UserError, "was not saved by the customer"):
            self.subscribe(on="2026-04-01", payment_method_id=foreign.id)

    def test_an_invoice_is_charged_to_its_own_payer_only(self):
        card = self.save_card()
        parent = self.env["res.partner"].create({"name": "Parent Ltd"})
        subscription = self.subscribe(on="2026-04-01", payment_method_id=card.id)
        refused = self.assertRaisesRegex(UserError, "was not saved by the customer")
        with refused, self.env.cr.savepoint():
            subscription.partner_invoice_id = parent
        contact = self.env["res.partner"].create(
            {"name": "Dana", "parent_id": self.customer.id}
        )
        card.sudo().token_id.partner_id = contact
        self.assertEqual(subscription._methods_to_charge(), card)
        contact.parent_id = parent
        self.assertFalse(subscription._methods_to_charge())

    def test_a_declined_charge_enters_dunning_and_notifies_the_customer(self):
        self.policy.declined_template_id = self.letter
        self.save_card("error")
        case = self.invoice("2026-04-01")
        self.assertRecordValues(
            case, [{"state": "open", "outcome": "declined", "decline": "other"}]
        )
        self.assertEqual(str(case.entered_on), "2026-04-01")
        self.assertEqual(case.letter_ids.mapped("key"), ["declined"])

    def test_a_customer_is_notified_once_of_several_declines(self):
        self.policy.declined_template_id = self.letter
        self.save_card("error")
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(len(case.transaction_ids), 2)
        self.assertEqual(case.letter_ids.mapped("key").count("declined"), 1)

    def charged_on(self, case):
        """Return the days of the charges of a case."""
        return [
            str(charge.managed_sent_at.date())
            for charge in case.transaction_ids.sorted("id")
        ]

    def done(self, case):
        """Return {action: day} of the steps that a case has done."""
        return {
            row.action: str(row.day) for row in case.step_ids if row.result == "done"
        }

    def test_a_charge_step_waits_a_day_after_another_charge(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-04 08:00:00"):
            self.save_card("error")
        self.collect("2026-04-04")
        self.assertEqual(self.charged_on(case), ["2026-04-04"])
        self.assertEqual(
            self.done(case), {"past_due": "2026-04-04", "email": "2026-04-04"}
        )
        self.assertEqual(str(case.next_date), "2026-04-05")
        self.collect("2026-04-05")
        self.assertEqual(self.charged_on(case), ["2026-04-04", "2026-04-05"])
        self.assertEqual(self.done(case)["charge"], "2026-04-05")

    def test_a_user_charges_again_on_the_day_of_another_charge(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-04 08:00:00"):
            self.save_card("error")
        self.collect("2026-04-04")
        with freeze_time("2026-04-04 08:30:00"):
            case.action_charge_now()
        self.collect("2026-04-04")
        self.assertEqual(self.charged_on(case), ["2026-04-04", "2026-04-04"])

    def test_a_retry_that_waited_a_day_is_the_step_of_the_recovery(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-04 08:00:00"):
            card = self.save_card("error")
        self.collect("2026-04-04")
        card.sudo().token_id.demo_simulated_state = "done"
        self.collect("2026-04-05")
        self.assertEqual((case.state, case.closed_after), ("paid", "Charge"))
        row = self.env["subscription.dunning.recovery"].browse(case.id)
        self.assertEqual((row.stage, row.closed_after), ("email", "Charge"))

    def test_a_pending_charge_stops_the_steps_until_it_is_decided(self):
        self.save_card("pending")
        case = self.invoice("2026-04-01")
        for day in ("2026-04-04", "2026-04-16"):
            self.collect(day)
        self.assertEqual(case.outcome, "pending")
        self.assertEqual(len(case.transaction_ids), 1)
        self.assertFalse(case.step_ids)
        with freeze_time("2026-04-17"):
            case.transaction_ids.sudo().action_demo_set_done()
            case.transaction_ids.sudo()._post_process()
        self.assertEqual(case.state, "paid")

    def test_steps_continue_after_a_pending_charge_is_declined(self):
        self.save_card("pending")
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-03"):
            case.transaction_ids.sudo().action_demo_set_error()
            case.transaction_ids.sudo().token_id.demo_simulated_state = "error"
        self.collect("2026-04-16")
        self.assertEqual(case.outcome, "declined")
        self.assertEqual(self.subscription.state, "past_due")

    def test_a_new_method_is_charged_at_once_for_all_open_invoices(self):
        first = self.invoice("2026-04-01")
        self.bill("2026-05-01")
        self.collect("2026-05-01")
        second = self.cases.search([("partner_id", "=", self.customer.id)]) - first
        with freeze_time("2026-05-02"):
            self.save_card()
        self.collect("2026-05-02")
        self.assertEqual((first | second).mapped("state"), ["paid", "paid"])
        charges = (first | second).transaction_ids.sorted("id")
        self.assertEqual(charges.managed_case_id, first | second)

    def test_the_open_amount_is_charged_after_a_partial_payment(self):
        case = self.invoice("2026-04-01")
        whole = case.amount_open
        self.pay(case.move_id, 10.0, "2026-04-02")
        with freeze_time("2026-04-03"):
            self.save_card()
        self.collect("2026-04-03")
        self.assertAlmostEqual(case.transaction_ids.amount, whole - 10.0)
        self.assertEqual(case.state, "paid")

    def test_steps_continue_after_an_authorization_is_voided(self):
        self.save_card("pending")
        case = self.invoice("2026-04-01")
        self.assertEqual(case.outcome, "pending")
        charge = case.transaction_ids
        charge._set_authorized()
        with freeze_time("2026-04-02 10:00:00"):
            charge._create_child_transaction(charge.amount)._set_canceled()
        self.assertEqual((charge.state, case.outcome), ("cancel", "declined"))
        self.collect("2026-04-04")
        self.assertEqual(len(case.transaction_ids.filtered("token_id")), 2)

    def test_direct_debits_are_announced_some_days_before(self):
        self.policy.charge_delay_days = 3
        self.save_card()
        case = self.invoice("2026-04-01")
        self.assertFalse(case.transaction_ids)
        self.collect("2026-04-03")
        self.assertFalse(case.transaction_ids)
        self.collect("2026-04-04")
        self.assertEqual(case.state, "paid")

    def test_a_disabled_provider_charges_nothing_and_keeps_the_case_open(self):
        self.save_card()
        self.provider.state = "disabled"
        case = self.invoice("2026-04-01")
        self.assertFalse(case.transaction_ids)
        self.assertEqual(case.state, "open")
        with self.assertRaisesRegex(UserError, "no saved payment method"):
            case.action_charge_now()

    def test_an_invoice_that_the_host_blocks_is_not_charged(self):
        self.save_card("error")
        case = self.invoice("2026-04-01")
        case.move_id.action_toggle_block_payment()
        self.collect("2026-04-04")
        self.assertEqual(len(case.transaction_ids), 1)
        self.assertFalse(case.step_ids.filtered(lambda row: row.result == "done"))

    def test_a_receipt_is_sent_once(self):
        self.policy.receipt_template_id = self.env.ref(
            "account.mail_template_data_payment_receipt"
        )
        self.save_card()
        case = self.invoice("2026-04-01")
        case.transaction_ids.sudo()._post_process()
        self.collect("2026-04-01")
        self.assertRecordValues(
            case.letter_ids,
            [
                {
                    "state": "sent",
                    "payment_id": case.transaction_ids.sudo().payment_id.id,
                }
            ],
        )

    def test_a_receipt_is_sent_to_the_invoice_contact(self):
        self.policy.receipt_template_id = self.env.ref(
            "account.mail_template_data_payment_receipt"
        )
        self.customer.email = False
        contact = self.env["res.partner"].create(
            {
                "name": "Billing",
                "type": "invoice",
                "parent_id": self.customer.id,
                "email": "billing@galil.example",
            }
        )
        self.save_card()
        case = self.invoice("2026-04-01")
        self.assertEqual(case.contact_id, contact)
        mail = self.mail_of(case.letter_ids)
        self.assertEqual((mail.recipient_ids, mail.email_to), (contact, False))

    def test_a_payment_that_cannot_be_registered_is_reported_once(self):
        self.save_card()
        locked = patch.object(
            type(self.env["payment.transaction"]),
            "_create_payment",
            side_effect=UserError(CLOSED),
        )
        with locked, mute_logger(CHARGE):
            case = self.invoice("2026-04-01")
            for _run in range(3):
                self.collect("2026-04-02")
        self.assertEqual(len(case.activity_ids), 1)
        self.assertIn(CLOSED, case.error)
        self.collect("2026-04-03")
        self.assertEqual((case.state, case.error), ("paid", False))
        self.assertEqual(len(case.transaction_ids), 1)

    def test_a_payment_reversal_reopens_the_case_on_hold(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        case.move_id.line_ids.remove_move_reconcile()
        self.collect("2026-04-20")
        self.assertEqual(case.state, "open")
        self.assertEqual(case.hold, "on_hold")
        self.assertEqual(len(case.transaction_ids), 1)
        self.assertIn("was reversed", case.activity_ids[-1:].note)
