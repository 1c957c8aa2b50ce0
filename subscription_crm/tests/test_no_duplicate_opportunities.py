from datetime import date

from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .opportunity_case import OpportunityCase


@tagged("post_install", "-at_install")
class TestOpportunitiesOnce(OpportunityCase):
    """Ten of ten seats are used for months: opportunities are not duplicated."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.make_rule("seats", quiet_months=2)
        cls.subscription = cls.subscribe(cls.seat, on="2026-04-01", quantity=10)
        cls.subscription.line_ids.seats_used = 10

    def count(self):
        return len(self.found(self.subscription))

    def test_an_open_opportunity_is_not_repeated_however_old_it_is(self):
        for day in ("2026-04-16", "2026-04-16", "2026-04-17", "2026-12-01"):
            self.evaluate(day)
            self.assertEqual(self.count(), 1, day)

    def test_a_second_evaluation_of_a_day_creates_none_after_a_loss(self):
        self.rule.quiet_months = 0
        self.evaluate("2026-04-16")
        self.lose(self.found(self.subscription), "2026-04-16")
        self.subscription.opportunities_checked_on = False
        self.subscription.sudo().opportunity_finding_ids.cleared_on = "2026-04-16"
        self.evaluate("2026-04-16")
        self.assertEqual(self.count(), 1)

    def test_a_lost_opportunity_starts_the_waiting_time(self):
        self.evaluate("2026-04-16")
        self.lose(self.found(self.subscription), "2026-05-10")
        self.evaluate("2026-07-09")
        self.assertEqual(self.count(), 1)
        self.evaluate("2026-07-10")
        self.assertEqual(self.count(), 2)

    def test_a_won_opportunity_starts_the_waiting_time(self):
        self.evaluate("2026-04-16")
        with freeze_time("2026-05-10 12:00:00"):
            self.found(self.subscription).action_set_won()
        self.evaluate("2026-07-09")
        self.assertEqual(self.count(), 1)
        self.evaluate("2026-07-10")
        self.assertEqual(self.count(), 2)

    def test_without_a_waiting_time_the_condition_must_be_cleared_first(self):
        self.rule.quiet_months = 0
        self.evaluate("2026-04-16")
        self.lose(self.found(self.subscription), "2026-04-17")
        self.evaluate("2027-04-16")
        self.assertEqual(self.count(), 1)
        self.subscription.line_ids.seats_used = 5
        self.evaluate("2027-04-17")
        self.subscription.line_ids.seats_used = 10
        self.evaluate("2027-04-18")
        self.assertEqual(self.count(), 2)

    def test_a_closed_opportunity_is_unchanged_when_the_condition_is_cleared(self):
        self.evaluate("2026-04-16")
        lead = self.found(self.subscription)
        self.lose(lead, "2026-04-17")
        said = len(lead.message_ids)
        self.subscription.line_ids.seats_used = 5
        self.evaluate("2026-04-18")
        self.assertEqual(
            str(self.subscription.opportunity_finding_ids.cleared_on), "2026-04-18"
        )
        self.assertEqual((len(lead.message_ids), lead.won_status), (said, "lost"))

    def test_a_merged_opportunity_is_not_created_again(self):
        self.evaluate("2026-04-16")
        lead = self.found(self.subscription)
        other = self.env["crm.lead"].create(
            {
                "type": "opportunity",
                "name": "More of everything",
                "partner_id": self.customer.id,
                "probability": 90,
            }
        )
        kept = (other | lead).merge_opportunity()
        self.assertEqual(kept.managed_rule_id, self.rule)
        self.assertEqual(kept.managed_subscription_id, self.subscription)
        self.assertEqual(self.subscription.opportunity_finding_ids.lead_id, kept)
        self.evaluate("2026-04-17")
        self.assertEqual(self.count(), 1)

    def test_a_deleted_opportunity_starts_the_waiting_time_when_it_was_found(self):
        self.evaluate("2026-04-16")
        self.found(self.subscription).unlink()
        self.evaluate("2026-06-15")
        self.assertEqual(self.count(), 0)
        self.evaluate("2026-06-16")
        self.assertEqual(self.count(), 1)

    def test_a_copied_opportunity_has_no_rule(self):
        self.evaluate("2026-04-16")
        copied = self.found(self.subscription).copy()
        self.assertFalse(copied.managed_rule_id or copied.managed_subscription_id)

    def test_another_rule_creates_an_opportunity_of_its_own(self):
        self.evaluate("2026-04-16")
        self.make_rule("seats", seats_percent=95)
        self.evaluate("2026-04-17")
        self.assertEqual(self.count(), 2)

    def test_a_disabled_rule_creates_nothing(self):
        self.rule.active = False
        self.evaluate("2026-04-16")
        self.assertEqual(self.count(), 0)
        self.rule.active = True
        self.evaluate("2026-04-17")
        self.assertEqual(self.count(), 1)

    def test_the_database_refuses_a_second_finding_of_a_day(self):
        self.evaluate("2026-04-16")
        [finding] = self.subscription.sudo().opportunity_finding_ids
        for values in (
            {"signal_key": "another one"},
            {"subscription_id": self._other().id},
        ):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(UniqueViolation),
                self.env.cr.savepoint(),
            ):
                finding.copy(values)
                self.env.flush_all()
        finding.copy({"date": date(2026, 4, 17)})

    def _other(self):
        return self.subscribe(self.seat, on="2026-04-01")

    def test_an_opportunity_that_fails_leaves_a_to_do_and_stops_no_other(self):
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        broken = self.subscribe(
            self.seat, on="2026-04-01", quantity=10, partner_id=stranger.id
        )
        broken.line_ids.seats_used = 10
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.env.cr.execute(
            "UPDATE res_partner SET company_id = %s WHERE id = %s",
            [other.id, stranger.id],
        )
        self.env.invalidate_all()
        self.evaluate("2026-04-16")
        self.assertEqual(self.count(), 1)
        self.assertFalse(self.found(broken) or broken.opportunity_finding_ids)
        self.assertIn("Stranger", str(broken.activity_ids.note))
