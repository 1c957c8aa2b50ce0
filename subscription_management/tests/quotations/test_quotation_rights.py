from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .change_quotation_case import ChangeQuotationCase

READER = (
    "sales_team.group_sale_salesman_all_leads,"
    "subscription_management.group_subscription_user,"
    "account.group_account_readonly"
)
"""Reads all subscriptions and writes all orders, but writes own subscriptions only."""


@tagged("post_install", "-at_install")
class TestQuotationRights(ChangeQuotationCase):
    """Public methods of quotations check the state and the rights of the user."""

    def setUp(self):
        super().setUp()
        self.colleague = new_test_user(
            self.env,
            "colleague",
            "sales_team.group_sale_salesman,"
            "subscription_management.group_subscription_user",
        )
        self.reader = new_test_user(self.env, "reader", READER)
        self.subscription.user_id = self.colleague
        self.order = self.quote_seats(15)

    def outdate(self):
        """Change the subscription, so that an update would rewrite the quotation."""
        self.quote_seats(30).action_confirm()
        self.order.order_line.price_unit = 5

    def test_a_reader_of_the_subscription_cannot_update_its_quotation(self):
        self.outdate()
        subscription = self.subscription.with_user(self.reader)
        self.assertEqual(subscription.name, self.subscription.name)
        with self.assertRaises(AccessError):
            subscription.check_access("write")
        with self.assertRaises(AccessError):
            self.order.with_user(self.reader).action_update_quotation()
        self.assertTrue(self.order.managed_confirmation_error)
        self.assertEqual(self.order.order_line.price_unit, 5)

    def test_a_reader_of_the_subscription_cannot_mark_its_quotation_as_current(self):
        self.outdate()
        latest = self.subscription.change_ids.sorted("id")[-1]
        with self.assertRaises(AccessError):
            self.order.with_user(self.reader).managed_base_change_id = latest
        self.assertTrue(self.order.managed_confirmation_error)

    def test_a_user_who_cannot_write_the_order_cannot_update_it(self):
        self.outdate()
        self.order.user_id = self.reader
        self.assertTrue(self.subscription.with_user(self.colleague).has_access("write"))
        with self.assertRaises(AccessError):
            self.order.with_user(self.colleague).action_update_quotation()

    def test_the_responsible_salesperson_updates_the_quotation(self):
        self.outdate()
        self.assertEqual(self.order.user_id, self.colleague)
        self.order.with_user(self.colleague).action_update_quotation()
        self.assertFalse(self.order.managed_confirmation_error)

    def test_a_salesperson_without_subscriptions_cannot_update_a_quotation(self):
        seller = new_test_user(
            self.env, "seller", "sales_team.group_sale_salesman_all_leads"
        )
        with self.assertRaises(AccessError):
            self.order.with_user(seller).action_update_quotation()

    def test_a_confirmed_order_cannot_be_updated(self):
        self.order.action_confirm()
        with self.assertRaisesRegex(UserError, "not an open quotation; make a new"):
            self.order.action_update_quotation()
        self.assertEqual(self.shown(self.order), [("quantity", "Seat", 5, 7)])

    def test_an_order_without_a_subscription_cannot_be_updated(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "order_line": [Command.create({"product_id": self.seat.id})],
            }
        )
        with self.assertRaisesRegex(UserError, "use Update Prices instead"):
            order.action_update_quotation()

    def test_a_reader_cannot_quote(self):
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        subscription = self.subscribe(self.seat, on="2026-04-01")
        subscription.user_id = self.colleague
        for name in (
            "action_quote_change",
            "action_quote_cancellation",
            "action_quote_renewal",
        ):
            with self.subTest(name), self.assertRaises(AccessError):
                getattr(subscription.with_user(self.reader), name)()

    def test_a_draft_cannot_be_quoted(self):
        draft = self.subscribe(self.seat, on="2026-04-01", start=False)
        for name in ("action_quote_change", "action_quote_cancellation"):
            with self.subTest(name), self.assertRaisesRegex(UserError, "not active"):
                getattr(draft, name)()
        with self.assertRaisesRegex(UserError, "no term to renew"):
            draft.action_quote_renewal()

    def test_a_reader_cannot_cancel_an_order_that_changed_the_subscription(self):
        order = self.quote_seats(20, date_effective="2026-05-01")
        order.action_confirm()
        with self.assertRaises(AccessError):
            order.with_user(self.reader).action_cancel()
        self.assertFalse(order.managed_change_id.undone_by_ids)
