"""Which facts of a subscription become an event of its webhooks, and when.

What is served is noted. Whenever something is done with a subscription, or its day
comes, what is served then is compared with the note: what became another is told, on
the day on which it takes effect, whatever way led there. It is compared once before
each commit, when all of a change is done.
"""

from odoo import api, fields, models
from odoo.tools import SQL

from ...billing_core.lifecycle import ENDED, SERVED
from ..subscriptions.internal_write import internal_write
from .payload import as_day

MARKED = "subscription_management.marked_for_webhooks"
NAMED_BY_STATE = {
    "trial": "trial_started",
    "paused": "paused",
    "suspended": "suspended",
    "cancelled": "ended",
    "expired": "ended",
}
SERVED_STATES = {state.value for state in SERVED}
ENDED_STATES = {state.value for state in ENDED}


def event_between(before, now, *, is_renewed):
    """Return the event by which a state became another one, None where it is none.

    A service that has not begun has the state None; what was never served ends quietly.
    """
    if now is None or (before is None and now in ENDED_STATES):
        return None
    if now == before:
        return "renewed" if is_renewed else "changed"
    if now in NAMED_BY_STATE:
        return NAMED_BY_STATE[now]
    if before in (None, "trial"):
        return "activated"
    return "changed" if before in SERVED_STATES else "resumed"


