import contextlib
import json
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields

from odoo.addons.subscription_management.tests.common import SubscriptionCase

from .webhook_receiver import Receiver


class WebhookCase(SubscriptionCase):
    """A product that receives events, and helpers to read them."""

    def setUp(self):
        super().setUp()
        self.seat.default_code = "SEAT"
        self.customer.ref = "C-1"

    def receiver(self, *answers):
        receiver = Receiver(*answers)
        self.addCleanup(receiver.close)
        return receiver

    def webhook(self, receiver=None, **values):
        """Return a webhook, by default of an internal address."""
        return self.env["subscription.webhook"].create(
            {
                "name": "Our product",
                "url": receiver.url if receiver else "http://127.0.0.1:1/",
                "allows_internal": True,
                **values,
            }
        )

    @contextlib.contextmanager
    def on(self, day, time="08:00:00"):
        """Be on a day; events are queued at its end as by a commit."""
        with freeze_time(f"{day} {time}"):
            yield
            self.env.cr.flush()

    def deliveries(self, subscription=None):
        """Return the queued events, the first one first."""
        self.env.cr.flush()
        domain = [("subscription_id", "=", subscription.id)] if subscription else []
        return self.env["subscription.webhook.delivery"].search(domain, order="id")

    def events_of(self, subscription):
        """Return the events of a subscription, each as (day, event, state)."""
        contents = [json.loads(each.payload) for each in self.deliveries(subscription)]
        return [
            (
                content["created_at"][:10],
                content["event"].removeprefix("subscription."),
                content["subscription"]["state"],
            )
            for content in contents
        ]

    def content(self, subscription):
        """Return the payload of the newest event of a subscription."""
        return json.loads(self.deliveries(subscription)[-1:].payload)

    def daily_steps(self, day, time="00:30:00"):
        """Run the hourly scheduled actions, in the worst order for the events."""
        queue = "subscription_webhook.ir_cron_queue_webhooks"
        for name in (
            queue,
            "ir_cron_follow_changes",
            "ir_cron_renew",
            "ir_cron_convert_trials",
            "ir_cron_close_ended",
            queue,
        ):
            self.run_action(name, day, time)

    def send(self, at):
        """Send events as the scheduled action does at a moment."""
        with freeze_time(at), self.enter_registry_test_mode():
            action = self.env.ref("subscription_webhook.ir_cron_send_webhooks")
            action.method_direct_trigger()
        self.env.invalidate_all()

    @staticmethod
    def later(moment, **spans):
        return fields.Datetime.to_datetime(moment) + timedelta(**spans)
