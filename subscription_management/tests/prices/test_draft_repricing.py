from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from .price_case import PriceCase

APPLIES_TO = ("new", "date", "renewal")


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestDraftRepricing(PriceCase):
    """Ten seats at 7.00 on a draft, and a version at 8.00 from 1 May."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.may = cls.day("2026-05-01")
        cls.rule = cls.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == cls.seat
        )

    def draft(self, on="2026-05-01", **values):
        return self.subscribe(
            self.seat, on=on, quantity=10, start=False, **values
        ).line_ids

    def publish_version(self, applies_to="new", **values):
        version = self.rule.browse(self.rule.action_new_version()["res_id"])
        version.write({"price": 8, **values})
        self.publish(version, applies_to, self.may)
        return version

    def test_a_draft_on_its_days_takes_a_version_for_any_subscriptions(self):
        for applies_to in APPLIES_TO:
            with self.subTest(applies_to), self.env.cr.savepoint() as savepoint:
                lines = [
                    self.draft(day)
                    for day in ("2026-04-30", "2026-05-01", "2026-06-01")
                ]
                version = self.publish_version(applies_to)
                self.assertEqual([line.period_amount for line in lines], [70, 80, 80])
                self.assertEqual(
                    [line.pricing_rule_id for line in lines],
                    [self.rule, version, version],
                )
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_price_entered_on_a_draft_stays(self):
        for applies_to in APPLIES_TO:
            with self.subTest(applies_to), self.env.cr.savepoint() as savepoint:
                typed = self.draft()
                typed.price = 5
                given = self.draft(
                    line_ids=[
                        Command.create(
                            {"product_id": self.seat.id, "price": 6, "quantity": 10}
                        )
                    ]
                )
                self.publish_version(applies_to)
                self.assertEqual((typed.price, given.price), (5, 6))
                typed.subscription_id.action_activate()
                self.assertEqual(typed.period_amount, 50)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_draft_takes_the_tiers_and_limits_of_a_version(self):
        line, typed = self.draft(), self.draft()
        typed.price = 5
        version = self.publish_version(
            pricing_model="volume",
            tier_ids=[
                Command.create({"up_to": 5, "unit_price": 7}),
                Command.create({"unit_price": 6, "sequence": 20}),
            ],
            maximum_amount=55,
        )
        self.assertEqual((line.pricing_rule_id, line.period_amount), (version, 55))
        self.assertEqual((typed.pricing_rule_id, typed.period_amount), (self.rule, 50))
        # Another start date keeps the entered price too.
        typed.subscription_id.date_start = "2026-06-01"
        self.assertEqual((typed.pricing_model, typed.period_amount), ("per_unit", 50))

    def test_a_draft_that_took_a_version_takes_the_next_one_too(self):
        line = self.draft("2026-07-01")
        self.publish_version()
        self.rule = line.pricing_rule_id
        self.may = self.day("2026-06-01")
        self.publish_version(price=9)
        self.assertEqual(line.price, 9)
        line.subscription_id.date_start = "2026-05-01"
        self.assertEqual(line.price, 8)

    def test_scheduled_quantity_changes_take_the_version_too(self):
        line = self.draft()
        draft = line.subscription_id
        for day, values in (
            ("2026-06-01", {"quantity": 20}),
            ("2026-07-01", {"price": 6}),
        ):
            draft._change_agreed_lines(
                "changed", self.day(day), [(line, values)], policy="prorate"
            )
        self.publish_version()
        steps = draft.line_ids.sorted("date_start")
        self.assertEqual(steps.mapped("period_amount"), [80, 160, 120])

    def test_a_draft_at_a_contracted_price_ignores_a_general_version(self):
        granted = self.rule.copy(
            {"partner_id": self.customer.id, "price": 4, "state": "published"}
        )
        line = self.draft()
        self.assertEqual(line.pricing_rule_id, granted)
        self.publish_version()
        self.assertEqual(line.price, 4)

    def test_a_contracted_price_reaches_the_drafts_of_its_customer(self):
        other = self.env["res.partner"].create({"name": "Negev Farm"})
        mine, theirs = self.draft(), self.draft(partner_id=other.id)
        typed = self.draft()
        typed.price = 5
        granted = self.rule.copy(
            {"partner_id": self.customer.id, "price": 4, "state": "draft"}
        )
        self.publish(granted, "new", self.may)
        self.assertEqual((mine.price, theirs.price, typed.price), (4, 7, 5))

    def test_an_active_subscription_keeps_its_price_at_a_version_for_new_ones(self):
        running = self.draft("2026-05-01")
        running.subscription_id.action_activate()
        self.publish_version()
        self.assertEqual(running.price, 7)

    def test_a_draft_takes_the_first_price_of_its_product_on_the_plan(self):
        extra = self._make_product("Extra", 5)
        line = self.subscribe(extra, on="2026-05-01", start=False).line_ids
        typed = self.subscribe(extra, on="2026-05-01", start=False).line_ids
        typed.price = 4
        self.assertEqual((line.pricing_rule_id, line.price), (self.rule.browse(), 5))
        first = self.rule.create(
            {
                "plan_id": self.monthly.id,
                "product_id": extra.id,
                "price": 9,
                "state": "draft",
            }
        )
        first.action_publish()
        self.assertEqual((line.pricing_rule_id, line.price), (first, 9))
        self.assertEqual((typed.pricing_rule_id.id, typed.price), (False, 4))
