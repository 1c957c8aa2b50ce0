"""What is withheld because something is not paid, and given back, is told apart."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from .dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestWithheldService(DunningCase):
    def test_what_two_payments_at_once_left_withheld_is_given_back(self):
        first = self.invoice("2026-04-01")
        self.bill("2026-05-01")
        self.collect("2026-05-01")
        second = self.cases.search([("partner_id", "=", self.customer.id)]) - first
        self.collect("2026-05-16")
        self.assertEqual(self.subscription.state, "suspended")
        # Each transaction sees the other invoice as it was.
        with patch.object(type(first), "_restore_states"):
            for case in first, second:
                self.pay(case.move_id, case.amount_open, "2026-05-16")
        self.assertEqual({first.state, second.state}, {"paid"})
        self.assertEqual(self.subscription.state, "suspended")
        self.collect("2026-05-17")
        self.assertEqual(self.subscription.state, "active")

    def test_what_is_suspended_by_hand_later_stays_so(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.collect("2026-04-16")
        with freeze_time("2026-04-17 09:00:00"):
            self.subscription.restore("They promised")
        self.pay(case.move_id, case.amount_open, "2026-04-18")
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription.suspend("Misuse")
        self.collect("2026-04-21")
        self.assertEqual(self.subscription.state, "suspended")
        self.assertFalse(case.suspended_ids)

    def unpaid_in_a_trial(self):
        """Return the case of what was joined to a trial, once it is withheld."""
        self.monthly.trial_days = 40
        with freeze_time("2026-04-01 08:00:00"):
            self.subscription = self.subscribe(on="2026-04-01")
            self.join(self.subscription, self.seat, "2026-04-02", kind="one_off")
        self.bill("2026-04-02")
        for day in ("2026-04-02", "2026-04-03", "2026-04-05", "2026-04-17"):
            self.collect(day)
        case = self.subscription.dunning_case_ids
        self.assertEqual(self.subscription.state, "trial")
        self.assertEqual(case.paused_ids, self.subscription)
        return case

    def test_what_is_not_paid_in_a_trial_is_withheld_after_it(self):
        case = self.unpaid_in_a_trial()
        self.run_action("ir_cron_convert_trials", "2026-05-11")
        self.assertEqual(self.subscription.state, "suspended")
        self.pay(case.move_id, case.amount_open, "2026-05-12")
        self.assertEqual(self.subscription.state, "active")

    def test_what_is_not_paid_in_a_trial_is_withheld_once_it_is_ended(self):
        self.unpaid_in_a_trial()
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription.action_activate()
        self.assertEqual(self.subscription.state, "suspended")

    def test_who_was_past_due_is_active_once_two_payments_came_at_once(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(self.subscription.state, "past_due")
        with patch.object(type(case), "_restore_states"):
            self.pay(case.move_id, case.amount_open, "2026-04-04")
        self.collect("2026-04-05")
        self.assertEqual(self.subscription.state, "active")
