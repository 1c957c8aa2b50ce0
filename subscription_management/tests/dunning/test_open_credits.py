"""Credits of billing are used before charges and dunning.

A month of 35.10 is paid by card; as of 11 April 20 of its 30 days are credited: 23.40.
The next invoice of 35.10 is charged with 11.70. Ended on the 2nd, 29 days are credited:
33.93, and 1.17 is left.
"""

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .dunning_case import DunningCase

LOCKED = "The books of May are closed."


@tagged("post_install", "-at_install")
class TestDunningCredits(DunningCase):
    def credit_of_april(self, end="2026-04-11"):
        """Return the credit note that billing makes, of 23.40 as of the 11th."""
        self.save_card()
        first = self.invoice("2026-04-01")
        with freeze_time("2026-04-11 08:00:00"):
            self.end_line(first.subscription_ids.line_ids, end)
        self.bill("2026-04-11")
        return first.subscription_ids.invoice_ids - first.move_id

    def charged(self, case):
        return case.transaction_ids.mapped("amount")

    def test_a_card_is_charged_with_the_amount_after_credits(self):
        credit = self.credit_of_april()
        self.assertEqual(credit.amount_residual, 23.4)
        case = self.invoice("2026-05-01")
        self.assertEqual(self.charged(case), [11.7])
        self.assertEqual((case.state, credit.amount_residual), ("paid", 0))

    def test_a_credit_that_was_refunded_to_the_card_settles_no_invoice(self):
        credit = self.credit_of_april()
        charge = credit.partner_id.payment_token_ids.transaction_ids
        charge._refund(23.4)._post_process()
        case = self.invoice("2026-05-01")
        self.assertEqual(self.charged(case), [35.1])
        self.assertEqual((case.state, credit.amount_residual), ("paid", 23.4))
        first = charge.invoice_ids.managed_case_ids
        self.assertIn("Reconcile the refund", first.activity_ids.note)

    def test_a_credit_that_was_refunded_by_bank_settles_no_invoice(self):
        credit = self.credit_of_april()
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": "2026-04-20",
                "payment_ref": "Refund",
                "partner_id": self.customer.id,
                "amount": -23.4,
            }
        )
        _liquidity, suspense, _other = line._seek_for_lines()
        owed = credit.line_ids.filtered(
            lambda each: each.account_type == "asset_receivable"
        )
        suspense.account_id = owed.account_id
        self.assertEqual(self.charged(self.invoice("2026-05-01")), [35.1])
        (suspense | owed).reconcile()
        self.assertEqual(credit.amount_residual, 0)

    def test_a_credit_that_covers_all_closes_the_case(self):
        credit = self.credit_of_april(end="2026-04-01")
        self.assertEqual(credit.amount_residual, 35.1)
        case = self.invoice("2026-05-01")
        self.assertFalse(case.transaction_ids)
        self.assertEqual(case.state, "settled")
        self.assertEqual(credit.amount_residual, 0)

    def test_a_credit_that_comes_later_is_used_at_the_next_step(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-11 08:00:00"):
            self.end_line(self.subscription.line_ids, "2026-04-11")
        self.bill("2026-04-11")
        self.assertEqual(case.amount_open, 35.1)
        self.collect("2026-04-11")
        self.assertAlmostEqual(case.amount_open, 11.7)
        self.assertEqual(case.state, "open")

    def test_a_credit_is_used_before_an_announced_charge(self):
        self.policy.charge_delay_days = 3
        self.save_card()
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 08:00:00"):
            self.end_line(self.subscription.line_ids, "2026-04-02")
        self.bill("2026-04-02")
        self.collect("2026-04-04")
        self.assertEqual((case.state, self.charged(case)), ("paid", [1.17]))

    def test_a_delayed_charge_waits_for_a_credit_that_cannot_be_used(self):
        self.policy.charge_delay_days = 3
        self.save_card()
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 08:00:00"):
            self.end_line(self.subscription.line_ids, "2026-04-02")
        self.bill("2026-04-02")
        lines = type(self.env["account.move.line"])
        real = lines.reconcile

        def fails(lines):
            raise UserError(LOCKED)

        self.patch(lines, "reconcile", fails)
        self.collect("2026-04-04")
        self.assertEqual((case.error, self.charged(case)), (LOCKED, []))
        self.patch(lines, "reconcile", real)
        self.collect("2026-04-05")
        self.assertEqual(case.state, "paid")
        self.assertEqual(self.charged(case), [1.17])

    def test_a_credit_that_cannot_be_used_waits_and_nothing_is_charged(self):
        self.credit_of_april()
        lines = type(self.env["account.move.line"])
        real = lines.reconcile

        def fails(lines):
            raise UserError(LOCKED)

        self.patch(lines, "reconcile", fails)
        case = self.invoice("2026-05-01")
        self.assertEqual((case.error, self.charged(case)), (LOCKED, []))
        self.patch(lines, "reconcile", real)
        self.collect("2026-05-02")
        self.assertEqual((case.error, self.charged(case)), (False, [11.7]))

    def test_a_manual_credit_note_is_left_to_users(self):
        self.save_card()
        first = self.invoice("2026-04-01")
        with freeze_time("2026-04-11 09:00:00"):
            credit = first.move_id._reverse_moves()
            credit.action_post()
        case = self.invoice("2026-05-01")
        self.assertEqual(self.charged(case), [35.1])
        self.assertEqual(credit.amount_residual, 35.1)

    def test_no_credit_is_used_while_a_charge_is_pending(self):
        self.save_card("pending")
        case = self.invoice("2026-04-01")
        self.assertEqual(case.outcome, "pending")
        with freeze_time("2026-04-11 08:00:00"):
            self.end_line(self.subscription.line_ids, "2026-04-11")
        self.bill("2026-04-11")
        case.sudo().next_date = "2026-04-11"
        self.collect("2026-04-11")
        self.assertEqual(case.amount_open, 35.1)

    def test_credits_of_another_customer_are_not_used(self):
        credit = self.credit_of_april()
        other = self.env["res.partner"].create({"name": "Other"})
        case = self.invoice("2026-05-01", partner_id=other.id)
        self.assertEqual(case.amount_open, 35.1)
        self.assertEqual(credit.amount_residual, 23.4)
