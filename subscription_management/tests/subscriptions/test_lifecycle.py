from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestLifecycle(SubscriptionCase):
    def test_a_subscription_is_displayed_with_number_and_customer(self):
        subscription = self.subscribe(on="2026-04-01")
        self.assertEqual(
            subscription.display_name, f"{subscription.name} · Galil Bakery"
        )
        found = subscription.name_search("Galil")
        self.assertIn(subscription.id, [found_id for found_id, _name in found])

    def test_a_subscription_created_in_the_form_has_prices_currency_and_number(self):
        form = Form(self.env["subscription.subscription"])
        form.partner_id = self.customer
        form.plan_id = self.monthly
        with form.line_ids.new() as line:
            line.product_id = self.seat
            line.quantity = 5
        subscription = form.save()
        self.assertRegex(subscription.name, r"^SUB\d{5}$")
        self.assertEqual(subscription.line_ids.price, 7.0)
        self.assertEqual(subscription.line_ids.period_amount, 35.0)
        self.assertEqual(subscription.monthly_amount, 35.0)
        self.assertEqual(subscription.partner_invoice_id, self.customer)

    def test_a_product_without_pricing_rule_has_its_list_price(self):
        product = self._make_product("Extra", 12.5)
        subscription = self.subscribe(product, on="2026-04-01")
        self.assertEqual(subscription.line_ids.price, 12.5)

    def test_monthly_revenue_counts_each_interval(self):
        subscription = self.subscribe(plan=self.yearly, on="2026-04-01")
        self.assertEqual(subscription.monthly_amount, 25.0)

    def test_an_empty_subscription_is_not_activated(self):
        subscription = self.subscribe(on="2026-04-01", start=False)
        subscription.line_ids.unlink()
        with self.assertRaisesRegex(UserError, "add a product"):
            subscription.action_activate()

    @freeze_time("2026-04-11 09:00:00")
    def test_only_drafts_and_trials_are_activated(self):
        day = self.day("2026-04-11")
        ways = {
            "active": (lambda _each: None, "is active already"),
            "paused": (lambda each: each.pause(day), "use Resume"),
            "suspended": (lambda each: each.suspend(), "use Reactivate"),
            "cancelled": (self.cancel_today, "duplicate it"),
            "expired": (
                lambda each: each._end_on(day, expires=True),
                "has expired; duplicate it",
            ),
        }
        for state, (reach, advice) in ways.items():
            with self.subTest(state=state):
                subscription = self.subscribe(on="2026-04-01")
                reach(subscription)
                self.assertEqual(subscription.state, state)
                changes = subscription.change_ids
                with self.assertRaisesRegex(UserError, advice):
                    subscription.action_activate()
                self.assertEqual(subscription.state, state)
                self.assertEqual(subscription.change_ids, changes)

    def cancel_today(self, subscription):
        self.env["subscription.cancel.wizard"].create(
            {"subscription_id": subscription.id, "when": "now"}
        ).action_confirm()

    def test_a_subscription_with_a_history_is_not_deleted(self):
        subscription = self.subscribe(on="2026-04-01")
        with self.assertRaisesRegex(UserError, "cancel it instead"):
            subscription.unlink()
        self.subscribe(on="2026-04-01", start=False).unlink()

    def test_the_term_gives_the_renewal_date(self):
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        subscription = self.subscribe(on="2024-02-29")
        self.assertEqual(subscription.term_end.isoformat(), "2025-02-28")

    def test_a_term_or_none_stays_when_the_plan_is_edited(self):
        subscription = self.subscribe(on="2026-04-01")
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        self.assertFalse(subscription.term_end)

    @freeze_time("2026-04-11 09:00:00")
    def test_a_cancellation_today_credits_the_remaining_days(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        wizard = self.env["subscription.cancel.wizard"].create(
            {"subscription_id": subscription.id, "when": "now", "reason": "Moved away"}
        )
        wizard.action_confirm()
        self.assertEqual(subscription.state, "cancelled")
        self.bill("2026-04-11")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-04-11/2026-05-01", "Basic", "-20.00"),
            ],
        )
        self.assertFalse(subscription.next_billing_date)
        change = subscription.change_ids.filtered(lambda row: row.kind == "cancelled")
        self.assertEqual(change.reason, "Moved away")
        self.assertEqual(change.monthly_difference, -30.0)

    @freeze_time("2026-04-11 09:00:00")
    def test_a_cancellation_at_the_end_of_the_billed_period_credits_nothing(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.env["subscription.cancel.wizard"].create(
            {"subscription_id": subscription.id}
        ).action_confirm()
        self.assertEqual(subscription.last_day.isoformat(), "2026-04-30")
        self.assertEqual(subscription.state, "active")
        self.run_action("ir_cron_close_ended", "2026-05-01")
        self.bill("2026-05-01")
        self.assertEqual(subscription.state, "cancelled")
        self.assertEqual(subscription.invoice_count, 1)

    @freeze_time("2026-04-11 09:00:00")
    def test_a_cancellation_can_be_undone_until_it_takes_effect(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.env["subscription.cancel.wizard"].create(
            {"subscription_id": subscription.id}
        ).action_confirm()
        subscription.action_undo_cancellation()
        self.bill("2026-05-01")
        self.assertEqual(subscription.invoice_count, 2)
        self.assertFalse(subscription.date_end)

    @freeze_time("2026-04-11 09:00:00")
    def test_notice_ends_the_term_or_the_one_after(self):
        self.monthly.notice_days = 30
        half_year, month = self.monthly.copy(), self.monthly.copy()
        half_year.write({"term_count": 6, "term_unit": "month"})
        month.write({"term_count": 1, "term_unit": "month"})
        evergreen = self.subscribe(on="2026-04-01")
        long = self.subscribe(on="2026-04-01", plan=half_year)
        short = self.subscribe(on="2026-04-01", plan=month)
        # Notice of 11 April counts from 11 May.
        for subscription, last_day in (
            (evergreen, "2026-05-31"),
            (long, "2026-09-30"),
            (short, "2026-05-31"),
        ):
            wizard = self.env["subscription.cancel.wizard"].create(
                {"subscription_id": subscription.id, "when": "notice"}
            )
            wizard.action_confirm()
            self.assertEqual(subscription.last_day.isoformat(), last_day)

    def test_the_history_is_append_only(self):
        subscription = self.subscribe(on="2026-04-01")
        with self.assertRaisesRegex(UserError, "cannot be edited"):
            subscription.change_ids.write({"reason": "Better this way"})
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            subscription.change_ids.sudo().unlink()

    def test_a_line_that_joins_later_is_billed_from_its_day(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.join(subscription, self.seat, "2026-04-16")
        self.bill("2026-04-15")
        self.assertEqual(subscription.invoice_count, 1)
        self.bill("2026-04-16")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-04-16/2026-05-01", "Seat", "3.50"),
            ],
        )
        self.assertIn("line_added", subscription.change_ids.mapped("kind"))

    def test_impossible_plans_are_refused_with_the_remedy(self):
        for values, remedy in (
            ({"interval_count": 0}, "use 1 or more"),
            ({"anchor_kind": "day_of_month", "anchor_day": 32}, "use 1 to 31"),
            ({"interval_unit": "week", "anchor_kind": "day_of_month"}, "start date"),
            ({"cut_off_days": -1}, "use 0 or more"),
            ({"term_count": -1}, "0 for no fixed term"),
        ):
            with (
                self.assertRaisesRegex(ValidationError, remedy),
                self.env.cr.savepoint(),
            ):
                self.env["subscription.plan"].create({"name": "Impossible", **values})

    def test_two_prices_for_the_same_days_are_refused(self):
        rule = self.monthly.pricing_rule_ids[0]
        with (
            self.assertRaisesRegex(ValidationError, "end one before the other"),
            self.env.cr.savepoint(),
        ):
            rule.copy()
        rule.date_to = "2026-06-30"
        rule.copy({"date_from": "2026-07-01", "date_to": False, "price": 35})
        late = self.subscribe(rule.product_id, on="2026-07-01")
        self.assertEqual(late.line_ids.price, 35)
