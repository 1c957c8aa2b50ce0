from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .opportunity_case import OpportunityCase


@tagged("post_install", "-at_install")
class TestOpportunityRules(OpportunityCase):
    """What a rule says of itself, and what it refuses."""

    def test_a_rule_says_in_one_sentence_what_it_does(self):
        rule = self.make_rule("seats", seats_percent=85, quiet_months=6)
        self.assertEqual(
            rule.summary,
            "When 85 % of the seats of a product are used, the subscription's "
            "salesperson gets an opportunity: one only while it is open, and none for "
            "6 months after it was won or lost.",
        )
        rule.company_id = self.env.company
        rule.write({"team_id": self.team.id, "owner_policy": "leader"})
        self.assertIn("the leader of the team Harvest gets", rule.summary)

    def test_each_kind_has_its_sentence(self):
        kinds = self.env["subscription.opportunity.rule"]._fields["kind"]
        for kind in kinds.get_values(self.env):
            with self.subTest(kind=kind):
                rule = self.make_rule(kind)
                self.assertNotIn("None", rule.summary)

    def test_a_percentage_beyond_its_bounds_is_refused(self):
        for values in ({"seats_percent": 0}, {"reduction_percent": 101}):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.make_rule("seats", **values)

    def test_a_leader_is_of_a_team(self):
        with self.assertRaisesRegex(ValidationError, "Choose the sales team"):
            self.make_rule("seats", owner_policy="leader")

    def test_a_rule_that_has_spoken_is_switched_off_not_deleted_or_turned(self):
        rule = self.make_rule("seats")
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        subscription.line_ids.seats_used = 10
        self.look("2026-04-17")
        self.assertEqual(rule.lead_count, 1)
        with self.assertRaisesRegex(UserError, "switch it off"):
            rule.unlink()
        with self.assertRaisesRegex(UserError, "make another rule"):
            rule.kind = "payment"
        rule.name = "Seats"

    def test_the_rules_that_come_with_the_product_are_switched_on_and_sensible(self):
        for name in ("renewal", "seats", "payment", "reduction"):
            rule = self.env.ref(f"subscription_management.opportunity_rule_{name}")
            self.assertEqual(rule.kind, name)
            self.assertFalse(rule.company_id)
            self.assertTrue(rule.note)
