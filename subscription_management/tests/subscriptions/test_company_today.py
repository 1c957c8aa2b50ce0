"""Scheduled actions follow the calendar date of each company."""

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from ..common import TIME_ZONES, SubscriptionCase


@tagged("post_install", "-at_install")
class TestCompanyToday(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-04-11 09:00:00"))

    def in_each_time_zone(self):
        for zone in TIME_ZONES:
            with self.subTest(zone=zone):
                self.env.company.partner_id.tz = zone
                yield zone

    def test_the_horizon_is_the_latest_date_on_earth(self):
        companies = self.env["res.company"]
        for moment, latest, earliest in (
            ("2026-04-20 09:59:00", "2026-04-20", "2026-04-19"),
            ("2026-04-20 10:00:00", "2026-04-21", "2026-04-19"),
            ("2026-04-20 12:00:00", "2026-04-21", "2026-04-20"),
        ):
            with freeze_time(moment):
                self.assertEqual(str(companies._latest_today_anywhere()), latest)
                self.assertEqual(str(companies._earliest_today_anywhere()), earliest)

    def test_each_company_has_its_own_today(self):
        self.env.company.partner_id.tz = "Pacific/Auckland"
        other = self.env["res.company"].create({"name": "Other"})
        other.partner_id.tz = "America/New_York"
        companies = self.env["res.company"]
        with freeze_time("2026-04-20 12:30:00"):
            domain = companies._domain_by_today(lambda day: [("date_start", "=", day)])
            days = {
                company.id: str(day)
                for company, day in self._days_by_company(domain).items()
            }
        self.assertEqual(days[self.env.company.id], "2026-04-21")
        self.assertEqual(days[other.id], "2026-04-20")

    def _days_by_company(self, domain):
        """Return for each company the day on which a subscription matches a domain."""
        found = {}
        for company in self.env["res.company"].search([]):
            for day in ("2026-04-20", "2026-04-21"):
                subscription = self.env["subscription.subscription"].new(
                    {"company_id": company.id, "date_start": day}
                )
                if subscription.filtered_domain(domain):
                    found[company] = day
        return found

    def test_a_cancellation_takes_effect_after_its_last_day(self):
        for _zone in self.in_each_time_zone():
            subscription = self.subscribe(on="2026-04-01")
            self.env["subscription.cancel.wizard"].create(
                {
                    "subscription_id": subscription.id,
                    "when": "date",
                    "last_day": "2026-04-20",
                }
            ).action_confirm()
            self.assert_acts_after_midnight(
                "ir_cron_close_ended",
                "2026-04-21",
                lambda subscription=subscription: subscription.state == "cancelled",
            )

    def test_a_pause_begins_and_ends_on_its_days(self):
        for _zone in self.in_each_time_zone():
            subscription = self.subscribe(on="2026-04-01")
            subscription.pause(self.day("2026-04-21"), self.day("2026-04-28"))
            for day, state in (("2026-04-21", "paused"), ("2026-04-28", "active")):
                self.assert_acts_after_midnight(
                    "ir_cron_follow_changes",
                    day,
                    lambda state=state, subscription=subscription: (
                        subscription.state == state
                    ),
                )

    def test_a_scheduled_change_counts_as_revenue_on_its_day(self):
        for _zone in self.in_each_time_zone():
            subscription = self.subscribe(on="2026-04-01")
            self.join(subscription, self.seat, "2026-04-21")
            self.assert_acts_after_midnight(
                "ir_cron_follow_changes",
                "2026-04-21",
                lambda subscription=subscription: subscription.monthly_amount == 37,
            )

    def test_a_trial_is_converted_on_the_day_on_which_it_ends(self):
        self.monthly.write({"trial_days": 20, "trial_conversion": "converts"})
        for _zone in self.in_each_time_zone():
            subscription = self.subscribe(on="2026-04-01", start=False)
            subscription.action_activate()
            self.assert_acts_after_midnight(
                "ir_cron_convert_trials",
                "2026-04-21",
                lambda subscription=subscription: subscription.state == "active",
            )

    def test_a_term_is_renewed_one_day_before_it_ends(self):
        self.monthly.write(
            {"term_count": 1, "term_unit": "month", "renewal_policy": "renew"}
        )
        for _zone in self.in_each_time_zone():
            subscription = self.subscribe(on="2026-04-01")
            self.assert_acts_after_midnight(
                "ir_cron_renew",
                "2026-04-30",
                lambda subscription=subscription: (
                    subscription.term_end == self.day("2026-06-01")
                ),
            )

    def test_a_contracted_price_is_replaced_on_its_last_day(self):
        self.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": self.seat.id,
                    "partner_id": self.customer.id,
                    "pricing_model": "per_unit",
                    "price": 5,
                    "date_to": "2026-04-20",
                }
            )
        ]
        for _zone in self.in_each_time_zone():
            subscription = self.subscribe(self.seat, on="2026-04-01")
            self.assert_acts_after_midnight(
                "ir_cron_renew",
                "2026-04-20",
                lambda subscription=subscription: (
                    subscription.line_ids.mapped("price") == [5, 7]
                ),
            )

    def test_a_reminder_of_an_invoice_is_sent_on_its_day(self):
        self.env["subscription.plan"].search([]).upcoming_reminder_days = 0
        self.monthly.upcoming_reminder_days = 5
        for _zone in self.in_each_time_zone():
            subscription = self.subscribe(on="2026-04-01")
            self.bill("2026-04-01")
            self.assert_acts_after_midnight(
                "ir_cron_remind_of_payments",
                "2026-04-26",
                lambda subscription=subscription: (
                    subscription.reminded_invoice_date == self.day("2026-05-01")
                ),
            )
