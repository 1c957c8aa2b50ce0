from odoo.fields import Command
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestDiscountCycles(SubscriptionCase):
    """The numbers of decision 8."""

    def billed_from_april_to_july(self, policy):
        self.monthly.pause_policy = policy
        subscription = self.subscribe(on="2026-04-01", start=False)
        subscription.grant_discount(
            {"percent": 50, "cycles": 3}, self.day("2026-04-01")
        )
        subscription.action_activate()
        subscription.pause(self.day("2026-05-01"), self.day("2026-06-01"))
        for month in range(4, 8):
            self.bill(f"2026-0{month}-01")
        return [
            (row.date_start.month, row.amount)
            for row in subscription.billed_period_ids.sorted("date_start")
        ]

    def test_a_discount_of_three_periods_counts_a_paused_one(self):
        for policy in ("waived", "extends"):
            with self.subTest(policy):
                self.assertEqual(
                    self.billed_from_april_to_july(policy), [(4, 15), (6, 15), (7, 30)]
                )

    def test_a_discount_of_three_periods_counts_a_billed_pause(self):
        self.assertEqual(
            self.billed_from_april_to_july("billed"),
            [(4, 15), (5, 15), (6, 15), (7, 30)],
        )

    def support_and_software(self, **values):
        """Return what support and software cost with 20.00 off the software."""
        support = self._make_product("Support", 1.0)
        plan = self._make_plan("Software", "month", Basic=100.0)
        plan.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": support.id,
                    "pricing_model": "percent_of_total",
                    "percent": 10,
                    **values,
                }
            )
        ]
        subscription = self.subscribe(self.basic, support, on="2026-04-01", plan=plan)
        software = subscription.line_ids[0]
        subscription.grant_discount(
            {"fixed_amount": 20}, self.day("2026-04-01"), lines=software
        )
        self.bill("2026-04-01")
        rows = subscription.billed_period_ids
        return {row.line_id.product_id.name: row.amount for row in rows}

    def test_a_net_share_follows_a_discount_of_its_base(self):
        self.assertEqual(self.support_and_software(), {"Basic": 80, "Support": 8})

    def test_a_share_before_discounts_ignores_a_discount_of_its_base(self):
        self.assertEqual(
            self.support_and_software(base_price="list"), {"Basic": 80, "Support": 10}
        )
