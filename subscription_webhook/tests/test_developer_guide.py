"""The statements and the code of docs/webhooks.md are true."""

import json
import re
from pathlib import Path

from freezegun import freeze_time

from odoo.tests import tagged

from ..models.signature import new_secret
from .webhook_case import WebhookCase


@tagged("post_install", "-at_install")
class TestWebhookGuide(WebhookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        page = Path(__file__).parents[2] / "docs" / "webhooks.md"
        cls.guide = page.read_text()
        cls.code = {}
        for block in re.findall(r"```python\n(.*?)```", cls.guide, re.DOTALL):
            exec(compile(block, str(page), "exec"), cls.code)  # noqa: S102

    def deliver(self, *changes):
        """Return the webhook and the requests that changes sent to it."""
        receiver = self.receiver()
        webhook = self.webhook(receiver)
        with self.on("2026-04-01"):
            subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        for number, change in enumerate(changes, 2):
            with self.on(f"2026-04-0{number}"):
                change(subscription)
        self.send("2026-04-09 08:00:00")
        return webhook, receiver.calls

    def is_signed(self, secret, headers, body, at="2026-04-09 08:00:10"):
        with freeze_time(at):
            return self.code["is_signed"](secret, dict(headers), body)

    def test_its_verification_accepts_a_request_and_nothing_else(self):
        webhook, [(headers, body)] = self.deliver()
        self.assertTrue(self.is_signed(webhook.secret, headers, body))
        self.assertFalse(self.is_signed(new_secret(), headers, body))
        self.assertFalse(self.is_signed(webhook.secret, headers, body + b" "))
        later = "2026-04-09 08:06:00"
        self.assertFalse(self.is_signed(webhook.secret, headers, body, at=later))

    def test_its_receiver_follows_the_service_despite_duplicates_and_late_events(self):
        _webhook, calls = self.deliver(
            lambda each: each.suspend(),
            lambda each: each.reactivate(),
            lambda each: each._end_on(self.day("2026-04-04")),
        )
        bodies = [body for _headers, body in calls]
        receive, access = self.code["receive"], self.code["access"]
        for body, seats in zip(bodies, (5, 0, 5, 0), strict=True):
            receive(body)
            [known] = access.values()
            self.assertEqual(known, seats)
        for body in (bodies[0], bodies[2], bodies[3], bodies[1]):
            receive(body)
        self.assertEqual([*access.values()], [0])

    def test_its_receiver_learns_the_service_from_a_resync_alone(self):
        receiver = self.receiver()
        webhook = self.webhook(receiver)
        with self.on("2026-04-01"):
            self.subscribe(self.seat, on="2026-04-01", quantity=5)
        self.deliveries().sudo().unlink()
        with self.on("2026-04-02"):
            webhook.action_resync()
        self.run_action("subscription_webhook.ir_cron_resync_webhooks", "2026-04-02")
        self.send("2026-04-02 10:00:00")
        [(_headers, body)] = receiver.calls
        self.code["receive"](body)
        self.assertEqual([*self.code["access"].values()], [5])

    def test_its_example_has_the_fields_of_a_real_event(self):
        _webhook, [(_headers, body)] = self.deliver()
        example = re.search(r"```json\n(.*?)```", self.guide, re.DOTALL)[1]
        self.assertEqual(shape(json.loads(example)), shape(json.loads(body)))

    def test_it_lists_every_event(self):
        for code, _label in (
            self.env["subscription.webhook.event"]._fields["code"].selection
        ):
            self.assertIn(f"`subscription.{code}`", self.guide)


def shape(value):
    """Return the names in a value without their contents."""
    if isinstance(value, dict):
        # The former values differ by event.
        return {name: shape(value[name]) for name in value if name != "before"}
    return [shape(value[0])] if isinstance(value, list) else None
