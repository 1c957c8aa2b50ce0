from freezegun import freeze_time

from odoo.addons.subscription_management.tests.common import tagged

from .common import UsageCase


@tagged("post_install", "-at_install")
class TestHealthOfUsage(UsageCase):
    """Calls since April, scored on 1 August: July against the months before."""

    def setUp(self):
        super().setUp()
        signals = self.env["subscription.health.signal"].search([])
        signals.active = False
        self.signal = signals.filtered(lambda each: each.kind == "usage")
        self.signal.write({"active": True, "best": 0, "worst": -50})
        with freeze_time("2026-04-01 13:00:00"):
            self.subscription = self.subscribe(self.call, on="2026-04-01")

    def score(self, *quantities):
        """Record the usage of April, May and so on, and return the score."""
        for month, quantity in enumerate(quantities, start=4):
            self.record(self.subscription, quantity, f"2026-{month:02}-10")
        with freeze_time("2026-08-01 13:00:00"):
            self.subscription.action_score_health()
            [row] = self.subscription._health_rows()
        self.sentence = row["sentence"]
        return self.subscription.health_score

    def test_a_drop_of_10_percent_scores_80(self):
        self.assertEqual(self.score(90, 100, 110, 90), 80)  # 10 of 50 %
        self.assertIn("10 % below the average", self.sentence)

    def test_an_increase_scores_100(self):
        self.assertEqual(self.score(100, 100, 100, 130), 100)
        self.assertIn("30 % above the average", self.sentence)

    def test_too_few_periods_give_no_score(self):
        self.score(100, 100)
        with freeze_time("2026-06-01 13:00:00"):
            self.subscription.action_score_health()
        self.assertFalse(self.subscription.health_band)

    def test_the_summary_describes_the_scale(self):
        self.assertIn("score 100 at 0 %, 0 at -50 %", self.signal.summary)
