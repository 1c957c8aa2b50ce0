from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .opportunity_case import OpportunityCase


@tagged("post_install", "-at_install")
class TestOpportunityRules(OpportunityCase):
    """The summary of a rule and the values it refuses."""

    def test_the_summary_is_one_sentence(self):
        rule = self.make_rule("seats", seats_percent=85, quiet_months=6)
        self.assertEqual(
            rule.summary,
            "When 85 % of the seats of a product are used, an opportunity of the "
            "subscription's salesperson is created, unless one is open. Another one "
            "follows 6 months after it was won or lost at the earliest.",
        )
        rule.company_id = self.env.company
        rule.write({"team_id": self.team.id, "owner_policy": "leader"})
        self.assertIn("of the leader of the team Harvest is created", rule.summary)

    def test_each_kind_has_its_sentence(self):
        kinds = self.env["subscription.opportunity.rule"]._fields["kind"]
        for kind in kinds.get_values(self.env):
            with self.subTest(kind=kind):
                rule = self.make_rule(kind)
                self.assertNotIn("None", rule.summary)

    def test_a_percentage_out_of_bounds_is_refused(self):
        for values in ({"seats_percent": 0}, {"reduction_percent": 101}):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.make_rule("seats", **values)

    def test_a_leader_requires_a_team(self):
        with self.assertRaisesRegex(ValidationError, "Choose the sales team"):
            self.make_rule("seats", owner_policy="leader")

    def test_a_rule_with_opportunities_is_neither_deleted_nor_changed_in_kind(self):
        rule = self.make_rule("seats")
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        subscription.line_ids.seats_used = 10
        self.evaluate("2026-04-17")
        self.assertEqual(rule.lead_count, 1)
        with self.assertRaisesRegex(UserError, "disable it"):
            rule.unlink()
        with self.assertRaisesRegex(UserError, "create another rule"):
            rule.kind = "payment"
        rule.name = "Seats"

    def test_each_kind_has_a_rule_of_the_product(self):
        for name in ("renewal", "seats", "payment", "reduction"):
            rule = self.env.ref(f"subscription_crm.opportunity_rule_{name}")
            self.assertEqual(rule.kind, name)
            self.assertFalse(rule.company_id)
            self.assertTrue(rule.note)
