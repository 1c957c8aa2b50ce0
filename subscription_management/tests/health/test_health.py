from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..common import TIME_ZONES, SubscriptionCase


class HealthCase(SubscriptionCase):
    """A subscription from 1 April, scored on 10 June."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.signals = cls.env["subscription.health.signal"]
        cls.subscription = cls.subscribe(cls.seat, on="2026-04-01", quantity=10)
        cls.startClassPatcher(freeze_time("2026-06-10 09:00:00"))

    def only(self, kind, **values):
        """Archive all signals but one, and return it."""
        signals = self.signals.with_context(active_test=False).search([])
        signals.active = False
        signal = signals.filtered(lambda each: each.kind == kind)
        signal.write({"active": True, **values})
        return signal

    def score(self, *, day="2026-06-10"):
        self.run_action("ir_cron_score_health", day)
        return self.subscription.health_score

    def invoice_on(self, day):
        with freeze_time(f"{day} 09:00:00"):
            self.bill(day)

    def sentence(self):
        return self.subscription._health_rows()[0]["sentence"]

    def pay(self, invoice, day):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": day})._create_payments()


@tagged("post_install", "-at_install")
class TestHealthOnItsDay(HealthCase):
    def test_a_score_is_made_in_the_first_hour_of_each_day(self):
        for zone, day in zip(TIME_ZONES, ("2026-06-12", "2026-06-14"), strict=True):
            with self.subTest(zone=zone):
                self.env.company.partner_id.tz = zone
                self.assert_acts_after_midnight(
                    "ir_cron_score_health",
                    day,
                    lambda day=day: self.subscription.health_scored_on == self.day(day),
                )


@tagged("post_install", "-at_install")
class TestHealthSignals(HealthCase):
    def test_invoices_paid_in_time_score_100(self):
        self.only("payment")
        self.invoice_on("2026-04-01")
        invoice = self.subscription.invoice_ids
        self.pay(invoice, invoice.invoice_date_due)
        self.assertEqual(self.score(), 100)
        self.assertIn("paid in time", self.sentence())

    def test_days_late_are_averaged_over_due_invoices(self):
        self.only("payment", best=0, worst=40)
        self.invoice_on("2026-04-01")
        first = self.subscription.invoice_ids
        self.pay(first, first.invoice_date_due + timedelta(days=10))
        self.assertEqual(self.score(), 75)  # 10 of 40 days
        self.subscription.health_scored_on = False
        self.invoice_on("2026-05-01")
        second = self.subscription.invoice_ids - first
        late = (self.day("2026-06-10") - second.invoice_date_due).days
        self.assertGreater(late, 10)
        # Unpaid: late until today.
        expected = 100 - (10 + late) / 2 / 40 * 100
        self.assertAlmostEqual(self.score(day="2026-06-10"), expected, delta=0.51)

    def test_credited_invoices_are_left_out(self):
        self.only("payment")
        self.invoice_on("2026-04-01")
        invoice = self.subscription.invoice_ids
        wizard = self.env["account.move.reversal"].create(
            {"move_ids": invoice.ids, "journal_id": invoice.journal_id.id}
        )
        wizard.refund_moves()
        wizard.new_move_ids.action_post()
        self.score()
        self.assertFalse(self.subscription.health_band)

    def test_invoices_that_are_not_due_yet_are_left_out(self):
        self.only("payment")
        self.score()
        self.assertFalse(self.subscription.health_band)
        self.assertFalse(self.subscription._health_rows()[0]["sentence"])

    def test_seats_in_use_are_summed_over_all_products(self):
        self.only("seats", best=80, worst=20)
        self.join(self.subscription, self.basic, "2026-06-10", quantity=10)
        seats, others = self.subscription.line_ids
        self.score()
        self.assertFalse(self.subscription.health_band)
        seats.seats_used, others.seats_used = 8, 2
        self.subscription.action_score_health()
        self.assertEqual(self.subscription.health_score, 50)  # 10 of 20 seats
        self.assertIn("50 % of the seats", self.sentence())

    def test_messages_of_all_contacts_of_the_customer_are_counted(self):
        self.only("messages", best=0, worst=4)
        employee = self.env["res.partner"].create(
            {"name": "Noa", "parent_id": self.customer.id}
        )
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self.score()
        self.assertFalse(self.subscription.health_band)
        for author in (employee, self.customer, stranger):
            self.subscription.message_post(
                body="Where is my invoice?",
                author_id=author.id,
                message_type="email",
            )
        self.subscription.action_score_health()
        self.assertEqual(self.subscription.health_score, 50)
        self.assertIn("wrote 2 messages", self.sentence())

    def test_older_messages_are_left_out(self):
        self.only("messages", best=0, worst=4, days=30)
        with freeze_time("2026-05-01 09:00:00"):
            self.subscription.message_post(
                body="Hello", author_id=self.customer.id, message_type="email"
            )
        self.score()
        self.assertFalse(self.subscription.health_band)

    def test_days_to_a_manual_renewal_are_measured(self):
        self.only("renewal", best=100, worst=0)
        self.monthly.write(
            {"term_count": 1, "term_unit": "year", "renewal_policy": "ask"}
        )
        self.subscription = self.subscribe(on="2025-07-10")
        self.assertEqual(self.score(), 30)  # days until the 10th of July
        self.assertIn("ends in 30 days", self.sentence())

    def test_a_term_that_renews_automatically_is_not_scored(self):
        self.only("renewal")
        self.monthly.write(
            {"term_count": 1, "term_unit": "year", "renewal_policy": "renew"}
        )
        self.subscription = self.subscribe(on="2025-07-10")
        self.score()
        self.assertFalse(self.subscription.health_band)

    def test_a_cancelled_subscription_scores_0_for_its_renewal(self):
        self.only("renewal")
        reason = self.env["subscription.cancellation.reason"].create({"name": "Moves"})
        self.env["subscription.cancel.wizard"].create(
            {
                "subscription_id": self.subscription.id,
                "cancellation_reason_id": reason.id,
            }
        ).action_confirm()
        self.subscription.action_score_health()
        self.assertEqual(self.subscription.health_score, 0)
        self.assertIn("cancelled", self.sentence())


@tagged("post_install", "-at_install")
class TestHealthScores(HealthCase):
    def test_the_score_is_the_weighted_mean_and_shows_its_signals(self):
        self.only("messages", weight=1, best=0, worst=4)
        seats = self.signals.with_context(active_test=False).search(
            [("kind", "=", "seats")]
        )
        seats.write({"active": True, "weight": 3, "best": 100, "worst": 0})
        self.subscription.message_post(
            body="Thanks", author_id=self.customer.id, message_type="email"
        )
        self.subscription.line_ids.seats_used = 2
        self.assertEqual(self.score(), 34)  # (3 x 20 + 1 x 75) / 4
        self.assertEqual(self.subscription.health_band, "at_risk")
        rows = self.subscription._health_rows()
        self.assertEqual([row["score"] for row in rows], [20, 75])
        self.assertEqual([row["part"] for row in rows], [15, 18.75])
        self.assertIn("20 % of the seats", self.subscription.health_details)

    def test_a_second_run_on_a_day_scores_nothing_again(self):
        self.score()
        with patch.object(type(self.subscription), "_score_health") as scored:
            self.score()
            scored.assert_not_called()

    def test_a_changed_signal_scores_every_subscription_again(self):
        seats = self.only("seats", best=100, worst=0)
        self.subscription.line_ids.seats_used = 5
        self.assertEqual(self.score(), 50)
        seats.best = 50
        self.assertEqual(self.score(), 100)

    def test_changed_scores_are_recorded_for_the_trend(self):
        self.only("seats", best=100, worst=0)
        for day, used in (("2026-06-10", 9), ("2026-06-11", 9), ("2026-07-20", 4)):
            self.subscription.line_ids.seats_used = used
            self.score(day=day)
        history = self.subscription.health_score_ids.sorted("date")
        self.assertEqual(history.mapped("score"), [90, 40])
        with freeze_time("2026-07-20 09:00:00"):
            self.subscription.invalidate_recordset()
            self.assertEqual(self.subscription._score_a_month_ago(), 90)
            self.assertIn("a month ago", self.subscription.health_details)

    def test_drafts_are_not_scored(self):
        draft = self.subscribe(on="2026-07-01", start=False)
        self.score()
        self.assertTrue(self.subscription.health_scored_on)
        self.assertFalse(draft.health_scored_on)
        with self.assertRaisesRegex(UserError, "not in service"):
            draft.action_score_health()

    def test_an_ended_subscription_is_not_scored_on_demand(self):
        self.cancel(self.subscription, self.day("2026-06-10"))
        self.run_action("ir_cron_close_ended", "2026-06-10")
        with self.assertRaisesRegex(UserError, "not in service"):
            self.subscription.action_score_health()

    def test_a_subscription_that_cannot_be_scored_is_marked_and_stops_no_other(self):
        other = self.subscribe(on="2026-06-01")
        measure = type(self.signals)._measure_seats

        def failing(signal, subscriptions):
            if self.subscription in subscriptions:
                raise ValueError("out of order")
            return measure(signal, subscriptions)

        with (
            patch.object(type(self.signals), "_measure_seats", failing),
            mute_logger("odoo.addons.subscription_management.models"),
            mute_logger("odoo.addons.subscription_management.models.failure_isolation"),
        ):
            self.score()
        self.assertTrue(other.health_scored_on)
        self.assertFalse(self.subscription.health_scored_on)
        self.assertIn("out of order", self.subscription.activity_ids.note)

    def test_the_customer_is_as_healthy_as_the_worst_subscription(self):
        self.only("seats", best=100, worst=0)
        other = self.subscribe(self.seat, on="2026-06-01", quantity=10)
        self.subscription.line_ids.seats_used = 9
        other.line_ids.seats_used = 3
        self.score()
        self.assertEqual(self.customer.managed_health_score, 30)
        self.assertEqual(self.customer.managed_health_band, "at_risk")

    def test_scoring_many_needs_no_more_queries_than_scoring_few(self):
        few = self.subscription | self.subscribe(self.seat, on="2026-06-01")
        many = few | self.env["subscription.subscription"].union(
            *(self.subscribe(self.seat, on="2026-06-01") for _each in range(20))
        )

        def queries(subscriptions):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            subscriptions._score_health()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(many)
        self.assertLessEqual(queries(many), queries(few) + 2)


@tagged("post_install", "-at_install")
class TestHealthAccess(HealthCase):
    def test_a_company_signal_replaces_the_common_one(self):
        common = self.only("seats", best=100, worst=0)
        own = common.copy({"company_id": self.env.company.id, "best": 50})
        other = self.env["res.company"].create({"name": "Another"})
        self.assertEqual(self.signals._signals_for(self.env.company), own)
        self.assertEqual(self.signals._signals_for(other), common)
        own.active = False
        self.assertFalse(self.signals._signals_for(self.env.company))

    def test_a_kind_has_one_common_signal(self):
        signal = self.only("seats")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            signal.copy()

    def test_best_and_worst_value_must_differ(self):
        signal = self.only("seats")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.env.cr.savepoint(),
        ):
            signal.worst = signal.best

    def test_salespersons_see_the_score_and_its_signals_without_invoices(self):
        self.only("payment")
        self.invoice_on("2026-04-01")
        self.score()
        rep = new_test_user(
            self.env,
            "rep",
            groups="subscription_management.group_subscription_user,"
            "sales_team.group_sale_salesman_all_leads",
        )
        self.subscription.user_id = rep
        seen = self.subscription.with_user(rep)
        self.assertTrue(seen.health_band)
        self.assertIn("days late", seen.health_details)
        seen.action_score_health()
        with self.assertRaises(AccessError):
            self.signals.with_user(rep).search([]).write({"weight": 9})
        with self.assertRaises(AccessError):
            seen.health_score_ids.unlink()

    def test_a_salesperson_scores_only_own_subscriptions(self):
        rep = new_test_user(
            self.env,
            "stranger",
            groups="subscription_management.group_subscription_user",
        )
        with self.assertRaises(AccessError):
            self.subscription.with_user(rep).action_score_health()

    def test_signals_of_other_companies_are_hidden(self):
        other = self.env["res.company"].create({"name": "Another"})
        own = self.only("seats").copy({"company_id": other.id})
        manager = new_test_user(
            self.env,
            "manager",
            groups="subscription_management.group_subscription_manager",
            company_ids=[Command.set(self.env.company.ids)],
            company_id=self.env.company.id,
        )
        self.assertNotIn(own, self.signals.with_user(manager).search([]))
        with self.assertRaises(AccessError):
            own.with_user(manager).weight = 5

    def test_each_signal_describes_its_scale(self):
        for signal in self.signals.search([("kind", "!=", "usage")]):
            self.assertIn("score 100", signal.summary)
