from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestPauses(SubscriptionCase):
    """Pauses: in the term, in a trial, and in the wizard."""

    def subscribe_for_a_year(self, **values):
        self.monthly.write(
            {
                "term_count": 1,
                "term_unit": "year",
                "pause_policy": "extends",
                **values,
            }
        )
        return self.subscribe(on="2026-04-01")

    def test_an_open_pause_that_moves_adds_all_its_days_to_the_term(self):
        with freeze_time("2026-06-11 09:00:00"):
            subscription = self.subscribe_for_a_year()
            subscription.pause(self.day("2026-06-01"))
            heir = self.env["res.partner"].create({"name": "Heir"})
            follower = subscription.transfer(heir, self.day("2026-06-11"))
        with freeze_time("2026-06-21 09:00:00"):
            follower.resume(self.day("2026-06-21"))
        self.assertEqual(follower.term_end, self.day("2027-04-21"))

    @freeze_time("2026-06-11 09:00:00")
    def test_a_planned_pause_that_moves_adds_its_days_once(self):
        subscription = self.subscribe_for_a_year()
        subscription.pause(self.day("2026-06-01"), self.day("2026-06-21"))
        heir = self.env["res.partner"].create({"name": "Heir"})
        follower = subscription.transfer(heir, self.day("2026-06-11"))
        self.assertEqual(follower.term_end, self.day("2027-04-21"))
        follower.resume(self.day("2026-06-16"))
        self.assertEqual(follower.term_end, self.day("2027-04-16"))

    @freeze_time("2026-04-11 09:00:00")
    def test_a_pause_before_the_start_is_refused(self):
        subscription = self.subscribe_for_a_year()
        wizard = self.env["subscription.pause.wizard"].create(
            {
                "subscription_id": subscription.id,
                "date_start": "2026-03-01",
                "resume_on": "2026-04-05",
            }
        )
        self.assertIn("starts on", wizard.preview)
        with self.assertRaisesRegex(UserError, "starts on"):
            wizard.action_confirm()
        self.assertEqual(subscription.term_end, self.day("2027-04-01"))

    def test_paused_days_of_a_trial_are_not_added_to_the_term(self):
        self.monthly.trial_days = 14
        with freeze_time("2026-04-05 09:00:00"):
            subscription = self.subscribe_for_a_year()
            subscription.pause(self.day("2026-04-11"), self.day("2026-04-21"))
            self.assertEqual(subscription.term_end, self.day("2027-04-21"))
            # Started on the 5th, all ten days are paid ones.
            subscription.action_activate()
            self.assertEqual(subscription.term_end, self.day("2027-04-15"))

    @freeze_time("2026-04-18 09:00:00")
    def test_resume_ends_the_current_pause(self):
        subscription = self.subscribe(on="2026-04-01")
        subscription.pause(self.day("2026-04-15"), self.day("2026-04-25"))
        subscription.pause(self.day("2026-06-01"), self.day("2026-06-10"))
        action = subscription.action_resume()
        self.env["subscription.pause.wizard"].with_context(**action["context"]).create(
            {}
        ).action_confirm()
        self.assertEqual(subscription.state, "active")
        self.assertEqual(
            subscription.pause_ids.sorted("date_start").mapped("date_end"),
            [self.day("2026-04-18"), self.day("2026-06-10")],
        )

    @freeze_time("2026-04-18 09:00:00")
    def test_resume_without_a_pause_is_refused_with_the_reason(self):
        subscription = self.subscribe(on="2026-04-01")
        wizard = self.env["subscription.pause.wizard"].create(
            {
                "subscription_id": subscription.id,
                "date_start": "2026-04-18",
                "is_resuming": True,
            }
        )
        self.assertIn("no pause to end", wizard.preview)

    def test_a_pause_that_was_offered_in_a_trial_begins_after_it(self):
        self.monthly.trial_days = 14
        because = self.env["subscription.cancellation.reason"].create(
            {"name": "Away", "offer": "pause", "pause_days": 10}
        )
        with freeze_time("2026-04-05 09:00:00"):
            subscription = self.subscribe(on="2026-04-01")
            day = subscription._offer_start()
            self.assertEqual(day, self.day("2026-04-15"))
            subscription.accept_offer(because, day)
            self.assertEqual(subscription.state, "trial")
        with freeze_time("2026-04-15 09:00:00"):
            subscription._follow_trial()
            self.assertEqual(subscription.state, "paused")
            self.assertEqual(subscription.next_change_date, self.day("2026-04-25"))
        with freeze_time("2026-04-25 09:00:00"):
            subscription._follow_change()
            self.assertEqual(subscription.state, "active")
            self.bill("2026-04-25")
        self.assert_invoice_lines(
            subscription, [("2026-04-25/2026-05-15", "Basic", "20.00")]
        )

    @freeze_time("2026-04-05 09:00:00")
    def test_a_paused_trial_that_is_ended_stays_paused(self):
        self.monthly.trial_days = 14
        subscription = self.subscribe(on="2026-04-01")
        subscription.pause(self.day("2026-04-03"))
        subscription.action_activate()
        self.assertEqual(subscription.state, "paused")

    @freeze_time("2026-04-10 09:00:00")
    def test_a_scheduled_pause_can_be_undone(self):
        subscription = self.subscribe_for_a_year()
        self.bill("2026-04-01")
        subscription.pause(self.day("2026-04-16"), self.day("2026-04-26"))
        self.assertEqual(subscription.term_end, self.day("2027-04-11"))
        paused = subscription.change_ids.filtered(lambda each: each.kind == "paused")
        paused.action_undo()
        self.assertFalse(subscription.pause_ids)
        self.assertFalse(paused.can_undo)
        self.assertEqual(subscription.term_end, self.day("2027-04-01"))
        self.assertEqual(subscription.next_billing_date, self.day("2026-05-01"))
        self.assertEqual(sum(subscription.movement_ids.mapped("amount")), 30)
        self.assertEqual(
            {each.date for each in subscription.movement_ids if each.amount > 0},
            {self.day("2026-04-01"), self.day("2026-04-16"), self.day("2026-04-26")},
        )

    @freeze_time("2026-04-10 09:00:00")
    def test_a_current_pause_is_resumed_and_cannot_be_undone(self):
        subscription = self.subscribe(on="2026-04-01")
        subscription.pause(self.day("2026-04-10"))
        self.assertFalse(subscription.change_ids.filtered("can_undo"))

    def test_a_pause_begins_after_a_change_on_its_morning(self):
        with freeze_time("2026-04-05 09:00:00"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
            subscription.pause(self.day("2026-04-10"), self.day("2026-04-20"))
        for morning, quantity, state in (
            ("2026-04-10", 8, "paused"),
            ("2026-04-20", 9, "active"),
        ):
            with freeze_time(f"{morning} 00:10:00"):
                line = subscription._lines_to_change(self.day(morning))
                subscription.change_quantity(line, quantity, self.day(morning))
            self.run_action("ir_cron_follow_changes", morning)
            self.assertEqual(subscription.state, state)
