from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError

from odoo.addons.subscription_management.tests.common import Form, tagged

from .common import UsageCase

APRIL = "2026-04-01/2026-05-01"


@tagged("post_install", "-at_install")
class TestUsage(UsageCase):
    def setUp(self):
        super().setUp()
        with freeze_time("2026-04-01 13:00:00"):
            self.subscription = self.subscribe(self.call, on="2026-04-01")

    def test_usage_is_billed_after_its_period(self):
        line = self.subscription.line_ids
        self.assertEqual(line.kind, "usage")
        self.assertEqual(self.subscription.monthly_amount, 0)
        self.record(self.subscription, 90, "2026-04-03")
        self.record(self.subscription, 40, "2026-04-20")
        self.bill("2026-04-30")
        self.assert_invoice_lines(self.subscription, [])
        with freeze_time("2026-05-01 13:00:00"):
            self.bill("2026-05-01")
        self.assert_invoice_lines(self.subscription, [(APRIL, "Call", "60.00")])
        invoiced = self.subscription.billed_period_ids.invoice_line_id
        self.assertIn("130 used, 100 included", invoiced.name)
        self.assertEqual(line.closed_until.isoformat(), "2026-05-01")
        self.assertEqual(self.subscription.next_billing_date.isoformat(), "2026-06-01")

    def test_units_are_shown_where_they_come_to_the_amount(self):
        plain = self._make_product("Hour", 50.0)
        hours = self.env["subscription.meter"].create({"name": "Hours"})
        self._price(plain, hours, price=50.0)
        subscription = self.subscribe(plain, on="2026-04-01")
        self.record(subscription, 1203.5, "2026-04-03", hours)
        self.bill("2026-05-01")
        invoiced = subscription.billed_period_ids.invoice_line_id
        self.assertEqual((invoiced.quantity, invoiced.price_unit), (1203.5, 50.0))
        self.assertIn("1,203.5 used", invoiced.name)

    def test_late_usage_is_billed_as_the_difference(self):
        self.record(self.subscription, 130, "2026-04-03")
        with freeze_time("2026-05-01 13:00:00"):
            self.bill("2026-05-01")
        self.record(self.subscription, 10, "2026-05-02", time="2026-04-30 12:00:00")
        self.assertEqual(str(self.subscription.next_billing_date), "2026-05-01")
        with freeze_time("2026-05-02 13:00:00"):
            self.bill("2026-05-02")
            self.bill("2026-05-02")
        self.assert_invoice_lines(
            self.subscription, [(APRIL, "Call", "60.00"), (APRIL, "Call", "20.00")]
        )
        late = self.subscription.billed_period_ids.filtered("revision")
        self.assertEqual(late.quantity, 10)
        self.assertIn("Late usage: +10", late.invoice_line_id.name)

    def test_reversed_usage_is_credited(self):
        used = self.record(self.subscription, 130, "2026-04-03")
        with freeze_time("2026-05-01 13:00:00"):
            self.bill("2026-05-01")
        with freeze_time("2026-05-04 13:00:00"):
            used.action_reverse()
            self.assertEqual(used.net_quantity, 0)
            with self.assertRaisesRegex(UserError, "is already reversed"):
                used.action_reverse()
            self.bill("2026-05-04")
        self.assert_invoice_lines(
            self.subscription, [(APRIL, "Call", "60.00"), (APRIL, "Call", "-60.00")]
        )
        credit = self.subscription.billed_period_ids.filtered("reverses_id")
        self.assertEqual(credit.move_id.move_type, "out_refund")
        self.assertIn("Usage correction: −130", credit.invoice_line_id.name)

    def test_the_form_offers_the_meters_of_the_subscription(self):
        other = self.env["subscription.meter"].create({"name": "Pages"})
        with (
            freeze_time("2026-04-05 13:00:00"),
            Form(
                self.env["subscription.usage.event"].with_context(
                    default_subscription_id=self.subscription.id
                )
            ) as form,
        ):
            form.meter_id = self.meter
            form.quantity = 7
        event = self.subscription.usage_event_ids
        self.assertEqual(event.day.isoformat(), "2026-04-05")
        self.assertNotIn(other, event.allowed_meter_ids)
        with freeze_time("2026-04-05 13:00:00"):
            line = self.subscription.line_ids
            line.invalidate_recordset(["used_quantity"])
            self.assertEqual(line.used_quantity, 7)

    def test_the_day_is_in_the_time_zone_of_the_company(self):
        self.env.company.partner_id.tz = "Asia/Jerusalem"
        event = self.record(
            self.subscription, 1, "2026-05-01", time="2026-04-30 21:30:00"
        )
        self.assertEqual(event.day.isoformat(), "2026-05-01")

    def test_usage_that_cannot_be_billed_is_refused(self):
        idle = self.env["subscription.meter"].create({"name": "Pages"})
        refusals = [
            ("in the future", {"time": "2026-04-12 12:00:00"}),
            ("has no product", {"meter_id": idle.id}),
            ("cannot be negative", {"quantity": -1}),
            ("Enter the used", {"quantity": 0}),
            ("as a number", {"quantity": float("nan")}),
        ]
        for reason, values in refusals:
            given = {"quantity": 1, "on": "2026-04-10", **values}
            with (
                self.subTest(reason),
                self.assertRaisesRegex(ValidationError, reason),
                self.env.cr.savepoint(),
            ):
                self.record(self.subscription, **given)

    def test_a_recorded_event_is_immutable(self):
        event = self.record(self.subscription, 5, "2026-04-03")
        event.note = "By telephone"
        with self.assertRaisesRegex(UserError, "cannot be edited"):
            event.quantity = 6
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            event.unlink()

    def test_a_correction_cannot_exceed_the_net_quantity(self):
        event = self.record(self.subscription, 5, "2026-04-03")
        with self.assertRaisesRegex(ValidationError, "at most"):
            self.record(self.subscription, -6, "2026-04-03", corrects_id=event.id)
        other = self.subscribe(self.call, on="2026-04-01")
        with self.assertRaisesRegex(ValidationError, "at most"):
            self.record(other, -1, "2026-04-03", corrects_id=event.id)

    def test_usage_in_a_trial_is_not_billed(self):
        self.monthly.trial_days = 14
        with freeze_time("2026-04-01 13:00:00"):
            trial = self.subscribe(self.call, on="2026-04-01")
        with self.assertRaisesRegex(ValidationError, "has no product"):
            self.record(trial, 500, "2026-04-03")
        self.assertEqual(trial.line_ids.date_start.isoformat(), "2026-04-15")

    def test_the_average_of_three_periods_is_shown_beside_the_revenue(self):
        for month, quantity in (4, 130), (5, 100), (6, 160):
            self.record(self.subscription, quantity, f"2026-{month:02}-10")
        with freeze_time("2026-07-01 13:00:00"):
            self.bill("2026-07-01")
        self.assertEqual(self.subscription.usage_monthly, 60)
        self.assertEqual(self.subscription.monthly_amount, 0)
        action = self.subscription.action_view_usage()
        self.assertEqual(
            self.env["subscription.usage.event"].search_count(action["domain"]), 3
        )
