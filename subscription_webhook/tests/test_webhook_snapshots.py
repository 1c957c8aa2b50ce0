"""Snapshots of services, and the webhooks that receive their events."""

from odoo.tests import tagged

from .webhook_case import WebhookCase


@tagged("post_install", "-at_install")
class TestWebhookSnapshots(WebhookCase):
    def test_a_first_snapshot_is_stored_without_an_event(self):
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
            line = subscription.line_ids
            subscription.change_quantity(line, 8, self.day("2026-04-20"))
        with self.on("2026-04-02"):
            self.webhook()
        self.daily_steps("2026-04-02")
        self.assertFalse(self.events_of(subscription))
        self.daily_steps("2026-04-20")
        self.assertEqual(
            self.events_of(subscription), [("2026-04-20", "changed", "active")]
        )
        before = self.content(subscription)["before"]
        self.assertEqual(before["lines"][0]["quantity"], "5")

    def test_a_change_before_the_first_snapshot_is_sent_with_the_former_state_only(
        self,
    ):
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        with self.on("2026-04-02"):
            self.webhook()
            subscription.suspend()
        content = self.content(subscription)
        self.assertEqual(content["event"], "subscription.suspended")
        self.assertEqual(content["before"], {"state": "active"})
        self.assertEqual([each["kind"] for each in content["changes"]], ["suspended"])

    def test_a_webhook_receives_the_events_that_it_selects(self):
        ended = self.env.ref("subscription_webhook.webhook_event_ended")
        webhook = self.webhook(event_ids=ended.ids)
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-10"):
            self.cancel(subscription, self.day("2026-04-10"))
        self.assertEqual(
            self.events_of(subscription), [("2026-04-10", "ended", "cancelled")]
        )
        self.assertEqual(self.deliveries(subscription).webhook_id, webhook)

    def test_two_webhooks_receive_the_same_event(self):
        self.webhook()
        self.webhook(name="Our warehouse")
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        first, second = self.deliveries(subscription)
        self.assertEqual(first.event_uuid, second.event_uuid)
        self.assertEqual(first.payload, second.payload)

    def test_a_webhook_of_another_company_receives_nothing(self):
        other = self.setup_other_company()["company"]
        self.webhook(company_id=other.id)
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        self.assertFalse(self.events_of(subscription))
        self.assertFalse(subscription.webhook_snapshot)

    def test_changes_while_a_webhook_was_disabled_are_not_sent_later(self):
        webhook = self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        webhook.active = False
        with self.on("2026-04-02"):
            line = subscription.line_ids
            subscription.change_quantity(line, 8, self.day("2026-04-02"))
        webhook.active = True
        with self.on("2026-04-03"):
            subscription.suspend()
        self.assertEqual(
            self.events_of(subscription),
            [
                ("2026-04-01", "activated", "active"),
                ("2026-04-03", "suspended", "suspended"),
            ],
        )
        self.assertEqual(self.content(subscription)["before"], {"state": "active"})
        self.assertEqual(self.content(subscription)["sequence"], 3)

    def test_without_a_webhook_no_snapshot_is_kept(self):
        webhook = self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        self.assertTrue(subscription.webhook_snapshot)
        webhook.unlink()
        self.assertFalse(subscription.webhook_snapshot)
        with self.on("2026-04-10"):
            subscription.suspend()
        self.assertFalse(subscription.webhook_snapshot)

    def test_a_change_that_is_rolled_back_leaves_no_event(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        savepoint = self.env.cr.savepoint()
        with self.on("2026-04-10"):
            subscription.suspend()
        self.assertEqual(len(self.events_of(subscription)), 2)
        savepoint.close(rollback=True)
        self.env.invalidate_all()
        self.assertEqual(len(self.events_of(subscription)), 1)
        self.assertEqual(subscription.webhook_snapshot["sequence"], 1)
