"""Deliveries: signed, retried, in order and logged."""

import json

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from ..models.delivery import ATTEMPTS_IN_ORDER, DELAYS
from ..models.http_client import TOTAL_SECONDS, Response
from ..models.signature import signed_headers
from .webhook_case import WebhookCase

UNREACHABLE_URL = "http://127.0.0.1:1/"
"""A port without a server."""


@tagged("post_install", "-at_install")
class TestWebhooks(WebhookCase):
    def begin(self, **values):
        """Return a subscription that starts on 1 April with five seats."""
        with self.on("2026-04-01"):
            return self.subscribe(self.seat, on="2026-04-01", quantity=5, **values)

    def seats(self, subscription, quantity, day, time="08:00:00"):
        with self.on(day, time):
            line = subscription._lines_to_change(self.day(day))
            subscription.change_quantity(line, quantity, self.day(day))

    def states(self, subscription=None):
        return self.deliveries(subscription).mapped("state")

    def send_until_failed(self, deliveries):
        """Send events at each of their attempts until they fail."""
        moment = self.now
        while times := [each for each in deliveries.mapped("next_attempt") if each]:
            moment = self.later(max(moment, *times), minutes=2)
            self.send(moment)

    now = fields.Datetime.to_datetime("2026-04-01 08:00:00")

    def test_an_event_is_sent_once_and_is_delivered(self):
        receiver = self.receiver()
        self.webhook(receiver)
        subscription = self.begin()
        self.assertFalse(receiver.calls)
        self.send("2026-04-01 08:00:05")
        self.send("2026-04-01 09:00:00")
        [delivery] = self.deliveries(subscription)
        [(headers, body)] = receiver.calls
        self.assertEqual(body.decode(), delivery.payload)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["webhook-id"], delivery.event_uuid)
        content = json.loads(body)
        self.assertEqual(content["id"], delivery.event_uuid)
        self.assertEqual(content["event"], "subscription.activated")
        self.assertEqual(
            (
                delivery.state,
                delivery.http_status,
                delivery.response,
                delivery.attempts,
            ),
            ("delivered", "200", "thank you", 1),
        )
        self.assertFalse(delivery.error)
        self.assertFalse(delivery.next_attempt)

    def test_a_change_triggers_the_scheduled_action_that_sends(self):
        self.webhook()
        action = self.env.ref("subscription_webhook.ir_cron_send_webhooks")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", action.id)])
        self.begin()
        made = self.env["ir.cron.trigger"].search([("cron_id", "=", action.id)])
        self.assertEqual(
            (made - triggers).mapped("call_at"),
            [fields.Datetime.to_datetime("2026-04-01 08:00:00")],
        )

    def test_an_error_is_retried_with_the_same_id(self):
        receiver = self.receiver(500, 200)
        self.webhook(receiver)
        [delivery] = self.deliveries(self.begin())
        self.send("2026-04-01 08:00:05")
        self.assertEqual((delivery.state, delivery.http_status), ("pending", "500"))
        self.assertIn("status 500", delivery.error)
        self.send("2026-04-01 08:00:30")
        self.assertEqual(len(receiver.calls), 1)
        self.send("2026-04-01 08:02:00")
        self.assertEqual(delivery.state, "delivered")
        self.assertFalse(delivery.error)
        first, second = receiver.bodies
        self.assertEqual(first, second)

    def test_retries_are_spread_over_three_days_and_then_the_event_fails(self):
        webhook = self.webhook(url=UNREACHABLE_URL)
        [delivery] = self.deliveries(self.begin())
        waits, now = [], self.later(self.now, seconds=5)
        while delivery.state == "pending":
            self.send(now)
            if delivery.next_attempt:
                waits.append((delivery.next_attempt - now).total_seconds() / 60)
                now = self.later(delivery.next_attempt, minutes=1)
        self.assertEqual(delivery.attempts, 9)
        for wait, about in zip(
            waits, (1, 5, 30, 120, 360, 720, 1440, 1440), strict=True
        ):
            self.assertTrue(0.9 * about - 0.1 <= wait <= 1.1 * about, (wait, about))
        self.assertEqual(delivery.state, "failed")
        self.assertIn("could not be reached", delivery.error)
        [todo] = webhook.activity_ids
        self.assertEqual(todo.user_id, webhook.user_id)
        self.assertIn("failed after 9 attempts", todo.note)

    def test_two_failed_events_make_one_to_do(self):
        webhook = self.webhook(url=UNREACHABLE_URL)
        deliveries = self.deliveries(self.begin()) | self.deliveries(self.begin())
        self.send_until_failed(deliveries)
        self.assertEqual(self.states(), ["failed", "failed"])
        self.assertEqual(len(webhook.activity_ids), 1)

    def test_a_redirect_is_not_followed(self):
        target = self.receiver()
        receiver = self.receiver(
            lambda handler: handler.answer(308, Location=target.url)
        )
        self.webhook(receiver)
        [delivery] = self.deliveries(self.begin())
        self.send("2026-04-01 08:00:05")
        self.assertEqual(delivery.state, "pending")
        self.assertIn("redirect, which is not followed", delivery.error)
        self.assertFalse(target.calls)

    def test_a_webhook_that_responds_with_410_is_disabled_with_a_to_do(self):
        receiver = self.receiver(410)
        webhook = self.webhook(receiver)
        subscription = self.begin()
        self.seats(subscription, 8, "2026-04-01", "08:00:01")
        self.send("2026-04-01 08:00:05")
        self.send("2026-04-02 08:00:05")
        self.assertEqual(len(receiver.calls), 1)
        self.assertFalse(webhook.active)
        self.assertEqual(self.states(subscription), ["failed", "pending"])
        [todo] = webhook.activity_ids
        self.assertIn("status 410 (gone) and was disabled", todo.note)

    def test_events_queued_before_a_webhook_was_disabled_are_sent_once_it_is_enabled(
        self,
    ):
        receiver = self.receiver()
        webhook = self.webhook(receiver)
        self.begin()
        webhook.active = False
        self.send("2026-04-01 08:00:05")
        self.assertFalse(receiver.calls)
        webhook.active = True
        self.send("2026-04-01 09:00:05")
        self.assertEqual(len(receiver.calls), 1)

    def test_an_event_waits_for_the_earlier_one_of_its_subscription(self):
        receiver = self.receiver(500, 500, 200)
        self.webhook(receiver)
        subscription = self.begin()
        self.seats(subscription, 8, "2026-04-01", "08:00:01")
        self.send("2026-04-01 08:00:05")
        self.assertEqual(len(receiver.calls), 1)
        self.send("2026-04-01 08:02:00")
        self.assertEqual(len(receiver.calls), 2)
        self.send("2026-04-01 08:10:00")
        self.assertEqual(self.states(subscription), ["delivered", "delivered"])
        sequences = [json.loads(body)["sequence"] for body in receiver.bodies]
        self.assertEqual(sequences, [1, 1, 1, 2])

    def test_the_events_of_another_subscription_do_not_wait(self):
        receiver = self.receiver(500, 200)
        self.webhook(receiver)
        first, second = self.begin(), self.begin()
        self.send("2026-04-01 08:00:05")
        self.assertEqual(self.states(first), ["pending"])
        self.assertEqual(self.states(second), ["delivered"])

    def test_an_event_no_longer_blocks_later_ones_after_four_attempts(self):
        def refuses_the_first(handler):
            _headers, body = receiver.calls[-1]
            handler.answer(500 if json.loads(body)["sequence"] == 1 else 200)

        receiver = self.receiver(refuses_the_first)
        self.webhook(receiver)
        subscription = self.begin()
        self.seats(subscription, 8, "2026-04-01", "08:00:01")
        first, second = self.deliveries(subscription)
        for attempts in range(1, ATTEMPTS_IN_ORDER + 1):
            self.assertEqual(second.state, "pending")
            self.send(self.later(first.next_attempt, minutes=1))
            self.assertEqual(first.attempts, attempts)
        self.assertEqual((first.state, second.state), ("pending", "delivered"))
        passed_after = self.later(first.last_attempt) - self.now
        self.assertLess(passed_after.total_seconds(), 3600)

    def test_an_unreachable_webhook_gets_one_attempt_a_minute(self):
        silent = self.webhook(url=UNREACHABLE_URL)
        receiver = self.receiver()
        self.webhook(receiver, name="Another product")
        for _number in range(3):
            self.begin()
        self.send("2026-04-01 08:00:05")
        deliveries = self.deliveries()
        tried = deliveries.filtered(lambda each: each.webhook_id == silent)
        self.assertEqual(tried.mapped("attempts"), [1, 0, 0])
        self.assertEqual(len(receiver.calls), 3)
        self.send("2026-04-01 08:01:06")
        self.assertEqual(sum(tried.mapped("attempts")), 2)

    def test_an_event_sent_again_has_the_same_id_and_body_and_a_new_signature(self):
        receiver = self.receiver()
        self.webhook(receiver)
        subscription = self.begin()
        self.send("2026-04-01 08:00:05")
        self.customer.name = "Galil Bakery and Sons"
        delivery = self.deliveries(subscription)
        with freeze_time("2026-04-02 10:00:00"):
            delivery.action_send_again()
        self.assertEqual(delivery.state, "pending")
        self.send("2026-04-02 10:00:05")
        (first, first_body), (second, second_body) = receiver.calls
        self.assertEqual(first_body, second_body)
        self.assertNotEqual(first["webhook-signature"], second["webhook-signature"])
        self.assertEqual(delivery.state, "delivered")

    def test_a_failed_event_sent_again_has_all_attempts_again(self):
        self.webhook(url=UNREACHABLE_URL)
        [delivery] = self.deliveries(self.begin())
        self.send_until_failed(delivery)
        receiver = self.receiver(500, 200)
        delivery.webhook_id.url = receiver.url
        with freeze_time("2026-04-10 10:00:00"):
            delivery.action_send_again()
        self.send("2026-04-10 10:00:05")
        self.send("2026-04-10 10:02:00")
        self.assertEqual((delivery.state, delivery.attempts), ("delivered", 2))

    def test_nothing_is_sent_again_to_a_disabled_webhook(self):
        webhook = self.webhook(url=UNREACHABLE_URL)
        delivery = self.deliveries(self.begin())
        webhook.active = False
        with self.assertRaisesRegex(UserError, "enable it first"):
            delivery.action_send_again()

    def test_an_attempt_without_a_recorded_outcome_is_repeated(self):
        receiver = self.receiver()
        self.webhook(receiver)
        [delivery] = self.deliveries(self.begin())
        with freeze_time("2026-04-01 08:00:05"):
            # A worker takes it, sends it and stops before it records the response.
            taken, _request = self.deliveries().sudo()._take_next()
            self.assertEqual(taken, delivery)
        self.send("2026-04-01 08:01:00")
        self.assertFalse(receiver.calls)
        self.send("2026-04-01 08:11:00")
        self.assertEqual((delivery.state, delivery.attempts), ("delivered", 2))

    def test_a_test_event_is_sent_at_once_and_shows_its_response(self):
        receiver = self.receiver(200, 500)
        webhook = self.webhook(receiver)
        action = webhook.action_send_test()
        delivery = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(
            (delivery.state, delivery.response), ("delivered", "thank you")
        )
        content = json.loads(receiver.bodies[0])
        self.assertEqual((content["event"], content["subscription"]), ("test", None))
        webhook.action_send_test()
        failed = self.deliveries()[-1:]
        self.assertEqual((failed.state, failed.http_status), ("failed", "500"))
        self.assertFalse(webhook.activity_ids)

    def test_deliveries_are_deleted_after_90_days(self):
        receiver = self.receiver()
        self.webhook(receiver)
        self.begin()
        self.send("2026-04-01 08:00:05")
        self.webhook(name="Another product", url=UNREACHABLE_URL)
        self.begin()
        delivered, new, waiting = self.deliveries()
        self.assertEqual((new | waiting).mapped("state"), ["pending", "pending"])
        day = self.later(delivered.create_date, days=89)
        with freeze_time(day):
            self.deliveries().sudo()._gc_old_deliveries()
        self.assertTrue(delivered.exists())
        with freeze_time(self.later(day, days=2)):
            self.deliveries().sudo()._gc_old_deliveries()
        self.assertFalse(delivered.exists())
        self.assertEqual((new | waiting).exists(), new | waiting)

    def test_a_neutralized_copy_of_the_database_sends_nothing(self):
        receiver = self.receiver()
        webhook = self.webhook(receiver)
        secret = webhook.secret
        delivery = self.deliveries(self.begin())
        self.env.flush_all()
        [query] = get_neutralization_queries(["subscription_webhook"])
        self.env.cr.execute(query)
        self.env.invalidate_all()
        self.send("2026-04-01 09:00:00")
        self.assertFalse(receiver.calls)
        self.assertFalse(webhook.active)
        self.assertNotEqual(webhook.secret, secret)
        self.assertTrue(signed_headers("1", self.now, "{}", [webhook.secret]))
        self.assertEqual(delivery.state, "failed")

    def test_the_log_shows_500_characters_of_a_response(self):
        receiver = self.receiver(lambda handler: handler.answer(200, b"x" * 3000))
        self.webhook(receiver)
        [delivery] = self.deliveries(self.begin())
        self.send("2026-04-01 08:00:05")
        self.assertEqual(delivery.response, "x" * 500)

    def test_the_smart_button_counts_the_deliveries_of_a_subscription(self):
        self.webhook(url=UNREACHABLE_URL)
        subscription, other = self.begin(), self.begin()
        self.seats(subscription, 8, "2026-04-02")
        self.env.cr.flush()
        self.assertEqual(subscription.webhook_delivery_count, 2)
        self.assertEqual(other.webhook_delivery_count, 1)
        action = subscription.action_view_webhook_deliveries()
        shown = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(shown, subscription.webhook_delivery_ids)

    def test_any_status_of_200_to_299_is_a_success(self):
        self.assertTrue(Response(0.1, 204).is_success)
        self.assertFalse(Response(0.1, 304).is_success)

    def test_each_delay_is_longer_than_a_request_may_take(self):
        self.assertGreater(min(DELAYS).total_seconds() * 0.9, 2 * TOTAL_SECONDS)
