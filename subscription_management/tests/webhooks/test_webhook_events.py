"""Which events a product is told, on which day, and what of it."""

from odoo.tests import tagged

from ..common import TIME_ZONES
from .webhook_case import WebhookCase


@tagged("post_install", "-at_install")
class TestWebhookEvents(WebhookCase):
    def test_a_start_is_told_with_what_the_product_needs(self):
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
                        "goes_on_as": None,
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
                    "ir_cron_tell_webhooks",
                    "2026-04-21",
                    lambda subscription=subscription: (
                        self.told(subscription)[-1][1] == "changed"
                    ),
                )

    def test_a_quantity_is_told_at_once_with_what_it_was(self):
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

    def test_a_change_for_a_later_day_is_told_on_that_day(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        with self.on("2026-04-02"):
            line = subscription.line_ids
            subscription.change_quantity(line, 8, self.day("2026-04-20"))
        self.daily_steps("2026-04-19")
        self.assertEqual(len(self.told(subscription)), 1)
        self.daily_steps("2026-04-20")
        self.daily_steps("2026-04-20", "01:30:00")
        self.assertEqual(
            self.told(subscription)[1:], [("2026-04-20", "changed", "active")]
        )
        content = self.content(subscription)
        self.assertEqual(
            [(each["kind"], each["effective_on"]) for each in content["changes"]],
            [("quantity", "2026-04-20")],
        )
        self.assertEqual(content["subscription"]["lines"][0]["quantity"], "8")

    def test_a_later_step_is_told_although_another_change_came_on_its_morning(self):
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
            self.told(subscription)[1:], [("2026-04-20", "changed", "active")]
        )
        lines = self.content(subscription)["subscription"]["lines"]
        self.assertEqual(
            [(line["quantity"], line["price"]) for line in lines],
            [("8", "7.00"), ("5", "40.00")],
        )

    def test_what_is_taken_back_before_its_day_is_not_told(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
            line = subscription.line_ids
            subscription.change_quantity(line, 8, self.day("2026-04-20"))
        with self.on("2026-04-10"):
            self.newest(subscription, "quantity").action_undo()
        self.daily_steps("2026-04-20")
        self.assertEqual(len(self.told(subscription)), 1)

    def test_a_service_that_begins_later_is_told_on_its_first_day(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-15")
        self.assertFalse(self.told(subscription))
        self.daily_steps("2026-04-15")
        self.assertEqual(
            self.told(subscription), [("2026-04-15", "activated", "active")]
        )

    def test_what_was_cancelled_before_its_first_day_is_never_told(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-15")
        with self.on("2026-04-02"):
            subscription._end_on(self.day("2026-04-15"))
        self.daily_steps("2026-04-15")
        self.assertEqual(subscription.state, "cancelled")
        self.assertFalse(self.told(subscription))

    def test_an_end_is_told_on_the_day_without_service(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-10"):
            subscription._end_on(self.day("2026-05-01"))
        self.daily_steps("2026-04-30")
        self.assertEqual(len(self.told(subscription)), 1)
        self.daily_steps("2026-05-01")
        self.assertEqual(
            self.told(subscription)[1:], [("2026-05-01", "ended", "cancelled")]
        )
        self.assertEqual(self.content(subscription)["subscription"]["lines"], [])

    def test_an_end_from_today_on_is_told_at_once(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-10"):
            subscription._end_on(self.day("2026-04-10"))
        self.assertEqual(
            self.told(subscription)[1:], [("2026-04-10", "ended", "cancelled")]
        )

    def test_a_pause_is_told_when_it_begins_and_when_it_ends(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
            subscription.pause(self.day("2026-04-10"), self.day("2026-04-20"))
        for day in ("2026-04-09", "2026-04-10", "2026-04-19", "2026-04-20"):
            self.daily_steps(day)
        self.assertEqual(
            self.told(subscription)[1:],
            [
                ("2026-04-10", "paused", "paused"),
                ("2026-04-20", "resumed", "active"),
            ],
        )

    def test_a_suspension_is_told_at_once_and_so_is_its_end(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-10"):
            subscription.suspend("Not paid")
        with self.on("2026-04-12"):
            subscription.restore("Paid")
        self.assertEqual(
            self.told(subscription)[1:],
            [
                ("2026-04-10", "suspended", "suspended"),
                ("2026-04-12", "resumed", "active"),
            ],
        )
        content = self.content(subscription)
        self.assertEqual(content["changes"][0]["kind"], "restored")
        self.assertEqual(content["before"], {"state": "suspended"})

    def test_what_is_restored_into_a_pause_is_told_as_paused(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
            subscription.pause(self.day("2026-04-10"), self.day("2026-04-20"))
        with self.on("2026-04-09"):
            subscription.suspend()
        with self.on("2026-04-12"):
            subscription.restore()
        self.assertEqual(
            self.told(subscription)[1:],
            [
                ("2026-04-09", "suspended", "suspended"),
                ("2026-04-12", "paused", "paused"),
            ],
        )

    def test_a_trial_is_told_with_what_is_tried_and_when_it_is_paid_for(self):
        self.webhook()
        self.monthly.trial_days = 14
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        content = self.content(subscription)["subscription"]
        self.assertEqual(content["trial_end"], "2026-04-15")
        self.assertEqual(content["lines"][0]["quantity"], "5")
        self.daily_steps("2026-04-15")
        self.assertEqual(
            self.told(subscription),
            [
                ("2026-04-01", "trial_started", "trial"),
                ("2026-04-15", "activated", "active"),
            ],
        )

    def test_a_trial_that_nobody_pays_for_ends(self):
        self.webhook()
        self.monthly.write({"trial_days": 14, "trial_conversion": "ends"})
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        self.daily_steps("2026-04-15")
        self.assertEqual(
            self.told(subscription)[1:], [("2026-04-15", "ended", "expired")]
        )

    def test_a_renewal_is_told_when_it_is_agreed_and_its_price_on_its_day(self):
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
            self.told(subscription)[1:],
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

    def test_a_renewal_that_is_taken_back_is_told_as_a_change(self):
        self.webhook()
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-05-20"):
            subscription.action_renew()
        with self.on("2026-05-21"):
            self.newest(subscription, "renewed").action_undo()
        self.assertEqual(
            self.told(subscription)[1:],
            [
                ("2026-05-20", "renewed", "active"),
                ("2026-05-21", "changed", "active"),
            ],
        )
        content = self.content(subscription)
        self.assertEqual(content["changes"][0]["kind"], "undone")
        self.assertEqual(content["subscription"]["term"]["date_end"], "2027-04-01")

    def test_a_transfer_is_told_on_its_day_to_both(self):
        self.webhook()
        other = self.env["res.partner"].create({"name": "Negev Dairy"})
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-10"):
            follower = subscription.transfer(other, self.day("2026-04-20"))
        self.daily_steps("2026-04-19")
        self.assertFalse(self.told(follower))
        self.daily_steps("2026-04-20")
        self.assertEqual(
            self.told(subscription)[1:], [("2026-04-20", "ended", "cancelled")]
        )
        self.assertEqual(self.told(follower), [("2026-04-20", "activated", "active")])
        kinds = {
            change["kind"]: change["goes_on_as"]
            for change in self.content(subscription)["changes"]
        }
        self.assertEqual(kinds["transferred"], follower.name)

    def test_past_due_is_a_change_that_takes_nothing_away(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-20"):
            subscription._set_state("past_due")
        self.assertEqual(
            self.told(subscription)[1:], [("2026-04-20", "changed", "past_due")]
        )

    def test_nothing_that_a_product_does_not_see_is_told(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-02"):
            subscription.client_reference = "PO 8"
            subscription._end_on(self.day("2026-06-01"))
            subscription.action_undo_cancellation()
        self.assertEqual(len(self.told(subscription)), 1)
