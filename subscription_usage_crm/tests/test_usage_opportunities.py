from freezegun import freeze_time

from odoo.addons.subscription_crm.tests.opportunity_case import OpportunityCase
from odoo.addons.subscription_management.tests.common import tagged
from odoo.addons.subscription_usage.tests.common import UsageCase


@tagged("post_install", "-at_install")
class TestUsageOpportunities(OpportunityCase, UsageCase):
    """Calls per month: 100 included, 2.00 for each further one."""

    def setUp(self):
        super().setUp()
        with freeze_time("2026-04-01 13:00:00"):
            self.subscription = self.subscribe(self.call, on="2026-04-01")

    def use(self, *quantities):
        """Record usage on the tenth of April, of May and so on."""
        for month, quantity in enumerate(quantities, start=4):
            if quantity:
                self.record(self.subscription, quantity, f"2026-{month:02}-10")

    def test_an_allowance_exceeded_in_two_successive_periods_is_found(self):
        self.make_rule("allowance")
        self.use(130, 140)
        self.evaluate("2026-05-31")
        self.assertFalse(self.found(self.subscription))
        self.evaluate("2026-06-01")
        self.assertEqual(
            self.reasons(self.subscription),
            [
                "130 and then 140 Calls were used in the last two periods; 100 are "
                "included in each. The limit of the rule is 100 % of the included "
                "units."
            ],
        )

    def test_the_exact_allowance_is_not_found(self):
        self.make_rule("allowance")
        self.use(130, 100)
        self.evaluate("2026-06-01")
        self.assertFalse(self.found(self.subscription))

    def test_two_periods_that_are_not_successive_are_not_found(self):
        self.make_rule("allowance")
        self.use(130, 90, 140)
        self.evaluate("2026-07-01")
        self.assertFalse(self.found(self.subscription))

    def test_a_rule_may_require_120_percent_of_the_allowance(self):
        self.make_rule("allowance", allowance_percent=120)
        self.use(130, 120)
        self.evaluate("2026-06-01")
        self.assertFalse(self.found(self.subscription))
        self.record(self.subscription, 1, "2026-06-01", time="2026-05-31 12:00:00")
        self.evaluate("2026-06-02")
        self.assertTrue(self.found(self.subscription))

    def test_the_overage_is_at_stake(self):
        self.make_rule("allowance")
        self.use(130, 140)
        with freeze_time("2026-06-01 13:00:00"):
            self.bill("2026-06-01")
        self.evaluate("2026-06-01")
        # 60.00 in April and 80.00 in May.
        self.assertEqual(self.found(self.subscription).recurring_revenue, 70)

    def test_a_period_within_the_allowance_is_logged(self):
        self.make_rule("allowance")
        self.use(130, 140, 80)
        self.evaluate("2026-06-01")
        self.evaluate("2026-07-01")
        lead = self.found(self.subscription)
        self.assertEqual(
            self.notes(lead)[0],
            "80 Calls were used in the period until 06/30/2026; 100 are included now.",
        )
        self.assertEqual(lead.won_status, "pending")

    def test_without_an_allowance_nothing_is_found(self):
        hours = self.env["subscription.meter"].create({"name": "Hours"})
        hour = self._make_product("Hour", 50.0)
        self._price(hour, hours, price=50.0)
        with freeze_time("2026-04-01 13:00:00"):
            subscription = self.subscribe(hour, on="2026-04-01")
        self.make_rule("allowance")
        for day in ("2026-04-10", "2026-05-10"):
            self.record(subscription, 500, day, hours)
        self.evaluate("2026-06-01")
        self.assertFalse(self.found(subscription))

    def test_thirty_percent_less_is_found_and_29_is_not(self):
        self.make_rule("fall", fall_percent=30)
        self.use(90, 100, 110, 71)
        self.evaluate("2026-08-01")
        self.assertFalse(self.found(self.subscription))
        with freeze_time("2026-08-01 15:00:00"):
            self.subscription.usage_event_ids[:1].action_reverse()
        self.record(self.subscription, 70, "2026-08-01", time="2026-07-10 12:00:00")
        self.evaluate("2026-08-02")
        self.assertEqual(
            self.reasons(self.subscription),
            [
                "70 Calls were used in the period from 07/01/2026, 30 % less than "
                "the average of the three periods before (100). The limit of the "
                "rule is 30 %."
            ],
        )

    def test_no_usage_is_a_fall_of_100_percent(self):
        self.make_rule("fall", fall_percent=100)
        self.use(90, 100, 110)
        self.evaluate("2026-08-01")
        self.assertIn("0 Calls were used", self.reasons(self.subscription)[0])

    def test_a_fall_requires_three_periods_before(self):
        self.make_rule("fall")
        self.use(100, 100, 10)
        self.evaluate("2026-07-01")
        self.assertFalse(self.found(self.subscription))

    def test_a_paused_period_is_not_compared(self):
        self.make_rule("fall")
        self.use(100, 100, 100)
        with freeze_time("2026-07-05 13:00:00"):
            self.subscription.pause(self.day("2026-07-05"), self.day("2026-07-25"))
        self.evaluate("2026-08-01")
        self.assertFalse(self.found(self.subscription))

    def test_recovered_usage_is_logged(self):
        self.make_rule("fall", fall_percent=30)
        self.use(100, 100, 100, 40, 100)
        self.evaluate("2026-08-01")
        self.evaluate("2026-09-01")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "100 Calls were used in the period from 08/01/2026; the average of the "
            "three periods before is 80.",
        )

    def test_the_recurring_revenue_and_the_usage_are_at_stake(self):
        self.make_rule("fall", fall_percent=30)
        with freeze_time("2026-04-01 13:00:00"):
            self.subscription = self.subscribe(self.call, self.basic, on="2026-04-01")
        self.use(130, 130, 130, 10)
        with freeze_time("2026-08-01 13:00:00"):
            self.bill("2026-08-01")
        self.evaluate("2026-08-01")
        # 30.00 for Basic, and of May to July 60.00, 60.00 and nothing: 40.00.
        self.assertEqual(self.found(self.subscription).recurring_revenue, 70)

    def test_a_disabled_rule_of_usage_creates_nothing(self):
        rule = self.make_rule("allowance", active=False)
        self.use(130, 140)
        self.evaluate("2026-06-01")
        self.assertFalse(self.found(self.subscription))
        rule.active = True
        self.evaluate("2026-06-02")
        self.evaluate("2026-06-03")
        self.assertEqual(len(self.found(self.subscription)), 1)

    def test_each_kind_of_usage_has_its_sentence(self):
        allowance = self.make_rule("allowance", allowance_percent=120)
        self.assertIn("more than 120 % of the included units", allowance.summary)
        fall = self.make_rule("fall", fall_percent=25)
        self.assertIn("last period is 25 % lower than", fall.summary)

    def test_each_kind_of_usage_has_a_rule_of_the_product(self):
        for name in ("allowance", "fall"):
            rule = self.env.ref(f"subscription_usage_crm.opportunity_rule_{name}")
            self.assertEqual(rule.kind, name)
