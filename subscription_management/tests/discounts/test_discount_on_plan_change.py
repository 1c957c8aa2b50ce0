from odoo.tests import new_test_user, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestDiscountOnPlanChange(SubscriptionCase):
    """A coupon of 50 % on a plan at 30.00, and after a change to one at 40.00."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pro = cls._make_plan("Pro", "month", Basic=40.0)
        cls.lite = cls._make_plan("Lite", "month", Basic=20.0)

    def subscribe_with(self, *plans, code="HALF"):
        """Return a subscription with a coupon that is accepted on some plans."""
        plan_ids = [plan.id for plan in plans]
        self.env["subscription.coupon"].create(
            {"code": code, "percent": 50, "plan_ids": plan_ids}
        )
        subscription = self.subscribe(on="2026-04-01", start=False)
        subscription.redeem_coupon(code, self.day("2026-04-01"))
        subscription.action_activate()
        self.bill("2026-04-01")
        return subscription

    def move(self, subscription, plan, day="2026-04-16"):
        line = subscription._lines_to_change(self.day(day))
        subscription.change_plan(line, plan, self.day(day))
        self.bill(day)
        return [
            (f"{row.date_start}", row.amount)
            for row in subscription.billed_period_ids.sorted("id")
        ][1:]

    def test_a_coupon_not_accepted_on_the_new_plan_ends(self):
        subscription = self.subscribe_with(self.monthly)
        self.assertEqual(
            self.move(subscription, self.pro),
            [("2026-04-16", -7.5), ("2026-04-16", 20.0)],
        )
        # It stays redeemed, and is not granted again automatically.
        coupon = subscription.line_ids.discount_ids.coupon_id
        self.assertEqual(coupon.redemption_count, 1)
        self.move(subscription, self.monthly, "2026-05-01")
        self.assertEqual(subscription._lines_on(self.day("2026-05-01")).price, 30)
        self.assertEqual(subscription.billed_period_ids.sorted("id")[-1].amount, 30)

    def test_a_coupon_accepted_on_both_plans_is_kept(self):
        for plans in ((self.monthly, self.pro), ()):
            subscription = self.subscribe_with(*plans, code=f"HALF{len(plans)}")
            self.assertEqual(
                self.move(subscription, self.pro),
                [("2026-04-16", -7.5), ("2026-04-16", 10.0)],
            )

    def test_a_manual_discount_is_kept_on_a_new_plan(self):
        subscription = self.subscribe_with(self.monthly)
        subscription.grant_discount({"percent": 10}, self.day("2026-05-01"))
        self.bill("2026-05-01")  # 30.00 less 50 % less 10 %
        self.assertEqual(
            self.move(subscription, self.pro, "2026-05-01")[1:],
            [("2026-05-01", -13.5), ("2026-05-01", 36.0)],
        )

    def test_a_coupon_not_accepted_on_a_longer_interval_ends(self):
        subscription = self.subscribe_with(self.monthly)
        self.assertEqual(
            self.move(subscription, self.yearly, "2026-05-01"),
            [("2026-05-01", 300.0)],
        )

    def test_another_product_on_the_same_plan_keeps_the_coupon(self):
        subscription = self.subscribe_with(self.monthly)
        subscription.change_plan(
            subscription.line_ids,
            self.monthly,
            self.day("2026-05-01"),
            product=self.seat,
        )
        self.bill("2026-05-01")
        self.assertEqual(subscription.billed_period_ids.sorted("id")[-1].amount, 3.5)

    def test_a_salesperson_sees_the_remaining_discount_in_the_preview(self):
        rep = new_test_user(
            self.env,
            "rep",
            "base.group_user,subscription_management.group_subscription_user",
        )
        subscription = self.subscribe_with(self.monthly)
        subscription.user_id = rep
        wizard = (
            self.env["subscription.change.wizard"]
            .with_user(rep)
            .with_context(default_subscription_id=subscription.id)
            .create({"date_effective": "2026-05-01"})
        )
        wizard.line_ids.plan_id = self.pro
        self.assertIn("40.00", wizard.preview)
        wizard.action_confirm()
        self.bill("2026-05-01")
        self.assertEqual(subscription.billed_period_ids.sorted("id")[-1].amount, 40)

    def test_a_cheaper_plan_without_the_coupon_is_an_upgrade(self):
        self.monthly.decrease_policy = "none"
        for plans, billed in (
            ((self.monthly,), [("2026-04-16", -7.5), ("2026-04-16", 10.0)]),
            ((self.monthly, self.lite), []),
        ):
            subscription = self.subscribe_with(*plans, code=f"FOR{len(plans)}")
            self.assertEqual(self.move(subscription, self.lite), billed)

    def test_undoing_a_plan_change_restores_the_coupon(self):
        subscription = self.subscribe_with(self.monthly)
        subscription.change_plan(
            subscription.line_ids, self.pro, self.day("2030-01-01")
        )
        self.newest(subscription, "plan").action_undo()
        self.assertEqual(subscription.line_ids.period_amount, 15)
