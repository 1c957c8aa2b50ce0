"""Changes that are charged from another day than the first day of service."""

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

    def test_the_history_shows_a_full_upgrade_from_its_effective_date(self):
        subscription = self.start_with_ten(increase_policy="full")
        change = self.twenty_from(subscription, "2026-04-16")
        self.assertEqual(self.seats_on(subscription, "2026-04-15"), 10)
        self.assertEqual(self.seats_on(subscription, "2026-04-16"), 20)
        self.assertEqual(change.movement_ids.date, self.day("2026-04-16"))

    def test_a_cancellation_before_a_full_upgrade_removes_it(self):
        subscription = self.start_with_ten(increase_policy="full")
        self.twenty_from(subscription, "2026-04-25")
        self.cancel(subscription, self.day("2026-04-16"))
        self.bill("2026-05-31")
        self.assertEqual(self.billed(subscription), 35)

    def test_a_transfer_before_a_full_upgrade_transfers_it(self):
        subscription = self.start_with_ten(increase_policy="full")
        self.twenty_from(subscription, "2026-04-25")
        follower = subscription.transfer(self.other_customer, self.day("2026-04-16"))
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 35)
        # Twenty for the whole of the half month that the new customer has.
        self.assertEqual(self.billed(follower), 70)

    def test_a_scheduled_full_upgrade_can_be_undone(self):
        subscription = self.start_with_ten(increase_policy="full")
        self.twenty_from(subscription, "2026-04-25").action_undo()
        self.bill("2026-04-30")
        self.assertEqual(self.billed(subscription), 70)

    def test_an_upgrade_not_charged_in_the_current_period_is_served_at_once(self):
        subscription = self.start_with_ten(increase_policy="none")
        self.twenty_from(subscription, "2026-04-16")
        self.assertEqual(self.seats_on(subscription, "2026-04-16"), 20)
        self.assertFalse(self.bill("2026-04-30").invoice_count)
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 70 + 140)

    def test_a_cancellation_after_an_uncharged_upgrade_credits_the_paid_days(self):
        subscription = self.start_with_ten(increase_policy="none")
        self.twenty_from(subscription, "2026-04-10")
        self.cancel(subscription, self.day("2026-04-16"))
        self.bill("2026-04-16")
        self.assertEqual(self.billed(subscription), 35)

    def test_a_removed_product_is_credited_for_the_full_period_on_its_last_day(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.end_line(subscription.line_ids, "2026-04-25", "plan")
        self.assertEqual(self.seats_on(subscription, "2026-04-24"), 10)
        self.assertFalse(self.bill("2026-04-24").invoice_count)
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 0)

    def test_a_product_removed_without_credit_is_served_until_its_last_day(self):
        subscription = self.start_with_ten(decrease_policy="none")
        self.end_line(subscription.line_ids, "2026-04-16", "plan")
        self.assertEqual(self.seats_on(subscription, "2026-04-16"), 0)
        self.bill("2026-05-31")
        self.assertEqual(self.billed(subscription), 70)

    def test_a_cancellation_before_the_removal_of_a_product_is_prorated(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.end_line(subscription.line_ids, "2026-04-25", "plan")
        self.cancel(subscription, self.day("2026-04-16"))
        self.bill("2026-04-16")
        self.assertEqual(self.billed(subscription), 35)

    def test_an_undone_cancellation_restores_the_credit_of_a_removed_product(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.end_line(subscription.line_ids, "2026-04-25", "plan")
        self.cancel(subscription, self.day("2026-04-16"))
        subscription.action_undo_cancellation()
        self.assertFalse(self.bill("2026-04-24").invoice_count)
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 0)

    def leave(self, subscription, day):
        return self.end_line(subscription._lines_on(self.day(day)), day, "plan")

    def test_a_cancellation_does_not_apply_the_policy_of_an_undone_removal(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.leave(subscription, "2026-04-25").action_undo()
        self.cancel(subscription, self.day("2026-04-25"))
        self.bill("2026-04-25")
        # 24 of 30 days of 70.00.
        self.assertEqual(self.billed(subscription), 56)

    def test_undoing_a_change_keeps_the_credit_of_a_scheduled_removal(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.leave(subscription, "2026-04-25")
        self.twenty_from(subscription, "2026-04-20").action_undo()
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 0)

    def test_a_product_changed_before_a_cancellation_is_still_removed_as_agreed(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.leave(subscription, "2026-04-25")
        self.cancel(subscription, self.day("2026-04-20"))
        self.twenty_from(subscription, "2026-04-16")
        subscription.action_undo_cancellation()
        self.bill("2026-04-25")
        self.assertEqual(self.billed(subscription), 0)

    def test_the_preview_of_a_cancellation_equals_its_credit(self):
        subscription = self.start_with_ten(decrease_policy="full")
        self.leave(subscription, "2026-04-25")
        self.assertEqual(
            self.shown(
                subscription, subscription._plan_cancellation(self.day("2026-04-16"))
            ),
            {"2026-04-16": -35.0},
        )

    def test_the_preview_of_a_merge_shows_a_scheduled_removal(self):
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

    def test_a_plan_charged_from_its_first_period_credits_nothing_before_it(self):
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

    def test_a_downgrade_does_not_charge_a_deferred_upgrade(self):
        for name, change in (
            ("fewer", {"quantity": 15}),
            ("cheaper", {"price": 6}),
        ):
            with self.subTest(name):
                subscription = self.start_with_ten(increase_policy="none")
                self.twenty_from(subscription, "2026-04-16")
                line = subscription._lines_on(self.day("2026-04-21"))
                self.change_line(line, "2026-04-21", **change)
                self.bill("2026-04-30")
                self.assertEqual(self.billed(subscription), 70)
                self.bill("2026-05-01")
                # Fifteen at 7.00, or twenty at 6.00.
                in_may = {"fewer": 105, "cheaper": 120}[name]
                self.assertEqual(self.billed(subscription), 70 + in_may)

    def test_a_discount_does_not_charge_a_deferred_upgrade(self):
        subscription = self.start_with_ten(increase_policy="none")
        self.twenty_from(subscription, "2026-04-16")
        subscription.grant_discount(
            {"percent": 20}, self.day("2026-04-21"), policy="prorate"
        )
        self.bill("2026-04-30")
        self.assertEqual(self.billed(subscription), 70)
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 70 + 112)

    def test_a_product_removed_after_a_deferred_upgrade_is_credited_prorated(
        self,
    ):
        subscription = self.start_with_ten(increase_policy="none")
        self.twenty_from(subscription, "2026-04-10")
        self.leave(subscription, "2026-04-16")
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 35)

    def test_a_plan_change_not_charged_yet_does_not_extend_the_paid_days(self):
        self.yearly.pricing_rule_ids.price = 140
        subscription = self.start_with_ten(increase_policy="none")
        subscription.change_plan(
            subscription.line_ids, self.yearly, self.day("2026-04-10")
        )
        self.assertEqual(subscription._billed_period_end(), self.day("2026-05-01"))
        self.assertEqual(subscription._end_after_notice(), self.day("2026-05-01"))
        self.cancel(subscription, subscription._billed_period_end())
        self.bill("2026-05-01")
        self.assertEqual(self.billed(subscription), 70)

    def test_a_charged_plan_change_extends_the_paid_days(self):
        self.yearly.pricing_rule_ids.price = 140
        subscription = self.start_with_ten(increase_policy="full")
        subscription.change_plan(
            subscription.line_ids, self.yearly, self.day("2026-04-10")
        )
        self.bill("2026-04-10")
        self.assertEqual(subscription._billed_period_end(), self.day("2027-04-01"))

    def test_a_product_removed_without_credit_does_not_extend_the_paid_days(self):
        subscription = self.start_with_ten(decrease_policy="none")
        year = self.join(
            subscription, self.basic, self.day("2026-04-01"), plan_id=self.yearly
        )
        self.bill("2026-04-10")
        self.assertEqual(subscription._billed_period_end(), self.day("2027-04-01"))
        self.yearly.decrease_policy = "none"
        self.end_line(year, "2026-04-10", "plan")
        self.assertEqual(subscription._billed_period_end(), self.day("2026-05-01"))

    def test_a_full_upgrade_follows_the_billing_periods_of_an_early_activation(self):
        self.monthly.write({"increase_policy": "full", "trial_days": 30})
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        self.twenty_from(subscription, "2026-05-16")
        subscription.action_activate()
        self.bill("2026-05-16")
        # The periods start on 10 April and 10 May.
        self.assertEqual(self.billed(subscription), 70 + 140)

    def shown(self, subscription, change_plan):
        return {
            str(invoice.day): float(invoice.amount)
            for invoice in subscription._forecast_change(
                change_plan, self.day("2026-05-02")
            )
        }

    def test_a_plan_charged_in_full_replaces_the_charge_of_the_old_one(self):
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

    def test_the_preview_equals_the_invoices_for_each_policy(self):
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
