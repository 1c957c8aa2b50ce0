from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import TIME_ZONES
from .opportunity_case import OpportunityCase


@tagged("post_install", "-at_install")
class TestOpportunityOfRenewals(OpportunityCase):
    """A term that ends soon."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.monthly.write({"term_count": 1, "term_unit": "year"})
        cls.rule = cls.make_rule("renewal", days_before_end=30)

    def test_a_term_that_ends_in_thirty_days_is_told_and_one_in_31_is_not(self):
        subscription = self.subscribe(on="2026-05-01")
        self.look("2027-03-31")
        self.assertFalse(self.found(subscription))
        self.look("2027-04-01")
        self.assertEqual(
            self.why(subscription),
            [
                "The term ends on 05/01/2027, in 30 days; the rule asks from 30 days "
                "before on. It is renewed by itself, unless it is cancelled."
            ],
        )
        lead = self.found(subscription)
        self.assertEqual(str(lead.date_deadline), "2027-05-01")
        self.assertIn(subscription.name, lead.name)

    def test_an_opportunity_is_created_in_the_first_hour_of_its_day(self):
        for zone in TIME_ZONES:
            with self.subTest(zone=zone):
                self.env.company.partner_id.tz = zone
                subscription = self.subscribe(on="2026-05-01")
                self.assert_acts_after_midnight(
                    "ir_cron_find_opportunities",
                    "2027-04-01",
                    lambda subscription=subscription: self.found(subscription),
                )

    def test_a_term_that_is_asked_for_is_told_and_one_that_expires_is_not(self):
        self.monthly.renewal_policy = "ask"
        asked = self.subscribe(on="2026-05-01")
        expiring = self.subscribe(
            on="2026-05-01", plan=self.monthly.copy({"renewal_policy": "expire"})
        )
        self.look("2027-04-10")
        self.assertIn("unless the customer agrees", self.why(asked)[0])
        self.assertFalse(self.found(expiring))

    def test_what_is_cancelled_or_has_no_term_has_no_renewal(self):
        cancelled = self.subscribe(on="2026-05-01")
        with freeze_time("2027-04-01 09:00:00"):
            cancelled._end_on(cancelled.term_end)
        endless = self.subscribe(on="2026-05-01", plan=self.yearly)
        self.look("2027-04-10")
        self.assertFalse(self.found(cancelled) | self.found(endless))

    def test_a_renewal_is_noted_on_the_open_opportunity_and_closes_nothing(self):
        subscription = self.subscribe(on="2026-05-01")
        self.look("2027-04-01")
        lead = self.found(subscription)
        with freeze_time("2027-04-05 09:00:00"):
            subscription.action_renew()
        self.look("2027-04-05")
        self.assertEqual(
            self.notes(lead)[0],
            "The term goes on until 04/30/2028 now: nothing is to be renewed before.",
        )
        self.assertEqual(lead.won_status, "pending")
        said = self.notes(lead)
        self.look("2027-04-06")
        self.assertEqual(self.notes(lead), said)

    def test_the_next_term_is_told_when_its_time_comes(self):
        subscription = self.subscribe(on="2026-05-01")
        self.look("2027-04-01")
        self.found(subscription).action_set_won()
        with freeze_time("2027-04-05 09:00:00"):
            subscription.action_renew()
        self.look("2027-04-06")
        self.look("2028-03-31")
        self.assertEqual(len(self.found(subscription)), 1)
        self.look("2028-04-01")
        self.assertEqual(len(self.found(subscription)), 2)


@tagged("post_install", "-at_install")
class TestOpportunityOfSeats(OpportunityCase):
    """Ten seats for 7.00 each, and how many of them are in use."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.make_rule("seats", seats_percent=85)
        cls.subscription = cls.subscribe(cls.seat, on="2026-04-01", quantity=10)
        cls.line = cls.subscription.line_ids

    def count(self, used, day, line=None):
        with freeze_time(f"{day} 08:00:00"):
            (line or self.line).with_user(self.rep).seats_used = used

    def test_nine_of_ten_seats_are_told_and_eight_are_not(self):
        self.count(8, "2026-04-16")
        self.look("2026-04-16")
        self.assertFalse(self.found(self.subscription))
        self.count(9, "2026-04-17")
        self.look("2026-04-17")
        self.assertEqual(
            self.why(self.subscription),
            [
                "9 of 10 seats of Seat are used (90 %, as of 04/17/2026); the rule "
                "asks from 85 % on."
            ],
        )

    def test_one_more_seat_is_at_stake_as_nine_of_eleven_are_82_percent(self):
        self.count(9, "2026-04-17")
        self.look("2026-04-17")
        lead = self.found(self.subscription)
        self.assertEqual(lead.recurring_revenue, 7)
        self.assertEqual(lead.recurring_plan.number_of_months, 1)
        self.assertIn("7.00", lead.description)

    def test_two_more_are_at_stake_as_ten_of_eleven_are_91_percent(self):
        self.count(10, "2026-04-17")
        self.look("2026-04-17")
        self.assertEqual(self.found(self.subscription).recurring_revenue, 14)

    def test_seats_that_nobody_has_counted_are_not_full(self):
        self.look("2026-04-17")
        self.assertFalse(self.found(self.subscription))

    def test_seats_that_are_bought_are_noted_and_full_again_they_are_told_again(self):
        self.count(9, "2026-04-17")
        self.look("2026-04-17")
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription.change_quantity(self.line, 20, self.day("2026-04-20"))
        self.look("2026-04-20")
        lead = self.found(self.subscription)
        self.assertEqual(
            self.notes(lead)[0], "20 seats of Seat are agreed now, instead of 10."
        )
        self.lose(lead, "2026-04-21")
        self.count(17, "2026-04-22")
        self.look("2026-04-22")
        self.assertEqual(len(self.found(self.subscription)), 2)

    def test_seats_that_are_given_back_are_noted(self):
        self.count(9, "2026-04-17")
        self.look("2026-04-17")
        self.count(7, "2026-04-18")
        self.look("2026-04-18")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "7 of 10 seats of Seat are used now.",
        )

    def test_seats_are_written_on_what_has_started_and_logged_once(self):
        self.count(9, "2026-04-17")
        self.count(9, "2026-04-18")
        self.assertEqual(str(self.line.seats_used_on), "2026-04-18")
        said = self.subscription.message_ids.mapped("preview")
        self.assertEqual(
            [each for each in said if "in use" in each],
            ["Seats of Seat in use: 9 instead of 0, counted on 04/17/2026."],
        )

    def test_lines_that_go_on_with_each_other_have_the_same_seats(self):
        self.count(5, "2026-04-15")
        with freeze_time("2026-04-16 09:00:00"):
            self.subscription.change_quantity(self.line, 12, self.day("2026-04-16"))
        newer = self.subscription.line_ids - self.line
        self.assertEqual(newer.seats_used, 5)
        self.count(11, "2026-04-17")
        self.assertEqual(newer.seats_used, 11)
        self.look("2026-04-17")
        self.assertIn("11 of 12 seats", self.why(self.subscription)[0])

    def test_less_than_no_seat_is_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.line.seats_used = -1
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestOpportunityOfPayments(OpportunityCase):
    """An invoice of 30.00 and 17 % that was due on the first of April."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.make_rule("payment", overdue_days=14)
        cls.subscription = cls.subscribe(on="2026-04-01")

    def setUp(self):
        super().setUp()
        with freeze_time("2026-04-01 09:00:00"):
            self.bill("2026-04-01")
        self.invoice = self.subscription.invoice_ids

    def test_an_invoice_is_told_fourteen_days_late_and_not_before(self):
        self.look("2026-04-14")
        self.assertFalse(self.found(self.subscription))
        self.look("2026-04-15")
        [why] = self.why(self.subscription)
        self.assertIn("35.10", why)
        self.assertIn(f"of invoice {self.invoice.name} are overdue", why)
        self.assertIn("due on 04/01/2026, 14 days ago", why)
        self.assertEqual(self.found(self.subscription).recurring_revenue, 30)

    def test_a_paid_invoice_is_not_told(self):
        self.pay(self.invoice, "2026-04-10")
        self.look("2026-04-20")
        self.assertFalse(self.found(self.subscription))

    def test_a_payment_is_noted_on_the_opportunity(self):
        self.look("2026-04-15")
        self.pay(self.invoice, "2026-04-18")
        self.look("2026-04-18")
        lead = self.found(self.subscription)
        self.assertEqual(
            self.notes(lead)[0], f"Invoice {self.invoice.name} was paid on 04/18/2026."
        )
        self.assertEqual(lead.won_status, "pending")

    def test_two_invoices_are_told_together(self):
        with freeze_time("2026-05-01 09:00:00"):
            self.bill("2026-05-01")
        self.look("2026-05-15")
        [why] = self.why(self.subscription)
        self.assertIn("70.20", why)
        self.assertIn("of 2 invoices", why)

    def test_a_suspended_service_is_told_with_nothing_overdue(self):
        self.pay(self.invoice, "2026-04-02")
        with freeze_time("2026-04-03 09:00:00"):
            self.subscription.suspend()
        self.look("2026-04-03")
        self.assertIn("is suspended", self.why(self.subscription)[0])
        with freeze_time("2026-04-05 09:00:00"):
            self.subscription.restore()
        self.look("2026-04-05")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "The subscription is active now.",
        )

    def test_an_invoice_that_several_share_is_told_once(self):
        self.customer.shares_subscription_invoices = True
        one, two = (self.subscribe(on="2026-05-01") for _each in range(2))
        with freeze_time("2026-05-01 09:00:00"):
            self.bill("2026-05-01")
        self.assertEqual(one.invoice_ids, two.invoice_ids)
        self.look("2026-05-15")
        self.assertEqual(len(self.found(one) | self.found(two)), 1)


@tagged("post_install", "-at_install")
class TestOpportunityOfReductions(OpportunityCase):
    """Ten seats for 70.00 a month, of which some are given up, or all."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.make_rule("reduction", reduction_percent=20)
        with freeze_time("2026-04-01 09:00:00"):
            cls.subscription = cls.subscribe(cls.seat, on="2026-04-01", quantity=10)

    def reduce_to(self, quantity, day="2026-05-01"):
        line = self.subscription.line_ids[-1:]
        self.subscription.change_quantity(line, quantity, self.day(day))

    def test_two_of_ten_seats_less_are_told_and_one_is_not(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(9)
            self.look("2026-04-20")
            self.assertFalse(self.found(self.subscription))
            self.newest(self.subscription, "quantity").action_undo()
            self.reduce_to(8)
            self.look("2026-04-20")
        [why] = self.why(self.subscription)
        self.assertIn("noted a change (quantity): from 05/01/2026 on", why)
        self.assertIn("56.00", why)
        self.assertIn("instead of", why)
        self.assertIn("20 % less. The rule asks from 20 % on.", why)
        self.assertEqual(self.found(self.subscription).recurring_revenue, 14)

    def test_more_seats_are_no_reason(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(12)
        self.look("2026-04-20")
        self.assertFalse(self.found(self.subscription))

    def test_a_discount_that_we_grant_is_no_downgrade(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription.grant_discount({"percent": 50}, self.day("2026-05-01"))
        self.look("2026-04-20")
        self.assertFalse(self.found(self.subscription))

    def test_a_change_of_last_month_is_no_news(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(5)
        self.env.cr.execute("UPDATE subscription_change SET create_date = '2026-04-20'")
        self.look("2026-04-28")
        self.assertFalse(self.found(self.subscription))
        self.look("2026-04-26")
        self.assertTrue(self.found(self.subscription))

    def test_a_cancellation_to_come_is_told_with_its_reason(self):
        because = self.env.ref("subscription_management.cancellation_reason_price")
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription._end_on(self.day("2026-06-01"), because=because)
        self.look("2026-04-20")
        [why] = self.why(self.subscription)
        self.assertIn("the last day of service is 05/31/2026", why)
        self.assertIn("70.00", why)
        self.assertTrue(why.endswith("Too expensive"))
        lead = self.found(self.subscription)
        self.assertEqual(lead.recurring_revenue, 70)

    def test_what_expires_was_not_cancelled(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription._end_on(self.day("2026-06-01"), expires=True)
        self.look("2026-04-20")
        self.assertFalse(self.found(self.subscription))

    def test_a_cancellation_that_is_taken_back_is_noted(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription._end_on(self.day("2026-06-01"))
        self.look("2026-04-20")
        with freeze_time("2026-04-21 09:00:00"):
            self.subscription.action_undo_cancellation()
        self.look("2026-04-21")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "The cancellation was taken back.",
        )

    def test_a_change_that_is_taken_back_is_noted(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(5)
        self.look("2026-04-20")
        with freeze_time("2026-04-21 09:00:00"):
            self.newest(self.subscription, "quantity").action_undo()
        self.look("2026-04-21")
        self.assertIn(
            "The change was taken back on", self.notes(self.found(self.subscription))[0]
        )

    def test_the_end_of_the_service_is_noted(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription._end_on(self.day("2026-06-01"))
        self.look("2026-04-20")
        self.run_action("ir_cron_close_ended", "2026-06-01")
        self.look("2026-06-01")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "The subscription has ended.",
        )

    def test_a_reduction_wakes_the_scheduled_action_and_an_increase_does_not(self):
        action = self.env.ref("subscription_management.ir_cron_find_opportunities")
        woken = self.env["ir.cron.trigger"]
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(12)
            self.assertFalse(woken.search([("cron_id", "=", action.id)]))
            self.reduce_to(5)
            self.assertTrue(woken.search([("cron_id", "=", action.id)]))

    def test_what_changes_after_the_daily_look_is_looked_at_again(self):
        self.look("2026-04-20")
        self.subscription.opportunities_checked_on = "2026-04-20"
        with freeze_time("2026-04-20 12:00:00"):
            self.subscription._end_on(self.day("2026-06-01"))
        self.look("2026-04-20")
        self.assertEqual(len(self.found(self.subscription)), 1)
