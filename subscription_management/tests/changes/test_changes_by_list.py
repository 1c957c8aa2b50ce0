from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestChangesByList(SubscriptionCase):
    """Lines of a started subscription are changed from a day, and never edited."""

    def setUp(self):
        super().setUp()
        self.plan = self._make_plan("Tens", "month", Basic=30.0, Seat=10.0)
        self.plan.timing = "in_arrears"

    def seats(self, quantity=2, **values):
        return self.subscribe(
            self.seat, on="2026-04-01", plan=self.plan, quantity=quantity, **values
        )

    def movements(self, subscription):
        found = subscription.movement_ids.sorted(lambda each: (each.date, each.id))
        return [(str(each.date), each.kind, each.amount) for each in found]

    def test_agreed_values_of_a_started_line_cannot_be_edited(self):
        line = self.seats().line_ids
        for name, value in (
            ("product_id", self.basic.id),
            ("plan_id", self.yearly.id),
            ("kind", "one_off"),
            ("quantity", 20),
            ("price", 1),
            ("pricing_model", "flat"),
            ("date_start", "2026-05-01"),
            ("date_end", "2026-05-01"),
            ("last_day", "2026-04-30"),
        ):
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, "Use Change"),
            ):
                line[name] = value

    def test_lines_of_a_started_subscription_cannot_be_added_or_deleted(self):
        subscription = self.seats()
        with self.assertRaisesRegex(UserError, "Use Change"):
            subscription.line_ids = [Command.create({"product_id": self.basic.id})]
        with self.assertRaisesRegex(UserError, "Use Change"):
            subscription.line_ids.unlink()

    def test_the_description_and_order_of_a_line_can_be_edited(self):
        subscription = self.seats()
        with Form(subscription) as form, form.line_ids.edit(0) as line:
            line.name = "Seats of the shop"
            with self.assertRaises(AssertionError):
                line.quantity = 20
        subscription.line_ids.write({"sequence": 3, "quantity": 2})
        self.assertEqual(subscription.line_ids.name, "Seats of the shop")

    @freeze_time("2026-04-01 09:00:00")
    def test_added_seats_in_arrears_move_the_revenue_and_are_recorded(self):
        subscription = self.seats(2)
        change = subscription.change_quantity(
            subscription.line_ids, 20, Date.to_date("2026-04-01")
        )
        self.assertEqual(subscription.monthly_amount, 200)
        self.assertEqual(change.monthly_difference, 180)
        self.assertEqual(
            self.movements(subscription),
            [("2026-04-01", "new", 20), ("2026-04-01", "new", 180)],
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_a_new_line_is_recorded_as_added(self):
        subscription = self.seats(2)
        self.join(subscription, self.basic, "2026-05-01")
        change = subscription.change_ids.sorted("id")[-1]
        self.assertEqual((change.kind, change.monthly_difference), ("line_added", 30))
        self.assertNotIn("line_ended", subscription.change_ids.mapped("kind"))
        self.assertTrue(change.can_undo)
        change.action_undo()
        self.assertEqual(
            self.movements(subscription),
            [
                ("2026-04-01", "new", 20),
                ("2026-05-01", "expansion", 30),
                ("2026-05-01", "expansion", -30),
            ],
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_a_one_time_product_is_billed_once_and_is_no_recurring_revenue(self):
        subscription = self.seats(2)
        dozen = self.env.ref("uom.product_uom_dozen")
        self.basic.uom_ids = dozen
        line = self.join(subscription, self.basic, "2026-04-11", kind="one_off")
        self.assertEqual((line.kind, str(line.date_start)), ("one_off", "2026-04-11"))
        self.assertEqual(line.interval_label, "One-Time")
        self.bill("2026-06-01")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Seat", "20.00"),
                ("2026-04-11/2026-04-12", "Basic", "30.00"),
                ("2026-05-01/2026-06-01", "Seat", "20.00"),
            ],
        )
        self.assertEqual(subscription.monthly_amount, 20)

    @freeze_time("2026-04-01 09:00:00")
    def test_a_product_can_be_added_in_another_unit(self):
        subscription = self.subscribe(on="2026-04-01", plan=self.plan)
        dozen = self.env.ref("uom.product_uom_dozen")
        self.seat.uom_ids = dozen
        self.env.user.group_ids += self.env.ref("uom.group_uom")
        line = self.join(subscription, self.seat, "2026-04-01", product_uom_id=dozen)
        self.assertEqual(line.period_amount, 120)

    @freeze_time("2026-04-01 09:00:00")
    def test_nothing_can_be_added_after_the_end(self):
        subscription, other = self.seats(2), self.seats(3)
        self.cancel(subscription, Date.to_date("2026-05-01"))
        with self.assertRaisesRegex(UserError, "nothing can be added"):
            self.join(subscription, self.basic, "2026-05-01")
        with self.assertRaisesRegex(UserError, "ends on"):
            other.merge_into(subscription, Date.to_date("2026-05-01"))
        self.join(subscription, self.basic, "2026-04-30")
        self.assertEqual(
            self.movements(subscription),
            [
                ("2026-04-01", "new", 20),
                ("2026-04-30", "expansion", 30),
                ("2026-05-01", "contraction", -20),
                ("2026-05-01", "contraction", -30),
            ],
        )
