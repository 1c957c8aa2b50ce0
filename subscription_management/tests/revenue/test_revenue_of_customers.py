from freezegun import freeze_time

from odoo.fields import Command, Date
from odoo.tests import tagged

from ..common import SubscriptionCase

day = Date.to_date


@tagged("post_install", "-at_install")
class TestRevenueOfCustomers(SubscriptionCase):
    """Movements by customer and date add up to the displayed MRR."""

    def setUp(self):
        super().setUp()
        self.plan = self._make_plan("Tens", "month", Basic=30.0, Seat=10.0)

    def start(self, quantity=None, **values):
        products = [self.seat] if quantity else [self.basic]
        values = {"on": "2026-04-01", "plan": self.plan, **values}
        return self.subscribe(*products, quantity=quantity or 1, **values)

    def net(self, *subscriptions):
        """Return the sum of each kind and date, with undone movements."""
        found = {}
        for each in self.env["subscription.revenue.movement"].search(
            [("subscription_id", "in", [one.id for one in subscriptions])]
        ):
            key = (each.subscription_id, str(each.date), each.kind)
            found[key] = found.get(key, 0) + each.amount
        names = {one: number for number, one in enumerate(subscriptions, start=1)}
        return sorted(
            (on, names[one], kind, amount)
            for (one, on, kind), amount in found.items()
            if amount
        )

    def assert_shown_is_moved(self, subscription):
        today = subscription._today()
        moved = subscription.movement_ids.filtered(lambda each: each.date <= today)
        self.assertAlmostEqual(
            subscription.monthly_amount, sum(moved.mapped("amount")), 2
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_three_yearly_lines_of_100_are_25_a_month(self):
        yearly = self._make_plan("Hundred", "year", Seat=100.0)
        subscription = self.subscribe(*[self.seat] * 3, on="2026-04-01", plan=yearly)
        self.assertEqual(subscription.monthly_amount, 25)
        self.assert_shown_is_moved(subscription)

    def share(self, **values):
        """Return a subscription of four seats and a tenth of them."""
        support = self._make_product("Support", 0)
        self.plan.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": support.id,
                    "pricing_model": "percent_of_total",
                    "price": 10,
                }
            )
        ]
        subscription = self.start(4, start=False)
        subscription.line_ids = [Command.create({"product_id": support.id})]
        subscription.action_activate()
        return subscription

    @freeze_time("2026-04-01 09:00:00")
    def test_a_percentage_of_discounted_seats_is_counted_net(self):
        subscription = self.share()
        seats = subscription.line_ids[:1]
        subscription.grant_discount(
            {"percent": 50, "cycles": 2}, day("2026-04-01"), seats
        )
        self.assertEqual(subscription.monthly_amount, 44)
        self.assert_shown_is_moved(subscription)

    def test_mrr_of_a_later_start_is_shown_from_its_start(self):
        with freeze_time("2026-03-20 09:00:00"):
            subscription = self.start()
            self.assertEqual(subscription.monthly_amount, 0)
            self.assert_shown_is_moved(subscription)
        with freeze_time("2026-04-01 09:00:00"):
            subscription._follow_change()
            self.assertEqual(subscription.monthly_amount, 30)

    @freeze_time("2026-04-01 09:00:00")
    def test_an_end_on_the_first_day_of_a_pause_is_churn(self):
        subscription = self.start()
        subscription.pause(day("2026-05-01"))
        self.cancel(subscription, day("2026-05-01"))
        self.assertEqual(
            self.net(subscription),
            [("2026-04-01", 1, "new", 30), ("2026-05-01", 1, "churn", -30)],
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_the_last_subscription_to_end_is_churn_in_any_order_of_cancellation(self):
        first, second = self.start(), self.start(2)
        self.cancel(first, day("2026-06-01"))
        self.cancel(second, day("2026-05-01"))
        self.assertEqual(
            self.net(first, second),
            [
                ("2026-04-01", 1, "new", 30),
                ("2026-04-01", 2, "new", 20),
                ("2026-05-01", 2, "contraction", -20),
                ("2026-06-01", 1, "churn", -30),
            ],
        )
        second.action_undo_cancellation()
        self.assertEqual(
            self.net(first, second)[2:], [("2026-06-01", 1, "contraction", -30)]
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_an_end_is_no_churn_once_another_subscription_has_started(self):
        first = self.start()
        because = self.env["subscription.cancellation.reason"].search([], limit=1)
        self.cancel(first, day("2026-06-01"), cancellation_reason=because)
        second = self.start(2, on="2026-05-01")
        self.assertEqual(
            self.net(first, second),
            [
                ("2026-04-01", 1, "new", 30),
                ("2026-05-01", 2, "expansion", 20),
                ("2026-06-01", 1, "contraction", -30),
            ],
        )
        ended = first.movement_ids.filtered(lambda each: str(each.date) > "2026-05")
        self.assertEqual(ended.cancellation_reason_id, because)

    @freeze_time("2026-04-01 09:00:00")
    def test_a_transfer_within_a_company_is_no_churn(self):
        firm = self.env["res.partner"].create({"name": "Firm", "is_company": True})
        one, other = self.env["res.partner"].create(
            [{"name": name, "parent_id": firm.id} for name in ("Ada", "Ben")]
        )
        first = self.start(partner_id=one.id)
        second = first.transfer(other, day("2026-05-01"))
        self.assertEqual(
            self.net(first, second),
            [
                ("2026-04-01", 1, "new", 30),
                ("2026-05-01", 1, "expansion", -30),
                ("2026-05-01", 2, "expansion", 30),
            ],
        )
        self.assertEqual(len(first.movement_ids | second.movement_ids), 3)

    @freeze_time("2026-04-01 09:00:00")
    def test_a_transfer_to_another_customer_is_churn_and_new(self):
        heir = self.env["res.partner"].create({"name": "Heir"})
        first = self.start()
        second = first.transfer(heir, day("2026-05-01"))
        self.assertEqual(
            self.net(first, second)[1:],
            [("2026-05-01", 1, "churn", -30), ("2026-05-01", 2, "new", 30)],
        )
        activated = second.change_ids.filtered(lambda each: each.kind == "activated")
        self.assertEqual(activated.monthly_difference, 30)

    @freeze_time("2026-04-01 09:00:00")
    def test_a_higher_quantity_on_the_day_of_resuming_is_expansion(self):
        subscription = self.start(3)
        subscription.pause(day("2026-05-01"), day("2026-06-01"))
        subscription.change_quantity(subscription.line_ids, 5, day("2026-06-01"))
        self.assertEqual(
            self.net(subscription),
            [
                ("2026-04-01", 1, "new", 30),
                ("2026-05-01", 1, "pause", -30),
                ("2026-06-01", 1, "expansion", 20),
                ("2026-06-01", 1, "resumption", 30),
            ],
        )

    def test_a_contraction_during_a_suspension_leaves_no_paused_revenue(self):
        self.plan.suspension_policy = "waived"
        with freeze_time("2026-04-01 09:00:00"):
            subscription = self.start(10)
            subscription.change_quantity(subscription.line_ids, 5, day("2026-06-01"))
        with freeze_time("2026-05-01 09:00:00"):
            subscription.suspend()
            self.assert_shown_is_moved(subscription)
        with freeze_time("2026-07-01 09:00:00"):
            self.cancel(subscription, day("2026-07-01"))
        self.assertEqual(
            self.net(subscription),
            [
                ("2026-04-01", 1, "new", 100),
                ("2026-05-01", 1, "pause", -100),
                ("2026-06-01", 1, "contraction", -50),
                ("2026-06-01", 1, "resumption", 50),
                ("2026-07-01", 1, "churn", -50),
                ("2026-07-01", 1, "resumption", 50),
            ],
        )

    def euro_worth_two(self):
        """Return the euro, worth two of the company's money, and its plan in it."""
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        euro.rate_ids.create(
            {"currency_id": euro.id, "name": "2026-01-01", "rate": 0.5}
        )
        self.plan.pricing_rule_ids.copy({"currency_id": euro.id})
        return euro

    def test_an_ended_subscription_leaves_no_revenue_at_changed_rates(self):
        euro = self.euro_worth_two()
        with freeze_time("2026-04-01 09:00:00"):
            subscription = self.start(3, currency_id=euro.id)
        euro.rate_ids.create(
            {"currency_id": euro.id, "name": "2026-04-10", "rate": 0.25}
        )
        with freeze_time("2026-04-11 09:00:00"):
            subscription.change_quantity(subscription.line_ids, 2, day("2026-04-11"))
            subscription.change_quantity(
                subscription._lines_on(day("2026-04-11")), 4, day("2026-04-12")
            )
            self.cancel(subscription, day("2026-04-13"))
        worth = subscription.movement_ids.sorted("date").mapped("company_amount")
        # 30 at 2; 10 of them; 20 at 4; all: 40 + 80.
        self.assertEqual(worth, [60, -20, 80, -120])

    def test_a_change_before_a_scheduled_end_leaves_no_revenue_after_it(self):
        euro = self.euro_worth_two()
        with freeze_time("2026-04-01 09:00:00"):
            subscription = self.start(3, currency_id=euro.id)
        euro.rate_ids.create(
            {"currency_id": euro.id, "name": "2026-04-10", "rate": 0.25}
        )
        with freeze_time("2026-04-11 09:00:00"):
            change = subscription.change_quantity(
                subscription.line_ids, 4, day("2026-05-01")
            )
            self.cancel(subscription, day("2026-07-01"))
            subscription.action_undo_cancellation()
            change.action_undo()
            self.cancel(subscription, day("2026-07-01"))
            subscription.change_quantity(subscription.line_ids, 4, day("2026-05-01"))
            subscription.change_quantity(
                subscription._lines_on(day("2026-05-01")), 3, day("2026-05-01")
            )
        moved = subscription.movement_ids
        self.assertEqual(sum(moved.mapped("amount")), 0)
        self.assertEqual(sum(moved.mapped("company_amount")), 0)

    def test_a_transfer_within_a_customer_keeps_its_company_amount_at_any_rate(self):
        euro = self.euro_worth_two()
        first, second = self.env["res.partner"].create(
            [{"name": name, "parent_id": self.customer.id} for name in ("One", "Two")]
        )
        with freeze_time("2026-04-01 09:00:00"):
            one = self.start(3, currency_id=euro.id, partner_id=first.id)
        euro.rate_ids.create({"currency_id": euro.id, "name": "2026-04-10", "rate": 1})
        with freeze_time("2026-04-11 09:00:00"):
            two = one.transfer(second, day("2026-05-01"))
        with freeze_time("2026-05-11 09:00:00"):
            two.change_quantity(two.line_ids, 4, day("2026-05-11"))
        moved = (one | two).movement_ids
        on_that_day = moved.filtered(lambda each: each.date == day("2026-05-01"))
        self.assertEqual(set(on_that_day.mapped("kind")), {"expansion"})
        self.assertEqual(sum(on_that_day.mapped("company_amount")), 0)
        self.assertEqual(sum(moved.mapped("company_amount")), 60 + 10)

    @freeze_time("2026-04-20 09:00:00")
    def test_mrr_of_a_full_period_charge_counts_from_its_own_day(self):
        self.plan.increase_policy = "full"
        subscription = self.start(5)
        self.bill("2026-04-20")
        subscription.change_quantity(subscription.line_ids, 7, day("2026-04-15"))
        self.bill("2026-04-20")
        self.assertEqual(sum(subscription.billed_period_ids.mapped("amount")), 70)
        for text, amount in (("2026-04-14", 50), ("2026-04-15", 70)):
            self.assertEqual(subscription._monthly_on(day(text)), amount)
            self.assertIn(f"{amount}.00", self.as_of(subscription, text))
        self.assert_shown_is_moved(subscription)

    def test_an_undo_reverses_the_recorded_company_amount(self):
        euro = self.euro_worth_two()
        with freeze_time("2026-04-01 09:00:00"):
            subscription = self.start(1, currency_id=euro.id)
            change = subscription.change_quantity(
                subscription.line_ids, 2, day("2026-06-01")
            )
        euro.rate_ids.create(
            {"currency_id": euro.id, "name": "2026-04-10", "rate": 0.25}
        )
        with freeze_time("2026-04-11 09:00:00"):
            change.action_undo()
        worth = subscription.movement_ids.sorted("id").mapped("company_amount")
        self.assertEqual(worth, [20, 20, -20])

    def test_the_effect_of_a_cancellation_is_the_revenue_on_its_date(self):
        with freeze_time("2026-04-01 09:00:00"):
            subscription = self.start(1)
            subscription.change_quantity(subscription.line_ids, 2, day("2026-05-01"))
            self.cancel(subscription, day("2026-06-01"))
        cancelled = subscription.change_ids.filtered(
            lambda each: each.kind == "cancelled"
        )
        self.assertEqual(cancelled.monthly_difference, -20)

    def test_a_trial_ended_early_is_activated_on_that_day(self):
        self.plan.trial_days = 30
        with freeze_time("2026-01-01 09:00:00"):
            subscription = self.start(on="2026-01-01")
        with freeze_time("2026-01-10 09:00:00"):
            subscription.action_activate()
        activated = subscription.change_ids.filtered(
            lambda each: each.kind == "activated"
        )
        self.assertEqual(str(activated.date_effective), "2026-01-10")
        self.assertEqual(activated.monthly_difference, 30)
        self.assertEqual(self.net(subscription), [("2026-01-10", 1, "new", 30)])

    def as_of(self, subscription, on):
        subscription.as_of_date = on
        return str(subscription.as_of)

    @freeze_time("2026-05-20 09:00:00")
    def test_a_percentage_is_shown_as_of_a_date(self):
        support = self._make_product("Support", 0)
        self.plan.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": support.id,
                    "pricing_model": "percent_of_total",
                    "price": 10,
                }
            )
        ]
        subscription = self.start(10, on="2026-02-01", start=False)
        subscription.line_ids = [Command.create({"product_id": support.id})]
        subscription.action_activate()
        subscription.change_quantity(subscription.line_ids[:1], 20, day("2026-03-01"))
        self.assertEqual(subscription._monthly_on(day("2026-02-01")), 110)
        shown = self.as_of(subscription, "2026-02-01")
        self.assertIn("110.00", shown)
        self.assertIn("10.00", shown)
        self.assertNotIn("120.00", shown)

    @freeze_time("2026-05-20 09:00:00")
    def test_a_limited_discount_is_shown_on_its_days(self):
        self.env.company.subscription_counts_limited_discounts = True
        subscription = self.start(on="2026-02-01")
        subscription.grant_discount({"percent": 50, "cycles": 2}, day("2026-02-01"))
        self.assertEqual(self.as_of(subscription, "2026-02-01").count("15.00"), 2)
        self.assertEqual(self.as_of(subscription, "2026-05-01").count("30.00"), 2)

    @freeze_time("2026-05-20 09:00:00")
    def test_a_paused_day_is_shown_without_revenue(self):
        subscription = self.start()
        subscription.pause(day("2026-05-01"), day("2026-05-11"))
        shown = self.as_of(subscription, "2026-05-05")
        self.assertIn("Paused", shown)
        self.assertIn("30.00", shown)
        self.assertEqual(subscription._monthly_on(day("2026-05-05")), 0)
        self.assertRegex(shown, r"(?s)Per month.*>0\.00<")
