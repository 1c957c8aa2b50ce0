"""Events of a subscription, their effective dates and their payload."""

from odoo.tests import tagged

from odoo.addons.subscription_management.tests.common import TIME_ZONES

from .webhook_case import WebhookCase


@tagged("post_install", "-at_install")
class TestWebhookEvents(WebhookCase):
    def test_a_start_is_sent_with_the_complete_service(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(
                self.seat, on="2026-04-01", quantity=5, client_reference="PO 7"
            )
        content = self.content(subscription)
        self.assertEqual(
            {name: content[name] for name in content if name != "id"},
            {
                "event": "subscription.activated",
                "api_version": "1",
                "created_at": "2026-04-01T08:00:00Z",
                "company": {
                    "id": self.env.company.id,
                    "name": self.env.company.name,
                },
                "sequence": 1,
                "changes": [
                    {
                        "kind": "activated",
                        "effective_on": "2026-04-01",
                        "continued_by": None,
                    }
                ],
                "before": {"state": None},
                "subscription": {
                    "id": subscription.id,
                    "number": subscription.name,
                    "reference": "PO 7",
                    "customer": {
                        "id": self.customer.id,
                        "name": "Galil Bakery",
                        "reference": "C-1",
                    },
                    "currency": subscription.currency_id.name,
                    "date_start": "2026-04-01",
                    "date_end": None,
                    "trial_end": None,
                    "next_billing_date": "2026-04-01",
                    "state": "active",
                    "plan": "Monthly",
                    "term": {"date_start": "2026-04-01", "date_end": None},
                    "lines": [
                        {
                            "product_code": "SEAT",
                            "product_name": "Seat",
                            "kind": "recurring",
                            "plan": "Monthly",
                            "quantity": "5",
                            "unit": "Units",
                            "price": "7.00",
                            "date_start": "2026-04-01",
                            "date_end": None,
                        }
                    ],
                },
            },
        )

    def test_a_scheduled_change_is_sent_in_the_first_hour_of_its_day(self):
        self.webhook()
        for zone in TIME_ZONES:
            with self.subTest(zone=zone):
                self.env.company.partner_id.tz = zone
                with self.on("2026-04-11"):
                    subscription = self.subscribe(on="2026-04-11")
                    self.join(subscription, self.seat, "2026-04-21")
                self.assert_acts_after_midnight(
                    "subscription_webhook.ir_cron_queue_webhooks",
                    "2026-04-21",
                    lambda subscription=subscription: (
                        self.events_of(subscription)[-1][1] == "changed"
                    ),
                )

    def test_a_quantity_of_today_is_sent_at_once_with_the_former_one(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        with self.on("2026-04-11"):
            line = subscription.line_ids
            subscription.change_quantity(line, 7.5, self.day("2026-04-11"))
        content = self.content(subscription)
        self.assertEqual(content["event"], "subscription.changed")
        self.assertEqual(content["sequence"], 2)
        self.assertEqual(
            [(each["kind"], each["effective_on"]) for each in content["changes"]],
            [("quantity", "2026-04-11")],
        )
        self.assertEqual([*content["before"]], ["lines"])
        self.assertEqual(content["before"]["lines"][0]["quantity"], "5")
        self.assertEqual(content["subscription"]["lines"][0]["quantity"], "7.5")

    def test_a_scheduled_change_is_sent_on_its_effective_date(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        with self.on("2026-04-02"):
            line = subscription.line_ids
            subscription.change_quantity(line, 8, self.day("2026-04-20"))
        self.daily_steps("2026-04-19")
        self.assertEqual(len(self.events_of(subscription)), 1)
        self.daily_steps("2026-04-20")
        self.daily_steps("2026-04-20", "01:30:00")
        self.assertEqual(
            self.events_of(subscription)[1:], [("2026-04-20", "changed", "active")]
        )
        content = self.content(subscription)
        self.assertEqual(
            [(each["kind"], each["effective_on"]) for each in content["changes"]],
            [("quantity", "2026-04-20")],
        )
        self.assertEqual(content["subscription"]["lines"][0]["quantity"], "8")

    def test_a_scheduled_change_is_sent_together_with_another_one_of_its_date(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(
                self.seat, self.basic, on="2026-04-01", quantity=5
            )
            seats = subscription.line_ids[0]
            subscription.change_quantity(seats, 8, self.day("2026-04-20"))
        with self.on("2026-04-20", "00:10:00"):
            basic = subscription.line_ids.filtered(
                lambda line: line.product_id == self.basic
            )
            subscription.change_price(basic, 40, self.day("2026-04-20"))
        self.daily_steps("2026-04-20")
        self.assertEqual(
            self.events_of(subscription)[1:], [("2026-04-20", "changed", "active")]
        )
        lines = self.content(subscription)["subscription"]["lines"]
        self.assertEqual(
            [(line["quantity"], line["price"]) for line in lines],
            [("8", "7.00"), ("5", "40.00")],
        )

    def test_a_change_undone_before_its_date_is_not_sent(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
            line = subscription.line_ids
            subscription.change_quantity(line, 8, self.day("2026-04-20"))
        with self.on("2026-04-10"):
            self.newest(subscription, "quantity").action_undo()
        self.daily_steps("2026-04-20")
        self.assertEqual(len(self.events_of(subscription)), 1)

    def test_a_later_start_is_sent_on_the_first_day_of_service(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-15")
        self.assertFalse(self.events_of(subscription))
        self.daily_steps("2026-04-15")
        self.assertEqual(
            self.events_of(subscription), [("2026-04-15", "activated", "active")]
        )

    def test_a_subscription_cancelled_before_it_starts_is_never_sent(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-15")
        with self.on("2026-04-02"):
            self.cancel(subscription, self.day("2026-04-15"))
        self.daily_steps("2026-04-15")
        self.assertEqual(subscription.state, "cancelled")
        self.assertFalse(self.events_of(subscription))

    def test_an_end_is_sent_on_the_first_day_without_service(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-10"):
            self.cancel(subscription, self.day("2026-05-01"))
        self.daily_steps("2026-04-30")
        self.assertEqual(len(self.events_of(subscription)), 1)
        self.daily_steps("2026-05-01")
        self.assertEqual(
            self.events_of(subscription)[1:], [("2026-05-01", "ended", "cancelled")]
        )
        self.assertEqual(self.content(subscription)["subscription"]["lines"], [])

    def test_an_end_of_today_is_sent_at_once(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-10"):
            self.cancel(subscription, self.day("2026-04-10"))
        self.assertEqual(
            self.events_of(subscription)[1:], [("2026-04-10", "ended", "cancelled")]
        )

    def test_a_pause_is_sent_when_it_starts_and_when_it_ends(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
            subscription.pause(self.day("2026-04-10"), self.day("2026-04-20"))
        for day in ("2026-04-09", "2026-04-10", "2026-04-19", "2026-04-20"):
            self.daily_steps(day)
        self.assertEqual(
            self.events_of(subscription)[1:],
            [
                ("2026-04-10", "paused", "paused"),
                ("2026-04-20", "resumed", "active"),
            ],
        )

    def test_a_suspension_and_its_end_are_sent_at_once(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-10"):
            subscription.suspend("Not paid")
        with self.on("2026-04-12"):
            subscription.reactivate("Paid")
        self.assertEqual(
            self.events_of(subscription)[1:],
            [
                ("2026-04-10", "suspended", "suspended"),
                ("2026-04-12", "resumed", "active"),
            ],
        )
        content = self.content(subscription)
        self.assertEqual(content["changes"][0]["kind"], "reactivated")
        self.assertEqual(content["before"], {"state": "suspended"})

    def test_a_reactivation_into_a_pause_is_sent_as_paused(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
            subscription.pause(self.day("2026-04-10"), self.day("2026-04-20"))
        with self.on("2026-04-09"):
            subscription.suspend()
        with self.on("2026-04-12"):
            subscription.reactivate()
        self.assertEqual(
            self.events_of(subscription)[1:],
            [
                ("2026-04-09", "suspended", "suspended"),
                ("2026-04-12", "paused", "paused"),
            ],
        )

    def test_a_trial_is_sent_with_its_lines_and_again_as_activated(self):
        self.webhook()
        self.monthly.trial_days = 14
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        content = self.content(subscription)["subscription"]
        self.assertEqual(content["trial_end"], "2026-04-15")
        self.assertEqual(content["lines"][0]["quantity"], "5")
        self.daily_steps("2026-04-15")
        self.assertEqual(
            self.events_of(subscription),
            [
                ("2026-04-01", "trial_started", "trial"),
                ("2026-04-15", "activated", "active"),
            ],
        )

    def test_the_end_of_a_trial_is_sent_as_ended(self):
        self.webhook()
        self.monthly.write({"trial_days": 14, "trial_conversion": "ends"})
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        self.daily_steps("2026-04-15")
        self.assertEqual(
            self.events_of(subscription)[1:], [("2026-04-15", "ended", "expired")]
        )

    def test_a_renewal_is_sent_when_it_is_agreed_and_its_price_on_its_date(self):
        self.webhook()
        self.monthly.write(
            {
                "term_count": 1,
                "term_unit": "month",
                "uplift_kind": "fixed",
                "uplift_percent": 10,
            }
        )
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-20"):
            subscription.action_renew()
        content = self.content(subscription)
        self.assertEqual(content["event"], "subscription.renewed")
        self.assertEqual(
            content["subscription"]["term"],
            {"date_start": "2026-05-01", "date_end": "2026-06-01"},
        )
        self.assertEqual(content["before"]["term"]["date_end"], "2026-05-01")
        self.assertEqual(content["subscription"]["lines"][0]["price"], "30.00")
        self.daily_steps("2026-05-01")
        self.assertEqual(
            self.events_of(subscription)[1:],
            [
                ("2026-04-20", "renewed", "active"),
                ("2026-05-01", "changed", "active"),
            ],
        )
        prices = [
            line["price"]
            for line in self.content(subscription)["subscription"]["lines"]
        ]
        self.assertEqual(prices, ["33.00"])

    def test_an_undone_renewal_is_sent_as_a_change(self):
        self.webhook()
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-05-20"):
            subscription.action_renew()
        with self.on("2026-05-21"):
            self.newest(subscription, "renewed").action_undo()
        self.assertEqual(
            self.events_of(subscription)[1:],
            [
                ("2026-05-20", "renewed", "active"),
                ("2026-05-21", "changed", "active"),
            ],
        )
        content = self.content(subscription)
        self.assertEqual(content["changes"][0]["kind"], "undone")
        self.assertEqual(content["subscription"]["term"]["date_end"], "2027-04-01")

    def test_a_transfer_is_sent_on_its_date_for_both_subscriptions(self):
        self.webhook()
        other = self.env["res.partner"].create({"name": "Negev Dairy"})
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-10"):
            follower = subscription.transfer(other, self.day("2026-04-20"))
        self.daily_steps("2026-04-19")
        self.assertFalse(self.events_of(follower))
        self.daily_steps("2026-04-20")
        self.assertEqual(
            self.events_of(subscription)[1:], [("2026-04-20", "ended", "cancelled")]
        )
        self.assertEqual(
            self.events_of(follower), [("2026-04-20", "activated", "active")]
        )
        kinds = {
            change["kind"]: change["continued_by"]
            for change in self.content(subscription)["changes"]
        }
        self.assertEqual(kinds["transferred"], follower.name)

    def test_past_due_is_sent_as_a_change(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-20"):
            subscription._set_state("past_due")
        self.assertEqual(
            self.events_of(subscription)[1:], [("2026-04-20", "changed", "past_due")]
        )

    def test_values_outside_the_service_make_no_event(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-02"):
            subscription.client_reference = "PO 8"
            self.cancel(subscription, self.day("2026-06-01"))
            subscription.action_undo_cancellation()
        self.assertEqual(len(self.events_of(subscription)), 1)
