from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Date

from odoo.addons.subscription_management.models.subscriptions.internal_write import (
    internal_write,
)
from odoo.addons.subscription_management.tests.common import Command, Form, tagged

from ..models.pricing_rule import PERCENTAGE_FIELDS
from .common import UsageCase

APRIL = "2026-04-01/2026-05-01"


@tagged("post_install", "-at_install")
class TestUsagePrices(UsageCase):
    def setUp(self):
        super().setUp()
        with freeze_time("2026-04-01 13:00:00"):
            self.subscription = self.subscribe(self.call, on="2026-04-01")

    def forecast_of(self, subscription, rows, on):
        """Return the upcoming invoices of a change, as (day, amount)."""
        with freeze_time(f"{on} 13:00:00"):
            change_plan = subscription._plan_change(rows, subscription._today())
            return [
                (str(each.day), str(each.amount))
                for each in subscription._forecast_change(change_plan)
            ]

    def test_each_event_costs_its_percentage_and_fee(self):
        payments = self.env["subscription.meter"].create({"name": "Payments"})
        handling = self._make_product("Handling", 0.0)
        rule = self._price(
            handling,
            payments,
            pricing_model="percentage_of_amount",
            percent=1.2,
            fee_per_event=0.1,
            free_events=3,
            free_amount=500,
        )
        self.assertIn("1.2 % + ", rule.price_label)
        rule.sample_quantity = 50
        self.assertEqual(rule._calculation()["rating"]["amount"], 0.7)
        subscription = self.subscribe(handling, on="2026-04-01")
        for _number in range(5):
            used = self.record(subscription, 50, "2026-04-03", payments)
        with freeze_time("2026-04-03 13:00:00"):
            used.action_reverse()
        self.bill("2026-05-01")
        self.assert_invoice_lines(subscription, [(APRIL, "Handling", "0.70")])

    def test_limits_per_event_may_be_less_than_a_cent(self):
        payments = self.env["subscription.meter"].create({"name": "Payments"})
        for bound, each, amount, billed in (
            ("minimum_per_event", 0.005, 0.1, "0.02"),
            ("maximum_per_event", 0.004, 10, "0.02"),
        ):
            handling = self._make_product("Handling", 0.0)
            rule = self._price(
                handling,
                payments,
                pricing_model="percentage_of_amount",
                percent=1,
                **{bound: each},
            )
            rule.invalidate_recordset()
            self.assertEqual(rule[bound], each)
            subscription = self.subscribe(handling, on="2026-04-01")
            for _number in range(4):
                self.record(subscription, amount, "2026-04-03", payments)
            self.bill("2026-05-01")
            self.assert_invoice_lines(subscription, [(APRIL, "Handling", billed)])

    def test_a_percentage_of_amounts_needs_a_meter_and_a_percent_of_total_none(self):
        with self.assertRaisesRegex(ValidationError, "choose the meter"):
            self._price(
                self.seat, self.meter.browse(), pricing_model="percentage_of_amount",
                date_from="2030-01-01",
            )  # fmt: skip
        with self.assertRaisesRegex(ValidationError, "leave the meter empty"):
            self._price(
                self.basic, self.meter, pricing_model="percent_of_total",
                date_from="2030-01-01",
            )  # fmt: skip

    def test_a_changed_price_continues_within_the_included_units(self):
        self.record(self.subscription, 60, "2026-04-03")
        self.record(self.subscription, 80, "2026-04-20")
        rows = [(self.subscription.line_ids, {"price": 3.0})]
        with freeze_time("2026-04-16 13:00:00"):
            foreseen = self.forecast_of(self.subscription, rows, "2026-04-16")
            self.subscription._change_lines("price", self.subscription._today(), rows)
        self.assertEqual(foreseen, [("2026-05-01", "120.00")])
        with freeze_time("2026-05-01 13:00:00"):
            self.bill("2026-05-01")
        self.assert_invoice_lines(
            self.subscription, [("2026-04-16/2026-05-01", "Call", "120.00")]
        )

    def test_a_back_dated_end_credits_the_usage_after_it(self):
        self.record(self.subscription, 110, "2026-04-03")
        self.record(self.subscription, 20, "2026-04-20")
        with freeze_time("2026-05-01 13:00:00"):
            self.bill("2026-05-01")
        line = self.subscription.line_ids
        with freeze_time("2026-05-03 13:00:00"):
            day = line.date_start.replace(day=16)
            rows = [(line, None)]
            change_plan = self.subscription._plan_change(rows, day, "prorate")
            [credit] = self.subscription._forecast_change(change_plan)
            self.assertEqual(str(credit.amount), "-40.00")
            self.subscription._change_lines("line_ended", day, rows, policy="prorate")
            self.bill("2026-05-03")
        self.assertEqual(sum(self.subscription.billed_period_ids.mapped("amount")), 20)

    def test_an_added_product_is_priced_by_usage_as_in_its_plan(self):
        seats = self.subscribe(self.seat, on="2026-04-01", quantity=2)
        with freeze_time("2026-04-11 13:00:00"):
            wizard = self.env["subscription.change.wizard"].create(
                {
                    "subscription_id": seats.id,
                    "date_effective": "2026-04-11",
                    "line_ids": [
                        Command.create({"product_id": self.call.id, "quantity": 1})
                    ],
                }
            )
            self.assertTrue(wizard.line_ids[-1].is_by_usage)
            self.assertIn("Future usage is not included", wizard.preview)
            wizard.action_confirm()
        joined = seats.line_ids.filtered(lambda line: line.product_id == self.call)
        self.assertEqual(joined.kind, "usage")
        self.assertEqual(joined.monthly_amount, 0)
        self.record(seats, 101, "2026-04-20")
        self.bill("2026-05-01")
        usage = seats.billed_period_ids.filtered(lambda row: row.kind == "usage")
        self.assertEqual(usage.amount, 2)

    def test_a_line_cannot_switch_between_usage_and_a_fixed_quantity(self):
        seats = self.subscribe(self.seat, on="2026-04-01")
        with self.assertRaisesRegex(UserError, "remove it, and add it again"):
            seats._plan_change(
                [
                    (
                        seats.line_ids,
                        {
                            "product_id": self.call.id,
                            "pricing_rule_id": self.rule.id,
                            "pricing_model": "per_unit",
                            "price": 2.0,
                        },
                    )
                ],
                seats.line_ids.date_start,
            )
        with self.assertRaisesRegex(ValidationError, "charged by usage"):
            internal_write(seats.line_ids).kind = "usage"

    def test_the_usage_fields_of_a_published_price_are_locked(self):
        for values in ({"meter_id": False}, {"fee_per_event": 1}, {"free_events": 2}):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, "button New Version"),
                self.env.cr.savepoint(),
            ):
                self.rule.write(values)

    def test_the_form_of_a_published_price_locks_its_usage_fields(self):
        form = Form(self.rule)
        for name in ("meter_id", "percent", *PERCENTAGE_FIELDS):
            self.assertTrue(form._get_modifier(name, "readonly"), name)

    def test_the_meter_of_a_price_cannot_be_deleted(self):
        with self.assertRaisesRegex(UserError, "archive it"):
            self.meter.unlink()

    def test_a_draft_price_is_simulated_on_past_usage(self):
        today = self.subscription._today()
        self.subscription.line_ids.sudo().closed_until = False
        self.record(self.subscription, 130, str(today))
        draft = self.rule.copy(
            {"state": "draft", "replaces_id": self.rule.id, "price": 3.0}
        )
        tried = draft._simulate()
        self.assertEqual((tried["more"], tried["total"]), (1, 30.0))
        self.assertEqual(tried["rows"][0]["quantity"], 130)

    def test_usage_prices_are_raised_at_renewal(self):
        self.monthly.write({"term_count": 1, "term_unit": "month"})
        self.monthly.write({"uplift_kind": "fixed", "uplift_percent": 10})
        with freeze_time("2026-04-01 13:00:00"):
            subscription = self.subscribe(self.call, on="2026-04-01")
        with freeze_time("2026-04-30 13:00:00"):
            subscription._follow_term()
        newest = subscription.line_ids.sorted("date_start")[-1]
        self.assertAlmostEqual(newest.price, 2.2)
        self.assertEqual(newest.kind, "usage")

    def test_a_renewal_quotation_names_the_price_of_usage(self):
        self.monthly.write(
            {
                "term_count": 1,
                "term_unit": "month",
                "renewal_policy": "ask",
                "uplift_kind": "fixed",
                "uplift_percent": 10,
            }
        )
        with freeze_time("2026-04-01 13:00:00"):
            subscription = self.subscribe(self.basic, self.call, on="2026-04-01")
            order = subscription.sudo()._create_renewal_quotation()
            basic, call = order.order_line
            self.assertEqual(basic.price_unit, 33)
            self.assertEqual(call.display_type, "line_note")
            self.assertIn("2.20", call.name)
            order.action_confirm()
        day = Date.to_date("2026-05-01")
        prices = subscription._lines_on(day).mapped("price")
        self.assertEqual(sorted(prices), [2.2, 33])

    def test_usage_is_simulated_once_after_its_line_was_split(self):
        today = self.subscription._today()
        line = self.subscription.line_ids
        line.sudo().closed_until = False
        self.subscription.change_price(line, 2.5, today)
        self.record(self.subscription, 130, str(today))
        draft = self.rule.copy(
            {"state": "draft", "replaces_id": self.rule.id, "price": 3.0}
        )
        self.assertEqual(draft._simulate()["total"], 15.0)

    def test_a_fixed_discount_applies_to_recurring_lines_before_usage(self):
        subscription = self.subscribe(
            self.call, self.basic, on="2026-04-01", start=False
        )
        subscription.grant_discount({"fixed_amount": 50}, Date.to_date("2026-04-01"))
        subscription.action_activate()
        self.record(subscription, 130, "2026-04-10")
        self.bill("2026-05-01")
        # 30.00 are off Basic, and 20.00 off 30 calls for 60.00.
        self.assert_invoice_lines(subscription, [(APRIL, "Call", "40.00")])
