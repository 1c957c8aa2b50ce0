from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestTransferMergeAlign(SubscriptionCase):
    """Transfers and merges, and the changes that they exclude."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.heir = cls.env["res.partner"].create({"name": "Heir"})

    def follow_trials_on(self, day):
        self.run_action("ir_cron_convert_trials", day)

    @freeze_time("2026-04-11 09:00:00")
    def test_a_scheduled_end_is_transferred_and_can_be_undone_there(self):
        subscription = self.subscribe(on="2026-04-01")
        self.cancel(subscription, self.day("2026-06-01"), "Too dear")
        follower = subscription.transfer(self.heir, self.day("2026-04-16"))
        self.assertEqual(follower.date_end, self.day("2026-06-01"))
        self.assertEqual(follower.line_ids.date_end, self.day("2026-06-01"))
        cancelled = follower.change_ids.filtered(lambda each: each.kind == "cancelled")
        self.assertEqual(cancelled.reason, "Too dear")
        follower.action_undo_cancellation()
        self.assertFalse(follower.line_ids.date_end)
        self.bill("2026-06-01")
        self.assert_invoice_lines(
            follower,
            [
                ("2026-04-16/2026-05-01", "Basic", "15.00"),
                ("2026-05-01/2026-06-01", "Basic", "30.00"),
                ("2026-06-01/2026-07-01", "Basic", "30.00"),
            ],
        )
        self.assertEqual(sum(follower.movement_ids.mapped("amount")), 30)

    @freeze_time("2026-04-11 09:00:00")
    def test_a_transfer_keeps_changes_scheduled_after_the_end(self):
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        subscription.change_quantity(subscription.line_ids, 20, self.day("2026-07-01"))
        self.cancel(subscription, self.day("2026-06-01"))
        follower = subscription.transfer(self.heir, self.day("2026-04-16"))
        self.bill("2026-06-01")
        self.assertEqual(sum(follower.billed_period_ids.mapped("amount")), 35 + 70)
        follower.action_undo_cancellation()
        self.bill("2026-07-01")
        billed = follower.billed_period_ids.sorted("date_start")
        self.assertEqual(billed.mapped("amount"), [35, 70, 70, 140])

    def test_a_transferred_trial_requires_a_payment_method_of_the_new_customer(self):
        self.monthly.write(
            {"trial_days": 14, "trial_conversion": "with_payment_method"}
        )
        with freeze_time("2026-04-05 09:00:00"):
            subscription = self.subscribe(on="2026-04-01")
            follower = subscription.transfer(self.heir, self.day("2026-04-05"))
            self.assertEqual(follower.state, "trial")
            self.assertEqual(follower.trial_end, self.day("2026-04-15"))
        self.follow_trials_on("2026-04-15")
        self.assertEqual(follower.state, "expired")
        self.bill("2026-05-15")
        self.assertFalse(follower.billed_period_ids)

    def test_a_transferred_trial_converts_on_its_day(self):
        self.monthly.trial_days = 14
        with freeze_time("2026-04-05 09:00:00"):
            subscription = self.subscribe(on="2026-04-01")
            follower = subscription.transfer(self.heir, self.day("2026-04-11"))
        self.follow_trials_on("2026-04-15")
        self.assertEqual((subscription.state, follower.state), ("cancelled", "active"))
        self.bill("2026-04-15")
        self.assertFalse(subscription.billed_period_ids)
        self.assert_invoice_lines(
            follower, [("2026-04-15/2026-05-15", "Basic", "30.00")]
        )

    @freeze_time("2026-04-05 09:00:00")
    def test_a_trial_cannot_be_transferred_on_a_day_after_it(self):
        self.monthly.trial_days = 14
        subscription = self.subscribe(on="2026-04-01")
        with self.assertRaisesRegex(UserError, "is in trial until"):
            subscription.transfer(self.heir, self.day("2026-04-15"))

    @freeze_time("2026-04-05 09:00:00")
    def test_trials_cannot_be_merged(self):
        paid = self.subscribe(on="2026-04-01")
        self.monthly.trial_days = 14
        trial = self.subscribe(on="2026-04-01")
        for one, other in ((paid, trial), (trial, paid)):
            with self.assertRaisesRegex(UserError, f"{trial.name} is in trial"):
                one.merge_into(other, self.day("2026-04-11"))

    @freeze_time("2026-12-10 09:00:00")
    def test_the_price_index_of_a_transferred_term_counts_from_its_start(self):
        index = self.env["subscription.price.index"].create({"name": "CPI"})
        index.value_ids = [
            Command.create({"date": "2026-01-01", "value": 100}),
            Command.create({"date": "2026-12-01", "value": 104}),
            Command.create({"date": "2027-01-01", "value": 105}),
        ]
        self.monthly.write(
            {
                "term_count": 1,
                "term_unit": "year",
                "uplift_kind": "index",
                "uplift_index_id": index.id,
            }
        )
        subscription = self.subscribe(on="2026-01-01")
        follower = subscription.transfer(self.heir, self.day("2026-12-10"))
        follower.action_renew()
        [renewed] = follower._lines_on(self.day("2027-01-01"))
        self.assertEqual(renewed.price, 31.5)

    @freeze_time("2026-04-10 09:00:00")
    def test_a_change_beyond_the_day_of_a_transfer_is_refused(self):
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        follower = subscription.transfer(self.heir, self.day("2026-04-16"))
        line, today = subscription.line_ids, self.day("2026-04-10")
        for change in (
            lambda: subscription.change_quantity(line, 20, today),
            lambda: self.end_line(line, today, "plan"),
            lambda: subscription.grant_discount(
                {"percent": 10}, today, policy="prorate"
            ),
            lambda: subscription.pause(today),
            lambda: subscription.pause(today, self.day("2026-04-17")),
            lambda: subscription.transfer(self.heir, today),
            lambda: self.end_line(line, "2026-04-12"),
            lambda: self.join(subscription, self.basic, "2026-04-12"),
        ):
            with self.assertRaisesRegex(UserError, f"is continued by {follower.name}"):
                change()
        follower.change_quantity(follower.line_ids, 20, self.day("2026-04-16"))
        self.bill("2026-04-16")
        self.assertEqual(sum(follower.billed_period_ids.mapped("amount")), 70)

    @freeze_time("2026-04-10 09:00:00")
    def test_a_change_that_ends_before_a_transfer_is_allowed(self):
        subscription = self.subscribe(on="2026-04-01")
        subscription.transfer(self.heir, self.day("2026-04-16"))
        subscription.pause(self.day("2026-04-11"), self.day("2026-04-14"))
        self.join(subscription, self.basic, "2026-04-15", kind="one_off")
        self.bill("2026-04-16")
        # 12 of 30 days, and once.
        self.assertEqual(sum(subscription.billed_period_ids.mapped("amount")), 12 + 30)

    def test_an_uplift_before_a_transfer_applies_to_both_subscriptions(self):
        self.monthly.write(
            {
                "term_count": 1,
                "term_unit": "year",
                "uplift_kind": "fixed",
                "uplift_percent": 10,
            }
        )
        with freeze_time("2027-03-20 09:00:00"):
            subscription = self.subscribe(on="2026-04-01")
            self.bill("2027-03-01")
            follower = subscription.transfer(self.heir, self.day("2027-04-16"))
        with freeze_time("2027-03-31 09:00:00"):
            subscription._follow_term()
            follower._follow_term()
        self.bill("2027-04-16")
        billed = (subscription | follower).billed_period_ids.filtered(
            lambda row: row.date_start >= self.day("2027-04-01")
        )
        self.assertEqual(sorted(billed.mapped("amount")), [16.5, 16.5])

    @freeze_time("2026-04-10 09:00:00")
    def test_a_transfer_after_the_end_is_refused(self):
        subscription = self.subscribe(on="2026-04-01")
        self.cancel(subscription, self.day("2026-06-01"))
        for day in ("2026-06-01", "2026-06-15"):
            with self.assertRaisesRegex(UserError, "choose an earlier day"):
                subscription.transfer(self.heir, self.day(day))

    @freeze_time("2026-04-10 09:00:00")
    def test_a_subscription_without_products_cannot_be_transferred(self):
        subscription = self.subscribe(on="2026-04-01")
        other = self.subscribe(on="2026-04-01")
        self.end_line(subscription.line_ids, "2026-04-10", "plan")
        with self.assertRaisesRegex(UserError, "has no products"):
            subscription.transfer(self.heir, self.day("2026-04-16"))
        with self.assertRaisesRegex(UserError, "has no products"):
            subscription.merge_into(other, self.day("2026-04-16"))

    @freeze_time("2026-03-10 09:00:00")
    def test_a_transfer_before_the_start_is_refused(self):
        subscription = self.subscribe(on="2026-04-01")
        with self.assertRaisesRegex(UserError, "starts on"):
            subscription.transfer(self.heir, self.day("2026-03-15"))
        follower = subscription.transfer(self.heir, self.day("2026-04-01"))
        self.bill("2026-04-01")
        self.assertFalse(subscription.billed_period_ids)
        self.assertEqual(follower.billed_period_ids.amount, 30)

    @freeze_time("2026-03-10 09:00:00")
    def test_a_change_before_the_start_is_effective_on_the_start(self):
        subscription = self.subscribe(on="2026-04-01")
        wizard = self.env["subscription.change.wizard"].create(
            {
                "subscription_id": subscription.id,
                "date_effective": "2026-03-15",
                "line_ids": [
                    Command.create(
                        {"product_id": self.seat.id, "plan_id": self.monthly.id}
                    )
                ],
            }
        )
        wizard.action_confirm()
        start = self.day("2026-04-01")
        added = subscription.line_ids.filtered(lambda line: line.price == 7)
        change = subscription.change_ids.filtered(
            lambda change: change.kind == "line_added"
        )
        self.assertEqual((added.date_start, change.date_effective), (start, start))
        self.assertEqual(set(subscription.movement_ids.mapped("date")), {start})
        self.bill("2026-04-01")
        self.assertEqual(sum(subscription.billed_period_ids.mapped("amount")), 37)

    def test_a_product_added_in_a_trial_is_billed_after_it(self):
        self.monthly.trial_days = 14
        with freeze_time("2026-04-05 09:00:00"):
            subscription = self.subscribe(on="2026-04-01")
            self.join(subscription, self.seat, "2026-04-05")
        self.follow_trials_on("2026-04-15")
        self.bill("2026-04-15")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-15/2026-05-15", "Basic", "30.00"),
                ("2026-04-15/2026-05-15", "Seat", "7.00"),
            ],
        )
