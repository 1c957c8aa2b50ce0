from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Date
from odoo.tests import new_test_user, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestRevenue(SubscriptionCase):
    """Each change records the movements of the recurring revenue."""

    def movements(self, *subscriptions):
        found = self.env["subscription.revenue.movement"].search(
            [("subscription_id", "in", [each.id for each in subscriptions])],
            order="date, id",
        )
        return [(str(each.date), each.kind, each.company_amount) for each in found]

    @freeze_time("2026-04-01 09:00:00")
    def test_new_expansion_contraction_churn_and_reactivation_are_recorded(self):
        day = Date.to_date
        first = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        first.change_quantity(first.line_ids, 12, day("2026-05-01"))
        last = first.line_ids.sorted("date_start")[-1]
        first.change_quantity(last, 9, day("2026-06-01"))
        self.cancel(first, day("2026-07-01"))
        again = self.subscribe(self.seat, on="2026-08-01", quantity=1)
        self.assertEqual(
            self.movements(first, again),
            [
                ("2026-04-01", "new", 70),
                ("2026-05-01", "expansion", 14),
                ("2026-06-01", "contraction", -21),
                ("2026-07-01", "churn", -63),
                ("2026-08-01", "reactivation", 7),
            ],
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_the_end_of_one_of_two_subscriptions_is_contraction(self):
        first = self.subscribe(on="2026-04-01")
        second = self.subscribe(self.seat, on="2026-04-01")
        self.cancel(first, Date.to_date("2026-05-01"))
        self.cancel(second, Date.to_date("2026-06-01"))
        self.assertEqual(
            self.movements(first, second),
            [
                ("2026-04-01", "new", 30),
                ("2026-04-01", "new", 7),
                ("2026-05-01", "contraction", -30),
                ("2026-06-01", "churn", -7),
            ],
        )

    @freeze_time("2026-04-10 09:00:00")
    def test_an_undone_change_is_reversed(self):
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        change = subscription.change_quantity(
            subscription.line_ids, 12, Date.to_date("2026-05-01")
        )
        change.action_undo()
        self.assertEqual(
            self.movements(subscription),
            [
                ("2026-04-01", "new", 70),
                ("2026-05-01", "expansion", 14),
                ("2026-05-01", "expansion", -14),
            ],
        )

    @freeze_time("2026-04-10 09:00:00")
    def test_a_scheduled_expansion_after_the_end_is_no_second_churn(self):
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        subscription.change_quantity(
            subscription.line_ids, 12, Date.to_date("2026-06-01")
        )
        self.cancel(subscription, Date.to_date("2026-05-01"))
        self.assertEqual(
            self.movements(subscription),
            [
                ("2026-04-01", "new", 70),
                ("2026-05-01", "churn", -70),
                ("2026-06-01", "expansion", 14),
                ("2026-06-01", "expansion", -14),
            ],
        )

    @freeze_time("2026-04-10 09:00:00")
    def test_a_pause_is_recorded_apart_from_churn(self):
        subscription = self.subscribe(on="2026-04-01")
        subscription.pause(Date.to_date("2026-05-01"), Date.to_date("2026-06-01"))
        self.assertEqual(
            self.movements(subscription),
            [
                ("2026-04-01", "new", 30),
                ("2026-05-01", "pause", -30),
                ("2026-06-01", "resumption", 30),
            ],
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_an_end_during_a_pause_is_churn(self):
        day = Date.to_date
        subscription = self.subscribe(on="2026-04-01")
        subscription.pause(day("2026-05-01"))
        self.cancel(subscription, day("2026-06-01"))
        left = [
            ("2026-04-01", "new", 30),
            ("2026-05-01", "pause", -30),
            ("2026-06-01", "resumption", 30),
            ("2026-06-01", "churn", -30),
        ]
        self.assertEqual(self.movements(subscription), left)
        subscription.action_undo_cancellation()
        self.assertEqual(
            self.movements(subscription),
            [
                *left,
                ("2026-06-01", "churn", 30),
                ("2026-06-01", "resumption", -30),
            ],
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_an_end_after_a_pause_is_churn_once(self):
        day = Date.to_date
        subscription = self.subscribe(on="2026-04-01")
        subscription.pause(day("2026-05-01"), day("2026-05-15"))
        self.cancel(subscription, day("2026-06-01"))
        self.assertEqual(
            [kind for _day, kind, _amount in self.movements(subscription)],
            ["new", "pause", "resumption", "churn"],
        )

    @freeze_time("2026-04-10 09:00:00")
    def test_a_movement_keeps_the_rate_of_its_day(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        euro.rate_ids.create(
            {"currency_id": euro.id, "name": "2026-01-01", "rate": 0.5}
        )
        self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.basic
        ).copy({"currency_id": euro.id})
        subscription = self.subscribe(on="2026-04-01", currency_id=euro.id, start=False)
        subscription.action_activate()
        movement = subscription.movement_ids
        self.assertEqual((movement.amount, movement.company_amount), (30, 60))
        euro.rate_ids.rate = 0.25
        self.assertEqual(movement.company_amount, 60)

    def test_limited_discounts_are_subtracted_if_the_company_counts_them(self):
        company = self.env.company
        with freeze_time("2026-04-01 09:00:00"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
            subscription.grant_discount(
                {"percent": 50, "cycles": 2}, Date.to_date("2026-04-01")
            )
            self.assertEqual(subscription.monthly_amount, 70)
            company.subscription_counts_limited_discounts = True
            self.assertEqual(subscription.monthly_amount, 35)
            self.assertEqual(str(subscription.next_change_date), "2026-06-01")
        self.assertEqual(
            self.movements(subscription),
            [
                ("2026-04-01", "new", 70),
                ("2026-04-01", "new", -35),
                ("2026-06-01", "expansion", 35),
            ],
        )
        with freeze_time("2026-06-01 09:00:00"):
            subscription._follow_change()
            self.assertEqual(subscription.monthly_amount, 70)
            line = subscription.line_ids.filtered(lambda each: not each.date_end)
            self.assertEqual(line.period_amount, 70)

    def test_a_draft_records_no_movement(self):
        subscription = self.subscribe(on="2026-04-01", start=False)
        self.cancel(subscription, Date.to_date("2026-05-01"))
        self.assertFalse(self.movements(subscription))

    def test_movements_cannot_be_edited(self):
        subscription = self.subscribe(on="2026-04-01")
        with self.assertRaisesRegex(UserError, "cannot be edited"):
            subscription.movement_ids.amount = 1

    def test_a_salesperson_reads_own_movements_and_writes_none(self):
        rep = new_test_user(
            self.env, "rep", groups="subscription_management.group_subscription_user"
        )
        own = self.subscribe(on="2026-04-01", user_id=rep.id)
        foreign = self.subscribe(on="2026-04-01", user_id=self.env.user.id)
        movements = self.env["subscription.revenue.movement"].with_user(rep)
        self.assertEqual(movements.search([]).subscription_id, own)
        with self.assertRaises(AccessError):
            foreign.movement_ids.with_user(rep).read(["amount"])
        with self.assertRaises(AccessError):
            movements.create({"subscription_id": own.id})
