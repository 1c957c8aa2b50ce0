from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..common import SalesCase


@tagged("post_install", "-at_install")
class TestOrders(SalesCase):
    """Basic at 30.00 and seats at 7.00 a month, 300.00 and 70.00 a year."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref(
            "sale_management.group_sale_order_template"
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-04-01 09:00:00"))
        cls.setup_fee = cls._make_product("Set-up", 120)

    def order(self, *lines, **values):
        """Return a quotation of (product, quantity, values) lines."""
        return self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                **values,
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            **(rest[0] if rest else {}),
                        }
                    )
                    for product, quantity, *rest in lines
                ],
            }
        )

    def test_a_product_with_a_price_on_a_plan_is_sold_on_it(self):
        order = self.order((self.seat, 10))
        line = order.order_line
        self.assertEqual(line.managed_plan_id, self.monthly)
        self.assertEqual((line.price_unit, line.price_subtotal), (7, 70))
        self.assertEqual(line.managed_monthly_amount, 70)
        self.assertIs(order.managed_confirmation_error, False)

    def test_another_plan_has_another_price(self):
        order = self.order((self.seat, 10))
        with Form(order) as form, form.order_line.edit(0) as line:
            line.managed_plan_id = self.yearly
        self.assertEqual(order.order_line.price_subtotal, 700)
        self.assertAlmostEqual(order.order_line.managed_monthly_amount, 58.33)

    def test_an_order_starts_a_subscription_with_its_first_invoice(self):
        order = self.order((self.seat, 10), (self.setup_fee, 1))
        order.action_confirm()
        subscription = order.managed_started_ids
        self.assertEqual(subscription.state, "active")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Seat", "70.00"),
                ("2026-04-01/2026-04-02", "Set-up", "120.00"),
            ],
        )
        self.assertEqual(subscription.invoice_count, 1)
        self.assertEqual(order.invoice_status, "no")
        self.assertFalse(order.order_line.filtered("qty_to_invoice"))

    def test_totals_show_one_time_due_and_recurring_amounts(self):
        order = self.order(
            (self.seat, 10),
            (self.basic, 1, {"managed_plan_id": self.yearly.id}),
            (self.setup_fee, 1),
        )
        totals = order._totals_by_time()
        self.assertEqual(totals["once"], (120, 140.4))
        self.assertEqual(
            totals["recurring"], [("Monthly", 70, 81.9), ("Yearly", 300, 351)]
        )
        self.assertEqual(totals["monthly"], 95)
        self.assertEqual(totals["now"], 140.4 + 81.9 + 351)
        for text in ("120.00", "70.00", "300.00", "95.00", "573.30"):
            self.assertIn(text, order.managed_totals)

    def test_the_amount_due_now_is_that_of_the_first_invoice(self):
        for plan in (
            self._make_plan(
                "16th", "month", Seat=7, anchor_kind="day_of_month", anchor_day=16
            ),
            self._make_plan("After", "month", Seat=7, timing="in_arrears"),
        ):
            with self.subTest(plan.name):
                order = self.order(
                    (self.seat, 10, {"managed_plan_id": plan.id}), (self.setup_fee, 1)
                )
                due = order._due_now()
                order.action_confirm()
                invoices = order.managed_started_ids.invoice_ids
                self.assertEqual(due, sum(invoices.mapped("amount_total")))
                self.assertGreater(due, 140)

    def test_nothing_is_due_before_a_trial_ends(self):
        self.monthly.trial_days = 14
        order = self.order((self.seat, 10), (self.setup_fee, 1))
        self.assertEqual(order._due_now(), 0)
        order.action_confirm()
        self.assertEqual(order.managed_started_ids.state, "trial")
        self.assertFalse(order.managed_started_ids.invoice_ids)

    def test_a_plan_has_one_time_prices(self):
        self.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": self.setup_fee.id,
                    "pricing_model": "flat",
                    "price": 99,
                    "is_charged_once": True,
                }
            )
        ]
        order = self.order((self.seat, 10), (self.setup_fee, 1))
        fee = order.order_line[1]
        self.assertEqual((fee.managed_plan_id, fee.price_unit), (self.monthly, 99))
        self.assertEqual(
            (fee.managed_monthly_amount, fee.managed_interval_label), (0, False)
        )
        self.assertEqual(order._totals_by_time()["once"][0], 99)
        order.action_confirm()
        lines = order.managed_started_ids.line_ids
        self.assertEqual(lines.mapped("kind"), ["recurring", "one_off"])

    def test_a_contracted_price_is_the_price_of_the_order(self):
        self.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": self.seat.id,
                    "price": 5,
                    "partner_id": self.customer.id,
                }
            )
        ]
        order = self.order((self.seat, 10))
        self.assertEqual(order.order_line.price_subtotal, 50)
        order.partner_id = self.env["res.partner"].create({"name": "Negev Solar"})
        self.assertEqual(order.order_line.price_subtotal, 70)

    def test_tiers_are_priced_by_the_quantity(self):
        self.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": self.setup_fee.id,
                    "pricing_model": "graduated",
                    "tier_ids": [
                        Command.create({"up_to": 5, "unit_price": 10}),
                        Command.create({"unit_price": 8}),
                    ],
                }
            )
        ]
        order = self.order((self.setup_fee, 7))
        line = order.order_line
        self.assertEqual(line.price_subtotal, 66)
        line.product_uom_qty = 5
        self.assertEqual(line.price_subtotal, 50)
        line.price_unit = 9
        with self.assertRaisesRegex(UserError, "discount in percent"):
            order.action_confirm()
        line.price_unit = line.technical_price_unit
        line.discount = 10
        order.action_confirm()
        subscription = order.managed_started_ids
        self.assertEqual(subscription.line_ids.period_amount, 45)
        self.assertEqual(sum(subscription.billed_period_ids.mapped("amount")), 45)

    def test_a_percent_of_the_total_follows_the_other_lines(self):
        support = self._make_product("Support", 0)
        self.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": support.id,
                    "pricing_model": "percent_of_total",
                    "percent": 10,
                }
            )
        ]
        order = self.order((self.seat, 10), (support, 1))
        seats, share = order.order_line
        self.assertEqual(share.price_subtotal, 7)
        seats.product_uom_qty = 20
        self.assertEqual(share.price_subtotal, 14)
        seats.discount = 50
        self.assertEqual(share.price_subtotal, 7)
        seats.price_unit = 6
        self.assertEqual(share.price_subtotal, 6)
        order.action_confirm()
        billed = order.managed_started_ids.billed_period_ids
        self.assertEqual(sorted(billed.mapped("amount")), [6, 60])

    def test_a_percentage_discount_on_the_order_applies_to_each_period(self):
        order = self.order((self.seat, 10), (self.setup_fee, 1))
        self.discount_order(order, discount_type="so_discount", discount_percentage=0.1)
        self.assertEqual(order.order_line.mapped("price_subtotal"), [63, 108])
        due = order._due_now()
        order.action_confirm()
        subscription = order.managed_started_ids
        self.assertEqual(subscription.invoice_ids.amount_total, due)
        self.assertFalse(order.order_line.filtered("qty_to_invoice"))
        self.bill("2026-05-01")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Seat", "63.00"),
                ("2026-04-01/2026-04-02", "Set-up", "108.00"),
                ("2026-05-01/2026-06-01", "Seat", "63.00"),
            ],
        )

    def test_a_fixed_discount_on_an_order_of_plans_is_refused(self):
        order = self.order((self.seat, 10))
        with self.assertRaisesRegex(UserError, "give a percentage"):
            self.discount_order(order, discount_type="amount", discount_amount=5)
        self.assertEqual(len(order.order_line), 1)

    def test_an_order_of_goods_alone_has_the_discounts_of_the_host(self):
        order = self.order((self.setup_fee, 1))
        self.discount_order(order, discount_type="so_discount", discount_percentage=0.1)
        self.assertEqual(order.order_line.mapped("price_subtotal"), [120, -12])

    def discount_order(self, order, **values):
        """Discount a whole quotation by the host's wizard."""
        discount = self.env["sale.order.discount"]
        discount.create({"sale_order_id": order.id, **values}).action_apply_discount()

    def test_an_edited_price_is_agreed(self):
        order = self.order((self.seat, 10))
        order.order_line.price_unit = 6
        order.order_line.product_uom_qty = 20
        self.assertEqual(order._due_now(), 140.4)
        order.action_confirm()
        subscription = order.managed_started_ids
        line = subscription.line_ids
        self.assertEqual((line.price, line.quantity), (6, 20))
        self.assertEqual(subscription.invoice_ids.amount_total, 140.4)

    def test_plans_with_other_terms_start_separate_subscriptions(self):
        term = self._make_plan("Term", "month", Seat=6, term_count=1)
        order = self.order(
            (self.seat, 10),
            (self.seat, 5, {"managed_plan_id": term.id}),
            (self.basic, 1, {"managed_plan_id": self.yearly.id}),
        )
        order.action_confirm()
        begun = order.managed_started_ids.sorted("id")
        self.assertEqual(begun.plan_id.mapped("name"), ["Monthly", "Term"])
        self.assertEqual(begun[0].line_ids.plan_id, self.monthly | self.yearly)
        self.assertEqual(begun[1].term_end, self.day("2027-04-01"))

    def test_service_starts_on_the_chosen_day(self):
        order = self.order((self.seat, 10), managed_start_date="2026-04-20")
        self.assertEqual(order._due_now(), 81.9)
        order.action_confirm()
        subscription = order.managed_started_ids
        self.assertEqual(subscription.date_start, self.day("2026-04-20"))
        self.assertFalse(subscription.invoice_ids)
        self.bill("2026-04-20")
        self.assertEqual(subscription.invoice_ids.amount_untaxed, 70)

    def test_the_first_invoice_may_wait_for_the_run(self):
        self.monthly.first_invoice_policy = "run"
        order = self.order((self.seat, 10))
        order.action_confirm()
        self.assertFalse(order.managed_started_ids.invoice_ids)
        self.bill("2026-04-01")
        self.assertEqual(len(order.managed_started_ids.invoice_ids), 1)

    def test_fees_and_goods_may_be_invoiced_by_the_order(self):
        goods = self._make_product("Router", 80)
        goods.type = "consu"
        self.monthly.fee_policy = "order"
        order = self.order((self.seat, 10), (self.setup_fee, 1), (goods, 2))
        order.action_confirm()
        self.assertEqual(order.invoice_status, "to invoice")
        invoice = order._create_invoices()
        self.assertEqual(invoice.invoice_line_ids.product_id, self.setup_fee | goods)
        self.assertEqual(order.managed_started_ids.invoice_ids.amount_untaxed, 70)

    def test_a_cancelled_order_cancels_its_uninvoiced_subscription(self):
        order = self.order((self.seat, 10), managed_start_date="2026-04-20")
        order.action_confirm()
        order.action_cancel()
        self.assertEqual(order.managed_started_ids.state, "cancelled")
        self.assertFalse(self.bill("2026-05-20").invoice_count)

    def test_an_order_with_an_invoiced_subscription_cannot_be_cancelled(self):
        order = self.order((self.seat, 10))
        order.action_confirm()
        with self.assertRaisesRegex(UserError, "cancel the subscription instead"):
            order.action_cancel()

    def test_service_starts_when_the_order_is_delivered(self):
        self.monthly.start_policy = "delivery"
        router = self._make_product("Router", 80)
        router.type = "consu"
        order = self.order((self.seat, 10), (router, 2))
        self.assertAlmostEqual(order._due_now(), 187.2)
        order.action_confirm()
        subscription = order.managed_started_ids
        order.order_line[1].qty_delivered = 1
        self.run_action("ir_cron_start_ordered", "2026-04-05")
        self.assertEqual(subscription.state, "draft")
        order.order_line[1].qty_delivered = 2
        self.run_action("ir_cron_start_ordered", "2026-04-11")
        self.assertEqual(subscription.state, "active")
        self.assert_invoice_lines(
            subscription, [("2026-04-11/2026-05-11", "Seat", "70.00")]
        )

    def test_an_optional_line_without_a_quantity_is_not_served(self):
        order = self.order((self.seat, 10), (self.basic, 0))
        offered = order.order_line[1]
        self.assertEqual((offered.price_unit, offered.price_subtotal), (30, 0))
        order.action_confirm()
        self.assertEqual(order.managed_started_ids.line_ids.product_id, self.seat)

    def test_a_negative_quantity_is_refused(self):
        order = self.order((self.seat, -1))
        with self.assertRaisesRegex(UserError, "negative quantity"):
            order.action_confirm()

    def test_a_template_chooses_the_plan(self):
        template = self.env["sale.order.template"].create(
            {
                "name": "Yearly Offer",
                "sale_order_template_line_ids": [
                    Command.create(
                        {
                            "product_id": self.seat.id,
                            "product_uom_qty": 3,
                            "managed_plan_id": self.yearly.id,
                        }
                    )
                ],
            }
        )
        form = Form(self.env["sale.order"])
        form.partner_id = self.customer
        form.sale_order_template_id = template
        order = form.save()
        self.assertEqual(order.order_line.managed_plan_id, self.yearly)
        self.assertEqual(order.order_line.price_subtotal, 210)

    def test_a_rep_without_rights_to_subscriptions_sells_them(self):
        rep = new_test_user(
            self.env, "rep", "sales_team.group_sale_salesman,account.group_account_user"
        )
        order = self.order((self.seat, 10), user_id=rep.id).with_user(rep)
        self.assertIn("70.00", order.managed_totals)
        order.action_confirm()
        self.assertEqual(order.sudo().managed_started_ids.user_id, rep)
