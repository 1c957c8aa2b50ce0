from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import QuotedTermCase


@tagged("post_install", "-at_install")
class TestUndoRenewal(QuotedTermCase):
    """A renewal can be undone until its term starts, unless a change builds on it."""

    def renew(self, subscription, on="2027-03-10"):
        with freeze_time(f"{on} 09:00:00"):
            subscription.action_renew()
        return self.newest(subscription, "renewed")

    def quote(self, subscription, on):
        with freeze_time(f"{on} 09:00:00"):
            subscription.action_quote_renewal()
        return subscription.quotation_ids.sorted("id")[-1:]

    def undo_on(self, change, on):
        with freeze_time(f"{on} 09:00:00"):
            change.action_undo()

    def april(self, subscription):
        """Return what April 2027 is billed."""
        self.bill("2027-04-01")
        april = subscription.billed_period_ids.filtered(
            lambda row: row.date_start == self.day("2027-04-01")
        )
        return april.mapped("amount")

    def test_undoing_a_renewal_cancels_the_quotation_of_the_following_term(self):
        subscription = self.subscribe_for_a_year()
        renewal = self.renew(subscription)
        order = self.quote(subscription, on="2027-03-11")
        self.assertEqual(order.managed_renews_from, self.day("2028-04-01"))
        self.undo_on(renewal, on="2027-03-12")
        self.assertEqual(order.state, "cancel")
        self.assertIn("the term before the one", order.message_ids[0].body)
        self.assertEqual(subscription.term_end, self.day("2027-04-01"))
        self.run_action("ir_cron_renew", "2027-03-31")
        self.assertEqual(self.april(subscription), [])

    def test_a_price_change_can_be_undone_while_a_renewal_is_quoted(self):
        subscription = self.subscribe_for_a_year()
        with freeze_time("2027-03-11 09:00:00"):
            change = subscription.change_price(
                subscription.line_ids, 20, self.day("2027-03-25")
            )
        order = self.quote(subscription, on="2027-03-11")
        self.undo_on(change, on="2027-03-12")
        with freeze_time("2027-03-13 09:00:00"):
            order.action_update_quotation()
            order.action_confirm()
        self.assertEqual(self.april(subscription), [33])

    def add_two_seats(self, subscription, day, on):
        with freeze_time(f"{on} 09:00:00"):
            line = subscription._lines_to_change(self.day(day))
            return subscription.change_quantity(line, 7, self.day(day))

    def test_a_renewal_cannot_be_undone_after_a_later_change_took_effect(self):
        subscription = self.subscribe_for_a_year(self.seat, quantity=5)
        order = self.quote(subscription, on="2027-03-10")
        with freeze_time("2027-03-10 09:00:00"):
            order.action_confirm()
        renewal = self.newest(subscription, "renewed")
        self.add_two_seats(subscription, "2027-03-12", on="2027-03-12")
        with freeze_time("2027-03-13 09:00:00"):
            self.assertFalse(renewal.can_undo)
            ways_out = "with 03/31/2027 as its last day.* change them from 04/01/2027"
            for way in (renewal.action_undo, order.action_cancel):
                with self.assertRaisesRegex(UserError, ways_out):
                    way()
            self.assertEqual(order.state, "sale")
            self.cancel(subscription, self.day("2027-04-01"))
        self.assertEqual(self.april(subscription), [])

    def test_a_renewal_can_be_undone_after_a_later_scheduled_change(self):
        subscription = self.subscribe_for_a_year(self.seat, quantity=5)
        renewal = self.renew(subscription)
        since = self.add_two_seats(subscription, "2027-03-20", on="2027-03-12")
        with freeze_time("2027-03-13 09:00:00"):
            self.assertTrue(renewal.can_undo)
            with self.assertRaisesRegex(UserError, "undo the later one first"):
                renewal.action_undo()
            since.action_undo()
            renewal.action_undo()
        self.assertEqual(subscription.term_end, self.day("2027-04-01"))
        self.assertEqual(subscription.line_ids.filtered("quantity").quantity, 5)

    def test_a_renewal_cannot_be_undone_after_a_pause_extended_the_term(self):
        self.monthly.pause_policy = "extends"
        subscription = self.subscribe_for_a_year()
        renewal = self.renew(subscription)
        with freeze_time("2027-03-12 09:00:00"):
            subscription.pause(self.day("2027-03-12"), self.day("2027-03-20"))
            self.assertFalse(renewal.can_undo)
            with self.assertRaisesRegex(UserError, "The change of 03/12/2027"):
                renewal.action_undo()

    def test_a_renewal_decided_by_its_plan_cannot_be_undone(self):
        self.monthly.renewal_policy = "renew"
        subscription = self.subscribe_for_a_year()
        self.run_action("ir_cron_renew", "2027-03-31")
        renewal = self.newest(subscription, "renewed")
        with freeze_time("2027-03-31 10:00:00"):
            with self.assertRaisesRegex(UserError, "with 03/31/2027 as its last day"):
                renewal.action_undo()
            self.cancel(subscription, self.day("2027-04-01"))
        self.assertEqual(self.april(subscription), [])

    def test_an_early_renewal_that_was_undone_is_renewed_on_its_day(self):
        self.monthly.write({"renewal_policy": "renew", "due_shift_days": -10})
        subscription = self.subscribe_for_a_year()
        renewal = self.renew(subscription)
        self.undo_on(renewal, on="2027-03-20")
        self.assertEqual(subscription.term_end, self.day("2027-04-01"))
        self.run_action("ir_cron_renew", "2027-03-20")
        self.assertEqual(subscription.term_end, self.day("2027-04-01"))
        again = self.renew(subscription, on="2027-03-20")
        with self.assertRaisesRegex(UserError, "renews automatically"):
            self.undo_on(again, on="2027-03-21")
        self.monthly.renewal_policy = "ask"
        self.undo_on(again, on="2027-03-21")

    def test_a_renewal_after_a_cancellation_can_be_undone_on_the_last_day(self):
        self.monthly.renewal_policy = "renew"
        subscription = self.subscribe_for_a_year()
        with freeze_time("2027-03-01 09:00:00"):
            self.cancel(subscription, self.day("2027-04-01"))
        renewal = self.renew(subscription)
        self.undo_on(renewal, on="2027-03-31")
        self.run_action("ir_cron_renew", "2027-03-31")
        self.assertEqual(subscription.date_end, self.day("2027-04-01"))

    def test_cancelling_a_renewal_order_schedules_a_new_activity(self):
        subscription = self.subscribe_for_a_year()
        self.run_action("ir_cron_renew", "2027-03-10")
        order = subscription.quotation_ids
        with freeze_time("2027-03-11 09:00:00"):
            order.action_confirm()
        self.assertFalse(subscription.activity_ids)
        with freeze_time("2027-03-12 09:00:00"):
            order.action_cancel()
        to_do = subscription.activity_ids
        self.assertEqual(to_do.date_deadline, self.day("2027-04-01"))
        self.assertIn("The renewal was undone", to_do.note)
        self.assertIn(order.name, to_do.note)
        self.run_action("ir_cron_renew", "2027-03-13")
        self.assertEqual(subscription.activity_ids, to_do)
        another = self.quote(subscription, on="2027-03-14")
        self.assertNotEqual(another, order)
        with freeze_time("2027-03-14 09:00:00"):
            another.action_confirm()
        self.assertFalse(subscription.activity_ids)
        self.assertEqual(self.april(subscription), [33])

    def test_an_undone_renewal_is_quoted_when_it_is_due(self):
        subscription = self.subscribe_for_a_year()
        renewal = self.renew(subscription, on="2027-03-01")
        self.undo_on(renewal, on="2027-03-01")
        self.assertFalse(subscription.activity_ids)
        self.run_action("ir_cron_renew", "2027-03-02")
        self.assertEqual(len(subscription.quotation_ids), 1)
        self.assertEqual(len(subscription.activity_ids), 1)
