"""Charges and suspensions that wait: for their day, a hold or a pause."""

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..dunning.dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestChargesThatWait(DunningCase):
    def announced(self):
        """Return the case of an invoice that is charged three days later."""
        self.policy.charge_delay_days = 3
        self.save_card()
        return self.invoice("2026-04-01")

    def assert_charged_on(self, day, case):
        """Check that a run charges a case on a day, and none does the day before."""
        self.collect(str(fields.Date.add(self.day(day), days=-1)))
        self.assertFalse(case.transaction_ids)
        self.collect(day)
        self.assertEqual((case.state, len(case.transaction_ids)), ("paid", 1))

    def test_an_announced_charge_follows_a_hold(self):
        case = self.announced()
        with freeze_time("2026-04-02 09:00:00"):
            case.put_on_hold(self.day("2026-04-08"))
        self.assert_charged_on("2026-04-09", case)

    def test_an_announced_charge_follows_after_resume(self):
        case = self.announced()
        with freeze_time("2026-04-02 09:00:00"):
            case.dispute()
        with freeze_time("2026-04-03 09:00:00"):
            case.action_resume()
        self.assert_charged_on("2026-04-04", case)

    def test_an_announced_charge_follows_when_follow_ups_are_allowed_again(self):
        case = self.announced()
        case.move_id.no_followup = True
        self.assertIn("excluded from follow-ups", case.next_step)
        for day in ("2026-04-04", "2026-04-05"):
            self.collect(day)
        self.assertFalse(case.transaction_ids)
        case.move_id.no_followup = False
        self.collect("2026-04-06")
        self.assertEqual(case.state, "paid")

    def test_another_card_brings_no_announced_charge_forward(self):
        case = self.announced()
        with freeze_time("2026-04-02 09:00:00"):
            self.save_card()
        self.collect("2026-04-02")
        self.assert_charged_on("2026-04-04", case)

    def test_a_card_that_is_saved_meanwhile_is_charged_on_the_announced_day(self):
        self.policy.charge_delay_days = 3
        self.policy.step_ids.filtered(lambda step: step.action == "charge").unlink()
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            self.save_card()
        self.assert_charged_on("2026-04-04", case)

    def test_a_current_promise_can_be_changed(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            case.promise(self.day("2026-04-10"), "On the telephone")
        window = self.env["subscription.hold.dunning.wizard"].with_context(
            active_model=case._name, active_id=case.id
        )
        with freeze_time("2026-04-09 09:00:00"), Form(window) as form:
            self.assertEqual(form.reason, "On the telephone")
            self.assertEqual(str(form.until), "2026-04-10")
            form.until = "2026-04-25"
            form.save().action_confirm()
        self.collect("2026-04-25")
        self.assertFalse(case.step_ids)
        self.assertEqual((case.hold, str(case.next_date)), ("promised", "2026-04-26"))

    def test_a_promise_ends_though_a_charge_waits_for_it(self):
        self.save_card("error")
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-04 09:00:00"):
            case.sudo()._request_charge()
            case.promise(self.day("2026-04-10"))
        self.assertEqual(str(case.next_date), "2026-04-11")
        self.collect("2026-04-11")
        self.assertFalse(case.hold)
        self.assertEqual(len(case.transaction_ids), 2)


@tagged("post_install", "-at_install")
class TestPausedServices(DunningCase):
    def paused(self, first, last):
        """Pause a service while its invoice is in dunning; return the case."""
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(self.subscription.state, "past_due")
        with freeze_time(f"{first} 09:00:00"):
            self.subscription.pause(self.day(first), self.day(last))
        return case

    def resume(self, day):
        self.run_action("ir_cron_follow_changes", day)

    def test_it_is_past_due_again_after_a_pause(self):
        self.paused("2026-04-05", "2026-04-10")
        self.resume("2026-04-10")
        self.assertEqual(self.subscription.state, "past_due")

    def test_a_suspension_due_in_a_pause_follows_the_pause(self):
        case = self.paused("2026-04-10", "2026-04-20")
        self.collect("2026-04-16")
        self.assertEqual(self.subscription.state, "paused")
        self.resume("2026-04-20")
        self.assertEqual(self.subscription.state, "suspended")
        self.pay(case.move_id, case.amount_open, "2026-04-21")
        self.assertEqual(self.subscription.state, "active")

    def test_a_promise_delays_the_suspension_after_a_pause(self):
        case = self.paused("2026-04-10", "2026-04-20")
        self.collect("2026-04-16")
        with freeze_time("2026-04-18 09:00:00"):
            case.promise(self.day("2026-04-25"))
        self.resume("2026-04-20")
        self.assertEqual(self.subscription.state, "past_due")
        self.collect("2026-04-25")
        self.assertEqual(self.subscription.state, "past_due")
        self.collect("2026-04-26")
        self.assertEqual(self.subscription.state, "suspended")

    def test_a_manual_reactivation_is_kept_after_a_pause(self):
        self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.collect("2026-04-16")
        with freeze_time("2026-04-17 09:00:00"):
            self.subscription.reactivate("They pay tomorrow.")
            self.subscription.pause(self.day("2026-04-17"), self.day("2026-04-20"))
        self.resume("2026-04-20")
        self.assertEqual(self.subscription.state, "past_due")

    def test_a_manual_reactivation_is_kept_for_all_invoices(self):
        self.policy.step_ids = [
            Command.create(
                {"day": 25, "action": "email", "template_id": self.letter.id}
            )
        ]
        first = self.invoice("2026-04-01")
        other = first.move_id.copy({"invoice_date": "2026-04-01"})
        with freeze_time("2026-04-01 10:00:00"):
            other.action_post()
            second = first.sudo().copy({"move_id": other.id})
            second._plan_next()
        self.collect("2026-04-04")
        with freeze_time("2026-04-10 09:00:00"):
            self.subscription.pause(self.day("2026-04-10"), self.day("2026-04-20"))
        self.collect("2026-04-16")
        self.assertEqual(second.suspend_on_resume_ids, self.subscription)
        self.resume("2026-04-20")
        self.assertEqual(self.subscription.state, "suspended")
        with freeze_time("2026-04-21 09:00:00"):
            self.subscription.reactivate("They pay tomorrow.")
        self.collect("2026-04-26")
        self.assertNotEqual(self.subscription.state, "suspended")

    def test_a_service_paid_during_its_pause_is_active_after_it(self):
        case = self.paused("2026-04-10", "2026-04-20")
        self.collect("2026-04-16")
        self.pay(case.move_id, case.amount_open, "2026-04-18")
        self.resume("2026-04-20")
        self.assertEqual(self.subscription.state, "active")
