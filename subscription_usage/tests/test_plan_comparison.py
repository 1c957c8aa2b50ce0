from freezegun import freeze_time

from odoo.tests import tagged

from .common import UsageCase


@tagged("post_install", "-at_install")
@freeze_time("2026-07-01 09:00:00")
class TestPlanComparisonOfUse(UsageCase):
    """130, 100 and 160 calls; a hundred are included a month, 2.00 for each other."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref(
            "sales_team.group_sale_manager"
        )

    def setUp(self):
        super().setUp()
        others = self.env["subscription.plan"].search([])
        (others - self.monthly - self.yearly).active = False
        self.subscription = self.subscribe(self.call, on="2026-04-01")
        for day, calls in {
            "2026-04-03": 130,
            "2026-05-04": 100,
            "2026-06-30": 160,
        }.items():
            self.record(self.subscription, calls, day)

    def plan(self, name, unit="month", product=None, meter=None, **price):
        plan = self._make_plan(name, unit)
        self.rule.copy(
            {
                "plan_id": plan.id,
                "product_id": (product or self.call).id,
                "meter_id": (meter or self.meter).id,
                **price,
            }
        )
        return plan

    def costs(self, **values):
        rows = self.subscription._compare_plans(**values)["rows"]
        return [(row["plan"], row["amount"]) for row in rows]

    def test_the_current_plan_costs_the_billed_amount(self):
        self.bill("2026-07-01")
        billed = sum(self.subscription.invoice_ids.mapped("amount_untaxed"))
        self.assertEqual(billed, 180)  # 30, 0 and 60 above what is included
        self.assertEqual(self.costs(), [("Monthly", 180)])

    def test_usage_is_priced_by_the_other_plan(self):
        self.plan("All In", included_quantity=150, price=5)
        self.plan("Pay as You Go", included_quantity=0, price=0.5)
        self.assertEqual(
            self.costs(),
            [("All In", 50), ("Monthly", 180), ("Pay as You Go", 195)],
        )

    def test_a_quarter_has_its_part_of_a_years_included_units(self):
        self.plan("Year of Calls", "year", included_quantity=1200)
        # 390 of 300.
        self.assertEqual(self.costs(), [("Monthly", 180), ("Year of Calls", 180)])
        self.assertEqual(
            self.costs(periods=1), [("Monthly", 120), ("Year of Calls", 120)]
        )

    def test_a_percentage_is_of_each_amount(self):
        self.plan("By Amount", pricing_model="percentage_of_amount", percent=10)
        self.assertEqual(self.costs()[0], ("By Amount", 39))

    def test_reversed_usage_is_not_counted(self):
        june = self.subscription.usage_event_ids.filtered(
            lambda use: use.quantity == 160
        )
        june.action_reverse()
        self.assertEqual(self.costs(), [("Monthly", 60)])

    def test_a_price_of_another_meter_does_not_take_the_place(self):
        hours = self.env["subscription.meter"].create({"name": "Hours"})
        plan = self.plan("By the Hour", meter=hours, price=0)
        agreed = self._make_plan("Agreed", "month")
        self.rule.copy({"plan_id": agreed.id, "meter_id": False, "price": 0})
        self.assertEqual(self.costs()[0], ("Monthly", 180))
        for row in self.subscription._compare_plans()["rows"][1:]:
            self.assertEqual(row["missing"], ["Call"])
            self.assertFalse(row["can_be_chosen"])
        self.assertIn(plan.name, dict(self.costs()))

    def test_seats_and_calls_move_together(self):
        self.join(self.subscription, self.seat, "2026-04-01", quantity=10)
        both = self._make_plan("Both", "month", Seat=5.0)
        self.rule.copy({"plan_id": both.id, "included_quantity": 150})
        # 150.00 and 20.00, 210.00 and 180.00
        self.assertEqual(self.costs()[:2], [("Both", 170), ("Monthly", 390)])
        order = self.subscription._quote_plan(both)
        self.assertEqual(
            order.order_line.mapped("managed_effect"),
            ["removed", "replacement", "removed", "replacement"],
        )
        order.action_confirm()
        now = self.subscription.line_ids.filtered(lambda line: not line.date_end)
        self.assertEqual(now.plan_id, both)
