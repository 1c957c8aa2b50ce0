"""The amount due by a random quotation equals the invoices of its day."""

from random import Random

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..common import QuotedTermCase, SalesCase


@tagged("post_install", "-at_install")
class TestDueByQuotation(SalesCase):
    """Random quotations of the 16th of April, each with its own seed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-04-16 09:00:00"))
        cls.fee = cls._make_product("Set-up", 120)
        cls.support = cls._make_product("Support", 0)
        cls.first = cls._make_plan(
            "First", "month", Seat=8, Basic=31, anchor_kind="day_of_month", anchor_day=1
        )
        cls.after = cls._make_plan("After", "month", Seat=9, timing="in_arrears")
        cls.weekly = cls._make_plan("Weekly", "week", Seat=2.5, trial_days=3)
        cls.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": cls.support.id,
                    "pricing_model": "percent_of_total",
                    "percent": 10,
                }
            )
        ]

    def random_line(self, random):
        """Return the values of a random order line."""
        product, plans = random.choice(
            [
                (
                    self.seat,
                    self.monthly + self.yearly + self.first + self.after + self.weekly,
                ),
                (self.basic, self.monthly + self.yearly + self.first),
                (self.support, self.monthly),
                (self.fee, self.env["subscription.plan"]),
            ]
        )
        values = {
            "product_id": product.id,
            "product_uom_qty": 1 if product == self.support else random.randint(1, 12),
            "managed_plan_id": plans and random.choice(plans.ids),
        }
        if random.random() < 0.4:
            values["discount"] = random.choice([5, 12.5, 33, 100])
        if product != self.support and random.random() < 0.4:
            values["price_unit"] = random.choice([0, 3.33, 17, 250])
        return values

    def test_new_subscriptions_invoice_the_amount_due_now(self):
        for number in range(25):
            random = Random(number)
            lines = [self.random_line(random) for _each in range(random.randint(1, 4))]
            with self.subTest(number=number, lines=lines):
                order = self.env["sale.order"].create(
                    {
                        "partner_id": self.customer.id,
                        "order_line": [Command.create(values) for values in lines],
                    }
                )
                due, monthly = order._due_now(), order.managed_monthly_amount
                order.action_confirm()
                begun = order.managed_started_ids
                served = sum(begun.line_ids.mapped("monthly_amount"))
                self.assertAlmostEqual(monthly, served, 1)
                invoices = begun.invoice_ids
                invoiced = sum(invoices.mapped("amount_total"))
                by_order = order.order_line.filtered("qty_to_invoice")
                invoiced += sum(by_order.mapped("price_total"))
                self.assertAlmostEqual(due, invoiced, 2)

    def test_changes_invoice_the_amount_due_now(self):
        for number in range(25):
            random = Random(number)
            with self.subTest(number=number):
                subscription = self.subscribe(
                    self.seat,
                    self.basic,
                    on="2026-04-01",
                    quantity=10,
                    plan=random.choice(self.monthly + self.yearly),
                )
                self.bill("2026-04-16")
                before = subscription.invoice_ids
                order = self.quotation_of_a_change(subscription, random)
                due = order._due_now()
                [(_interval, each_period)] = order._totals_by_time()["after"]
                order.action_confirm()
                invoices = subscription.invoice_ids - before
                self.assertAlmostEqual(
                    due, sum(invoices.mapped("amount_total_in_currency_signed")), 2
                )
                known = subscription.invoice_ids
                self.bill(subscription.line_ids[0]._next_period_start())
                following = subscription.invoice_ids - known
                self.assertAlmostEqual(each_period, following.amount_untaxed, 2)

    def quotation_of_a_change(self, subscription, random):
        """Return a quotation of another quantity, added products and prices."""
        form = Form(
            self.env["subscription.change.wizard"].with_context(
                default_subscription_id=subscription.id
            )
        )
        with form.line_ids.edit(0) as line:
            line.quantity = random.choice([0.5, 4, 11, 30])
            if random.random() < 0.3:
                line.price = 6.6
        if random.random() < 0.5:
            with form.line_ids.edit(1) as line:
                line.is_removed = True
        if random.random() < 0.5:
            with form.line_ids.new() as line:
                line.product_id = random.choice(self.fee + self.basic)
                line.quantity = random.randint(1, 3)
        order = self.env["sale.order"].browse(form.save().action_quote()["res_id"])
        joining = order.order_line.filtered(
            lambda line: not line.display_type and not line.managed_line_id
        )
        for line in joining:
            line.discount = random.choice([0, 12.5])
            line.price_unit = random.choice([line.price_unit, 17])
        return order


@tagged("post_install", "-at_install")
class TestRenewedAsQuoted(QuotedTermCase):
    """Random renewal quotations of Basic and ten seats, a term's first invoice each."""

    def test_the_first_invoice_of_the_term_has_the_quoted_amount(self):
        self.env.company.tax_calculation_rounding_method = "round_per_line"
        for number in range(12):
            random = Random(number)
            with self.subTest(number=number):
                subscription = self.subscribe_for_a_year(
                    self.basic, self.seat, quantity=10
                )
                self.run_action("ir_cron_renew", "2027-03-10")
                order = subscription.quotation_ids
                for line in order.order_line:
                    line.discount = random.choice([0, 0, 12.5, 100])
                    line.price_unit = random.choice([line.price_unit, 3.33, 17])
                seats = order.order_line[1]
                seats.product_uom_qty = random.choice([0.5, 10, 13])
                with freeze_time("2027-03-20 09:00:00"):
                    order.action_confirm()
                known = subscription.invoice_ids
                self.bill("2027-04-01")
                invoices = subscription.invoice_ids - known
                self.assertAlmostEqual(
                    order.amount_untaxed, sum(invoices.mapped("amount_untaxed")), 2
                )


