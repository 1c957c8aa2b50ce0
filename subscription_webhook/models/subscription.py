"""Compare the service with the last event, and queue an event where it differs.

A snapshot of the service is stored with each event. Whenever a subscription changes, or
a change takes effect, its service is compared with that snapshot once before the
commit, so that a change is sent on its effective date whatever caused it.
"""

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.subscription_management.billing_core.lifecycle import ENDED, SERVED
from odoo.addons.subscription_management.models.subscriptions.internal_write import (
    internal_write,
)

from .payload import LINE_DATES, as_day

QUEUE_CRON = "subscription_webhook.ir_cron_queue_webhooks"
CHANGED = "subscription_webhook.changed"
"""Key of the precommit data: the snapshots of changed subscriptions."""
EVENT_OF_STATE = {
    "trial": "trial_started",
    "paused": "paused",
    "suspended": "suspended",
    "cancelled": "ended",
    "expired": "ended",
}


def event_between(before, now, *, is_renewed):
    """Return the event of a change from one state to another, or None.

    A service that has not started has the state None. A subscription that was never in
    service ends without an event.
    """
    if now is None or (before is None and now in ENDED):
        return None
    if now == before:
        return "renewed" if is_renewed else "changed"
    if now in EVENT_OF_STATE:
        return EVENT_OF_STATE[now]
    if before in (None, "trial"):
        return "activated"
    return "changed" if before in SERVED else "resumed"


