from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Date
from odoo.tests import new_test_user, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestRenewal(SubscriptionCase):
    """The end of a term: renewed, quoted or expired."""

    def subscribe_for_a_year(self, product=None, **values):
        self.monthly.write({"term_count": 1, "term_unit": "year", **values})
        subscription = self.subscribe(product or self.basic, on="2026-04-01")
        self.bill("2027-03-01")
        return subscription

    def follow_terms_on(self, day):
        self.run_action("ir_cron_renew", day)

    def last_amount(self, subscription):
        return subscription.billed_period_ids.sorted("date_start")[-1].amount

    def test_a_term_renews_automatically_with_a_fixed_uplift(self):
        subscription = self.subscribe_for_a_year(uplift_kind="fixed", uplift_percent=3)
        self.follow_terms_on("2027-03-31")
        self.assertEqual(subscription.term_end, Date.to_date("2028-04-01"))
        self.bill("2027-04-01")
        self.assertEqual(self.last_amount(subscription), 30.9)
        self.assertIn("renewed", subscription.change_ids.mapped("kind"))

    def test_a_second_run_renews_nothing_again(self):
        subscription = self.subscribe_for_a_year(uplift_kind="fixed", uplift_percent=3)
        self.follow_terms_on("2027-03-31")
        self.follow_terms_on("2027-04-01")
        self.assertEqual(subscription.term_end, Date.to_date("2028-04-01"))

    def test_prices_follow_a_price_index_within_limits(self):
        index = self.env["subscription.price.index"].create(
            {
                "name": "CPI",
                "value_ids": [
                    Command.create({"date": "2026-01-01", "value": 125}),
                    Command.create({"date": "2027-03-01", "value": 130}),
                ],
            }
        )
        values = {"uplift_kind": "index", "uplift_index_id": index.id}
        subscription = self.subscribe_for_a_year(
            uplift_percent=5, uplift_floor=8, **values
        )
        self.follow_terms_on("2027-03-31")
        self.bill("2027-04-01")
        self.assertEqual(self.last_amount(subscription), 32.7)  # 30 + 9 %

    def test_an_uplift_starts_from_the_index_value_of_the_previous_one(self):
        index = self.env["subscription.price.index"].create(
            {
                "name": "CPI",
                "value_ids": [
                    Command.create({"date": "2026-01-01", "value": 100}),
                    Command.create({"date": "2027-01-01", "value": 105}),
                ],
            }
        )
        subscription = self.subscribe_for_a_year(
            uplift_kind="index", uplift_index_id=index.id
        )
        self.follow_terms_on("2027-03-31")
        # Published late: 105 was what prices rose to.
        index.value_ids = [
            Command.create({"date": "2027-03-01", "value": 110}),
            Command.create({"date": "2028-03-01", "value": 115}),
        ]
        self.follow_terms_on("2028-03-31")
        self.bill("2028-04-01")
        self.assertEqual(self.last_amount(subscription), 34.5)  # 30 x 115 / 100

    def test_a_price_index_without_values_asks_to_enter_one(self):
        index = self.env["subscription.price.index"].create({"name": "CPI"})
        subscription = self.subscribe_for_a_year(
            uplift_kind="index", uplift_index_id=index.id
        )
        with self.assertRaisesRegex(UserError, "enter one"):
            subscription.action_renew()

    def test_a_failed_renewal_stops_no_other_and_is_repeated(self):
        index = self.env["subscription.price.index"].create({"name": "CPI"})
        stuck = self.subscribe_for_a_year(
            uplift_kind="index", uplift_index_id=index.id, uplift_cap=10
        )
        other_plan = self.monthly.copy({"uplift_kind": "none"})
        other = self.subscribe(on="2026-04-01", plan=other_plan)
        for _time in range(2):
            self.follow_terms_on("2027-03-31")
        self.assertEqual(other.term_end, Date.to_date("2028-04-01"))
        self.assertEqual(stuck.term_end, Date.to_date("2027-04-01"))
        self.assertIn("CPI", stuck.activity_ids.note)
        index.value_ids = [Command.create({"date": "2026-01-01", "value": 125})]
        self.follow_terms_on("2027-03-31")
        self.assertEqual(stuck.term_end, Date.to_date("2028-04-01"))
        self.assertFalse(stuck.activity_ids)

    def test_a_term_that_ends_is_not_billed_beyond(self):
        subscription = self.subscribe_for_a_year(renewal_policy="expire")
        self.follow_terms_on("2027-03-31")
        self.run_action("ir_cron_close_ended", "2027-04-01")
        self.assertEqual(subscription.state, "expired")
        self.assertFalse(self.bill("2027-04-01").invoice_count)

    def test_a_suspended_subscription_ends_with_its_term_but_is_not_renewed(self):
        subscription = self.subscribe_for_a_year(renewal_policy="expire")
        renewing = self.subscribe(
            on="2026-04-01", plan=self.monthly.copy({"renewal_policy": "renew"})
        )
        with freeze_time("2027-03-10 09:00:00"):
            (subscription | renewing).suspend()
        self.follow_terms_on("2027-03-31")
        self.assertEqual(subscription.date_end, Date.to_date("2027-04-01"))
        self.assertEqual(renewing.term_end, Date.to_date("2027-04-01"))
        with freeze_time("2027-04-10 09:00:00"):
            renewing.reactivate()
        self.follow_terms_on("2027-04-10")
        self.assertEqual(renewing.term_end, Date.to_date("2028-04-01"))

    def test_each_reminder_is_sent_once(self):
        subscription = self.subscribe_for_a_year(
            renewal_policy="ask",
            renewal_reminder_ids=[
                Command.create({"days": 60}),
                Command.create({"days": 14}),
            ],
        )
        mails = self.env["mail.mail"]
        to_customer = [("recipient_ids", "in", self.customer.ids)]
        for day, sent in (
            ("2027-01-15", 0),
            ("2027-02-01", 1),
            ("2027-02-02", 1),
            ("2027-03-20", 2),
            ("2027-03-21", 2),
        ):
            self.follow_terms_on(day)
            self.assertEqual(mails.search_count(to_customer), sent, day)
        self.assertEqual(len(subscription.activity_ids), 1)

    @freeze_time("2027-02-10 09:00:00")
    def test_an_early_renewal_is_discounted_and_charges_no_day_twice(self):
        subscription = self.subscribe_for_a_year(early_renewal_percent=10)
        subscription.action_renew()
        self.assertEqual(subscription.term_end, Date.to_date("2028-04-01"))
        self.bill("2028-04-01")
        amounts = subscription.billed_period_ids.sorted("date_start").mapped("amount")
        self.assertEqual(amounts, [30] * 12 + [27] * 12 + [30])

    def test_an_automatic_renewal_has_no_early_renewal_discount(self):
        subscription = self.subscribe_for_a_year(early_renewal_percent=10)
        self.follow_terms_on("2027-03-31")
        self.bill("2027-04-01")
        self.assertEqual(self.last_amount(subscription), 30)

    def test_the_discount_of_a_term_ends_with_it_in_mid_period(self):
        self.monthly.write(
            {
                "term_count": 1,
                "term_unit": "month",
                "early_renewal_percent": 10,
                "pause_policy": "extends",
            }
        )
        subscription = self.subscribe(on="2026-04-01")
        with freeze_time("2026-04-01 09:00:00"):
            day = Date.to_date
            subscription.pause(day("2026-04-11"), day("2026-04-21"))
            self.assertEqual(subscription.term_end, day("2026-05-11"))
            subscription.action_renew()
            self.assertEqual(subscription.term_end, day("2026-06-11"))
            subscription.action_renew()
        self.bill("2026-06-11")
        charged = sum(subscription.billed_period_ids.mapped("amount"))
        # 20 days of April, 10 of May at 30.00; 21 of May and June at 27.00.
        self.assertAlmostEqual(charged, 20 + 30 * 10 / 31 + 27 * 21 / 31 + 27, 2)

    @freeze_time("2027-02-10 09:00:00")
    def test_a_percentage_of_net_prices_is_not_discounted_twice(self):
        self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.seat
        ).write({"pricing_model": "percent_of_total", "percent": 10})
        self.monthly.write(
            {"term_count": 1, "term_unit": "year", "early_renewal_percent": 10}
        )
        subscription = self.subscribe(self.basic, self.seat, on="2026-04-01")
        self.bill("2027-03-01")
        subscription.action_renew()
        self.bill("2027-04-01")
        april = subscription.billed_period_ids.filtered(
            lambda row: row.date_start == Date.to_date("2027-04-01")
        )
        self.assertEqual(sorted(april.mapped("amount")), [2.7, 27])

    @freeze_time("2027-02-10 09:00:00")
    def test_a_renewal_undoes_a_cancellation(self):
        subscription = self.subscribe_for_a_year()
        self.cancel(subscription, Date.to_date("2027-04-01"))
        subscription.action_renew()
        self.assertFalse(subscription.date_end)
        self.assertEqual(subscription.term_end, Date.to_date("2028-04-01"))
        self.bill("2027-04-01")
        self.assertEqual(self.last_amount(subscription), 30)

    def test_a_term_paused_indefinitely_is_extended_by_the_paused_days(self):
        subscription = self.subscribe_for_a_year(pause_policy="extends")
        with freeze_time("2027-03-10 09:00:00"):
            subscription.pause(Date.to_date("2027-03-10"))
        self.follow_terms_on("2027-04-10")
        self.assertEqual(subscription.term_end, Date.to_date("2027-04-01"))
        with freeze_time("2027-05-10 09:00:00"):
            subscription.resume(Date.to_date("2027-05-10"))
        self.assertEqual(subscription.term_end, Date.to_date("2027-06-01"))

    def test_a_subscription_without_term_is_not_renewed(self):
        with self.assertRaisesRegex(UserError, "no term to renew"):
            self.subscribe(on="2026-04-01").action_renew()

    @freeze_time("2026-04-11 09:00:00")
    def test_drafts_suspended_and_ended_subscriptions_are_not_renewed(self):
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        draft = self.subscribe(on="2026-04-01", start=False)
        suspended, cancelled = (self.subscribe(on="2026-04-01") for _ in range(2))
        suspended.suspend()
        self.cancel(cancelled, Date.to_date("2026-04-11"))
        for subscription in (draft, suspended, cancelled):
            wizard = self.env["subscription.renew.wizard"].create(
                {"subscription_id": subscription.id}
            )
            for act in (
                subscription.action_renew,
                subscription.action_renew_shown,
                wizard.action_confirm,
            ):
                with self.assertRaisesRegex(UserError, "no term to renew"):
                    act()

    def test_users_without_write_access_cannot_renew(self):
        subscription = self.subscribe_for_a_year(renewal_policy="ask")
        subscription.user_id = self.env.user
        for group in (
            "base.group_user",
            "subscription_management.group_subscription_user",
        ):
            user = new_test_user(self.env, group, f"base.group_user,{group}")
            with self.assertRaises(AccessError):
                subscription.with_user(user).action_renew()

    def test_a_floor_above_the_cap_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "lower the minimum"):
            self.monthly.write(
                {"uplift_kind": "index", "uplift_floor": 9, "uplift_cap": 3}
            )