@tagged("post_install", "-at_install")
class TestEditedPrices(SalesCase):
    """Basic at 30.00 a month whatever its quantity, seats at 7.00 each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-04-01 09:00:00"))
        cls.dozen = cls.env.ref("uom.product_uom_dozen")

    def order_of(self, product, **values):
        line = Command.create({"product_id": product.id, **values})
        return self.env["sale.order"].create(
            {"partner_id": self.customer.id, "order_line": [line]}
        )

    def billed_by(self, order):
        order.action_confirm()
        return order.managed_started_ids.billed_period_ids.amount

    def test_an_edited_flat_price_applies_to_all_units(self):
        order = self.order_of(self.basic, product_uom_qty=3, price_unit=17)
        self.assertEqual(order.amount_untaxed, 51)
        self.assertEqual(self.billed_by(order), 51)

    def test_an_edited_price_per_dozen_applies_to_a_dozen(self):
        self.seat.uom_ids = self.dozen
        order = self.order_of(
            self.seat,
            product_uom_qty=2,
            product_uom_id=self.dozen.id,
            price_unit=80,
        )
        self.assertEqual(order.amount_untaxed, 160)
        self.assertEqual(self.billed_by(order), 160)

    def test_a_fee_per_dozen_is_charged_per_dozen(self):
        fee = self._make_product("Badge", 2)
        fee.uom_ids = self.dozen
        order = self.order_of(self.seat)
        badges = {
            "product_id": fee.id,
            "product_uom_qty": 1,
            "product_uom_id": self.dozen.id,
        }
        order.order_line = [Command.create(badges)]
        self.assertEqual(order.order_line.mapped("price_subtotal"), [7, 24])
        order.action_confirm()
        billed = order.managed_started_ids.billed_period_ids
        self.assertEqual(sorted(billed.mapped("amount")), [7, 24])

    def test_a_price_with_a_minimum_cannot_be_edited(self):
        self.monthly.pricing_rule_ids[1].minimum_amount = 20
        order = self.order_of(self.seat, product_uom_qty=10)
        order.order_line.price_unit = 5
        with self.assertRaisesRegex(UserError, "or limits; enter a discount"):
            order.action_confirm()
