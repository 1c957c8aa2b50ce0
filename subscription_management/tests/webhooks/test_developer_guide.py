"""What docs/webhooks.md says to the developer of the product is true."""

import json
import re
from pathlib import Path

from freezegun import freeze_time

from odoo.tests import tagged

from .webhook_case import WebhookCase


@tagged("post_install", "-at_install")
class TestWebhookGuide(WebhookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        page = Path(__file__).parents[3] / "docs" / "webhooks.md"
        cls.guide = page.read_text()
        cls.code = {}
        for block in re.findall(r"```python\n(.*?)```", cls.guide, re.DOTALL):
            exec(compile(block, str(page), "exec"), cls.code)  # noqa: S102

    def deliver(self, *changes):
        """Return the calls that a product received of what was done."""
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
            header = headers["Subscription-Signature"]
            return self.code["is_signed"](secret, header, body)

    def test_its_check_of_the_signature_accepts_a_call_and_nothing_else(self):
        webhook, [(headers, body)] = self.deliver()
        self.assertTrue(self.is_signed(webhook.secret, headers, body))
        self.assertFalse(self.is_signed("whsec_another", headers, body))
        self.assertFalse(self.is_signed(webhook.secret, headers, body + b" "))
        later = "2026-04-09 08:06:00"
        self.assertFalse(self.is_signed(webhook.secret, headers, body, at=later))

    def test_its_receiver_follows_what_is_served_whatever_comes_twice_or_late(self):
        _webhook, calls = self.deliver(
            lambda each: each.suspend(),
            lambda each: each.restore(),
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

    def test_its_receiver_learns_all_from_the_present_state_alone(self):
        receiver = self.receiver()
        webhook = self.webhook(receiver)
        with self.on("2026-04-01"):
            self.subscribe(self.seat, on="2026-04-01", quantity=5)
        self.deliveries().sudo().unlink()
        with self.on("2026-04-02"):
            webhook.action_resync()
        self.run_action("ir_cron_tell_present_state", "2026-04-02")
        self.send("2026-04-02 10:00:00")
        [(_headers, body)] = receiver.calls
        self.code["receive"](body)
        self.assertEqual([*self.code["access"].values()], [5])

    def test_its_example_has_the_fields_that_are_sent(self):
        _webhook, [(_headers, body)] = self.deliver()
        example = re.search(r"```json\n(.*?)```", self.guide, re.DOTALL)[1]
        self.assertEqual(shape(json.loads(example)), shape(json.loads(body)))

    def test_it_tells_every_event(self):
        for code, _label in (
            self.env["subscription.webhook.event"]._fields["code"].selection
        ):
            self.assertIn(f"`subscription.{code}`", self.guide)


def shape(value):
    """Return the names that are in a value, without what they stand for."""
    if isinstance(value, dict):
        # What was before differs by event.
        return {name: shape(value[name]) for name in value if name != "before"}
    return [shape(value[0])] if isinstance(value, list) else None
