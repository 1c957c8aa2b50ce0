"""Buttons that are called in a wrong state are refused, as by an external client."""

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestRefusedActions(DunningCase):
    def assert_refused(self, sentence, record, *names):
        for name in names:
            with (
                self.subTest(name),
                self.env.cr.savepoint(),
                self.assertRaisesRegex(UserError, sentence),
            ):
                getattr(record, name)()

    def test_a_closed_case_is_neither_charged_nor_continued(self):
        self.save_card()
        self.assert_refused(
            "needs no payment any more",
            self.invoice("2026-04-01"),
            "action_charge_now",
            "action_run_now",
            "action_skip_step",
            "action_resume",
            "dispute",
            "put_on_hold",
        )

    def test_a_case_on_hold_is_neither_charged_nor_continued(self):
        self.save_card("error")
        case = self.invoice("2026-04-01")
        case.dispute()
        self.assert_refused(
            "on hold; use Resume first",
            case,
            "action_charge_now",
            "action_run_now",
            "action_skip_step",
        )

    def test_a_case_without_a_hold_is_not_resumed(self):
        case = self.invoice("2026-04-01")
        self.assert_refused("is not on hold", case, "action_resume")

    def test_a_case_without_an_unknown_charge_is_not_resolved(self):
        self.assert_refused(
            "no charge to resolve",
            self.invoice("2026-04-01"),
            "action_check_provider",
            "action_mark_succeeded",
            "action_mark_failed",
        )

    def test_a_case_without_a_step_left_runs_none(self):
        self.policy.active = False
        case = self.invoice("2026-04-01")
        self.assert_refused(
            "has no step left", case, "action_run_now", "action_skip_step"
        )

    def test_a_promise_needs_a_day(self):
        case = self.invoice("2026-04-01")
        with self.assertRaisesRegex(UserError, "Choose the day"):
            case.promise(False)
        with freeze_time("2026-04-02 09:00:00"):
            case.promise("2026-04-10")
        self.assertEqual(str(case.hold_until), "2026-04-10")

    def test_a_sent_letter_is_not_sent_again(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assert_refused(
            "None of these letters", case.letter_ids, "action_send_again"
        )

    def test_a_removed_payment_method_cannot_be_arranged(self):
        card = self.save_card()
        card.action_remove()
        self.assert_refused(
            "was removed",
            card,
            "action_charge_first",
            "action_allow_again",
            "action_remove",
        )

    def test_a_payment_method_without_a_hard_decline_is_not_allowed_again(self):
        card = self.save_card()
        self.assert_refused("No hard decline", card, "action_allow_again")
