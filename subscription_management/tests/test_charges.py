"""Saved payment methods are charged after their invoices are posted."""

from odoo.tests import tagged

from .dunning_case import DunningCase


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
