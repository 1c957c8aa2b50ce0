"""Events on their way to an endpoint: written with the change, sent after it."""

import json
import random
import time
import uuid
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import retrying
from odoo.tools import SQL
from odoo.tools.constants import GC_UNLINK_LIMIT

from .endpoint import ASKED_FOR, EVENTS
from .error_messages import webhook_sentence
from .http_client import post, signature

DELAYS = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 5, 30, 2 * 60, 6 * 60, 12 * 60, 24 * 60, 24 * 60)
)
"""After which time an event is tried again; after the last one it is given up."""

ATTEMPTS_IN_ORDER = 4
"""How often an event is tried before the next one of its subscription may pass."""

IN_FLIGHT = timedelta(minutes=10)
"""When a call is taken up again whose outcome nobody noted."""

HOLD = timedelta(minutes=1)
"""For how long an endpoint that does not answer is left alone."""

KEPT_DAYS = 90
SHOWN_CHARACTERS = 500
API_VERSION = "1"
SENDING = "subscription_management.ir_cron_send_webhooks"


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
    event = fields.Selection([*EVENTS, *ASKED_FOR], required=True)
    event_uuid = fields.Char(
        "Event ID", required=True, help="The same at each attempt, and sent again."
    )
    payload = fields.Text(required=True, help="Sent as it was when it happened.")
    payload_shown = fields.Text("Content", compute="_compute_payload_shown")
    state = fields.Selection(
        [("pending", "Waiting"), ("delivered", "Delivered"), ("failed", "Given Up")],
        required=True,
        default="pending",
    )
    attempts = fields.Integer(help="Since it happened, or was sent again.")
    next_attempt = fields.Datetime()
    last_attempt = fields.Datetime()
    http_status = fields.Char("HTTP Status")
    answer = fields.Text(help="Its first characters.")
    error = fields.Text()
    duration = fields.Float("Seconds", digits=(16, 2), aggregator="avg")

    _due = models.Index("(next_attempt, id) WHERE state = 'pending'")
    _in_order = models.Index(
        "(webhook_id, subscription_id, id) WHERE state = 'pending'"
    )
    _event_once = models.Constraint(
        "UNIQUE (webhook_id, event_uuid)", "An event is noted once for an endpoint."
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
    def _note_event(self, webhooks, event, company, content, subscription=None):
        """Note an event for endpoints; it is sent once all this is committed."""
        identity = str(uuid.uuid4())
        payload = {
            "id": identity,
            "event": event if event == "test" else f"subscription.{event}",
            "api_version": API_VERSION,
            "created_at": f"{fields.Datetime.now().isoformat()}Z",
            "company": {"id": company.id, "name": company.name},
            **content,
        }
        noted = self.create(
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
        self.env.ref(SENDING)._trigger()
        return noted

    @api.model
    def _cron_send(self):
        """Send what is due, each with a commit before and after the call.

        Any number of workers may: each takes events that no other one has.
        """
        progress = self.env["ir.cron"]._commit_progress
        self.env["subscription.webhook"]._forget_old_secrets()
        progress(remaining=self._count_due())
        while taken := retrying(self._take_next, self.env):
            delivery, call = taken
            # From here on no transaction is open, however long the answer takes.
            answer = post(**call)
            retrying(partial(delivery._record_response, answer), self.env)
            if not progress(1):
                break

    @api.model
    def _due_sql(self):
        """Return the rows that may be sent now.

        An event waits for the earlier ones of its subscription, until those have been
        tried some times.
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
        """Return the next event to send and its call, None where nothing is due.

        It is so noted that no other worker takes it too; one that is stopped before it
        notes the answer leaves it to be sent again.
        """
        self.env.cr.execute(
            SQL(
                "SELECT delivery.id %s ORDER BY delivery.id LIMIT 1 "
                "FOR NO KEY UPDATE OF delivery SKIP LOCKED",
                self._due_sql(),
            ),
            # Another worker may have it since this transaction began: tried again.
            log_exceptions=False,
        )
        delivery = self.browse(row[0] for row in self.env.cr.fetchall())
        if not delivery:
            return None
        delivery.attempts += 1
        delivery.next_attempt = fields.Datetime.now() + IN_FLIGHT
        return delivery, delivery._prepare_call()

    def _prepare_call(self):
        """Return what is posted, signed at this moment, as `post` takes it."""
        self.ensure_one()
        webhook, body = self.webhook_id, self.payload.encode()
        keys = webhook._secrets_on(fields.Datetime.now())
        return {
            "url": webhook.url,
            "body": body,
            "headers": {
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"Subscription-Management-Webhook/{API_VERSION}",
                "Subscription-Event": json.loads(self.payload)["event"],
                "Subscription-Event-Id": self.event_uuid,
                "Subscription-Signature": signature(body, int(time.time()), keys),
            },
            "allows_internal": webhook.allows_internal,
        }

    def _record_response(self, answer):
        """Note what came of a call, and what follows from it."""
        self.ensure_one()
        error = answer.error and webhook_sentence(self.env, answer.error)
        self.write(
            {
                "last_attempt": fields.Datetime.now(),
                "http_status": answer.status and str(answer.status),
                "answer": answer.text[:SHOWN_CHARACTERS],
                "error": error or self._why_not_taken(answer),
                "duration": answer.seconds,
            }
        )
        if answer.is_success:
            self.write({"state": "delivered", "next_attempt": False})
        elif self.event == "test":
            self._give_up()
        elif answer.is_gone:
            self._give_up()
            self.webhook_id._switch_off()
        elif self.attempts > len(DELAYS):
            self._give_up()
            self.webhook_id._tell_responsible(self._why_given_up())
        else:
            self._try_again_later()
        if self.event != "test":
            self._hold_endpoint(answer)

    def _why_not_taken(self, answer):
        """Return what an answer means that takes no event, False for others."""
        if answer.is_success:
            return False
        if 300 <= answer.status < 400:
            return self.env._(
                "The endpoint answered with a redirect, which is not followed; write "
                "the address that it leads to."
            )
        if answer.is_gone:
            return self.env._("The endpoint answered that it is gone.")
        return self.env._(
            "The endpoint answered with status %s; any from 200 to 299 takes the "
            "event.",
            answer.status,
        )

    def _why_given_up(self):
        return self.env._(
            "%(event)s of %(subscription)s was not taken after %(count)s attempts: "
            "%(error)s Cure the reason, then send it again from the log.",
            event=dict(self._fields["event"]._description_selection(self.env))[
                self.event
            ],
            subscription=self.subscription_id.name,
            count=self.attempts,
            error=self.error,
        )

    def _give_up(self):
        self.write({"state": "failed", "next_attempt": False})

    def _try_again_later(self):
        """Let some time pass, by which many events do not come all at once."""
        delay = DELAYS[self.attempts - 1] * random.uniform(0.9, 1.1)
        self.next_attempt = fields.Datetime.now() + delay
        self.env.ref(SENDING)._trigger(self.next_attempt)

    def _hold_endpoint(self, answer):
        """Leave an endpoint alone that nobody answers, so that others are served."""
        until = answer.is_out_of_service and fields.Datetime.now() + HOLD
        if until or self.webhook_id.held_until:
            self.webhook_id.held_until = until
        if until:
            self.env.ref(SENDING)._trigger(until)

    @api.model
    def _call_to_test(self, webhook):
        """Call an endpoint now with an event of nothing; return the delivery."""
        delivery = self._note_event(
            webhook, "test", webhook.company_id, {"subscription": None}
        )
        delivery.attempts = 1
        delivery._record_response(post(**delivery._prepare_call()))
        return delivery

    def action_send_again(self):
        """Send events again as they were, each with the id that it had."""
        self.webhook_id.check_access("write")
        if off := self.webhook_id.filtered(lambda each: not each.active)[:1]:
            raise UserError(
                self.env._("%s is switched off; switch it on first.", off.name)
            )
        again = self.sudo()
        again.webhook_id.held_until = False
        again.write(
            {"state": "pending", "attempts": 0, "next_attempt": fields.Datetime.now()}
        )
        self.env.ref(SENDING)._trigger()

    @api.autovacuum
    def _gc_old_deliveries(self):
        """Forget what was delivered, or given up, long ago."""
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
