from odoo.tests import Form, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestDuration(SubscriptionCase):
    """Users choose once, a number of billing periods, or forever."""

    def test_a_new_coupon_is_forever(self):
        with Form(self.env["subscription.coupon"]) as form:
            form.code, form.percent = "SPRING", 10
            self.assertEqual(form.duration, "forever")

    def test_a_number_of_periods_starts_at_two(self):
        with Form(self.env["subscription.coupon"]) as form:
            form.code, form.percent = "SPRING", 10
            form.duration = "periods"
            self.assertEqual(form.cycles, 2)
            form.cycles = 6
        self.assertEqual((form.record.duration, form.record.cycles), ("periods", 6))

    def test_one_period_is_shown_as_once(self):
        coupon = self.env["subscription.coupon"].create(
            {"code": "SPRING", "percent": 10, "cycles": 1}
        )
        self.assertEqual(coupon.duration, "once")
        with Form(coupon) as form:
            form.duration = "forever"
        self.assertEqual(coupon.cycles, 0)

    def test_a_duration_can_be_written_without_periods(self):
        coupon = self.env["subscription.coupon"].create(
            {"code": "SPRING", "percent": 10, "duration": "once"}
        )
        self.assertEqual(coupon.cycles, 1)

    def test_the_wizard_grants_a_discount_once(self):
        subscription = self.subscribe(on="2026-04-01", start=False)
        action = subscription.action_discount()
        form = Form(
            self.env["subscription.discount.wizard"].with_context(**action["context"])
        )
        form.percent, form.duration = 50, "once"
        form.save().action_confirm()
        subscription.action_activate()
        self.bill("2026-05-01")
        billed = subscription.billed_period_ids.sorted("date_start")
        self.assertEqual(billed.mapped("amount"), [15, 30])
