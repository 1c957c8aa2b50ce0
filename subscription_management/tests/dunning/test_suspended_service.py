"""Suspension by dunning, and reactivation by payments."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from .dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestSuspendedService(DunningCase):
    def test_two_simultaneous_payments_reactivate_the_service(self):
        first = self.invoice("2026-04-01")
        self.bill("2026-05-01")
        self.collect("2026-05-01")
        second = self.cases.search([("partner_id", "=", self.customer.id)]) - first
        self.collect("2026-05-16")
        self.assertEqual(self.subscription.state, "suspended")
        # Each transaction sees the other invoice as it was.
        with patch.object(type(first), "_reactivate_services"):
            for case in first, second:
                self.pay(case.move_id, case.amount_open, "2026-05-16")
        self.assertEqual({first.state, second.state}, {"paid"})
        self.assertEqual(self.subscription.state, "suspended")
        self.collect("2026-05-17")
        self.assertEqual(self.subscription.state, "active")

    def test_a_later_manual_suspension_stays(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.collect("2026-04-16")
        with freeze_time("2026-04-17 09:00:00"):
            self.subscription.reactivate("They promised")
        self.pay(case.move_id, case.amount_open, "2026-04-18")
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription.suspend("Misuse")
        self.collect("2026-04-21")
        self.assertEqual(self.subscription.state, "suspended")
        self.assertFalse(case.suspended_ids)

    def unpaid_in_a_trial(self):
        """Return the case of a product added in a trial, once suspension is due."""
        self.monthly.trial_days = 40
        with freeze_time("2026-04-01 08:00:00"):
            self.subscription = self.subscribe(on="2026-04-01")
            self.join(self.subscription, self.seat, "2026-04-02", kind="one_off")
        self.bill("2026-04-02")
        for day in ("2026-04-02", "2026-04-03", "2026-04-05", "2026-04-17"):
            self.collect(day)
        case = self.subscription.dunning_case_ids
        self.assertEqual(self.subscription.state, "trial")
        self.assertEqual(case.suspend_on_resume_ids, self.subscription)
        return case

    def test_an_unpaid_trial_is_suspended_at_its_end(self):
        case = self.unpaid_in_a_trial()
        self.run_action("ir_cron_convert_trials", "2026-05-11")
        self.assertEqual(self.subscription.state, "suspended")
        self.pay(case.move_id, case.amount_open, "2026-05-12")
        self.assertEqual(self.subscription.state, "active")

    def test_an_unpaid_trial_is_suspended_when_it_is_activated(self):
        self.unpaid_in_a_trial()
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription.action_activate()
        self.assertEqual(self.subscription.state, "suspended")

    def test_a_past_due_service_is_active_after_simultaneous_payments(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(self.subscription.state, "past_due")
        with patch.object(type(case), "_reactivate_services"):
            self.pay(case.move_id, case.amount_open, "2026-04-04")
        self.collect("2026-04-05")
        self.assertEqual(self.subscription.state, "active")