class SubscriptionWebhookEvents(models.Model):
    _inherit = "subscription.subscription"

    webhook_note = fields.Json(
        copy=False,
        prefetch=False,
        groups="base.group_system",
        help="What is served, as webhooks were told last.",
    )
    webhook_next_look = fields.Date(
        copy=False,
        index="btree_not_null",
        groups="base.group_system",
        help="The day on which a line begins or ends next, or the service.",
    )
    webhook_delivery_ids = fields.One2many(
        "subscription.webhook.delivery",
        "subscription_id",
        groups="subscription_management.group_subscription_manager",
    )
    webhook_delivery_count = fields.Integer(
        "Webhook Calls",
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
            "subscription_management.subscription_webhook_delivery_action"
        )
        return {**action, "domain": [("subscription_id", "=", self.id)], "context": {}}

    def _state_observers(self):
        return [self._mark_new_states_for_webhooks, *super()._state_observers()]

    def _change_observers(self):
        return [self._mark_changes_for_webhooks, *super()._change_observers()]

    def _mark_new_states_for_webhooks(self, before):
        self._mark_for_webhooks(before=before)

    def _mark_changes_for_webhooks(self, changes):
        self._mark_for_webhooks(changes=changes)

    def _mark_for_webhooks(self, before=None, changes=None):
        """Compare the service with the last event, once before the commit.

        `before` are the states before the first change of this transaction, `changes`
        are the records of the history that belong to it.
        """
        called = self.env["subscription.webhook"]._companies_called()
        to_tell = self.filtered(lambda each: each.company_id.id in called)
        precommit = self.env.cr.precommit
        if to_tell and MARKED not in precommit.data:
            precommit.data[MARKED] = {}
            # No language: what a product reads does not depend on who changed what.
            quiet = self.env["subscription.subscription"].sudo().with_context(lang=None)
            precommit.add(quiet._queue_marked)
        for subscription in to_tell:
            if subscription.id not in precommit.data[MARKED]:
                state = before[subscription] if before else subscription.state
                note = subscription._prepare_note(
                    {"state": subscription._state_told(state)}, new_changes=changes
                )
                precommit.data[MARKED][subscription.id] = note

    @api.model
    def _queue_marked(self):
        marked = self.env.cr.precommit.data.pop(MARKED, {})
        for subscription in self.browse(marked).exists():
            subscription._queue_webhooks(marked[subscription.id])

    def _queue_webhooks(self, before_change=None):
        """Make an event of what became another since the last note, and note it.

        `before_change` is what is known where nothing was noted yet.
        """
        self.ensure_one()
        if self._waits_for_its_day():
            internal_write(self).webhook_next_look = self._today()
            return
        note = self.webhook_note or before_change
        before, now = note["served"], self._served_now()
        changes = self._prepare_changes_told(note)
        event = self._event_since(note, now)
        if event:
            note = {**note, "sequence": note["sequence"] + 1}
            differs = {
                name: before[name] for name in before if before[name] != now[name]
            }
            content = self._prepare_event(note["sequence"], now, changes, differs)
            self._note_event_for(event, content)
        self._store_queued_state(now, note["sequence"])

    def _prepare_event(self, sequence, now, changes, before):
        """Return the content of an event: what is served, and what became another."""
        return {
            "sequence": sequence,
            "changes": changes,
            "before": before,
            "subscription": self._prepare_webhook_content(now),
        }

    def _event_since(self, note, now):
        """Return the event by which a note became what is served now, None for none."""
        before = note["served"]
        if before == now:
            return None
        is_renewed = any(
            change.kind == "renewed"
            and change.id > note["change"]
            and not change.undone_by_ids
            for change in self.change_ids
        )
        return event_between(before["state"], now["state"], is_renewed=is_renewed)

    def _note_event_for(self, event, content):
        """Note an event for each endpoint that asked for it."""
        webhooks = self.env["subscription.webhook"].search(
            [("company_id", "=", self.company_id.id)]
        )
        asked = webhooks.filtered(
            lambda each: not each.event_ids or event in each.event_ids.mapped("code")
        )
        if asked:
            deliveries = self.env["subscription.webhook.delivery"]
            deliveries._note_event(asked, event, self.company_id, content, self)

    def _prepare_note(self, served, sequence=0, new_changes=None):
        """Return the record of what is served, up to the last change but new ones."""
        self.ensure_one()
        known = self.change_ids - new_changes if new_changes else self.change_ids
        return {
            "sequence": sequence,
            "day": as_day(self._today()),
            "change": max(known.ids, default=0),
            "served": served,
        }

    def _store_queued_state(self, served, sequence=0):
        """Note what is served, and the next day on which that changes by itself."""
        today = self._today()
        edges = {self.date_start, *self.line_ids.mapped("date_start")}
        edges.update(self.line_ids.mapped("date_end"))
        internal_write(self).write(
            {
                "webhook_note": self._prepare_note(served, sequence),
                "webhook_next_look": min(
                    (edge for edge in edges if edge and edge > today), default=False
                ),
            }
        )

    def _waits_for_its_day(self):
        """Tell whether a daily step ends it, or its trial, and tells then."""
        self.ensure_one()
        today = self._today()
        if self.state not in ("draft", *ENDED_STATES):
            ends = self.date_end and self.date_end <= today
            is_tried = self.state == "trial" and self.trial_end <= today
            return bool(ends or is_tried)
        return False

    @api.model
    def _cron_queue_webhooks(self):
        """Tell what takes effect by itself: steps that were agreed, and first days."""
        domain = self.env["res.company"]._domain_by_today(
            lambda today: [("webhook_next_look", "<=", today)]
        )
        self.with_context(lang=None)._run_for_each(
            domain, lambda each: each._schedule_next_check()
        )

    def _schedule_next_check(self):
        """Tell what became another; where nothing was noted, note what is served."""
        self.ensure_one()
        if self.webhook_next_look > self._today():
            return
        if self.webhook_note:
            self._queue_webhooks()
        elif not self._waits_for_its_day():
            self._store_queued_state(self._served_now())

    @api.model
    def _note_what_is_served_soon(self):
        """Let what runs be noted, silently, in companies whose first webhook begins.

        Notes of companies that have no webhook any more are thrown away.
        """
        called = list(self.env["subscription.webhook"]._companies_called()) or [0]
        fnames = ["webhook_note", "webhook_next_look", "state", "company_id"]
        self.flush_model(fnames)
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_subscription
                   SET webhook_note = NULL, webhook_next_look = NULL
                 WHERE company_id NOT IN %s AND webhook_note IS NOT NULL
                """,
                tuple(called),
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_subscription SET webhook_next_look = %s
                 WHERE company_id IN %s AND webhook_note IS NULL
                   AND webhook_next_look IS NULL
                   AND state NOT IN ('draft', 'cancelled', 'expired')
                """,
                self.env["res.company"]._earliest_today_anywhere(),
                tuple(called),
            )
        )
        self.invalidate_model(fnames[:2])
        self.env.ref("subscription_management.ir_cron_tell_webhooks")._trigger()
