from freezegun import freeze_time

from odoo.addons.subscription_management.tests.common import tagged
from odoo.addons.subscription_management.tests.opportunities.opportunity_case import (
    OpportunityCase,
)

from .common import UsageCase


@tagged("post_install", "-at_install")
class TestOpportunitiesOfUsage(OpportunityCase, UsageCase):
    """Calls by the month, a hundred of them included, 2.00 for each one more."""

    def setUp(self):
        super().setUp()
        with freeze_time("2026-04-01 13:00:00"):
            self.subscription = self.subscribe(self.call, on="2026-04-01")

    def use(self, *quantities):
        """Record what was used in April, in May and so on, on the tenth each."""
        for month, quantity in enumerate(quantities, start=4):
            if quantity:
                self.record(self.subscription, quantity, f"2026-{month:02}-10")

    def test_more_than_is_included_is_told_after_two_periods_running(self):
        self.make_rule("allowance")
        self.use(130, 140)
        self.look("2026-05-31")
        self.assertFalse(self.found(self.subscription))
        self.look("2026-06-01")
        self.assertEqual(
            self.why(self.subscription),
            [
                "130 and then 140 Calls were used in the last two periods, 100 are "
                "included in each; the rule asks for more than 100 % of these."
            ],
        )

    def test_all_that_is_included_is_not_more(self):
        self.make_rule("allowance")
        self.use(130, 100)
        self.look("2026-06-01")
        self.assertFalse(self.found(self.subscription))

    def test_two_periods_with_one_between_them_are_not_running(self):
        self.make_rule("allowance")
        self.use(130, 90, 140)
        self.look("2026-07-01")
        self.assertFalse(self.found(self.subscription))

    def test_a_rule_may_ask_for_a_fifth_more_than_is_included(self):
        self.make_rule("allowance", allowance_percent=120)
        self.use(130, 120)
        self.look("2026-06-01")
        self.assertFalse(self.found(self.subscription))
        self.record(self.subscription, 1, "2026-06-01", time="2026-05-31 12:00:00")
        self.look("2026-06-02")
        self.assertTrue(self.found(self.subscription))

    def test_what_is_paid_beyond_the_allowance_is_at_stake(self):
        self.make_rule("allowance")
        self.use(130, 140)
        with freeze_time("2026-06-01 13:00:00"):
            self.bill("2026-06-01")
        self.look("2026-06-01")
        # 60.00 in April and 80.00 in May.
        self.assertEqual(self.found(self.subscription).recurring_revenue, 70)

    def test_a_period_within_the_allowance_is_noted(self):
        self.make_rule("allowance")
        self.use(130, 140, 80)
        self.look("2026-06-01")
        self.look("2026-07-01")
        lead = self.found(self.subscription)
        self.assertEqual(
            self.notes(lead)[0],
            "80 Calls were used in the period until 06/30/2026, 100 are included now.",
        )
        self.assertEqual(lead.won_status, "pending")

    def test_without_included_units_nothing_is_exceeded(self):
        hours = self.env["subscription.meter"].create({"name": "Hours"})
        hour = self._make_product("Hour", 50.0)
        self._price(hour, hours, price=50.0)
        with freeze_time("2026-04-01 13:00:00"):
            subscription = self.subscribe(hour, on="2026-04-01")
        self.make_rule("allowance")
        for day in ("2026-04-10", "2026-05-10"):
            self.record(subscription, 500, day, hours)
        self.look("2026-06-01")
        self.assertFalse(self.found(subscription))

    def test_thirty_percent_less_than_before_is_told_and_29_is_not(self):
        self.make_rule("fall", fall_percent=30)
        self.use(90, 100, 110, 71)
        self.look("2026-08-01")
        self.assertFalse(self.found(self.subscription))
        with freeze_time("2026-08-01 15:00:00"):
            self.subscription.usage_event_ids[:1].action_reverse()
        self.record(self.subscription, 70, "2026-08-01", time="2026-07-10 12:00:00")
        self.look("2026-08-02")
        self.assertEqual(
            self.why(self.subscription),
            [
                "70 Calls were used from 07/01/2026 on in the last period, 30 % less "
                "than the 100 of the three before it on average; the rule asks from "
                "30 % on."
            ],
        )

    def test_nothing_used_any_more_is_a_fall_of_a_hundred_percent(self):
        self.make_rule("fall", fall_percent=100)
        self.use(90, 100, 110)
        self.look("2026-08-01")
        self.assertIn("0 Calls were used", self.why(self.subscription)[0])

    def test_three_periods_before_are_needed_to_compare(self):
        self.make_rule("fall")
        self.use(100, 100, 10)
        self.look("2026-07-01")
        self.assertFalse(self.found(self.subscription))

    def test_a_service_that_rested_has_not_fallen(self):
        self.make_rule("fall")
        self.use(100, 100, 100)
        with freeze_time("2026-07-05 13:00:00"):
            self.subscription.pause(self.day("2026-07-05"), self.day("2026-07-25"))
        self.look("2026-08-01")
        self.assertFalse(self.found(self.subscription))

    def test_usage_that_comes_back_is_noted(self):
        self.make_rule("fall", fall_percent=30)
        self.use(100, 100, 100, 40, 100)
        self.look("2026-08-01")
        self.look("2026-09-01")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "100 Calls were used again from 08/01/2026 on, 80 in the three periods "
            "before on average.",
        )

    def test_the_recurring_revenue_and_the_usage_are_at_stake(self):
        self.make_rule("fall", fall_percent=30)
        with freeze_time("2026-04-01 13:00:00"):
            self.subscription = self.subscribe(self.call, self.basic, on="2026-04-01")
        self.use(130, 130, 130, 10)
        with freeze_time("2026-08-01 13:00:00"):
            self.bill("2026-08-01")
        self.look("2026-08-01")
        # 30.00 for Basic, and of May to July 60.00, 60.00 and nothing: 40.00.
        self.assertEqual(self.found(self.subscription).recurring_revenue, 70)

    def test_a_rule_of_usage_that_is_switched_off_is_silent(self):
        rule = self.make_rule("allowance", active=False)
        self.use(130, 140)
        self.look("2026-06-01")
        self.assertFalse(self.found(self.subscription))
        rule.active = True
        self.look("2026-06-02")
        self.look("2026-06-03")
        self.assertEqual(len(self.found(self.subscription)), 1)

    def test_each_kind_of_usage_says_what_it_does(self):
        allowance = self.make_rule("allowance", allowance_percent=120)
        self.assertIn("more than 120 % of the included units", allowance.summary)
        fall = self.make_rule("fall", fall_percent=25)
        self.assertIn("25 % less was used in the last period", fall.summary)

    def test_the_rules_of_usage_that_come_with_the_product_are_switched_on(self):
        for name in ("allowance", "fall"):
            rule = self.env.ref(f"subscription_usage.opportunity_rule_{name}")
            self.assertEqual(rule.kind, name)
