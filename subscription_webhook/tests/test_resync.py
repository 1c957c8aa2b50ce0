"""Resync: the current state of all subscriptions, sent to one webhook."""

import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from .webhook_case import WebhookCase


@tagged("post_install", "-at_install")
class TestWebhookResync(WebhookCase):
    def resync(self, webhook, day="2026-04-02"):
        """Start a resync and run its scheduled action."""
        with self.on(day):
            webhook.action_resync()
        self.run_action("subscription_webhook.ir_cron_resync_webhooks", day)

    def current(self, webhook):
        """Return the events of the resync as (subscription, sequence, state)."""
        deliveries = self.deliveries().filtered(
            lambda each: each.event == "current" and each.webhook_id == webhook
        )
        contents = [json.loads(each.payload) for each in deliveries]
        return [
            (
                deliveries[number].subscription_id,
                content["sequence"],
                content["subscription"]["state"],
            )
            for number, content in enumerate(contents)
        ]

    def test_each_subscription_in_progress_is_sent_with_its_state(self):
        with self.on("2026-04-01"):
            active = self.subscribe(self.seat, on="2026-04-01", quantity=5)
            suspended = self.subscribe(on="2026-04-01")
            suspended.suspend()
            self.subscribe(on="2026-05-01")
            self.subscribe(on="2026-04-01")._end_on(self.day("2026-04-01"))
        webhook = self.webhook()
        self.resync(webhook)
        self.assertEqual(
            self.current(webhook), [(active, 1, "active"), (suspended, 1, "suspended")]
        )
        content = self.content(active)
        self.assertEqual(content["event"], "subscription.current")
        self.assertEqual((content["changes"], content["before"]), ([], {}))
        self.assertEqual(content["subscription"]["lines"][0]["quantity"], "5")
        self.assertFalse(webhook.is_resyncing)

    def test_only_one_webhook_is_resynced_whatever_events_it_selects(self):
        ended = self.env.ref("subscription_webhook.webhook_event_ended")
        selecting = self.webhook(event_ids=ended.ids)
        other = self.webhook(name="Our warehouse")
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        self.resync(selecting)
        self.assertEqual(self.current(selecting), [(subscription, 2, "active")])
        self.assertFalse(self.current(other))

    def test_the_next_event_has_a_higher_sequence_and_the_former_values(self):
        webhook = self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        self.resync(webhook)
        with self.on("2026-04-03"):
            subscription.suspend()
        content = self.content(subscription)
        self.assertEqual((content["event"][13:], content["sequence"]), ("suspended", 3))
        self.assertEqual(content["before"], {"state": "active"})

    def test_changes_of_today_are_sent_before_the_current_state(self):
        webhook = self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
            subscription.change_quantity(
                subscription.line_ids, 8, self.day("2026-04-02")
            )
        self.resync(webhook)
        events = [event for _day, event, _state in self.events_of(subscription)]
        self.assertEqual(events, ["activated", "changed", "current"])

    def test_an_interrupted_resync_continues_with_the_next_subscription(self):
        with self.on("2026-04-01"):
            sent = self.subscribe(on="2026-04-01")
            left = self.subscribe(on="2026-04-01")
        webhook = self.webhook()
        with self.on("2026-04-02"):
            webhook.action_resync()
        webhook.sudo().resync_position = sent.id
        self.run_action("subscription_webhook.ir_cron_resync_webhooks", "2026-04-02")
        self.assertEqual(self.current(webhook), [(left, 1, "active")])
        self.run_action("subscription_webhook.ir_cron_resync_webhooks", "2026-04-02")
        self.assertEqual(len(self.current(webhook)), 1)

    def test_a_disabled_webhook_is_not_resynced(self):
        webhook = self.webhook(active=False)
        with self.assertRaisesRegex(UserError, "enable it first"):
            webhook.action_resync()
