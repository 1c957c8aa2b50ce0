from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestRamp(SubscriptionCase):
    """Prices and quantities scheduled for later days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls.subscribe(cls.seat, on="2026-04-01", quantity=10)
        cls.line = cls.subscription.line_ids
        cls.july = Date.to_date("2026-07-01")
        cls.may = Date.to_date("2026-05-01")

    def assert_steps(self, expected):
        lines = self.subscription.line_ids.filtered(
            lambda line: line.date_end != line.date_start
        )
        self.assertEqual(
            [
                (str(line.date_start), line.quantity, line.price)
                for line in lines.sorted("date_start")
            ],
            expected,
        )

    def test_the_change_of_a_day_applies_to_the_line_of_that_day(self):
        self.subscription.change_price(self.line, 8, self.july)
        for day, price in ((self.may, 7), (self.july, 8)):
            line = self.subscription._lines_to_change(day)
            self.assertEqual(line.mapped("price"), [price])

    def test_units_added_before_a_scheduled_change_stay_after_it(self):
        self.subscription.change_price(self.line, 8, self.july)
        self.subscription.change_quantity(self.line, 12, self.may)
        self.assert_steps(
            [("2026-04-01", 10, 7), ("2026-05-01", 12, 7), ("2026-07-01", 12, 8)]
        )

    def test_a_new_price_keeps_a_price_scheduled_for_later(self):
        self.subscription.change_price(self.line, 8, self.july)
        self.subscription.change_price(self.line, 7.5, self.may)
        self.assert_steps(
            [("2026-04-01", 10, 7), ("2026-05-01", 10, 7.5), ("2026-07-01", 10, 8)]
        )

    def test_a_new_price_applies_to_a_scheduled_quantity(self):
        self.subscription.change_quantity(self.line, 15, self.july)
        self.subscription.change_price(self.line, 7.5, self.may)
        self.assert_steps(
            [("2026-04-01", 10, 7), ("2026-05-01", 10, 7.5), ("2026-07-01", 15, 7.5)]
        )

    def test_a_removed_product_loses_its_scheduled_changes(self):
        self.subscription.change_price(self.line, 8, self.july)
        self.end_line(self.line, self.may, "plan")
        self.assert_steps([("2026-04-01", 10, 7)])
        self.bill("2026-08-01")
        self.assertEqual(sum(self.subscription.billed_period_ids.mapped("amount")), 70)

    def test_undoing_a_cancellation_restores_the_scheduled_changes(self):
        self.subscription.change_price(self.line, 8, self.july)
        self.cancel(self.subscription, self.may)
        self.assert_steps([("2026-04-01", 10, 7)])
        self.subscription.action_undo_cancellation()
        self.assert_steps([("2026-04-01", 10, 7), ("2026-07-01", 10, 8)])
        self.assertEqual(self.line.date_end, self.july)

    def test_a_discount_applies_to_scheduled_prices(self):
        self.subscription.change_price(self.line, 8, self.july)
        self.subscription.grant_discount({"percent": 50}, self.may)
        self.bill("2026-07-01")
        billed = self.subscription.billed_period_ids.sorted("date_start")
        self.assertEqual(billed.mapped("amount"), [70, 35, 35, 40])

    def test_a_change_before_a_scheduled_one_can_be_undone(self):
        self.subscription.change_price(self.line, 8, self.july)
        change = self.subscription.change_quantity(self.line, 12, self.may)
        change.action_undo()
        self.assert_steps([("2026-04-01", 10, 7), ("2026-07-01", 10, 8)])

    def test_the_wizard_schedules_the_changes_that_it_previews(self):
        form = Form(
            self.env["subscription.schedule.changes.wizard"].with_context(
                default_subscription_id=self.subscription.id
            )
        )
        self.assertEqual(form.line_id, self.line)
        for day, quantity, price in (("2026-05-01", 20, 7), ("2026-07-01", 20, 6)):
            with form.step_ids.new() as step:
                step.date_start, step.quantity, step.price = day, quantity, price
        self.assertIn("140.00", form.preview)
        self.assertIn("120.00", form.preview)
        form.save().action_confirm()
        self.assert_steps(
            [("2026-04-01", 10, 7), ("2026-05-01", 20, 7), ("2026-07-01", 20, 6)]
        )
        changes = self.subscription.change_ids.sorted("id")
        self.assertEqual(changes[-2:].mapped("kind"), ["quantity", "price"])
        self.bill("2026-07-01")
        billed = self.subscription.billed_period_ids.sorted("date_start")
        self.assertEqual(billed.mapped("amount"), [70, 140, 140, 120])

    def test_scheduled_changes_out_of_order_or_without_effect_are_refused(self):
        ramp = self.env["subscription.schedule.changes.wizard"].create(
            {"subscription_id": self.subscription.id, "line_id": self.line.id}
        )
        with self.assertRaisesRegex(UserError, "Nothing is changed"):
            ramp.action_confirm()
        step = {"quantity": 11, "price": 7}
        ramp.step_ids = [
            Command.create({**step, "date_start": "2026-05-01"}),
            Command.create({**step, "date_start": "2026-05-01"}),
        ]
        with self.assertRaisesRegex(UserError, "choose another day"):
            ramp.action_confirm()
        self.assertIn("choose another day", ramp.preview)
        other = self.subscribe(on="2026-04-01")
        ramp.write({"line_id": other.line_ids.id, "step_ids": [Command.clear()]})
        with self.assertRaisesRegex(UserError, "of this subscription"):
            ramp.action_confirm()
