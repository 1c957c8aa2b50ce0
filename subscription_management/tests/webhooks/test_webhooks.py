"""How events reach a product: signed, again and again, in order, and seen in a log."""

import json

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from ...models.webhooks.delivery import ATTEMPTS_IN_ORDER, DELAYS
from ...models.webhooks.http_client import Answer
from .webhook_case import WebhookCase

NOBODY = "http://127.0.0.1:1/"
"""Where nothing listens."""


@tagged("post_install", "-at_install")
class TestWebhooks(WebhookCase):
    def begin(self, **values):
        """Return a subscription that began on 1 April, with five seats."""
        with self.on("2026-04-01"):
            return self.subscribe(self.seat, on="2026-04-01", quantity=5, **values)

    def seats(self, subscription, quantity, day, time="08:00:00"):
        with self.on(day, time):
            line = subscription._lines_to_change(self.day(day))
            subscription.change_quantity(line, quantity, self.day(day))

    def states(self, subscription=None):
        return self.deliveries(subscription).mapped("state")

    def fail_until_given_up(self, deliveries):
        """Send events at each of their times until there is none."""
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
        self.assertEqual(headers["Subscription-Event"], "subscription.activated")
        self.assertEqual(headers["Subscription-Event-Id"], delivery.event_uuid)
        self.assertEqual(json.loads(body)["id"], delivery.event_uuid)
        self.assertEqual(
            (delivery.state, delivery.http_status, delivery.answer, delivery.attempts),
            ("delivered", "200", "thank you", 1),
        )
        self.assertFalse(delivery.error)
        self.assertFalse(delivery.next_attempt)

    def test_sending_is_asked_for_with_the_change(self):
        self.webhook()
        action = self.env.ref("subscription_management.ir_cron_send_webhooks")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", action.id)])
        self.begin()
        made = self.env["ir.cron.trigger"].search([("cron_id", "=", action.id)])
        self.assertEqual(
            (made - triggers).mapped("call_at"),
            [fields.Datetime.to_datetime("2026-04-01 08:00:00")],
        )

    def test_an_error_is_tried_again_with_the_same_id(self):
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

    def test_it_is_tried_again_later_and_later_for_three_days_then_given_up(self):
        webhook = self.webhook(url=NOBODY)
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
        self.assertIn("was not taken after 9 attempts", todo.note)

    def test_two_events_that_are_given_up_make_one_to_do(self):
        webhook = self.webhook(url=NOBODY)
        deliveries = self.deliveries(self.begin()) | self.deliveries(self.begin())
        self.fail_until_given_up(deliveries)
        self.assertEqual(self.states(), ["failed", "failed"])
        self.assertEqual(len(webhook.activity_ids), 1)

    def test_a_redirect_is_no_delivery(self):
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

    def test_an_endpoint_that_is_gone_is_switched_off_and_somebody_told(self):
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
        self.assertIn("it is gone (410) and was switched off", todo.note)

    def test_what_waited_while_an_endpoint_was_off_is_sent_once_it_is_on(self):
        receiver = self.receiver()
        webhook = self.webhook(receiver)
        self.begin()
        webhook.active = False
        self.send("2026-04-01 08:00:05")
        self.assertFalse(receiver.calls)
        webhook.active = True
        self.send("2026-04-01 09:00:05")
        self.assertEqual(len(receiver.calls), 1)

    def test_a_later_event_waits_for_an_earlier_one_of_its_subscription(self):
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

    def test_another_subscription_does_not_wait(self):
        receiver = self.receiver(500, 200)
        self.webhook(receiver)
        first, second = self.begin(), self.begin()
        self.send("2026-04-01 08:00:05")
        self.assertEqual(self.states(first), ["pending"])
        self.assertEqual(self.states(second), ["delivered"])

    def test_an_event_that_is_never_taken_lets_later_ones_pass_after_some_hours(self):
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

    def test_an_endpoint_that_nobody_answers_is_left_alone_for_a_minute(self):
        silent = self.webhook(url=NOBODY)
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

    def test_what_is_sent_again_has_the_same_id_and_content_and_a_new_signature(self):
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
        self.assertNotEqual(
            first["Subscription-Signature"], second["Subscription-Signature"]
        )
        self.assertEqual(delivery.state, "delivered")

    def test_what_was_given_up_is_sent_again_with_every_attempt_anew(self):
        self.webhook(url=NOBODY)
        [delivery] = self.deliveries(self.begin())
        self.fail_until_given_up(delivery)
        receiver = self.receiver(500, 200)
        delivery.webhook_id.url = receiver.url
        with freeze_time("2026-04-10 10:00:00"):
            delivery.action_send_again()
        self.send("2026-04-10 10:00:05")
        self.send("2026-04-10 10:02:00")
        self.assertEqual((delivery.state, delivery.attempts), ("delivered", 2))

    def test_nothing_is_sent_again_to_what_is_switched_off(self):
        webhook = self.webhook(url=NOBODY)
        delivery = self.deliveries(self.begin())
        webhook.active = False
        with self.assertRaisesRegex(UserError, "switch it on first"):
            delivery.action_send_again()

    def test_a_call_whose_outcome_nobody_noted_is_made_again(self):
        receiver = self.receiver()
        self.webhook(receiver)
        [delivery] = self.deliveries(self.begin())
        with freeze_time("2026-04-01 08:00:05"):
            # A worker takes it, calls and is gone before it notes the answer.
            taken, _call = self.deliveries().sudo()._take_next()
            self.assertEqual(taken, delivery)
        self.send("2026-04-01 08:01:00")
        self.assertFalse(receiver.calls)
        self.send("2026-04-01 08:11:00")
        self.assertEqual((delivery.state, delivery.attempts), ("delivered", 2))

    def test_a_test_is_sent_at_once_and_its_answer_shown(self):
        receiver = self.receiver(200, 500)
        webhook = self.webhook(receiver)
        action = webhook.action_send_test()
        delivery = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((delivery.state, delivery.answer), ("delivered", "thank you"))
        content = json.loads(receiver.bodies[0])
        self.assertEqual((content["event"], content["subscription"]), ("test", None))
        webhook.action_send_test()
        failed = self.deliveries()[-1:]
        self.assertEqual((failed.state, failed.http_status), ("failed", "500"))
        self.assertFalse(webhook.activity_ids)

    def test_what_was_delivered_long_ago_is_forgotten(self):
        receiver = self.receiver()
        self.webhook(receiver)
        self.begin()
        self.send("2026-04-01 08:00:05")
        self.webhook(name="Another product", url=NOBODY)
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

    def test_a_copy_of_the_database_calls_nobody(self):
        receiver = self.receiver()
        webhook = self.webhook(receiver)
        secret = webhook.secret
        delivery = self.deliveries(self.begin())
        self.env.flush_all()
        [query] = get_neutralization_queries(["subscription_management"])
        self.env.cr.execute(query)
        self.env.invalidate_all()
        self.send("2026-04-01 09:00:00")
        self.assertFalse(receiver.calls)
        self.assertFalse(webhook.active)
        self.assertNotEqual(webhook.secret, secret)
        self.assertEqual(delivery.state, "failed")

    def test_the_log_shows_500_characters_of_an_answer(self):
        receiver = self.receiver(lambda handler: handler.answer(200, b"x" * 3000))
        self.webhook(receiver)
        [delivery] = self.deliveries(self.begin())
        self.send("2026-04-01 08:00:05")
        self.assertEqual(delivery.answer, "x" * 500)

    def test_the_smart_button_counts_what_was_sent(self):
        self.webhook(url=NOBODY)
        subscription, other = self.begin(), self.begin()
        self.seats(subscription, 8, "2026-04-02")
        self.env.cr.flush()
        self.assertEqual(subscription.webhook_delivery_count, 2)
        self.assertEqual(other.webhook_delivery_count, 1)
        action = subscription.action_view_webhook_deliveries()
        shown = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(shown, subscription.webhook_delivery_ids)

    def test_each_delay_is_longer_than_a_call_may_take(self):
        self.assertGreater(min(DELAYS).total_seconds() * 0.9, 2 * 20)
        self.assertTrue(Answer(0.1, 204).is_success)
