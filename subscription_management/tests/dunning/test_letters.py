"""Dunning letters: one message for an address, in its language and hours."""

from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.dunning import letters
from .dunning_case import DunningCase

LETTERS = letters.__name__


@tagged("post_install", "-at_install")
class TestLetters(DunningCase):
    def test_several_open_invoices_are_one_message_oldest_first(self):
        first = self.invoice("2026-04-01")
        second = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        letters = first.letter_ids | second.letter_ids
        self.assertEqual(sorted(letters.mapped("state")), ["combined", "sent"])
        self.assertEqual(len(letters.mail_message_id), 1)
        body = letters.mail_message_id.body
        self.assertLess(body.index(first.move_id.name), body.index(second.move_id.name))
        self.assertIn("Pay Now", body)
        self.assertNotIn("Dunning", body)

    def test_a_letter_with_a_broken_template_is_reported_and_sent_again(self):
        case = self.invoice("2026-04-01")
        text = self.letter.body_html
        # The host refuses to save such a text; an upgrade can leave one.
        self.env.cr.execute(
            "UPDATE mail_template SET body_html = %s WHERE id = %s",
            ['{"en_US": "<p t-out=\\"object.no_such_field\\"/>"}', self.letter.id],
        )
        self.env.invalidate_all()
        with mute_logger(
            LETTERS,
            "odoo.addons.base.models.ir_qweb",
            "odoo.addons.mail.models.mail_render_mixin",
        ):
            self.collect("2026-04-04")
        self.assertEqual(case.letter_ids.state, "failed")
        self.assertIn("Correct the template", case.letter_ids.error)
        self.assertNotIn("Traceback", case.letter_ids.error)
        self.letter.body_html = text
        with freeze_time("2026-04-05 09:00:00"):
            case.letter_ids.action_send_again()
        self.collect("2026-04-05")
        self.assertEqual(case.letter_ids.state, "sent")
        self.assertFalse(case.letter_ids.error)

    def test_a_missing_email_address_is_reported(self):
        self.customer.email = False
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertIn("no email address", case.letter_ids.error)

    def test_a_letter_is_dropped_if_the_invoice_was_paid_meanwhile(self):
        self.policy.write({"hour_from": 10, "hour_to": 11})
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(case.letter_ids.state, "waiting")
        self.pay(case.move_id, case.amount_open, "2026-04-04")
        self.collect("2026-04-05")
        self.assertEqual(case.letter_ids.state, "dropped")

    def test_letters_wait_for_the_end_of_quiet_hours(self):
        self.env.company.partner_id.tz = "Asia/Jerusalem"  # 12:00 there, 09:00 in UTC
        self.policy.write({"hour_from": 13, "hour_to": 19})
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertEqual(str(case.letter_ids.send_after), "2026-04-04 10:00:00")

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
        self.assertFalse(case.letter_ids)
        self.collect("2026-04-19")
        self.assertEqual(case.letter_ids.state, "sent")

    def test_letters_are_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("he_IL")
        template = self.letter.with_context(lang="he_IL")
        template.subject = "שכחתם את {{ object.move_id.name }}?"
        self.customer.lang = "he_IL"
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.assertIn("שכחתם", case.letter_ids.mail_message_id.subject)
        self.assertIn('dir="rtl"', self.mail_of(case.letter_ids).body_html)

    def test_letters_have_a_text_in_hebrew(self):
        self.env["res.lang"]._activate_lang("he_IL")
        addon = self.env["ir.module.module"]._get("subscription_management")
        addon._update_translations(["he_IL"])
        self.customer.lang = "he_IL"
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        letter = case.letter_ids.mail_message_id
        self.assertIn("האם שכחתם", letter.subject)
        self.assertIn("תשלום עכשיו", letter.body)
        self.assertNotIn("Pay Now", letter.body)

    def test_a_last_warning_has_precedence_over_other_letters(self):
        warning = self.env.ref("subscription_management.mail_template_dunning_last")
        self.make_policy(
            "Warned",
            (3, "email"),
            (12, "email"),
            (15, "suspend"),
            sequence=1,
            declined_template_id=self.env.ref(
                "subscription_management.mail_template_dunning_declined"
            ).id,
        ).step_ids.filtered(lambda step: step.day == 12).template_id = warning
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        with freeze_time("2026-04-13 08:00:00"):
            self.save_card("error")
        self.collect("2026-04-13")
        states = {row.template_id: row.state for row in case.letter_ids}
        self.assertEqual(states[warning], "sent")
        self.assertEqual(sorted(states.values()), ["combined", "sent", "sent"])

    def test_a_late_letter_waits_for_the_morning(self):
        self.policy.write({"hour_from": 8, "hour_to": 19})
        case = self.invoice("2026-04-01")
        letters = type(case.letter_ids)
        with patch.object(letters, "_send_next", lambda letter: letter.browse()):
            self.collect("2026-04-04")
        with freeze_time("2026-04-04 22:00:00"):
            case.letter_ids.sudo()._send_next()
        self.assertEqual(case.letter_ids.state, "waiting")
        self.assertEqual(str(case.letter_ids.send_after), "2026-04-05 08:00:00")
        self.collect("2026-04-05")
        self.assertEqual(case.letter_ids.state, "sent")
