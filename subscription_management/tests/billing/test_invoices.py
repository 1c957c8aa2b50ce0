"""The invoices of a subscription: overdue amount, origin and planner."""

from freezegun import freeze_time

from ..common import SubscriptionCase, tagged


@tagged("post_install", "-at_install")
class TestOverdueAmount(SubscriptionCase):
    """Basic 30.00 and a seat at 7.00 a month, 17 % VAT on top."""

    def setUp(self):
        super().setUp()
        immediate = self.env.ref("account.account_payment_term_immediate")
        self.customer.property_payment_term_id = immediate

    @freeze_time("2026-04-10 09:00:00")
    def test_an_unpaid_invoice_is_overdue_from_the_day_after_its_due_date(self):
        subscription = self.subscribe(on="2026-04-09")
        self.bill("2026-04-09")
        self.assertEqual(subscription.overdue_amount, 35.10)
        with freeze_time("2026-04-09 09:00:00"):
            subscription.invalidate_recordset(["overdue_amount"])
            self.assertEqual(subscription.overdue_amount, 0.0)

    @freeze_time("2026-05-10 09:00:00")
    def test_an_open_credit_note_is_not_overdue(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.pay(subscription.invoice_ids)
        self.end_line(subscription.line_ids, "2026-04-11")
        self.bill("2026-04-11")
        credit = subscription.invoice_ids.filtered(
            lambda move: move.move_type == "out_refund"
        )
        self.assertEqual(credit.amount_residual, 23.40)
        self.assertEqual(subscription.overdue_amount, 0.0)
        self.assertNotIn(subscription, self.with_overdue_invoices())

    @freeze_time("2026-05-10 09:00:00")
    def test_a_shared_invoice_is_overdue_by_the_part_of_each_subscription(self):
        self.customer.shares_subscription_invoices = True
        basic = self.subscribe(self.basic, on="2026-04-01")
        seat = self.subscribe(self.seat, on="2026-04-01")
        self.bill("2026-04-01")
        [invoice] = (basic | seat).invoice_ids
        self.assertEqual(invoice.amount_residual, 43.29)
        self.assertEqual(basic.overdue_amount, 35.10)
        self.assertEqual(seat.overdue_amount, 8.19)
        self.pay(invoice, 20.00)
        (basic | seat).invalidate_recordset(["overdue_amount"])
        self.assertEqual(basic.overdue_amount, 18.88)
        self.assertEqual(seat.overdue_amount, 4.41)
        self.assertEqual(self.with_overdue_invoices(), basic | seat)

    @freeze_time("2026-05-10 09:00:00")
    def test_a_credit_on_a_shared_invoice_leaves_its_whole_amount_to_the_others(self):
        self.customer.shares_subscription_invoices = True
        basic = self.subscribe(self.basic, on="2026-04-01")
        seat = self.subscribe(self.seat, on="2026-04-01", quantity=2)
        self.bill("2026-04-01")
        self.pay((basic | seat).invoice_ids)
        self.end_line(seat.line_ids, "2026-04-16")
        self.bill("2026-05-01")
        [invoice] = basic.invoice_ids.filtered("amount_residual")
        self.assertEqual(seat.invoice_ids & invoice, invoice)
        self.assertEqual(invoice.amount_residual, 26.91)  # (30.00 − 7.00) × 1.17
        self.assertEqual(basic.overdue_amount, 26.91)
        self.assertEqual(seat.overdue_amount, 0.0)
        self.assertEqual(self.with_overdue_invoices(), basic)

    def with_overdue_invoices(self):
        return self.env["subscription.subscription"].search(
            [("overdue_amount", ">", 0), ("partner_id", "=", self.customer.id)]
        )

    def pay(self, invoice, amount=None):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create(
            {"amount": amount or invoice.amount_residual, "payment_date": "2026-05-01"}
        )._create_payments()


@tagged("post_install", "-at_install")
class TestInvoiceOrigin(SubscriptionCase):
    def test_the_origin_names_each_subscription_whose_number_begins_another(self):
        self.customer.shares_subscription_invoices = True
        longer = self.subscribe(on="2026-04-01", name="SUB100001")
        shorter = self.subscribe(on="2026-04-01", name="SUB10000")
        self.bill("2026-04-01")
        self.assertEqual(
            (longer | shorter).invoice_ids.invoice_origin, "SUB100001, SUB10000"
        )

    def test_the_origin_names_a_subscription_once_for_all_its_lines(self):
        subscription = self.subscribe(self.basic, self.seat, on="2026-04-01")
        self.bill("2026-04-01")
        self.assertEqual(subscription.invoice_ids.invoice_origin, subscription.name)


@tagged("post_install", "-at_install")
class TestInvoicePlanner(SubscriptionCase):
    """Upcoming invoices equal the billed ones, and asking for them writes nothing."""

    def planned(self, subscription, day):
        return subscription._invoice_planner().due_on(self.day(day))

    def assert_planned_as_billed(self, subscription, day):
        moves = self.env["account.move"]
        known = moves.search([])
        [planned] = self.planned(subscription, day)
        self.assertEqual(moves.search([]), known)
        before = subscription.invoice_ids
        self.bill(day)
        [billed] = subscription.invoice_ids - before
        self.assertEqual(planned.total, billed.amount_total_in_currency_signed)
        self.assertEqual(planned.is_credit_note, billed.move_type == "out_refund")
        self.assertEqual(
            [(line.name, line.amount) for line in planned.lines],
            billed.invoice_line_ids.mapped(
                lambda each: (each.name, each.price_subtotal)
            ),
        )

    def test_an_upcoming_invoice_has_the_lines_and_total_of_the_billed_one(self):
        subscription = self.subscribe(self.basic, self.seat, on="2026-04-01")
        self.assert_planned_as_billed(subscription, "2026-04-01")

    def test_an_upcoming_credit_note_has_a_negative_total(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.end_line(subscription.line_ids, "2026-04-11")
        [planned] = self.planned(subscription, "2026-04-11")
        self.assertEqual(planned.total, -23.40)
        self.assert_planned_as_billed(subscription, "2026-04-11")

    def test_a_planned_change_has_the_taxes_of_its_later_invoice(self):
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        self.bill("2026-04-01")
        with freeze_time("2026-04-16 09:00:00"):
            form = self.env["subscription.change.wizard"].with_context(
                default_subscription_id=subscription.id
            )
            wizard = form.create({"date_effective": "2026-04-16"})
            wizard.line_ids.quantity = 10
            [first, *_later] = subscription._invoice_planner().after(wizard._plan())
            self.assertEqual(first.day, self.day("2026-04-16"))
            self.assertEqual(first.untaxed, 17.50)
            self.assertEqual(first.total, 20.48)
            wizard.action_confirm()
            self.bill("2026-04-16")
        newest = subscription.invoice_ids.sorted("id")[-1]
        self.assertEqual(newest.amount_total, 20.48)

    def test_nothing_due_plans_no_invoice(self):
        subscription = self.subscribe(on="2026-04-01")
        self.assertEqual(self.planned(subscription, "2026-03-31"), [])

    def test_the_next_invoice_is_the_one_of_the_next_billing_date(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        [planned] = subscription._invoice_planner().next_invoices()
        self.assertEqual(planned.day, self.day("2026-05-01"))
        self.assertEqual(planned.total, 35.10)
