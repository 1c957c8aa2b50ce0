from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.subscription_management.tests.common import TIME_ZONES

from .opportunity_case import OpportunityCase


@tagged("post_install", "-at_install")
class TestOpportunityOfRenewals(OpportunityCase):
    """A term that ends within 30 days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.monthly.write({"term_count": 1, "term_unit": "year"})
        cls.rule = cls.make_rule("renewal", days_before_end=30)

    def test_a_term_that_ends_in_30_days_is_found_and_one_in_31_is_not(self):
        subscription = self.subscribe(on="2026-05-01")
        self.evaluate("2027-03-31")
        self.assertFalse(self.found(subscription))
        self.evaluate("2027-04-01")
        self.assertEqual(
            self.reasons(subscription),
            [
                "The term ends on 05/01/2027 (days left: 30; limit of the rule: 30). "
                "It renews automatically unless it is cancelled."
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
                    "subscription_crm.ir_cron_find_opportunities",
                    "2027-04-01",
                    lambda subscription=subscription: self.found(subscription),
                )

    def test_a_term_renewed_by_quotation_is_found_and_one_that_expires_is_not(self):
        self.monthly.renewal_policy = "ask"
        asked = self.subscribe(on="2026-05-01")
        expiring = self.subscribe(
            on="2026-05-01", plan=self.monthly.copy({"renewal_policy": "expire"})
        )
        self.evaluate("2027-04-10")
        self.assertIn("unless the customer accepts", self.reasons(asked)[0])
        self.assertFalse(self.found(expiring))

    def test_a_cancelled_or_open_ended_subscription_is_not_found(self):
        cancelled = self.subscribe(on="2026-05-01")
        with freeze_time("2027-04-01 09:00:00"):
            self.cancel(cancelled, cancelled.term_end)
        endless = self.subscribe(on="2026-05-01", plan=self.yearly)
        self.evaluate("2027-04-10")
        self.assertFalse(self.found(cancelled) | self.found(endless))

    def test_a_renewal_is_logged_on_the_open_opportunity(self):
        subscription = self.subscribe(on="2026-05-01")
        self.evaluate("2027-04-01")
        lead = self.found(subscription)
        with freeze_time("2027-04-05 09:00:00"):
            subscription.action_renew()
        self.evaluate("2027-04-05")
        self.assertEqual(
            self.notes(lead)[0],
            "The term now ends on 04/30/2028; no renewal is due before.",
        )
        self.assertEqual(lead.won_status, "pending")
        said = self.notes(lead)
        self.evaluate("2027-04-06")
        self.assertEqual(self.notes(lead), said)

    def test_the_next_term_creates_another_opportunity(self):
        subscription = self.subscribe(on="2026-05-01")
        self.evaluate("2027-04-01")
        self.found(subscription).action_set_won()
        with freeze_time("2027-04-05 09:00:00"):
            subscription.action_renew()
        self.evaluate("2027-04-06")
        self.evaluate("2028-03-31")
        self.assertEqual(len(self.found(subscription)), 1)
        self.evaluate("2028-04-01")
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

    def test_nine_of_ten_seats_are_found_and_eight_are_not(self):
        self.count(8, "2026-04-16")
        self.evaluate("2026-04-16")
        self.assertFalse(self.found(self.subscription))
        self.count(9, "2026-04-17")
        self.evaluate("2026-04-17")
        self.assertEqual(
            self.reasons(self.subscription),
            [
                "9 of 10 seats of Seat are used (90 %, as of 04/17/2026). The limit "
                "of the rule is 85 %."
            ],
        )

    def test_one_more_seat_is_at_stake_as_nine_of_eleven_are_82_percent(self):
        self.count(9, "2026-04-17")
        self.evaluate("2026-04-17")
        lead = self.found(self.subscription)
        self.assertEqual(lead.recurring_revenue, 7)
        self.assertEqual(lead.recurring_plan.number_of_months, 1)
        self.assertIn("7.00", lead.description)

    def test_two_more_are_at_stake_as_ten_of_eleven_are_91_percent(self):
        self.count(10, "2026-04-17")
        self.evaluate("2026-04-17")
        self.assertEqual(self.found(self.subscription).recurring_revenue, 14)

    def test_uncounted_seats_are_not_found(self):
        self.evaluate("2026-04-17")
        self.assertFalse(self.found(self.subscription))

    def test_more_seats_are_logged_and_found_again_when_they_are_full(self):
        self.count(9, "2026-04-17")
        self.evaluate("2026-04-17")
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription.change_quantity(self.line, 20, self.day("2026-04-20"))
        self.evaluate("2026-04-20")
        lead = self.found(self.subscription)
        self.assertEqual(
            self.notes(lead)[0], "The quantity of Seat is now 20 seats instead of 10."
        )
        self.lose(lead, "2026-04-21")
        self.count(17, "2026-04-22")
        self.evaluate("2026-04-22")
        self.assertEqual(len(self.found(self.subscription)), 2)

    def test_fewer_used_seats_are_logged(self):
        self.count(9, "2026-04-17")
        self.evaluate("2026-04-17")
        self.count(7, "2026-04-18")
        self.evaluate("2026-04-18")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "7 of 10 seats of Seat are used now.",
        )

    def test_seats_of_an_active_subscription_are_counted_and_logged_once(self):
        self.count(9, "2026-04-17")
        self.count(9, "2026-04-18")
        self.assertEqual(str(self.line.seats_used_on), "2026-04-18")
        said = self.subscription.message_ids.mapped("preview")
        self.assertEqual(
            [each for each in said if "in use" in each],
            ["Seats of Seat in use: 9 instead of 0, counted on 04/17/2026."],
        )

    def test_a_follow_up_line_has_the_same_seats(self):
        self.count(5, "2026-04-15")
        with freeze_time("2026-04-16 09:00:00"):
            self.subscription.change_quantity(self.line, 12, self.day("2026-04-16"))
        newer = self.subscription.line_ids - self.line
        self.assertEqual(newer.seats_used, 5)
        self.count(11, "2026-04-17")
        self.assertEqual(newer.seats_used, 11)
        self.evaluate("2026-04-17")
        self.assertIn("11 of 12 seats", self.reasons(self.subscription)[0])

    def test_a_negative_number_of_seats_is_refused(self):
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

    def test_an_invoice_is_found_when_it_is_14_days_overdue(self):
        self.evaluate("2026-04-14")
        self.assertFalse(self.found(self.subscription))
        self.evaluate("2026-04-15")
        [reason] = self.reasons(self.subscription)
        self.assertIn("35.10", reason)
        self.assertIn(f"of invoice {self.invoice.name} is overdue", reason)
        self.assertIn("due on 04/01/2026 (days overdue: 14", reason)
        self.assertEqual(self.found(self.subscription).recurring_revenue, 30)

    def test_a_paid_invoice_is_not_found(self):
        self.pay(self.invoice, "2026-04-10")
        self.evaluate("2026-04-20")
        self.assertFalse(self.found(self.subscription))

    def test_a_payment_is_logged_on_the_opportunity(self):
        self.evaluate("2026-04-15")
        self.pay(self.invoice, "2026-04-18")
        self.evaluate("2026-04-18")
        lead = self.found(self.subscription)
        self.assertEqual(
            self.notes(lead)[0], f"Invoice {self.invoice.name} was paid on 04/18/2026."
        )
        self.assertEqual(lead.won_status, "pending")

    def test_two_invoices_are_one_signal(self):
        with freeze_time("2026-05-01 09:00:00"):
            self.bill("2026-05-01")
        self.evaluate("2026-05-15")
        [reason] = self.reasons(self.subscription)
        self.assertIn("70.20", reason)
        self.assertIn("of 2 invoices", reason)

    def test_a_suspension_is_found_without_an_overdue_invoice(self):
        self.pay(self.invoice, "2026-04-02")
        with freeze_time("2026-04-03 09:00:00"):
            self.subscription.suspend()
        self.evaluate("2026-04-03")
        self.assertIn("is suspended", self.reasons(self.subscription)[0])
        with freeze_time("2026-04-05 09:00:00"):
            self.subscription.reactivate()
        self.evaluate("2026-04-05")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "The subscription is active now.",
        )

    def test_a_shared_invoice_creates_one_opportunity(self):
        self.customer.shares_subscription_invoices = True
        one, two = (self.subscribe(on="2026-05-01") for _each in range(2))
        with freeze_time("2026-05-01 09:00:00"):
            self.bill("2026-05-01")
        self.assertEqual(one.invoice_ids, two.invoice_ids)
        self.evaluate("2026-05-15")
        self.assertEqual(len(self.found(one) | self.found(two)), 1)


@tagged("post_install", "-at_install")
class TestOpportunityOfReductions(OpportunityCase):
    """Ten seats for 70.00 a month, reduced or cancelled."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.make_rule("reduction", reduction_percent=20)
        with freeze_time("2026-04-01 09:00:00"):
            cls.subscription = cls.subscribe(cls.seat, on="2026-04-01", quantity=10)

    def reduce_to(self, quantity, day="2026-05-01"):
        line = self.subscription.line_ids[-1:]
        self.subscription.change_quantity(line, quantity, self.day(day))

    def test_two_of_ten_seats_less_are_found_and_one_is_not(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(9)
            self.evaluate("2026-04-20")
            self.assertFalse(self.found(self.subscription))
            self.newest(self.subscription, "quantity").action_undo()
            self.reduce_to(8)
            self.evaluate("2026-04-20")
        [reason] = self.reasons(self.subscription)
        self.assertIn("(quantity): from 05/01/2026 the MRR is", reason)
        self.assertIn("56.00", reason)
        self.assertIn("instead of", reason)
        self.assertIn("20 % less. The limit of the rule is 20 %.", reason)
        self.assertEqual(self.found(self.subscription).recurring_revenue, 14)

    def test_more_seats_are_not_found(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(12)
        self.evaluate("2026-04-20")
        self.assertFalse(self.found(self.subscription))

    def test_a_discount_is_no_downgrade(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription.grant_discount({"percent": 50}, self.day("2026-05-01"))
        self.evaluate("2026-04-20")
        self.assertFalse(self.found(self.subscription))

    def test_a_change_older_than_a_week_is_not_found(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(5)
        self.env.cr.execute("UPDATE subscription_change SET create_date = '2026-04-20'")
        self.evaluate("2026-04-28")
        self.assertFalse(self.found(self.subscription))
        self.evaluate("2026-04-26")
        self.assertTrue(self.found(self.subscription))

    def test_a_scheduled_cancellation_is_found_with_its_reason(self):
        because = self.env.ref("subscription_management.cancellation_reason_price")
        with freeze_time("2026-04-20 09:00:00"):
            self.cancel(
                self.subscription, self.day("2026-06-01"), cancellation_reason=because
            )
        self.evaluate("2026-04-20")
        [reason] = self.reasons(self.subscription)
        self.assertIn("the last day of service is 05/31/2026", reason)
        self.assertIn("70.00", reason)
        self.assertTrue(reason.endswith("Too expensive"))
        lead = self.found(self.subscription)
        self.assertEqual(lead.recurring_revenue, 70)

    def test_an_expiry_is_no_cancellation(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.subscription._end_on(self.day("2026-06-01"), expires=True)
        self.evaluate("2026-04-20")
        self.assertFalse(self.found(self.subscription))

    def test_an_undone_cancellation_is_logged(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.cancel(self.subscription, self.day("2026-06-01"))
        self.evaluate("2026-04-20")
        with freeze_time("2026-04-21 09:00:00"):
            self.subscription.action_undo_cancellation()
        self.evaluate("2026-04-21")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "The cancellation was undone.",
        )

    def test_an_undone_change_is_logged(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(5)
        self.evaluate("2026-04-20")
        with freeze_time("2026-04-21 09:00:00"):
            self.newest(self.subscription, "quantity").action_undo()
        self.evaluate("2026-04-21")
        self.assertIn(
            "The change was undone on", self.notes(self.found(self.subscription))[0]
        )

    def test_the_end_of_the_subscription_is_logged(self):
        with freeze_time("2026-04-20 09:00:00"):
            self.cancel(self.subscription, self.day("2026-06-01"))
        self.evaluate("2026-04-20")
        self.run_action("ir_cron_close_ended", "2026-06-01")
        self.evaluate("2026-06-01")
        self.assertEqual(
            self.notes(self.found(self.subscription))[0],
            "The subscription has ended.",
        )

    def test_a_reduction_triggers_the_scheduled_action_and_an_increase_does_not(self):
        action = self.env.ref("subscription_crm.ir_cron_find_opportunities")
        triggers = self.env["ir.cron.trigger"]
        with freeze_time("2026-04-20 09:00:00"):
            self.reduce_to(12)
            self.assertFalse(triggers.search([("cron_id", "=", action.id)]))
            self.reduce_to(5)
            self.assertTrue(triggers.search([("cron_id", "=", action.id)]))

    def test_a_change_after_the_daily_evaluation_is_evaluated_again(self):
        self.evaluate("2026-04-20")
        self.subscription.opportunities_checked_on = "2026-04-20"
        with freeze_time("2026-04-20 12:00:00"):
            self.cancel(self.subscription, self.day("2026-06-01"))
        self.evaluate("2026-04-20")
        self.assertEqual(len(self.found(self.subscription)), 1)
