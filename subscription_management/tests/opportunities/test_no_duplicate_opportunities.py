from datetime import date

from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .opportunity_case import OpportunityCase


@tagged("post_install", "-at_install")
class TestOpportunitiesOnce(OpportunityCase):
    """Ten of ten seats are used, day after day; nobody is told twice."""

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
            self.look(day)
            self.assertEqual(self.count(), 1, day)

    def test_a_second_look_on_the_same_day_makes_none_even_where_it_was_lost(self):
        self.rule.quiet_months = 0
        self.look("2026-04-16")
        self.lose(self.found(self.subscription), "2026-04-16")
        self.subscription.opportunities_checked_on = False
        self.subscription.sudo().finding_ids.over_on = "2026-04-16"
        self.look("2026-04-16")
        self.assertEqual(self.count(), 1)

    def test_a_lost_one_keeps_the_rule_quiet_for_two_months(self):
        self.look("2026-04-16")
        self.lose(self.found(self.subscription), "2026-05-10")
        self.look("2026-07-09")
        self.assertEqual(self.count(), 1)
        self.look("2026-07-10")
        self.assertEqual(self.count(), 2)

    def test_a_won_one_keeps_the_rule_quiet_as_well(self):
        self.look("2026-04-16")
        with freeze_time("2026-05-10 12:00:00"):
            self.found(self.subscription).action_set_won()
        self.look("2026-07-09")
        self.assertEqual(self.count(), 1)
        self.look("2026-07-10")
        self.assertEqual(self.count(), 2)

    def test_without_months_it_is_quiet_until_the_same_fact_is_over(self):
        self.rule.quiet_months = 0
        self.look("2026-04-16")
        self.lose(self.found(self.subscription), "2026-04-17")
        self.look("2027-04-16")
        self.assertEqual(self.count(), 1)
        self.subscription.line_ids.seats_used = 5
        self.look("2027-04-17")
        self.subscription.line_ids.seats_used = 10
        self.look("2027-04-18")
        self.assertEqual(self.count(), 2)

    def test_a_closed_one_is_left_alone_when_the_fact_is_over(self):
        self.look("2026-04-16")
        lead = self.found(self.subscription)
        self.lose(lead, "2026-04-17")
        said = len(lead.message_ids)
        self.subscription.line_ids.seats_used = 5
        self.look("2026-04-18")
        self.assertEqual(str(self.subscription.finding_ids.over_on), "2026-04-18")
        self.assertEqual((len(lead.message_ids), lead.won_status), (said, "lost"))

    def test_a_merged_one_is_not_made_anew(self):
        self.look("2026-04-16")
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
        self.assertEqual(self.subscription.finding_ids.lead_id, kept)
        self.look("2026-04-17")
        self.assertEqual(self.count(), 1)

    def test_a_deleted_one_keeps_the_rule_quiet_from_the_day_it_was_made(self):
        self.look("2026-04-16")
        self.found(self.subscription).unlink()
        self.look("2026-06-15")
        self.assertEqual(self.count(), 0)
        self.look("2026-06-16")
        self.assertEqual(self.count(), 1)

    def test_a_copy_of_an_opportunity_is_of_no_rule(self):
        self.look("2026-04-16")
        copied = self.found(self.subscription).copy()
        self.assertFalse(copied.managed_rule_id or copied.managed_subscription_id)

    def test_another_rule_speaks_for_itself(self):
        self.look("2026-04-16")
        self.make_rule("seats", seats_percent=95)
        self.look("2026-04-17")
        self.assertEqual(self.count(), 2)

    def test_a_rule_that_is_switched_off_is_silent(self):
        self.rule.active = False
        self.look("2026-04-16")
        self.assertEqual(self.count(), 0)
        self.rule.active = True
        self.look("2026-04-17")
        self.assertEqual(self.count(), 1)

    def test_the_database_lets_two_workers_tell_it_once(self):
        self.look("2026-04-16")
        [finding] = self.subscription.sudo().finding_ids
        for values in ({"fact": "another one"}, {"subscription_id": self._other().id}):
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

    def test_one_that_cannot_be_made_stops_no_other_and_leaves_a_to_do(self):
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
        self.look("2026-04-16")
        self.assertEqual(self.count(), 1)
        self.assertFalse(self.found(broken) or broken.finding_ids)
        self.assertIn("Stranger", str(broken.activity_ids.note))
