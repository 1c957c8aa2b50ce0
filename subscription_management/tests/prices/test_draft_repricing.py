from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from ..common import SubscriptionCase

FOR_WHOM = ("new", "date", "renewal")


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestPricesOfDrafts(SubscriptionCase):
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

    def publish(self, applies_to="new", **values):
        version = self.rule.browse(self.rule.action_new_version()["res_id"])
        version.write({"price": 8, **values})
        version._publish(self.may, applies_to)
        return version

    def test_a_draft_of_its_days_takes_a_version_for_whomever_it_is_published(self):
        for applies_to in FOR_WHOM:
            with self.subTest(applies_to), self.env.cr.savepoint() as savepoint:
                lines = [
                    self.draft(day)
                    for day in ("2026-04-30", "2026-05-01", "2026-06-01")
                ]
                version = self.publish(applies_to)
                self.assertEqual([line.period_amount for line in lines], [70, 80, 80])
                self.assertEqual(
                    [line.pricing_rule_id for line in lines],
                    [self.rule, version, version],
                )
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_price_that_was_typed_on_a_draft_stays(self):
        for applies_to in FOR_WHOM:
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
                self.publish(applies_to)
                self.assertEqual((typed.price, given.price), (5, 6))
                typed.subscription_id.action_activate()
                self.assertEqual(typed.period_amount, 50)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_draft_takes_the_tiers_and_bounds_of_a_version(self):
        line, typed = self.draft(), self.draft()
        typed.price = 5
        version = self.publish(
            pricing_model="volume",
            tier_ids=[
                Command.create({"up_to": 5, "unit_price": 7}),
                Command.create({"unit_price": 6, "sequence": 20}),
            ],
            maximum_amount=55,
        )
        self.assertEqual((line.pricing_rule_id, line.period_amount), (version, 55))
        self.assertEqual((typed.pricing_rule_id, typed.period_amount), (self.rule, 50))
        # Another day of its own does not take what was typed away either.
        typed.subscription_id.date_start = "2026-06-01"
        self.assertEqual((typed.pricing_model, typed.period_amount), ("per_unit", 50))

    def test_a_draft_that_took_a_version_takes_the_next_one_too(self):
        line = self.draft("2026-07-01")
        self.publish()
        self.rule = line.pricing_rule_id
        self.may = self.day("2026-06-01")
        self.publish(price=9)
        self.assertEqual(line.price, 9)
        line.subscription_id.date_start = "2026-05-01"
        self.assertEqual(line.price, 8)

    def test_steps_that_serve_another_quantity_take_the_version_too(self):
        line = self.draft()
        draft = line.subscription_id
        for day, values in (
            ("2026-06-01", {"quantity": 20}),
            ("2026-07-01", {"price": 6}),
        ):
            draft._change_agreed_lines(
                "changed", self.day(day), [(line, values)], policy="prorate"
            )
        self.publish()
        steps = draft.line_ids.sorted("date_start")
        self.assertEqual(steps.mapped("period_amount"), [80, 160, 120])

    def test_what_the_customer_negotiated_is_no_version_for_everybody(self):
        granted = self.rule.copy(
            {"partner_id": self.customer.id, "price": 4, "state": "published"}
        )
        line = self.draft()
        self.assertEqual(line.pricing_rule_id, granted)
        self.publish()
        self.assertEqual(line.price, 4)

    def test_a_price_that_is_granted_reaches_the_customers_drafts(self):
        other = self.env["res.partner"].create({"name": "Negev Farm"})
        mine, theirs = self.draft(), self.draft(partner_id=other.id)
        typed = self.draft()
        typed.price = 5
        granted = self.rule.copy(
            {"partner_id": self.customer.id, "price": 4, "state": "draft"}
        )
        granted._publish(self.may, "new")
        self.assertEqual((mine.price, theirs.price, typed.price), (4, 7, 5))

    def test_what_runs_stays_where_a_version_is_for_new_ones(self):
        running = self.draft("2026-05-01")
        running.subscription_id.action_activate()
        self.publish()
        self.assertEqual(running.price, 7)

    def test_a_draft_takes_the_first_price_that_its_plan_gets(self):
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
