from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .change_quotation_case import ChangeQuotationCase


@tagged("post_install", "-at_install")
class TestCancellationQuotations(ChangeQuotationCase):
    """The customer agrees to a cancellation by a quotation."""

    def quote_cancellation(self):
        """Return the quotation of a cancellation at the end of April."""
        reason = self.env["subscription.cancellation.reason"].search([], limit=1)
        wizard = self.env["subscription.cancel.wizard"].create(
            {
                "subscription_id": self.subscription.id,
                "when": "billed_period_end",
                "cancellation_reason_id": reason.id,
            }
        )
        return self.env["sale.order"].browse(wizard.action_quote()["res_id"])

    def test_a_cancellation_quotation_starts_no_service(self):
        order = self.quote_cancellation()
        with Form(order) as form, form.order_line.new() as line:
            line.product_id = self.basic
        self.assertIn(
            "cannot start a service: remove Basic", order.managed_confirmation_error
        )
        with self.assertRaisesRegex(UserError, "cannot start a service"):
            order.action_confirm()
        self.assertFalse(self.subscription.date_end)
        order.order_line[1].unlink()
        order.action_confirm()
        self.assertEqual(self.subscription.date_end, self.day("2026-05-01"))

    def test_a_cancellation_fee_is_due_now_and_invoiced_by_the_order(self):
        order, fee = self.quote_cancellation(), self._make_product("Dismantling", 100)
        with Form(order) as form, form.order_line.new() as line:
            line.product_id = fee
        self.assertEqual(order._totals_by_time()["now"], 117)  # and 17 %
        order.action_confirm()
        self.assertEqual(order._create_invoices().amount_untaxed, 100)

    def test_a_signed_cancellation_quotation_cancels_and_can_be_undone(self):
        order = self.quote_cancellation()
        reason = order.managed_cancellation_reason_id
        self.assertEqual(self.shown(order), [("removed", "Seat", -10, 7)])
        totals = order._totals_by_time()
        self.assertEqual((totals["after"], totals["now"]), ([], 0))
        self.assertFalse(self.subscription.date_end)
        order.signed_by = "Dana Galil"
        order.action_confirm()
        self.assertEqual(self.subscription.date_end, self.day("2026-05-01"))
        change = order.managed_change_id
        self.assertEqual(change.cancellation_reason_id, reason)
        self.assertIn("Dana Galil", change.reason)
        order.action_cancel()
        self.assertFalse(self.subscription.date_end)