class SubscriptionWebhookEvents(models.Model):
    _inherit = "subscription.subscription"

    webhook_snapshot = fields.Json(
        copy=False,
        prefetch=False,
        groups="base.group_system",
        help="The service as of the last event.",
    )
    webhook_next_check = fields.Date(
        copy=False,
        index="btree_not_null",
        groups="base.group_system",
        help="The next date on which a line or the service starts or ends.",
    )
    webhook_delivery_ids = fields.One2many(
        "subscription.webhook.delivery",
        "subscription_id",
        groups="subscription_management.group_subscription_manager",
    )
    webhook_delivery_count = fields.Integer(
        "Webhook Deliveries",
        compute="_compute_webhook_delivery_count",
        groups="subscription_management.group_subscription_manager",
    )

    @api.depends("webhook_delivery_ids")
    def _compute_webhook_delivery_count(self):
        counts = dict(
            self.env["subscription.webhook.delivery"]._read_group(
                [("subscription_id", "in", self.ids)], ["subscription_id"], ["__count"]
            )
        )
        for subscription in self:
            subscription.webhook_delivery_count = counts.get(subscription, 0)

    def action_view_webhook_deliveries(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_webhook.subscription_webhook_delivery_action"
        )
        return {**action, "domain": [("subscription_id", "=", self.id)], "context": {}}

    # === OBSERVING CHANGES === #

    def _state_observers(self):
        return [self._check_webhooks_after_state, *super()._state_observers()]

    def _change_observers(self):
        return [self._check_webhooks_after_change, *super()._change_observers()]

    def _check_webhooks_after_state(self, before):
        self._check_webhooks_before_commit(before=before)

    def _check_webhooks_after_change(self, changes):
        self._check_webhooks_before_commit(changes=changes)

    def _check_webhooks_before_commit(self, before=None, changes=None):
        """Compare the service with the last event, once before the commit.

        `before` are the former states, `changes` the new records of the history.
        """
        companies = self.env["subscription.webhook"]._companies_with_webhooks()
        observed = self.filtered(lambda each: each.company_id.id in companies)
        precommit = self.env.cr.precommit
        if observed and CHANGED not in precommit.data:
            precommit.data[CHANGED] = {}
            # Without a language: the payload does not depend on the user.
            model = self.env["subscription.subscription"].sudo().with_context(lang=None)
            precommit.add(model._queue_events_of_changed)
        for subscription in observed:
            if subscription.id not in precommit.data[CHANGED]:
                state = before[subscription] if before else subscription.state
                snapshot = subscription._prepare_webhook_snapshot(
                    {"state": subscription._webhook_state(state)}, new_changes=changes
                )
                precommit.data[CHANGED][subscription.id] = snapshot

    @api.model
    def _queue_events_of_changed(self):
        changed = self.env.cr.precommit.data.pop(CHANGED, {})
        for subscription in self.browse(changed).exists():
            subscription._queue_event_if_changed(changed[subscription.id])

    # === QUEUEING EVENTS === #

    def _queue_event_if_changed(self, known_before=None):
        """Queue the event of changes since the last snapshot, and store a new one.

        `known_before` takes the place of a snapshot that was never stored.
        """
        self.ensure_one()
        if self._ends_by_scheduled_action():
            internal_write(self).webhook_next_check = self._today()
            return
        snapshot = self.webhook_snapshot or known_before
        before, now = snapshot["service"], self._prepare_webhook_service()
        sequence = snapshot["sequence"]
        if event := self._webhook_event_since(snapshot, now):
            sequence += 1
            differing = {
                name: before[name] for name in before if before[name] != now[name]
            }
            changes = self._prepare_webhook_changes(snapshot)
            content = self._prepare_webhook_event(sequence, now, changes, differing)
            self._queue_for_selecting_webhooks(event, content)
        self._store_webhook_snapshot(now, sequence)

    def _webhook_event_since(self, snapshot, now):
        """Return the event that turns a snapshot into the service of now, or None."""
        before = snapshot["service"]
        if before == now:
            return None
        is_renewed = any(
            change.kind == "renewed"
            and change.id > snapshot["change"]
            and not change.undone_by_ids
            for change in self.change_ids
        )
        return event_between(before["state"], now["state"], is_renewed=is_renewed)

    def _queue_for_selecting_webhooks(self, event, content):
        """Queue an event for each active webhook that selects it."""
        webhooks = self.env["subscription.webhook"].search(
            [("company_id", "=", self.company_id.id)]
        )
        selecting = webhooks.filtered(
            lambda each: not each.event_ids or event in each.event_ids.mapped("code")
        )
        if selecting:
            deliveries = self.env["subscription.webhook.delivery"]
            deliveries._queue_event(selecting, event, self.company_id, content, self)

    def _queue_current_state(self, webhook):
        """Queue the current service for one webhook.

        Changes since the last event are queued for all webhooks first. A service that
        has not started, or that ends today, has an event of its own.
        """
        self.ensure_one()
        if self.webhook_snapshot:
            self._queue_event_if_changed()
        now = self._prepare_webhook_service()
        if now["state"] is None or self._ends_by_scheduled_action():
            return
        sequence = (self.webhook_snapshot or {"sequence": 0})["sequence"] + 1
        self.env["subscription.webhook.delivery"]._queue_event(
            webhook,
            "current",
            self.company_id,
            self._prepare_webhook_event(sequence, now, [], {}),
            self,
        )
        self._store_webhook_snapshot(now, sequence)

    def _ends_by_scheduled_action(self):
        """Return whether a scheduled action will end it, or its trial, today."""
        self.ensure_one()
        today = self._today()
        if self.state == "draft" or self.state in ENDED:
            return False
        has_ended = self.date_end and self.date_end <= today
        return bool(has_ended or (self.state == "trial" and self.trial_end <= today))

    # === SNAPSHOTS === #

    def _prepare_webhook_snapshot(self, service, sequence=0, new_changes=None):
        """Return the snapshot of a service, before the new changes of the history."""
        self.ensure_one()
        known = self.change_ids - new_changes if new_changes else self.change_ids
        return {
            "sequence": sequence,
            "day": as_day(self._today()),
            "change": max(known.ids, default=0),
            "service": service,
        }

    def _store_webhook_snapshot(self, service, sequence=0):
        """Store the service, and the date of its next scheduled change."""
        today = self._today()
        edges = {self.date_start, *self.line_ids.mapped("date_start")}
        edges.update(self.line_ids.mapped("date_end"))
        internal_write(self).write(
            {
                "webhook_snapshot": self._prepare_webhook_snapshot(service, sequence),
                "webhook_next_check": min(
                    (edge for edge in edges if edge and edge > today), default=False
                ),
            }
        )

    @api.model
    def _cron_queue_webhooks(self):
        """Queue the events of scheduled changes and of first days of service."""
        domain = self.env["res.company"]._domain_by_today(
            lambda today: [("webhook_next_check", "<=", today)]
        )
        self.with_context(lang=None)._run_for_each(
            domain, lambda each: each._check_webhooks_if_due()
        )

    def _check_webhooks_if_due(self):
        """Queue the event of changes; store a first snapshot without an event."""
        self.ensure_one()
        if self.webhook_next_check > self._today():
            return
        if self.webhook_snapshot:
            self._queue_event_if_changed()
        elif not self._ends_by_scheduled_action():
            self._store_webhook_snapshot(self._prepare_webhook_service())

    @api.model
    def _schedule_first_snapshots(self):
        """Schedule silent snapshots in companies that have got their first webhook.

        Snapshots of companies without a webhook are deleted.
        """
        companies = list(self.env["subscription.webhook"]._companies_with_webhooks())
        fnames = ["webhook_snapshot", "webhook_next_check", "state", "company_id"]
        self.flush_model(fnames)
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_subscription
                   SET webhook_snapshot = NULL, webhook_next_check = NULL
                 WHERE company_id NOT IN %s AND webhook_snapshot IS NOT NULL
                """,
                tuple(companies or [0]),
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_subscription SET webhook_next_check = %s
                 WHERE company_id IN %s AND webhook_snapshot IS NULL
                   AND webhook_next_check IS NULL
                   AND state NOT IN ('draft', 'cancelled', 'expired')
                """,
                self.env["res.company"]._earliest_today_anywhere(),
                tuple(companies or [0]),
            )
        )
        self.invalidate_model(fnames[:2])
        self.env.ref(QUEUE_CRON)._trigger()

    # === PAYLOAD === #

    def _prepare_webhook_event(self, sequence, service, changes, before):
        """Return the content of an event: the service, and what changed in it."""
        return {
            "sequence": sequence,
            "changes": changes,
            "before": before,
            "subscription": self._prepare_webhook_subscription(service),
        }

    def _prepare_webhook_subscription(self, service):
        """Return the subscription as products read it."""
        self.ensure_one()
        customer = self.partner_id
        return {
            "id": self.id,
            "number": self.name,
            "reference": self.client_reference or None,
            "customer": {
                "id": customer.id,
                "name": customer.name,
                "reference": customer.ref or customer.commercial_partner_id.ref or None,
            },
            "currency": self.currency_id.name,
            "date_start": as_day(self.date_start),
            "date_end": as_day(self.date_end),
            "trial_end": as_day(self.trial_end),
            "next_billing_date": as_day(self.next_billing_date),
            **service,
            "lines": [line._prepare_webhook_line() for line in self._webhook_lines()],
        }

    def _prepare_webhook_service(self):
        """Return the part of the payload whose change is an event."""
        self.ensure_one()
        lines = [line._prepare_webhook_line() for line in self._webhook_lines()]
        return {
            "state": self._webhook_state(self.state),
            "plan": self.plan_id.name,
            "term": {
                "date_start": as_day(
                    self.term_start or self.trial_end or self.date_start
                ),
                "date_end": as_day(self.term_end),
            },
            "lines": [
                {name: line[name] for name in line if name not in LINE_DATES}
                for line in lines
            ],
        }

    def _webhook_state(self, state):
        """Return a state as products read it: None while the service has not begun."""
        self.ensure_one()
        begins_later = self.date_start > self._today() and state not in ENDED
        return None if state == "draft" or begins_later else state

    def _webhook_lines(self):
        """Return the lines in service today; during a trial, those of the trial."""
        self.ensure_one()
        day = self._today()
        if self.state == "trial" and self.trial_end:
            day = max(day, self.trial_end)
        # A follow-up line keeps the place of its original line.
        return self._lines_on(day).sorted(lambda line: (line._origin_key(), line.id))

    def _prepare_webhook_changes(self, snapshot):
        """Return the changes since a snapshot, and those effective since then."""
        self.ensure_one()
        return [
            {
                "kind": change.kind,
                "effective_on": as_day(change.date_effective),
                "continued_by": change.other_id.name or None,
            }
            for change in self.change_ids.sorted("id")
            if change._is_new_for_webhooks(snapshot)
        ]
