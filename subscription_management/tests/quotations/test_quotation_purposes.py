from odoo.exceptions import UserError
from odoo.tests import tagged

from ...models.quotations.change import ChangeQuotation
from .change_quotation_case import ChangeQuotationCase


class BlockedChange(ChangeQuotation):
    def mismatch_reason(self):
        return "Changes are blocked until the audit is over."


@tagged("post_install", "-at_install")
class TestQuotationPurposes(ChangeQuotationCase):
    def test_an_addon_adds_the_strategy_of_a_purpose(self):
        orders = type(self.env["sale.order"])
        purposes = {**self.env["sale.order"]._purposes(), "change": BlockedChange}
        order = self.quote_seats(15)
        self.assertFalse(order.managed_confirmation_error)
        self.patch(orders, "_purposes", lambda _orders: purposes)
        with self.assertRaisesRegex(UserError, "blocked until the audit"):
            order.action_confirm()
        self.assertEqual(self.subscription.line_ids.quantity, 10)
