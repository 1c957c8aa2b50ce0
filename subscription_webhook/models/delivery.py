"""Outbox of events: queued in the transaction of a change, sent after its commit."""

import json
import random
import uuid
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.service.model import retrying
from odoo.tools import SQL
from odoo.tools.constants import GC_UNLINK_LIMIT

from .endpoint import EVENTS, ON_REQUEST, SEND_CRON
from .error_messages import webhook_sentence
from .http_client import post
from .signature import signed_headers

DELAYS = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 5, 30, 2 * 60, 6 * 60, 12 * 60, 24 * 60, 24 * 60)
)
"""The times before each retry; an event fails after the last one."""

ATTEMPTS_IN_ORDER = 4
"""Attempts of an event before the next one of its subscription may pass it."""

IN_FLIGHT = timedelta(minutes=10)
"""The time after which an attempt without a recorded outcome is repeated."""

HOLD = timedelta(minutes=1)
"""How long nothing is sent to an unreachable webhook."""

KEPT_DAYS = 90
SHOWN_CHARACTERS = 500
API_VERSION = "1"


class SubscriptionWebhookDelivery(models.Model):
    _name = "subscription.webhook.delivery"
    _description = "Subscription Webhook Delivery"
    _rec_name = "event"
    _order = "id desc"

    webhook_id = fields.Many2one(
        "subscription.webhook", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="webhook_id.company_id", store=True)
    subscription_id = fields.Many2one(
        "subscription.subscription", ondelete="cascade", index="btree_not_null"
    )
    event = fields.Selection([*EVENTS, *ON_REQUEST], required=True)
    event_uuid = fields.Char(
        "Event ID", required=True, help="The same in all attempts."
    )
    payload = fields.Text(
        "Raw Payload", required=True, help="The service at the time of the event."
    )
    payload_shown = fields.Text("Payload", compute="_compute_payload_shown")
    state = fields.Selection(
        [("pending", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")],
        required=True,
        default="pending",
    )
    attempts = fields.Integer(help="Since the event, or since it was sent again.")
    next_attempt = fields.Datetime()
    last_attempt = fields.Datetime()
    http_status = fields.Char("HTTP Status")
    response = fields.Text(help="The first characters of the response.")
    error = fields.Text()
    duration = fields.Float("Duration (Seconds)", digits=(16, 2), aggregator="avg")

    _due = models.Index("(next_attempt, id) WHERE state = 'pending'")
    _in_order = models.Index(
        "(webhook_id, subscription_id, id) WHERE state = 'pending'"
    )
    _event_once = models.Constraint(
        "UNIQUE (webhook_id, event_uuid)", "A webhook receives an event once."
    )

    @api.depends("event", "subscription_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        events = dict(self._fields["event"]._description_selection(self.env))
        for delivery in self:
            names = (events.get(delivery.event), delivery.subscription_id.name)
            delivery.display_name = " · ".join(filter(None, names))

    @api.depends("payload")
    def _compute_payload_shown(self):
        for delivery in self:
            content = json.loads(delivery.payload or "{}")
            delivery.payload_shown = json.dumps(content, indent=2, ensure_ascii=False)

    @api.model
    def _queue_event(self, webhooks, event, company, content, subscription=None):
        """Queue an event for webhooks; it is sent after the commit."""
        identity = str(uuid.uuid4())
        payload = {
            "id": identity,
            "event": event if event == "test" else f"subscription.{event}",
            "api_version": API_VERSION,
            "created_at": f"{fields.Datetime.now().isoformat()}Z",
            "company": {"id": company.id, "name": company.name},
            **content,
        }
        deliveries = self.create(
            [
                {
                    "webhook_id": webhook.id,
                    "subscription_id": subscription.id if subscription else False,
                    "event": event,
                    "event_uuid": identity,
                    "payload": json.dumps(payload, ensure_ascii=False),
                    "next_attempt": fields.Datetime.now(),
                }
                for webhook in webhooks
            ]
        )
        self.env.ref(SEND_CRON)._trigger()
        return deliveries

    @api.model
    def _cron_send(self):
        """Send due events, with a commit before and after each attempt.

        Several workers may send at once: each takes events that no other one has.
        """
        progress = self.env["ir.cron"]._commit_progress
        self.env["subscription.webhook"]._delete_expired_secrets()
        progress(remaining=self._count_due())
        while taken := retrying(self._take_next, self.env):
            delivery, request = taken
            # No transaction is open here, however long the response takes.
            response = post(**request)
            retrying(partial(delivery._record_response, response), self.env)
            if not progress(1):
                break

    @api.model
    def _due_sql(self):
        """Return the FROM clause of the events that may be sent now.

        An event waits for earlier ones of its subscription until these have had some
        attempts.
        """
        now = fields.Datetime.now()
        return SQL(
            """
              FROM subscription_webhook_delivery delivery
              JOIN subscription_webhook webhook ON webhook.id = delivery.webhook_id
             WHERE delivery.state = 'pending'
               AND delivery.next_attempt <= %(now)s
               AND webhook.active
               AND (webhook.held_until IS NULL OR webhook.held_until <= %(now)s)
               AND NOT EXISTS (
                   SELECT FROM subscription_webhook_delivery earlier
                    WHERE earlier.state = 'pending'
                      AND earlier.webhook_id = delivery.webhook_id
                      AND earlier.subscription_id = delivery.subscription_id
                      AND earlier.id < delivery.id
                      AND earlier.attempts < %(in_order)s)
            """,
            now=now,
            in_order=ATTEMPTS_IN_ORDER,
        )

    @api.model
    def _count_due(self):
        self.env.flush_all()
        [(count,)] = self.env.execute_query(SQL("SELECT count(*) %s", self._due_sql()))
        return count

    @api.model
    def _take_next(self):
        """Return the next event and its request, or None when nothing is due.

        Its next attempt is set meanwhile, so that no other worker takes it and that a
        worker which is stopped before it records the outcome leaves it to a retry.
        """
        self.env.cr.execute(
            SQL(
                "SELECT delivery.id %s ORDER BY delivery.id LIMIT 1 "
                "FOR NO KEY UPDATE OF delivery SKIP LOCKED",
                self._due_sql(),
            ),
            # Taken by another worker since this transaction began: repeated.
            log_exceptions=False,
        )
        delivery = self.browse(row[0] for row in self.env.cr.fetchall())
        if not delivery:
            return None
        delivery.attempts += 1
        delivery.next_attempt = fields.Datetime.now() + IN_FLIGHT
        return delivery, delivery._prepare_request()

    def _prepare_request(self):
        """Return the signed request as `post` takes it."""
        self.ensure_one()
        webhook, now = self.webhook_id, fields.Datetime.now()
        return {
            "url": webhook.url,
            "body": self.payload.encode(),
            "headers": {
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"Subscription-Management-Webhook/{API_VERSION}",
                **signed_headers(
                    self.event_uuid, now, self.payload, webhook._secrets_on(now)
                ),
            },
            "allows_internal": webhook.allows_internal,
        }

    def _record_response(self, response):
        """Record the outcome of an attempt, and what follows from it."""
        self.ensure_one()
        error = response.error and webhook_sentence(self.env, response.error)
        self.write(
            {
                "last_attempt": fields.Datetime.now(),
                "http_status": response.status and str(response.status),
                "response": response.text[:SHOWN_CHARACTERS],
                "error": error or self._describe_refusal(response),
                "duration": response.seconds,
            }
        )
        if response.is_success:
            self.write({"state": "delivered", "next_attempt": False})
        elif self.event == "test":
            self._fail()
        elif response.is_gone:
            self._fail()
            self.webhook_id._disable_gone()
        elif self.attempts > len(DELAYS):
            self._fail()
            self.webhook_id._notify_responsible(self._describe_failure())
        else:
            self._schedule_retry()
        if self.event != "test":
            self._hold_unreachable(response)

    def _describe_refusal(self, response):
        """Return the reason why a response does not accept an event, or False."""
        if response.is_success:
            return False
        if 300 <= response.status < 400:
            return self.env._(
                "The webhook responded with a redirect, which is not followed; enter "
                "the URL to which it leads."
            )
        if response.is_gone:
            return self.env._(
                "The webhook responded with status 410 (gone); correct its URL."
            )
        return self.env._(
            "The webhook responded with status %s; a status from 200 to 299 accepts "
            "the event.",
            response.status,
        )

    def _describe_failure(self):
        return self.env._(
            "%(event)s of %(subscription)s failed after %(count)s attempts: %(error)s "
            "Correct the cause, then send it again from the log.",
            event=dict(self._fields["event"]._description_selection(self.env))[
                self.event
            ],
            subscription=self.subscription_id.name,
            count=self.attempts,
            error=self.error,
        )

    def _fail(self):
        self.write({"state": "failed", "next_attempt": False})

    def _schedule_retry(self):
        """Schedule the next attempt, varied so that retries do not come all at once."""
        delay = DELAYS[self.attempts - 1] * random.uniform(0.9, 1.1)
        self.next_attempt = fields.Datetime.now() + delay
        self.env.ref(SEND_CRON)._trigger(self.next_attempt)

    def _hold_unreachable(self, response):
        """Send nothing to an unreachable webhook for a while."""
        until = response.is_unreachable and fields.Datetime.now() + HOLD
        if until or self.webhook_id.held_until:
            self.webhook_id.held_until = until
        if until:
            self.env.ref(SEND_CRON)._trigger(until)

    @api.model
    def _send_test(self, webhook):
        """Send a test event now; return its delivery."""
        delivery = self._queue_event(
            webhook, "test", webhook.company_id, {"subscription": None}
        )
        delivery.attempts = 1
        delivery._record_response(post(**delivery._prepare_request()))
        return delivery

    def action_send_again(self):
        """Send events again unchanged, each with its id and a new signature."""
        self.webhook_id.check_access("write")
        self.webhook_id._check_is_enabled()
        again = self.sudo()
        again.webhook_id.held_until = False
        again.write(
            {"state": "pending", "attempts": 0, "next_attempt": fields.Datetime.now()}
        )
        self.env.ref(SEND_CRON)._trigger()

    @api.autovacuum
    def _gc_old_deliveries(self):
        """Delete old deliveries that are over, or whose webhook is disabled."""
        day = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.search(
            [
                ("create_date", "<", day),
                "|",
                ("state", "!=", "pending"),
                ("webhook_id.active", "=", False),
            ],
            limit=GC_UNLINK_LIMIT,
        ).unlink()
