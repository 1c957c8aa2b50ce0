from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-10 09:00:00")
class TestUndo(SubscriptionCase):
    """A scheduled change can be undone until its effective date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.heir = cls.env["res.partner"].create({"name": "Heir"})

    def amounts(self, subscription, until="2026-05-01"):
        self.bill(until)
        billed = subscription.billed_period_ids.sorted("date_start")
        return billed.mapped("amount")

    def test_a_scheduled_removal_can_be_undone(self):
        subscription = self.subscribe(on="2026-04-01")
        change = self.end_line(subscription.line_ids, "2026-04-16", "plan")
        self.assertTrue(change.can_undo)
        change.action_undo()
        self.assertEqual(self.amounts(subscription), [30, 30])
        self.assertEqual(sum(subscription.movement_ids.mapped("amount")), 30)

    def test_a_scheduled_product_can_be_undone(self):
        subscription = self.subscribe(on="2026-04-01")
        wizard = self.env["subscription.change.wizard"].create(
            {
                "subscription_id": subscription.id,
                "date_effective": "2026-04-16",
                "line_ids": [
                    Command.create(
                        {"product_id": self.seat.id, "plan_id": self.monthly.id}
                    )
                ],
            }
        )
        wizard.action_confirm()
        change = self.newest(subscription, "line_added")
        self.assertTrue(change.can_undo)
        change.action_undo()
        self.assertEqual(self.amounts(subscription), [30, 30])
        self.assertEqual(len(subscription.line_ids), 1)

    def test_a_change_before_a_cancellation_is_undone_after_the_cancellation(self):
        subscription = self.subscribe(self.basic, self.seat, on="2026-04-01")
        seat = subscription.line_ids.filtered(lambda line: line.price == 7)
        change = self.end_line(seat, "2026-04-16", "plan")
        self.cancel(subscription, self.day("2026-06-01"))
        with self.assertRaisesRegex(UserError, "undo the later one first"):
            change.action_undo()
        subscription.action_undo_cancellation()
        change.action_undo()
        self.assertEqual(set(subscription.line_ids.mapped("date_end")), {False})

    def test_undoing_an_alignment_restores_periods_and_term(self):
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        first = self.subscribe(on="2026-04-01")
        second = self.subscribe(on="2026-04-06")
        second.align_with(first, self.day("2026-05-01"))
        self.assertEqual(second.term_end, self.day("2027-04-01"))
        self.newest(second, "aligned").action_undo()
        self.assertEqual(second.term_end, self.day("2027-04-06"))
        self.assertEqual(self.amounts(second, "2026-05-06"), [30, 30])

    def test_a_transfer_can_be_undone(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        follower = subscription.transfer(self.heir, self.day("2026-04-16"))
        change = self.newest(subscription, "transferred")
        change.action_undo()
        self.assertFalse(change.can_undo)
        self.assertEqual(follower.state, "cancelled")
        self.assertFalse(subscription.date_end)
        self.assertEqual(self.amounts(subscription), [30, 30])
        self.assertFalse(follower.billed_period_ids)
        self.assertEqual(sum(subscription.movement_ids.mapped("amount")), 30)
        self.assertEqual(sum(follower.movement_ids.mapped("amount")), 0)
        again = subscription.transfer(self.heir, self.day("2026-05-16"))
        self.assertEqual(again.state, "active")

    def test_undoing_a_transfer_restores_the_scheduled_end(self):
        subscription = self.subscribe(on="2026-04-01")
        self.cancel(subscription, self.day("2026-06-01"), "Too dear")
        subscription.transfer(self.heir, self.day("2026-04-16"))
        self.newest(subscription, "transferred").action_undo()
        self.assertEqual(subscription.date_end, self.day("2026-06-01"))
        self.assertEqual(self.newest(subscription, "cancelled").reason, "Too dear")
        self.assertEqual(self.amounts(subscription, "2026-07-01"), [30, 30])

    def test_a_transfer_of_a_trial_can_be_undone(self):
        self.monthly.trial_days = 14
        subscription = self.subscribe(on="2026-04-01")
        follower = subscription.transfer(self.heir, self.day("2026-04-12"))
        self.newest(subscription, "transferred").action_undo()
        self.assertEqual((subscription.state, follower.state), ("trial", "cancelled"))
        with freeze_time("2026-04-15 09:00:00"):
            subscription._follow_trial()
        self.assertEqual(self.amounts(subscription), [30])

    def test_a_transfer_cannot_be_undone_before_later_changes(self):
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        follower = subscription.transfer(self.heir, self.day("2026-04-16"))
        since = follower.change_quantity(follower.line_ids, 20, self.day("2026-04-20"))
        change = self.newest(subscription, "transferred")
        with self.assertRaisesRegex(UserError, f"{follower.name} was changed since"):
            change.action_undo()
        since.action_undo()
        change.action_undo()
        self.assertEqual(self.amounts(subscription), [70, 70])

    def test_a_transfer_that_was_billed_ahead_cannot_be_undone(self):
        self.monthly.due_shift_days = -10
        subscription = self.subscribe(on="2026-04-01")
        follower = subscription.transfer(self.heir, self.day("2026-05-01"))
        with freeze_time("2026-04-21 09:00:00"):
            self.bill("2026-04-21")
            self.assertEqual(follower.billed_period_ids.amount, 30)
            with self.assertRaisesRegex(UserError, "was already billed"):
                self.newest(subscription, "transferred").action_undo()

    def test_a_merge_can_be_undone_from_both_subscriptions(self):
        for side in (0, 1):
            with self.subTest(side):
                first = self.subscribe(on="2026-04-01")
                second = self.subscribe(self.seat, on="2026-04-01", quantity=10)
                self.cancel(second, self.day("2026-06-01"))
                second.merge_into(first, self.day("2026-04-16"))
                change = self.newest((first, second)[side], "merged")
                self.assertTrue(change.can_undo)
                change.action_undo()
                self.assertFalse(self.newest(first, "merged").can_undo)
                self.assertFalse(self.newest(second, "merged").can_undo)
                self.assertEqual(second.date_end, self.day("2026-06-01"))
                self.assertEqual(self.amounts(first, "2026-06-01"), [30] * 3)
                self.assertEqual(self.amounts(second, "2026-06-01"), [70] * 2)

    def renew_early(self, subscription):
        """Renew for a month more, at 33 instead of 30."""
        self.monthly.write({"uplift_kind": "fixed", "uplift_percent": 10})
        subscription.action_renew()
        return self.newest(subscription, "renewed")

    def subscribe_for_a_month(self):
        self.monthly.write({"term_count": 1, "term_unit": "month"})
        return self.subscribe(on="2026-04-01")

    def test_the_prices_of_a_renewal_cannot_be_undone_without_it(self):
        subscription = self.subscribe_for_a_month()
        self.renew_early(subscription)
        price = self.newest(subscription, "price")
        self.assertFalse(price.can_undo)
        with self.assertRaisesRegex(UserError, "Undo the renewal"):
            price.action_undo()
        self.assertEqual(subscription.term_end, self.day("2026-06-01"))

    def test_a_renewal_is_undone_as_a_whole(self):
        subscription = self.subscribe_for_a_month()
        before = subscription._term_as_it_is()
        renewal = self.renew_early(subscription)
        self.assertTrue(renewal.can_undo)
        renewal.action_undo()
        self.assertEqual(subscription._term_as_it_is(), before)
        self.assertFalse(subscription.change_ids.filtered("can_undo"))
        self.assertEqual(self.amounts(subscription), [30, 30])
        self.assertEqual(sum(subscription.movement_ids.mapped("amount")), 30)

    def test_of_two_renewals_the_last_one_is_undone_first(self):
        subscription = self.subscribe_for_a_month()
        first = self.renew_early(subscription)
        second = self.renew_early(subscription)  # at 36.30
        with self.assertRaisesRegex(UserError, "undo the later one"):
            first.action_undo()
        second.action_undo()
        self.assertEqual(subscription.term_end, self.day("2026-06-01"))
        self.assertEqual(self.amounts(subscription, "2026-06-01"), [30, 33, 33])

    def test_undoing_a_renewal_restores_an_earlier_cancellation(self):
        subscription = self.subscribe_for_a_month()
        self.cancel(subscription, self.day("2026-05-01"), "We move abroad")
        renewal = self.renew_early(subscription)
        self.assertFalse(subscription.date_end)
        renewal.action_undo()
        self.assertEqual(subscription.date_end, self.day("2026-05-01"))
        self.assertEqual(
            self.newest(subscription, "cancelled").reason, "We move abroad"
        )
        self.assertEqual(self.amounts(subscription), [30])

    def test_undoing_a_renewal_credits_periods_billed_ahead(self):
        self.monthly.write({"due_shift_days": -10, "renewal_policy": "expire"})
        subscription = self.subscribe_for_a_month()
        renewal = self.renew_early(subscription)
        with freeze_time("2026-04-25 09:00:00"):
            self.bill("2026-04-25")
            renewal.action_undo()
            self.cancel(subscription, self.day("2026-05-01"))
            self.bill("2026-05-01")
        billed = subscription.billed_period_ids.mapped("amount")
        self.assertIn(33, billed)
        self.assertEqual(sum(billed), 30)
