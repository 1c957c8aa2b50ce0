from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Date
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestDiscounts(SubscriptionCase):
    """Discounts and coupons, on real invoices."""

    def coupon(self, **values):
        return self.env["subscription.coupon"].create(
            {"code": "SPRING", "percent": 50, **values}
        )

    def amounts(self, subscription):
        return subscription.billed_period_ids.sorted("date_start").mapped("amount")

    def test_a_coupon_of_three_periods_ends_after_them(self):
        self.coupon(cycles=3)
        subscription = self.subscribe(on="2026-04-01", start=False)
        subscription.redeem_coupon("spring ", Date.to_date("2026-04-01"))
        subscription.action_activate()
        self.bill("2026-08-01")
        self.assertEqual(self.amounts(subscription), [15, 15, 15, 30, 30])

    def test_added_units_do_not_restart_the_duration(self):
        self.coupon(cycles=3)
        subscription = self.subscribe(
            self.seat, on="2026-04-01", quantity=10, start=False
        )
        subscription.redeem_coupon("SPRING", Date.to_date("2026-04-01"))
        subscription.action_activate()
        self.bill("2026-05-01")
        subscription.change_quantity(
            subscription.line_ids, 20, Date.to_date("2026-06-01")
        )
        self.bill("2026-07-01")
        self.assertEqual(self.amounts(subscription), [35, 35, 70, 140])

    @freeze_time("2026-04-16 09:00:00")
    def test_a_discount_starts_with_the_next_period(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        action = subscription.action_discount()
        wizard = (
            self.env["subscription.discount.wizard"]
            .with_context(**action["context"])
            .create({"fixed_amount": 4.5, "reason": "Loyal"})
        )
        self.assertEqual(wizard.date_start, Date.to_date("2026-05-01"))
        wizard.action_confirm()
        self.assertFalse(self.bill("2026-04-16").invoice_count)
        self.bill("2026-05-01")
        self.assertEqual(self.amounts(subscription), [30, 25.5])
        self.assertEqual(subscription.change_ids[0].reason, "Loyal")

    @freeze_time("2026-04-01 09:00:00")
    def test_a_limited_discount_lowers_the_revenue_only_by_company_setting(self):
        self.coupon(cycles=3)
        subscription = self.subscribe(on="2026-04-01", start=False)
        subscription.redeem_coupon("SPRING", Date.to_date("2026-04-01"))
        self.assertEqual(subscription.line_ids.period_amount, 15)
        self.assertEqual(subscription.line_ids.monthly_amount, 30)
        self.env.company.subscription_counts_limited_discounts = True
        subscription.line_ids._compute_amounts()
        self.assertEqual(subscription.line_ids.monthly_amount, 15)

    def test_a_discount_forever_lowers_the_revenue(self):
        self.coupon()
        subscription = self.subscribe(on="2026-04-01", start=False)
        subscription.redeem_coupon("SPRING", Date.to_date("2026-04-01"))
        self.assertEqual(subscription.line_ids.monthly_amount, 15)

    def test_a_coupon_outside_its_limits_is_refused_with_the_reason(self):
        for values, reason in (
            ({"date_to": "2026-03-31"}, "not valid today"),
            ({"plan_ids": self.yearly.ids}, "not accepted on the plan Monthly"),
            (
                {
                    "fixed_amount": 3,
                    "currency_id": self.env.ref("base.CHF").id,
                },
                "for prices in CHF",
            ),
        ):
            coupon = self.coupon(**values)
            subscription = self.subscribe(on="2026-04-01", start=False)
            with self.assertRaisesRegex(UserError, reason):
                subscription.redeem_coupon("SPRING", Date.to_date("2026-04-01"))
            coupon.unlink()

    def test_a_coupon_cannot_exceed_its_redemptions(self):
        self.coupon(max_redemptions=1, max_per_customer=0)
        day = Date.to_date("2026-04-01")
        first = self.subscribe(on="2026-04-01", start=False)
        first.redeem_coupon("SPRING", day)
        with self.assertRaisesRegex(UserError, "no redemptions left"):
            self.subscribe(on="2026-04-01", start=False).redeem_coupon("SPRING", day)

    def test_a_customer_redeems_a_coupon_once(self):
        self.coupon()
        day = Date.to_date("2026-04-01")
        self.subscribe(on="2026-04-01", start=False).redeem_coupon("SPRING", day)
        again = self.subscribe(on="2026-04-01", start=False)
        with self.assertRaisesRegex(UserError, "has already used the coupon"):
            again.redeem_coupon("SPRING", day)

    @freeze_time("2026-04-10 09:00:00")
    def test_a_transferred_coupon_is_redeemed_once(self):
        coupon = self.coupon(max_redemptions=2)
        day = Date.to_date("2026-05-01")
        subscription = self.subscribe(on="2026-04-01", start=False)
        subscription.redeem_coupon("SPRING", Date.to_date("2026-04-01"))
        subscription.action_activate()
        heir = self.env["res.partner"].create({"name": "Heir"})
        follower = subscription.transfer(heir, day)
        self.assertEqual(coupon.redemption_count, 1)
        with self.assertRaisesRegex(UserError, "has already used the coupon"):
            follower.redeem_coupon("SPRING", day)

    def test_an_unknown_coupon_is_refused(self):
        self.coupon()
        subscription = self.subscribe(on="2026-04-01", start=False)
        for code in ("SPRIGN", "%", "SPR_NG"):
            with self.assertRaisesRegex(UserError, "check the code"):
                subscription.redeem_coupon(code, Date.to_date("2026-04-01"))

    def test_a_coupon_without_a_discount_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "percentage or an amount"):
            self.coupon(percent=0)
        with self.assertRaisesRegex(ValidationError, "percentage or an amount"):
            self.env["subscription.coupon"].create({"code": "OTHER"})

    def test_an_invalid_discount_is_refused_with_the_reason(self):
        day = Date.to_date("2026-06-01")
        for start in (False, True):
            subscription = self.subscribe(on="2026-04-01", start=start)
            for values, reason in (
                ({"percent": 0}, "discount is zero"),
                ({}, "discount is zero"),
                ({"fixed_amount": 0.001}, "discount is zero"),
                ({"percent": 0.00001}, "discount is zero"),
                ({"percent": 10, "cycles": -1}, "whole number of billing periods"),
                ({"percent": 10, "cycles": 1.5}, "whole number of billing periods"),
                ({"percent": float("nan")}, "enter numbers"),
                ({"fixed_amount": float("inf")}, "enter numbers"),
                ({"fixed_amount": "50"}, "enter numbers"),
                ({"percent": 101}, "0 to 100"),
                ({"percent": -1}, "0 to 100"),
                ({"fixed_amount": -1}, "0 or more"),
            ):
                with (
                    self.subTest(started=start, **values),
                    self.assertRaisesRegex(UserError, reason),
                ):
                    subscription.grant_discount(values, day)

    def test_the_wizard_refuses_an_invalid_discount(self):
        subscription = self.subscribe(on="2026-04-01")
        action = subscription.action_discount()
        wizards = self.env["subscription.discount.wizard"].with_context(
            **action["context"]
        )
        for values, reason in (
            ({"percent": 10, "cycles": -1}, "whole number of billing periods"),
            ({"percent": 0.00001}, "percentage or an amount"),
            ({"fixed_amount": 0.001}, "percentage or an amount|discount is zero"),
        ):
            with self.subTest(**values), self.assertRaisesRegex(UserError, reason):
                wizards.create(values).action_confirm()

    def test_a_coupon_cannot_be_granted_without_its_code(self):
        coupon = self.coupon(date_to="2020-01-01")
        subscription = self.subscribe(on="2026-04-01")
        with self.assertRaisesRegex(UserError, "redeem its code"):
            subscription.grant_discount(
                {"percent": 50, "coupon_id": coupon.id}, Date.to_date("2026-06-01")
            )

    def test_a_coupon_cannot_exceed_one_hundred_percent(self):
        with self.assertRaisesRegex(ValidationError, "0 to 100"):
            self.coupon(percent=101)
