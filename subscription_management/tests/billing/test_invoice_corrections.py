from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestInvoiceCorrections(SubscriptionCase):
    """A cancelled or deleted invoice releases its period; a credited one does not."""

    def setUp(self):
        super().setUp()
        self.subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.invoice = self.subscription.invoice_ids

    def test_a_deleted_draft_is_billed_again(self):
        self.invoice.button_draft()
        self.invoice.with_context(force_delete=True).unlink()
        self.assertEqual(self.subscription.next_billing_date.isoformat(), "2026-04-01")
        self.bill("2026-04-02")
        self.assert_invoice_lines(
            self.subscription, [("2026-04-01/2026-05-01", "Basic", "30.00")]
        )

    def test_a_deleted_line_is_billed_again(self):
        self.invoice.button_draft()
        self.invoice.invoice_line_ids = [
            Command.delete(self.invoice.invoice_line_ids.id),
            Command.create({"name": "Something else", "price_unit": 1}),
        ]
        self.bill("2026-04-02")
        self.assertEqual(self.subscription.billed_period_ids.move_id.amount_untaxed, 30)

    def test_a_cancelled_invoice_is_billed_again(self):
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.assertFalse(self.subscription.billed_period_ids)
        self.bill("2026-04-02")
        self.assertEqual(self.subscription.invoice_count, 2)
        self.assert_invoice_lines(
            self.subscription, [("2026-04-01/2026-05-01", "Basic", "30.00")]
        )

    def test_a_reopened_invoice_reclaims_its_period(self):
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.invoice.button_draft()
        self.invoice.action_post()
        self.bill("2026-04-02")
        self.assertEqual(self.subscription.invoice_ids, self.invoice)

    def test_a_cancelled_invoice_cannot_be_reopened_once_billed_again(self):
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.bill("2026-04-02")
        with self.assertRaisesRegex(UserError, "has been billed on"):
            self.invoice.button_draft()

    def test_an_invoice_that_is_reset_to_draft_keeps_its_period(self):
        self.invoice.button_draft()
        self.bill("2026-04-02")
        self.assertEqual(self.subscription.invoice_ids, self.invoice)

    def test_a_credited_invoice_is_not_billed_again(self):
        self._credit(self.invoice)
        self.bill("2026-04-02")
        self.assertEqual(
            self.subscription.billed_period_ids.mapped("amount"), [-30, 30]
        )
        self.assertEqual(self.subscription.next_billing_date.isoformat(), "2026-05-01")

    def test_a_credited_period_is_not_credited_a_second_time(self):
        self._credit(self.invoice)
        self.cancel(self.subscription, self.subscription.date_start)
        self.bill("2026-04-02")
        refunds = self.subscription.invoice_ids.filtered(
            lambda move: move.move_type == "out_refund"
        )
        self.assertEqual(len(refunds), 1)

    def test_the_replacement_of_a_credited_invoice_charges_its_period_again(self):
        wizard = self._reversal(self.invoice)
        replacement = self.env["account.move"].browse(wizard.modify_moves()["res_id"])
        replacement.action_post()
        self.assertEqual(sum(self.subscription.billed_period_ids.mapped("amount")), 30)
        self.cancel(self.subscription, date(2026, 4, 11))
        self.bill("2026-04-11")
        # 20 of 30 days were paid for and are not served.
        credit = self.subscription.invoice_ids.sorted("id")[-1]
        self.assertEqual(credit.move_type, "out_refund")
        self.assertEqual(credit.amount_untaxed, 20)

    def test_a_corrected_credit_note_counts_with_its_new_amount(self):
        refund = self._credit(self.invoice)
        refund.button_draft()
        refund.invoice_line_ids.price_unit = 12
        refund.action_post()
        credit = self.subscription.billed_period_ids.filtered("credited_period_id")
        self.assertEqual(credit.mapped("amount"), [-12])

    def test_a_cancelled_credit_note_does_not_count(self):
        refund = self._credit(self.invoice)
        refund.button_draft()
        refund.button_cancel()
        self.cancel(self.subscription, self.subscription.date_start)
        self.bill("2026-04-02")
        self.assertEqual(sum(self.subscription.billed_period_ids.mapped("amount")), 0.0)

    def test_invoice_and_subscription_lead_to_each_other(self):
        self.assertEqual(self.invoice.managed_subscription_ids, self.subscription)
        action = self.invoice.action_view_managed_subscriptions()
        self.assertEqual(action["res_id"], self.subscription.id)
        self.assertEqual(
            self.subscription.action_view_invoices()["res_id"], self.invoice.id
        )

    def _reversal(self, invoice):
        return (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": "2026-04-02"})
        )

    def _credit(self, invoice):
        wizard = self._reversal(invoice)
        refund = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        refund.action_post()
        return refund
