"""Corrected invoices and payment reversals in dunning."""

from freezegun import freeze_time

from odoo.tests import tagged

from .dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestCorrectedInvoices(DunningCase):
    def correct(self, case, day, **values):
        """Correct an invoice on a day and post it again."""
        with freeze_time(f"{day} 09:00:00"):
            case.move_id.button_draft()
            case.move_id.write(values)
            case.move_id.action_post()

    def test_a_later_due_date_restarts_the_steps(self):
        case = self.invoice("2026-04-01")
        for day in ("2026-04-04", "2026-04-16"):
            self.collect(day)
        self.assertEqual(self.subscription.state, "suspended")
        self.correct(
            case,
            "2026-04-17",
            invoice_payment_term_id=False,
            invoice_date_due="2026-05-15",
        )
        self.assertEqual(str(case.due_date), "2026-05-15")
        self.assertEqual(self.subscription.state, "active")
        self.assertFalse(case.entered_on)
        self.collect("2026-05-15")
        self.assertEqual(self.subscription.state, "active")
        for day in ("2026-05-18", "2026-05-30"):
            self.collect(day)
        self.assertEqual(self.subscription.state, "suspended")
        self.assertEqual(case.letter_ids.mapped("state"), ["sent", "sent"])

    def test_another_amount_keeps_the_done_steps(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        line = case.move_id.invoice_line_ids[:1]
        half = [(1, line.id, {"price_unit": line.price_unit / 2})]
        before = case.amount
        self.correct(case, "2026-04-05", invoice_line_ids=half)
        self.assertAlmostEqual(case.amount, before / 2, 2)
        self.assertEqual(self.subscription.state, "past_due")
        self.assertEqual(len(case.letter_ids), 1)

    def test_a_paid_invoice_that_is_corrected_waits_for_a_user(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        line = case.move_id.invoice_line_ids[:1]
        dearer = [(1, line.id, {"price_unit": line.price_unit + 10})]
        self.correct(case, "2026-04-02", invoice_line_ids=dearer)
        for day in ("2026-04-03", "2026-04-20"):
            self.collect(day)
        self.assertEqual((case.state, case.hold), ("open", "on_hold"))
        self.assertEqual(len(case.transaction_ids), 1)
        self.assertIn("Reconcile it again", case.activity_ids.note)

    def test_a_corrected_text_does_not_reopen_a_paid_case(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.pay(case.move_id, case.amount_open, "2026-04-05")
        before = case.entered_on, case.amount, case.closed_after
        self.correct(case, "2026-04-06", narration="Thank you")
        self.assertEqual(case.state, "paid")
        self.assertEqual((case.entered_on, case.amount, case.closed_after), before)

    def test_a_card_is_saved_while_an_invoice_has_no_date(self):
        self.policy.charge_delay_days = 3
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            case.move_id.button_draft()
            case.move_id.invoice_date = False
            self.save_card()
        self.assertTrue(case.charge_at)

    def test_a_draft_invoice_has_no_dunning_steps(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            self.save_card()
            case.move_id.button_draft()
        for day in ("2026-04-02", "2026-04-16"):
            self.collect(day)
        self.assertEqual((case.state, len(case.step_ids)), ("open", 0))
        self.assertFalse(case.transaction_ids)
        with freeze_time("2026-04-17 09:00:00"):
            case.move_id.action_post()
        self.collect("2026-04-18")
        self.assertEqual(case.state, "paid")

    def test_deleting_a_draft_invoice_reactivates_the_service(self):
        case = self.invoice("2026-04-01")
        for day in ("2026-04-04", "2026-04-16"):
            self.collect(day)
        with freeze_time("2026-04-17 09:00:00"):
            case.move_id.button_draft()
            case.move_id.with_context(force_delete=True).unlink()
        self.assertEqual(self.subscription.state, "active")

    def test_after_a_payment_reversal_all_steps_are_repeated(self):
        case = self.invoice("2026-04-01")
        for day in ("2026-04-04", "2026-04-16"):
            self.collect(day)
        self.pay(case.move_id, case.amount_open, "2026-04-17")
        self.assertEqual(self.subscription.state, "active")
        case.move_id.line_ids.remove_move_reconcile()
        self.collect("2026-04-20")
        with freeze_time("2026-04-21 09:00:00"):
            case.action_resume()
        self.collect("2026-04-21")
        self.assertEqual(self.subscription.state, "past_due")
        self.assertEqual(case.letter_ids.mapped("state"), ["sent", "sent"])
        self.assertEqual(str(case.next_date), "2026-05-03")
