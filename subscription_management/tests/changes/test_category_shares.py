from psycopg2 import IntegrityError

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestCategoryShares(SubscriptionCase):
    """A share of a category: 10 % of the products in it when they were agreed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.soft, cls.hard, cls.all = cls.env["product.category"].create(
            [{"name": name} for name in ("Soft", "Hard", "All Products")]
        )
        cls.seat.categ_id = cls.soft
        cls.care = cls._make_product("Care", 1.0)
        cls.rule = cls.env["subscription.pricing.rule"].create(
            {
                "plan_id": cls.monthly.id,
                "product_id": cls.care.id,
                "pricing_model": "percent_of_total",
                "percent": 10,
                "base_scope": "category",
                "base_category_id": cls.soft.id,
            }
        )
        cls.plus = cls._make_plan("Monthly Plus", "month", Seat=9.0)

    def subscribe_ten(self, **values):
        return self.subscribe(
            line_ids=[
                Command.create({"product_id": self.seat.id, "quantity": 10}),
                Command.create({"product_id": self.care.id}),
            ],
            on="2026-04-01",
            **values,
        )

    def amounts(self, subscription, month):
        rows = subscription.billed_period_ids.filtered(
            lambda row: row.date_start == self.day(month)
        )
        return {row.line_id.product_id.name: row.amount for row in rows}

    def test_a_product_with_a_new_category_counts_by_its_agreed_one(self):
        subscription = self.subscribe_ten()
        self.bill("2026-04-01")
        self.seat.categ_id = self.hard
        seats = subscription.line_ids[0]
        self.bill("2026-05-01")
        subscription.change_quantity(seats, 20, self.day("2026-06-01"))
        self.bill("2026-06-01")
        subscription.change_price(seats, 8, self.day("2026-07-01"))
        self.bill("2026-07-01")
        # Another plan is agreed with the current category.
        subscription.change_plan(seats, self.plus, self.day("2026-08-01"))
        self.bill("2026-08-01")
        self.assertEqual(
            [self.amounts(subscription, f"2026-0{month}-01") for month in range(4, 9)],
            [
                {"Seat": 70, "Care": 7},
                {"Seat": 70, "Care": 7},
                {"Seat": 140, "Care": 14},
                {"Seat": 160, "Care": 16},
                {"Seat": 180},
            ],
        )

    def test_moving_or_deleting_categories_changes_no_invoice(self):
        subscription = self.subscribe_ten()
        self.seat.categ_id = self.hard
        self.hard.parent_id = self.soft
        self.soft.parent_id = self.all
        self.bill("2026-04-01")
        self.assertEqual(
            self.amounts(subscription, "2026-04-01"), {"Seat": 70, "Care": 7}
        )
        with (
            self.assertRaises(IntegrityError),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.soft.unlink()

    def test_a_category_includes_its_subcategories(self):
        self.soft.parent_id = self.all
        self.rule.base_category_id = self.all
        subscription = self.subscribe_ten()
        self.assertEqual(subscription.line_ids.mapped("period_amount"), [70, 7])

    def test_a_new_product_counts_by_its_category_on_the_day_of_the_change(self):
        subscription = self.subscribe_ten()
        self.seat.categ_id = self.hard
        self.basic.categ_id = self.soft
        joined = self.join(subscription, self.basic, "2026-05-01")  # 30.00
        self.assertIn(str(self.soft.id), joined.category_path.split("/"))
        subscription.change_plan(
            joined, self.monthly, self.day("2026-06-01"), product=self.seat
        )  # 7.00, of another category by now
        for month in ("2026-04-01", "2026-05-01", "2026-06-01"):
            self.bill(month)
        self.assertEqual(
            [
                self.amounts(subscription, month)["Care"]
                for month in ("2026-04-01", "2026-05-01", "2026-06-01")
            ],
            [7, 10, 7],
        )

    def test_a_transferred_subscription_keeps_its_agreed_categories(self):
        subscription = self.subscribe_ten()
        self.seat.categ_id = self.hard
        other = self.env["res.partner"].create({"name": "Negev Farm"})
        follower = subscription.transfer(other, self.day("2026-05-01"))
        self.assertEqual(follower.line_ids.mapped("period_amount"), [70, 7])
        # A copy takes the current category.
        copied = follower.copy()
        self.assertEqual(copied.line_ids.mapped("period_amount"), [70, 0])

    def test_a_draft_follows_a_new_product_but_no_later_category(self):
        draft = self.subscribe_ten(start=False)
        self.seat.categ_id = self.hard
        self.basic.categ_id = self.soft
        draft.line_ids[0].quantity = 20
        self.assertEqual(draft.line_ids.mapped("period_amount"), [140, 14])
        draft.line_ids[0].product_id = self.basic
        self.assertEqual(draft.line_ids[1].period_amount, 3)
        draft.line_ids[0].product_id = self.seat
        self.assertEqual(draft.line_ids[1].period_amount, 0)
