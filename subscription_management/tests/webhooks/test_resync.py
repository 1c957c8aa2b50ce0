"""The present state of all that runs, told to one endpoint that asked for it."""

import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from .webhook_case import WebhookCase


@tagged("post_install", "-at_install")
class TestWebhookPresent(WebhookCase):
    def tell(self, webhook, day="2026-04-02"):
        """Ask for the present state, and let the scheduled action make the events."""
        with self.on(day):
            webhook.action_resync()
        self.run_action("ir_cron_tell_present_state", day)

    def present(self, webhook):
        """Return what was told of the present, as (subscription, sequence, state)."""
        current = self.deliveries().filtered(
            lambda each: each.event == "current" and each.webhook_id == webhook
        )
        contents = [json.loads(each.payload) for each in current]
        return [
            (
                current[number].subscription_id,
                content["sequence"],
                content["subscription"]["state"],
            )
            for number, content in enumerate(contents)
        ]

    def test_each_subscription_that_runs_is_told_as_it_is(self):
        with self.on("2026-04-01"):
            running = self.subscribe(self.seat, on="2026-04-01", quantity=5)
            resting = self.subscribe(on="2026-04-01")
            resting.suspend()
            self.subscribe(on="2026-05-01")
            self.subscribe(on="2026-04-01")._end_on(self.day("2026-04-01"))
        webhook = self.webhook()
        self.tell(webhook)
        self.assertEqual(
            self.present(webhook), [(running, 1, "active"), (resting, 1, "suspended")]
        )
        content = self.content(running)
        self.assertEqual(content["event"], "subscription.current")
        self.assertEqual((content["changes"], content["before"]), ([], {}))
        self.assertEqual(content["subscription"]["lines"][0]["quantity"], "5")
        self.assertFalse(webhook.is_resyncing)

    def test_only_the_endpoint_that_asked_is_told_whatever_events_it_wants(self):
        ended = self.env.ref("subscription_management.webhook_event_ended")
        asking = self.webhook(event_ids=ended.ids)
        other = self.webhook(name="Our warehouse")
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        self.tell(asking)
        self.assertEqual(self.present(asking), [(subscription, 2, "active")])
        self.assertFalse(self.present(other))

    def test_what_follows_has_a_higher_number_and_tells_what_became_another(self):
        webhook = self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        self.tell(webhook)
        with self.on("2026-04-03"):
            subscription.suspend()
        content = self.content(subscription)
        self.assertEqual((content["event"][13:], content["sequence"]), ("suspended", 3))
        self.assertEqual(content["before"], {"state": "active"})

    def test_what_became_another_today_is_told_before_the_present(self):
        webhook = self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
            subscription.change_quantity(
                subscription.line_ids, 8, self.day("2026-04-02")
            )
        self.tell(webhook)
        events = [event for _day, event, _state in self.told(subscription)]
        self.assertEqual(events, ["activated", "changed", "current"])

    def test_what_was_interrupted_goes_on_with_the_next_subscription(self):
        with self.on("2026-04-01"):
            told = self.subscribe(on="2026-04-01")
            left = self.subscribe(on="2026-04-01")
        webhook = self.webhook()
        with self.on("2026-04-02"):
            webhook.action_resync()
        webhook.sudo().resync_position = told.id
        self.run_action("ir_cron_tell_present_state", "2026-04-02")
        self.assertEqual(self.present(webhook), [(left, 1, "active")])
        self.run_action("ir_cron_tell_present_state", "2026-04-02")
        self.assertEqual(len(self.present(webhook)), 1)

    def test_an_endpoint_that_is_off_is_switched_on_first(self):
        webhook = self.webhook(active=False)
        with self.assertRaisesRegex(UserError, "switch it on first"):
            webhook.action_resync()
