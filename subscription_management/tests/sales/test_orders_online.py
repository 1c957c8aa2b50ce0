from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import Form, HttpCase, JsonRpcException, tagged

from odoo.addons.account_payment.tests.common import AccountPaymentCommon
from odoo.addons.http_routing.tests.common import MockRequest

from ...controllers.sale_portal import (
    SubscriptionOrderPortal,
)
from ..common import SalesCase

SIGNATURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # noqa: E501 - one white dot


class OnlineOrderCase(SalesCase):
    def quote(self, **values):
        """Return a quotation of ten seats, 70.00 a month and 81.90 with taxes."""
        return self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "require_signature": False,
                "order_line": [
                    Command.create({"product_id": self.seat.id, "product_uom_qty": 10})
                ],
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestOrdersSigned(OnlineOrderCase, HttpCase):
    def test_a_customer_without_an_account_signs_and_is_served(self):
        order = self.quote(require_signature=True)
        order.action_quotation_sent()
        self.make_jsonrpc_request(
            f"/my/orders/{order.id}/accept",
            {
                "access_token": order._portal_ensure_token(),
                "name": "Galit",
                "signature": SIGNATURE,
            },
        )
        self.assertEqual(order.state, "sale")
        subscription = order.managed_started_ids
        self.assertEqual(subscription.state, "active")
        self.assertEqual(subscription.user_id, order.user_id)
        self.assertEqual(subscription.invoice_ids.amount_total, 81.9)

    def test_a_wrong_token_cannot_sign(self):
        order = self.quote(require_signature=True)
        with self.assertRaises(JsonRpcException):
            self.make_jsonrpc_request(
                f"/my/orders/{order.id}/transaction", {"access_token": "guessed"}
            )
        self.assertFalse(order.managed_started_ids)

    def test_the_portal_page_shows_the_interval_of_each_line(self):
        order = self.quote()
        page = self.url_open(order.get_portal_url()).text
        self.assertIn("Monthly", page)
        self.assertIn("with taxes", page)


