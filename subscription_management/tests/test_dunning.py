"""Unpaid invoices are chased by the steps of a policy."""

from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .dunning_case import DunningCase

GONE = "The salesperson was deleted."
DUNNING = "odoo.addons.subscription_management.models.dunning"


@tagged("post_install", "-at_install")
class TestSteps(DunningCase):
    def steps_of(self, case):
        rows = case.step_ids.filtered(lambda row: row.result == "done").sorted("id")
        return [(str(row.day), row.action) for row in rows]

    def collect_daily(self, first, last):
        day = date.fromisoformat(first)
        while str(day) <= last:
            self.collect(str(day))
            day = date.fromordinal(day.toordinal() + 1)

    def test_due_on_the_1st_and_15_days_suspends_on_the_16th(self):
        case = self.invoice("2026-04-01")
        self.collect_daily("2026-04-01", "2026-04-15")
        self.assertEqual(self.subscription.state, "past_due")
        self.collect("2026-04-16")
        self.assertEqual(self.subscription.state, "suspended")
        self.assertEqual(
            self.steps_of(case),
            [
                ("2026-04-02", "past_due"),
                ("2026-04-04", "email"),
                ("2026-04-16", "suspend"),
            ],
        )

    def test_a_payment_by_bank_restores_the_service_at_once(self):
        case = self.invoice("2026-04-01")
        self.collect_daily("2026-04-02", "2026-04-16")
        self.collect("2026-04-20")
        self.pay(case.move_id, case.amount_open, "2026-04-20")
        self.assertEqual(case.state, "paid")
        self.assertEqual(self.subscription.state, "active")
        self.assertEqual(case.closed_after, "Suspend")

    def test_a_part_that_was_paid_stops_nothing(self):
        case = self.invoice("2026-04-01")
        self.pay(case.move_id, 10.0, "2026-04-02")
        self.collect_daily("2026-04-02", "2026-04-16")
        self.assertEqual(self.subscription.state, "suspended")

    def test_another_open_invoice_keeps_the_service_withheld(self):
        first = self.invoice("2026-04-01")
        self.bill("2026-05-01")
        self.collect_daily("2026-05-01", "2026-05-16")
        self.pay(first.move_id, first.amount_open, "2026-05-16")
        self.assertEqual(first.state, "paid")
        self.assertEqual(self.subscription.state, "suspended")

    def test_who_was_suspended_by_hand_stays_so(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            self.subscription.suspend("Misuse")
        self.collect("2026-04-02")
        self.pay(case.move_id, case.amount_open, "2026-04-03")
        self.assertEqual(self.subscription.state, "suspended")

    def test_a_credited_invoice_is_chased_no_more(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-02")
        with freeze_time("2026-04-03 09:00:00"):
            self.env["account.move.reversal"].with_context(
                active_model="account.move", active_ids=case.move_id.ids
            ).create({"journal_id": case.move_id.journal_id.id}).refund_moves()
            refund = case.move_id.reversal_move_ids
            refund.action_post()
        self.collect("2026-04-04")
        self.assertEqual(case.state, "settled")
        self.assertEqual(self.subscription.state, "active")

    def test_the_last_step_cancels_and_says_why(self):
        self.policy.step_ids = [Command.create({"day": 30, "action": "cancel"})]
        self.invoice("2026-04-01")
        self.collect_daily("2026-04-02", "2026-05-01")
        self.assertEqual(self.subscription.state, "cancelled")
        change = self.newest(self.subscription, "cancelled")
        self.assertEqual(
            change.cancellation_reason_id,
            self.env.ref("subscription_management.cancellation_reason_unpaid"),
        )

    def test_a_case_keeps_the_policy_that_it_began_with(self):
        case = self.invoice("2026-04-01")
        self.policy.step_ids.filtered(lambda step: step.action == "suspend").day = 5
        self.collect_daily("2026-04-02", "2026-04-10")
        self.assertEqual(self.subscription.state, "past_due")
        self.assertEqual(case.version_id.number, 1)
        self.bill("2026-05-01")
        self.collect("2026-05-01")
        later = self.cases.search([("partner_id", "=", self.customer.id)]) - case
        self.assertEqual(later.version_id.number, 2)

    def test_a_second_run_does_nothing(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-16")
        before = self.steps_of(case), case.notice_ids.mapped("state")
        self.collect("2026-04-16")
        self.assertEqual((self.steps_of(case), case.notice_ids.mapped("state")), before)

    def test_a_case_that_fails_stops_no_other_and_comes_again(self):
        case = self.invoice("2026-04-01")
        good = self.invoice("2026-04-01")
        bad = case.id
        real = type(case)._do_past_due

        def fails(self, row):
            if self.id == bad:
                raise UserError(GONE)
            return real(self, row)

        with patch.object(type(case), "_do_past_due", fails):
            self.collect("2026-04-02")
        self.assertEqual(case.error, GONE)
        self.assertEqual(good.subscription_ids.state, "past_due")
        self.collect("2026-04-03")
        self.assertFalse(case.error)
        self.assertEqual(case.subscription_ids.state, "past_due")

    def test_policies_for_a_customer_come_before_those_for_a_plan(self):
        plain = self.policy
        planned = self.make_policy("Plan", (1, "email"), plan_ids=self.monthly.ids)
        own = self.make_policy("Own", (1, "email"), partner_ids=self.customer.ids)
        cases = [self.invoice("2026-04-01")]
        own.active = False
        cases.append(self.invoice("2026-04-01"))
        planned.active = False
        cases.append(self.invoice("2026-04-01"))
        self.assertEqual([case.policy_id for case in cases], [own, planned, plain])

    def test_direct_debits_and_transfers_have_policies_of_their_own(self):
        manual = self.make_policy("Manual", (1, "email"), payer="manual", sequence=1)
        self.assertEqual(self.invoice("2026-04-01").policy_id, manual)
        self.save_card("error")
        self.assertEqual(self.invoice("2026-04-01").policy_id, self.policy)

    def test_without_a_policy_it_is_charged_and_not_chased(self):
        self.policy.active = False
        self.save_card("error")
        case = self.invoice("2026-04-01")
        self.collect("2026-06-01")
        self.assertEqual(case.outcome, "declined")
        self.assertFalse(case.step_ids)


@tagged("post_install", "-at_install")
class TestBadPolicies(DunningCase):
    def assertRefused(self, sentence, *steps, **values):
        with self.assertRaisesRegex(ValidationError, sentence):
            self.make_policy("Wrong", *steps, **values)

    def test_a_policy_without_steps_is_refused(self):
        self.assertRefused("chases nobody")

    def test_steps_before_the_due_date_only_remind(self):
        self.assertRefused("“Suspend” cannot come", (-1, "suspend"))

    def test_days_out_of_order_are_refused(self):
        self.assertRefused("suspended before", (9, "suspend"), (5, "cancel"))

    def test_a_day_has_a_step_once(self):
        self.assertRefused("twice", (5, "email"), (5, "email"))

    def test_an_email_has_a_text(self):
        with self.assertRaisesRegex(ValidationError, "choose a template"):
            self.policy.step_ids = [Command.create({"day": 9, "action": "email"})]

    def test_the_last_step_is_not_deleted(self):
        with self.assertRaisesRegex(ValidationError, "archive the policy"):
            self.policy.step_ids.unlink()


@tagged("post_install", "-at_install")
class TestLetters(DunningCase):
    def test_several_open_invoices_are_one_message_oldest_first(self):
        first = self.invoice("2026-04-01")
        second = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        letters = first.notice_ids | second.notice_ids
        self.assertEqual(sorted(letters.mapped("state")), ["joined", "sent"])
        self.assertEqual(len(letters.mail_message_id), 1)
        body = letters.mail_message_id.body
        self.assertLess(body.index(first.move_id.name), body.index(second.move_id.name))
        self.assertIn("Pay Now", body)
        self.assertNotIn("Dunning", body)

    def test_a_letter_that_cannot_be_written_is_told_and_sent_again(self):
        case = self.invoice("2026-04-01")
        text = self.letter.body_html
        # The host refuses to save such a text; an upgrade can leave one.
        self.env.cr.execute(
            "UPDATE mail_template SET body_html = %s WHERE id = %s",
            ['{"en_US": "<p t-out=\\"object.no_such_field\\"/>"}', self.letter.id],
        )
        self.env.invalidate_all()
        with mute_logger(
            f"{DUNNING}.dunning_notice",
            "odoo.addons.base.models.ir_qweb",
            "odoo.addons.mail.models.mail_render_mixin",
        ):
            self.collect("2026-04-04")
        self.assertEqual(case.notice_ids.state, "failed")
        self.assertIn("Cure the template", case.notice_ids.error)
        self.assertNotIn("Traceback", case.notice_ids.error)
        self.letter.body_html = text
        with freeze_time("2026-04-05 09:00:00"):
            case.notice_ids.action_send_again()
        self.collect("2026-04-05")
        self.assertEqual(case.notice_ids.state, "sent")
        self.assertFalse(case.notice_ids.error)

    def test_without_an_address_people_are_told(self):
        self.customer.email = False
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertIn("no e-mail address", case.notice_ids.error)

    def test_nothing_is_written_about_what_was_paid_meanwhile(self):
        self.policy.write({"hour_from": 10, "hour_to": 11})
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(case.notice_ids.state, "waiting")
        self.pay(case.move_id, case.amount_open, "2026-04-04")
        self.collect("2026-04-05")
        self.assertEqual(case.notice_ids.state, "dropped")

    def test_letters_wait_for_the_hours_in_which_people_are_awake(self):
        self.env.company.partner_id.tz = "Asia/Jerusalem"  # 12:00 there, 09:00 in UTC
        self.policy.write({"hour_from": 13, "hour_to": 19})
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(str(case.notice_ids.send_after), "2026-04-04 10:00:00")

    def test_the_sabbath_and_holidays_are_quiet(self):
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Sunday to Thursday",
                "tz": "Asia/Jerusalem",
                "attendance_ids": [
                    Command.create(
                        {
                            "name": "Day",
                            "dayofweek": str(weekday),
                            "hour_from": 9,
                            "hour_to": 17,
                        }
                    )
                    for weekday in (6, 0, 1, 2, 3)
                ],
                "global_leave_ids": [
                    Command.create(
                        {
                            "name": "Independence Day",
                            "date_from": "2026-04-21 21:00:00",
                            "date_to": "2026-04-22 20:59:59",
                        }
                    )
                ],
            }
        )
        self.env.company.resource_calendar_id = calendar
        self.env.company.partner_id.tz = "Asia/Jerusalem"
        quiet = self.env.company._days_off(date(2026, 4, 16))
        self.assertEqual(
            [day for day in sorted(quiet) if day < date(2026, 4, 26)],
            [date(2026, 4, number) for number in (17, 18, 22, 24, 25)],
        )
        case = self.invoice("2026-04-14")  # day 3 is Friday, 17 April
        self.collect("2026-04-17")
        self.assertFalse(case.notice_ids)
        self.collect("2026-04-19")
        self.assertEqual(case.notice_ids.state, "sent")

    def test_letters_are_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("he_IL")
        template = self.letter.with_context(lang="he_IL")
        template.subject = "שכחתם את {{ object.move_id.name }}?"
        self.customer.lang = "he_IL"
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertIn("שכחתם", case.notice_ids.mail_message_id.subject)
        self.assertIn('dir="rtl"', self.mail_of(case.notice_ids).body_html)


@tagged("post_install", "-at_install")
class TestHolds(DunningCase):
    def at(self, day):
        return freeze_time(f"{day} 09:00:00")

    def test_nothing_is_done_until_the_day_of_a_promise(self):
        case = self.invoice("2026-04-01")
        with self.at("2026-04-02"):
            case.promise(self.day("2026-04-20"), "On the telephone")
        self.collect("2026-04-20")
        self.assertFalse(case.step_ids)
        self.collect("2026-04-21")
        done = case.step_ids.filtered(lambda row: row.result == "done")
        self.assertEqual(sorted(done.mapped("action")), ["email", "past_due"])
        self.assertFalse(case.hold)
        self.assertIn("did not", case.activity_ids.note)

    def test_a_promise_lies_ahead(self):
        case = self.invoice("2026-04-01")
        with self.at("2026-04-05"), self.assertRaisesRegex(UserError, "has passed"):
            case.promise(self.day("2026-04-04"))

    def test_a_disputed_invoice_is_neither_chased_nor_charged(self):
        case = self.invoice("2026-04-01")
        with self.at("2026-04-02"):
            case.dispute("Wrong number of seats")
            self.save_card()
        self.collect("2026-05-20")
        self.assertFalse(case.step_ids)
        self.assertFalse(case.transaction_ids)
        with self.at("2026-05-21"):
            case.action_go_on()
        self.collect("2026-05-21")
        self.assertEqual(case.state, "paid")

    def test_after_a_long_hold_the_service_is_not_cut_without_a_warning(self):
        case = self.invoice("2026-04-01")
        with self.at("2026-04-02"):
            case.pause()
        with self.at("2026-06-01"):
            case.action_go_on()
        self.collect("2026-06-01")
        self.assertEqual(self.subscription.state, "past_due")
        self.assertEqual(str(case.next_date), "2026-06-13")

    def test_a_step_is_left_out(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-02")
        with self.at("2026-04-03"):
            case.action_skip_step()
        self.collect("2026-04-04")
        self.assertFalse(case.notice_ids)
        self.assertEqual(str(case.next_date), "2026-04-16")

    def test_a_step_is_done_now(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-02")
        with self.at("2026-04-03"):
            case.action_run_now()
        self.collect("2026-04-03")
        self.assertEqual(case.notice_ids.state, "sent")
        self.collect("2026-04-04")
        self.assertEqual(len(case.notice_ids), 1)

    def test_what_needs_no_payment_is_not_put_on_hold(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        with self.assertRaisesRegex(UserError, "needs no payment"):
            case.dispute()
