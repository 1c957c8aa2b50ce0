from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestLostPrices(SubscriptionCase):
    """Lines agreed by one pricing model, whose rule counts by another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.storage = cls._make_product("Storage", 4.0)
        cls.rule = cls.env["subscription.pricing.rule"].create(
            {
                "plan_id": cls.monthly.id,
                "product_id": cls.storage.id,
                "pricing_model": "graduated",
                "tier_ids": [Command.create({"unit_price": 3})],
            }
        )

    def lose(self, rule, model="flat"):
        """Let a rule count by another model behind the back of its lines."""
        rule.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE subscription_pricing_rule SET pricing_model = %s WHERE id = %s",
                model,
                rule.id,
            )
        )
        rule.invalidate_recordset()

    def test_a_draft_does_not_start_at_a_price_that_was_lost_and_says_why(self):
        draft = self.subscribe(self.storage, on="2026-04-01", start=False)
        self.lose(self.rule)
        self.assertEqual(draft.line_ids._full_price(), 0)
        with self.assertRaisesRegex(UserError, "“Graduated Tiers”.*“Flat”.*choose"):
            draft.action_activate()

    def test_choosing_the_product_again_takes_the_price_of_today(self):
        draft = self.subscribe(self.storage, on="2026-04-01", start=False)
        self.lose(self.rule)
        draft.line_ids = [
            Command.clear(),
            Command.create({"product_id": self.storage.id}),
        ]
        self.assertEqual(draft.line_ids.pricing_model, "flat")

    def test_what_runs_at_a_price_that_was_lost_is_marked_and_stops_no_other(self):
        lost = self.subscribe(self.storage, on="2026-04-01")
        other = self.subscribe(on="2026-04-01")
        self.lose(self.rule)
        self.bill("2026-04-01")
        self.assertFalse(lost.billed_period_ids)
        self.assertIn("Graduated Tiers", lost.activity_ids.note)
        self.assertTrue(other.billed_period_ids)

    def test_a_line_is_not_said_to_be_priced_by_tiers_that_it_has_not(self):
        draft = self.subscribe(self.seat, on="2026-04-01", start=False)
        for model in ("graduated", "package", "percent_of_total"):
            with (
                self.subTest(model=model),
                self.assertRaisesRegex(ValidationError, "choose the product again"),
                self.env.cr.savepoint(),
            ):
                draft.line_ids.pricing_model = model
        draft.line_ids.pricing_model = "flat"

    def test_a_copy_of_what_had_tiers_takes_the_price_of_today(self):
        subscription = self.subscribe(self.storage, on="2026-04-01", quantity=2)
        self.rule.active = False
        line = subscription.copy().line_ids
        self.assertFalse(line.pricing_rule_id)
        self.assertEqual((line.pricing_model, line.period_amount), ("per_unit", 8))
