"""Changes that are charged from another day than the one on which they are served."""

from freezegun import freeze_time

from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestChangePolicies(SubscriptionCase):
    """Seats at 7.00 a month since 1 April: ten are 70.00, twenty 140.00."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-04-10 09:00:00"))
        cls.other_customer = cls.env["res.partner"].create({"name": "Negev Solar"})

    def start_with_ten(self, **policies):
        self.monthly.write(policies)
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        self.bill("2026-04-01")
        return subscription

    def twenty_from(self, subscription, day):
        return subscription.change_quantity(
            subscription.line_ids.sorted("date_start")[-1], 20, self.day(day)
        )

    def billed(self, subscription):
        return sum(subscription.billed_period_ids.mapped("amount"))

    def seats_on(self, subscription, day):
        return sum(subscription._lines_on(self.day(day)).mapped("quantity"))

    def test_a_full_upgrade_is_charged_on_its_day_and_not_when_it_is_scheduled(self):
        subscription = self.start_with_ten(increase_policy="full")
        self.twenty_from(subscription, "2026-04-25")
        self.assertEqual(subscription.next_billing_date, self.day("2026-04-25"))
        self.assertFalse(self.bill("2026-04-24").invoice_count)
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 140)
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 280)

    def test_history_tells_a_full_upgrade_from_its_day(self):
        subscription = self.start_with_ten(increase_policy="full")
        change = self.twenty_from(subscription, "2026-04-16")
        self.assertEqual(self.seats_on(subscription, "2026-04-15"), 10)
        self.assertEqual(self.seats_on(subscription, "2026-04-16"), 20)
        self.assertEqual(change.movement_ids.date, self.day("2026-04-16"))

    def test_an_end_before_a_full_upgrade_leaves_nothing_of_it(self):
        subscription = self.start_with_ten(increase_policy="full")
        self.twenty_from(subscription, "2026-04-25")
        subscription._end_on(self.day("2026-04-16"))
        self.bill("2026-05-31")
        self.assertEqual(self.billed(subscription), 35)

    def test_a_transfer_before_a_full_upgrade_takes_it_along(self):
        subscription = self.start_with_ten(increase_policy="full")
        self.twenty_from(subscription, "2026-04-25")
        follower = subscription.transfer(self.other_customer, self.day("2026-04-16"))
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 35)
        # Twenty for the whole of the half month that the new customer has.
        self.assertEqual(self.billed(follower), 70)

    def test_a_scheduled_full_upgrade_is_taken_back(self):
        subscription = self.start_with_ten(increase_policy="full")
        self.twenty_from(subscription, "2026-04-25").action_undo()
        self.bill("2026-04-30")
        self.assertEqual(self.billed(subscription), 70)

    def test_what_is_not_charged_in_the_period_is_served_at_once(self):
        subscription = self.start_with_ten(increase_policy="none")
        self.twenty_from(subscription, "2026-04-16")
        self.assertEqual(self.seats_on(subscription, "2026-04-16"), 20)
        self.assertFalse(self.bill("2026-04-30").invoice_count)
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 70 + 140)

    def test_an_end_after_an_upgrade_that_is_not_charged_credits_what_was_paid(self):
        subscription = self.start_with_ten(increase_policy="none")
        self.twenty_from(subscription, "2026-04-10")
        subscription._end_on(self.day("2026-04-16"))
        self.bill("2026-04-16")
        self.assertEqual(self.billed(subscription), 35)

    def test_a_product_that_leaves_is_credited_for_the_full_period_on_its_day(self):
        subscription = self.start_with_ten(decrease_policy="full")
        subscription._amend(
            "line_ended", self.day("2026-04-25"), [(subscription.line_ids, None)]
        )
        self.assertEqual(self.seats_on(subscription, "2026-04-24"), 10)
        self.assertFalse(self.bill("2026-04-24").invoice_count)
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 0)

    def test_a_product_that_leaves_uncredited_is_served_until_its_day(self):
        subscription = self.start_with_ten(decrease_policy="none")
        subscription._amend(
            "line_ended", self.day("2026-04-16"), [(subscription.line_ids, None)]
        )
        self.assertEqual(self.seats_on(subscription, "2026-04-16"), 0)
        self.bill("2026-05-31")
        self.assertEqual(self.billed(subscription), 70)

    def test_a_cancellation_before_a_product_leaves_is_credited_by_the_day(self):
        subscription = self.start_with_ten(decrease_policy="full")
        subscription._amend(
            "line_ended", self.day("2026-04-25"), [(subscription.line_ids, None)]
        )
        subscription._end_on(self.day("2026-04-16"))
        self.bill("2026-04-16")
        self.assertEqual(self.billed(subscription), 35)

    def test_a_cancellation_that_is_undone_brings_back_how_a_product_leaves(self):
        subscription = self.start_with_ten(decrease_policy="full")
        subscription._amend(
            "line_ended", self.day("2026-04-25"), [(subscription.line_ids, None)]
        )
        subscription._end_on(self.day("2026-04-16"))
        subscription.action_undo_cancellation()
        self.assertFalse(self.bill("2026-04-24").invoice_count)
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 0)

    def leave(self, subscription, day):
        line = subscription._lines_on(self.day(day))
        return subscription._amend("line_ended", self.day(day), [(line, None)])

    def test_an_end_that_was_taken_back_is_charged_by_no_cancellation(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.leave(subscription, "2026-04-25").action_undo()
        subscription._end_on(self.day("2026-04-25"))
        self.bill("2026-04-25")
        # 24 of 30 days of 70.00.
        self.assertEqual(self.billed(subscription), 56)

    def test_a_change_that_is_taken_back_leaves_how_a_product_is_to_leave(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.leave(subscription, "2026-04-25")
        self.twenty_from(subscription, "2026-04-20").action_undo()
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 0)

    def test_a_product_changed_under_a_cancellation_still_leaves_as_agreed(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.leave(subscription, "2026-04-25")
        subscription._end_on(self.day("2026-04-20"))
        self.twenty_from(subscription, "2026-04-16")
        subscription.action_undo_cancellation()
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 0)

    def test_a_cancellation_is_shown_as_it_is_credited(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.leave(subscription, "2026-04-25")
        self.assertEqual(
            self.shown(subscription, subscription._plan_ended(self.day("2026-04-16"))),
            {"2026-04-16": -35.0},
        )

    def test_a_product_that_is_to_leave_is_shown_where_it_goes(self):
        subscription = self.start_with_ten(decrease_policy="full")
        other = self.subscribe(self.basic, on="2026-04-01")
        self.bill("2026-04-01")
        self.leave(subscription, "2026-04-25")
        day = self.day("2026-04-16")
        left, joined = subscription._plan_merge(other, day)
        self.assertEqual(self.shown(subscription, left), {"2026-04-16": -35.0})
        self.assertEqual(
            self.shown(other, joined),
            {"2026-04-16": 21.0, "2026-04-25": -21.0, "2026-05-01": 30.0},
        )
        subscription.merge_into(other, day)
        self.bill("2026-04-16")
        self.assertEqual(self.billed(other), 30 + 21)
        self.bill("2026-04-25")
        self.assertEqual(self.billed(other), 30)

    def test_a_plan_that_is_charged_from_its_first_period_credits_nothing_before(self):
        self.yearly.pricing_rule_ids.price = 140
        subscription = self.start_with_ten(increase_policy="none")
        subscription.change_plan(
            subscription.line_ids, self.yearly, self.day("2026-04-16")
        )
        line = subscription._lines_on(self.day("2026-04-20"))
        subscription.change_quantity(line, 12, self.day("2026-04-20"))
        self.bill("2026-04-20")
        self.assertEqual(self.billed(subscription), 70)
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 70 + 12 * 140)

    def test_what_costs_less_charges_no_upgrade_that_was_put_off(self):
        for name, change in (
            ("fewer", {"quantity": 15}),
            ("cheaper", {"price": 6}),
        ):
            with self.subTest(name):
                subscription = self.start_with_ten(increase_policy="none")
                self.twenty_from(subscription, "2026-04-16")
                subscription._amend(
                    "amended",
                    self.day("2026-04-21"),
                    [(subscription._lines_on(self.day("2026-04-21")), change)],
                )
                self.bill("2026-04-30")
                self.assertEqual(self.billed(subscription), 70)
                self.bill("2026-05-01")
                # Fifteen at 7.00, or twenty at 6.00.
                in_may = {"fewer": 105, "cheaper": 120}[name]
                self.assertEqual(self.billed(subscription), 70 + in_may)

    def test_a_discount_charges_no_upgrade_that_was_put_off(self):
        subscription = self.start_with_ten(increase_policy="none")
        self.twenty_from(subscription, "2026-04-16")
        subscription.grant_discount(
            {"percent": 20}, self.day("2026-04-21"), policy="prorate"
        )
        self.bill("2026-04-30")
        self.assertEqual(self.billed(subscription), 70)
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 70 + 112)

    def test_a_product_that_leaves_after_an_upgrade_put_off_is_credited_by_the_day(
        self,
    ):
        subscription = self.start_with_ten(increase_policy="none")
        self.twenty_from(subscription, "2026-04-10")
        self.leave(subscription, "2026-04-16")
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 35)

    def test_who_leaves_before_a_plan_is_charged_leaves_with_what_is_paid(self):
        self.yearly.pricing_rule_ids.price = 140
        subscription = self.start_with_ten(increase_policy="none")
        subscription.change_plan(
            subscription.line_ids, self.yearly, self.day("2026-04-10")
        )
        self.assertEqual(subscription._paid_until(), self.day("2026-05-01"))
        self.assertEqual(subscription._end_after_notice(), self.day("2026-05-01"))
        subscription._end_on(subscription._paid_until())
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 70)

    def test_who_leaves_once_a_plan_is_charged_leaves_with_what_it_is_paid_for(self):
        self.yearly.pricing_rule_ids.price = 140
        subscription = self.start_with_ten(increase_policy="full")
        subscription.change_plan(
            subscription.line_ids, self.yearly, self.day("2026-04-10")
        )
        self.bill("2026-04-10")
        self.assertEqual(subscription._paid_until(), self.day("2027-04-01"))

    def test_a_product_that_left_uncredited_keeps_nobody(self):
        subscription = self.start_with_ten(decrease_policy="none")
        year = self.join(
            subscription, self.basic, self.day("2026-04-01"), plan_id=self.yearly
        )
        self.bill("2026-04-10")
        self.assertEqual(subscription._paid_until(), self.day("2027-04-01"))
        self.yearly.decrease_policy = "none"
        subscription._amend("line_ended", self.day("2026-04-10"), [(year, None)])
        self.assertEqual(subscription._paid_until(), self.day("2026-05-01"))

    def test_a_full_upgrade_is_charged_in_the_periods_of_a_trial_that_paid_early(self):
        self.monthly.write({"increase_policy": "full", "trial_days": 30})
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        self.twenty_from(subscription, "2026-05-16")
        subscription.action_activate()
        self.bill("2026-05-16")
        # From 10 April and from 10 May on.
        self.assertEqual(self.billed(subscription), 70 + 140)

    def shown(self, subscription, amendment):
        return {
            str(invoice.day): float(invoice.amount)
            for invoice in subscription._forecast_change(
                amendment, self.day("2026-05-02")
            )
        }

    def test_a_plan_that_is_charged_in_full_takes_the_place_of_the_old_one(self):
        # 700.00 a year are less than 70.00 a month.
        subscription = self.start_with_ten(decrease_policy="full")
        subscription.change_plan(
            subscription.line_ids, self.yearly, self.day("2026-04-25")
        )
        self.assertFalse(self.bill("2026-04-24").invoice_count)
        self.bill("2026-04-25")
        rows = subscription.billed_period_ids.sorted("id")
        self.assertEqual(rows.mapped("amount"), [70, -70, 700])
        self.assertEqual(rows[-1].date_start, self.day("2026-04-01"))

    def test_what_is_shown_before_is_what_is_billed(self):
        for policy in ("full", "none", "next_period", "prorate"):
            with self.subTest(policy):
                subscription = self.start_with_ten(increase_policy=policy)
                self.twenty_from(subscription, "2026-04-25")
                shown = {
                    invoice.day: float(invoice.amount)
                    for invoice in subscription._forecast_change(
                        subscription._begin_change_plan(), self.day("2026-06-02")
                    )
                }
                billed = {}
                for day in ("2026-04-25", "2026-05-01", "2026-06-01"):
                    before = self.billed(subscription)
                    self.bill(day)
                    if self.billed(subscription) != before:
                        difference = self.billed(subscription) - before
                        billed[self.day(day)] = round(difference, 2)
                self.assertEqual(shown, billed)