@tagged("post_install", "-at_install")
class TestOrdersPaid(AccountPaymentCommon, OnlineOrderCase):
    """Paying a quotation online; the payment settles the first invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-04-01 09:00:00"))
        cls.currency = cls.env.company.currency_id

    def pay(self, order, amount):
        transaction = self._create_transaction(
            flow="direct",
            amount=amount,
            currency_id=order.currency_id.id,
            partner_id=order.partner_invoice_id.id,
            sale_order_ids=[Command.set(order.ids)],
            state="done",
        )
        transaction._post_process()
        return transaction

    def test_an_online_payment_settles_the_first_invoice(self):
        order = self.quote(require_payment=True)
        self.assertEqual(order._get_prepayment_required_amount(), 81.9)
        self.pay(order, 81.9)
        self.assertEqual(order.state, "sale")
        invoice = order.managed_started_ids.invoice_ids
        self.assertEqual((invoice.amount_total, invoice.amount_residual), (81.9, 0))
        self.assertEqual(order.invoice_status, "no")

    def test_an_online_payment_settles_an_invoice_of_the_next_run(self):
        self.monthly.first_invoice_policy = "run"
        order = self.quote(require_payment=True)
        self.pay(order, 81.9)
        self.assertFalse(order.managed_started_ids.invoice_ids)
        self.bill("2026-04-01")
        self.assertEqual(order.managed_started_ids.invoice_ids.amount_residual, 0)

    def test_a_payment_for_a_change_settles_its_invoice(self):
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        self.bill("2026-04-01")
        with freeze_time("2026-04-16 09:00:00"):
            order = self.quote_seats(subscription, 15)
            order.write({"require_signature": False, "require_payment": True})
            self.assertEqual(order._get_prepayment_required_amount(), 20.48)
            self.pay(order, 20.48)
        april, added = subscription.invoice_ids.sorted("id")
        self.assertEqual((added.amount_total, added.amount_residual), (20.48, 0))
        self.assertEqual(april.amount_residual, 81.9)

    def quote_seats(self, subscription, quantity):
        """Return the quotation of another number of seats."""
        form = Form(
            self.env["subscription.change.wizard"].with_context(
                default_subscription_id=subscription.id
            )
        )
        with form.line_ids.edit(0) as line:
            line.quantity = quantity
        return self.env["sale.order"].browse(form.save().action_quote()["res_id"])

    def pending_payment(self, order, state):
        """Return a payment of an order that is not done."""
        transaction = self._create_transaction(
            flow="direct",
            amount=order.amount_total,
            currency_id=order.currency_id.id,
            partner_id=order.partner_invoice_id.id,
            sale_order_ids=[Command.set(order.ids)],
            state=state,
        )
        transaction._post_process()
        return transaction

    def save_card(self):
        return self._create_token(partner_id=self.customer.id)

    def test_a_pending_payment_of_the_order_prevents_a_charge(self):
        order = self.quote(require_payment=True)
        transaction = self.pending_payment(order, "pending")
        order.action_confirm()
        invoice = order.managed_started_ids.invoice_ids
        self.assertEqual(transaction.invoice_ids, invoice)
        self.save_card()
        self.run_action("ir_cron_collect", "2026-04-02")
        self.assertTrue(invoice.managed_case_ids)
        self.assertFalse(invoice.managed_case_ids.transaction_ids)
        transaction._set_done()
        transaction._post_process()
        self.assertEqual(invoice.managed_case_ids.state, "paid")

    def test_a_pending_payment_does_not_cover_a_later_invoice(self):
        order = self.quote(require_payment=True)
        transaction = self.pending_payment(order, "pending")
        order.action_confirm()
        first = order.managed_started_ids.invoice_ids
        self.bill("2026-05-01")
        self.assertEqual(len(order.managed_started_ids.invoice_ids), 2)
        self.assertEqual(transaction.invoice_ids, first)

    def test_a_later_capture_settles_the_first_invoice(self):
        self.provider.code = "demo"
        self.provider.capture_manually = True
        order = self.quote(require_payment=True)
        transaction = self.pending_payment(order, "authorized")
        invoice = order.managed_started_ids.invoice_ids
        self.assertEqual(transaction.invoice_ids, invoice)
        self.save_card()
        self.run_action("ir_cron_collect", "2026-04-02")
        self.assertFalse(invoice.managed_case_ids.transaction_ids)
        child = transaction._create_child_transaction(transaction.amount)
        child._set_done()
        for each in (child, transaction):
            each._post_process()
        self.assertEqual(transaction.state, "done")
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(invoice.managed_case_ids.state, "paid")

    def test_a_stub_period_is_paid_prorated(self):
        plan = self._make_plan(
            "First", "month", Seat=7, anchor_kind="calendar", anchor_day=1
        )
        with freeze_time("2026-04-16 09:00:00"):
            order = self.quote(require_payment=True)
            order.order_line.managed_plan_id = plan
            due = order._due_now()
            self.assertEqual(due, 40.95)
            with MockRequest(self.env):
                asked = SubscriptionOrderPortal()._get_payment_values(order)
            self.assertEqual(asked["amount"], due)
            self.pay(order, due)
            invoice = order.managed_started_ids.invoice_ids
        self.assertEqual((invoice.amount_total, invoice.amount_residual), (40.95, 0))

    def test_a_trial_asks_for_no_payment(self):
        self.monthly.trial_days = 14
        order = self.quote(require_payment=True, require_signature=True)
        self.assertFalse(order._has_to_be_paid())
        self.assertTrue(order._has_to_be_signed())

    def test_automatic_invoices_leave_the_first_period_to_the_subscription(self):
        self.env["ir.config_parameter"].sudo().set_param("sale.automatic_invoice", True)
        plan = self._make_plan(
            "First", "month", Seat=7, anchor_kind="calendar", anchor_day=1
        )
        router = self._make_product("Router", 80)
        router.type = "consu"
        with freeze_time("2026-04-16 09:00:00"):
            order = self.quote(require_payment=True)
            order.order_line.managed_plan_id = plan
            order.order_line = [Command.create({"product_id": router.id})]
            transaction = self.pay(order, order._due_now())
            first = order.managed_started_ids.invoice_ids
        self.assertEqual(first.amount_total, 40.95)
        self.assertEqual(order.invoice_ids.amount_total, 93.6)
        self.assertEqual(transaction.invoice_ids, first | order.invoice_ids)
        both = first | order.invoice_ids
        self.assertEqual(both.mapped("amount_residual"), [0, 0])
