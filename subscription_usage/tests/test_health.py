from freezegun import freeze_time

from odoo.addons.subscription_management.tests.common import tagged

from .common import UsageCase


@tagged("post_install", "-at_install")
class TestHealthOfUsage(UsageCase):
    """Calls since April, looked at on the first of August: July against the others."""

    def setUp(self):
        super().setUp()
        signals = self.env["subscription.health.signal"].search([])
        signals.active = False
        self.signal = signals.filtered(lambda each: each.kind == "usage")
        self.signal.write({"active": True, "best": 0, "worst": -50})
        with freeze_time("2026-04-01 13:00:00"):
            self.subscription = self.subscribe(self.call, on="2026-04-01")

    def score(self, *quantities):
        """Record what was used in April, in May and so on, and return the score."""
        for month, quantity in enumerate(quantities, start=4):
            self.record(self.subscription, quantity, f"2026-{month:02}-10")
        with freeze_time("2026-08-01 13:00:00"):
            self.subscription.action_score_health()
            [row] = self.subscription._health_rows()
        self.says = row["says"]
        return self.subscription.health_score

    def test_a_tenth_less_than_before_takes_a_fifth_of_the_marks(self):
        self.assertEqual(self.score(90, 100, 110, 90), 80)  # 10 of 50 %
        self.assertIn("10 % less was used", self.says)

    def test_more_than_before_has_all_marks(self):
        self.assertEqual(self.score(100, 100, 100, 130), 100)
        self.assertIn("30 % more was used", self.says)

    def test_too_few_periods_tell_nothing(self):
        self.score(100, 100)
        with freeze_time("2026-06-01 13:00:00"):
            self.subscription.action_score_health()
        self.assertFalse(self.subscription.health_band)

    def test_the_signal_says_what_it_does(self):
        self.assertIn("100 marks at 0 %, none at -50 %", self.signal.summary)
