"""The present state of all subscriptions, for a product that is new or forgot it."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.lifecycle import ENDED

TELLING = "subscription_management.ir_cron_tell_present_state"


class SubscriptionWebhookPresent(models.Model):
    _inherit = "subscription.webhook"

    is_resyncing = fields.Boolean(readonly=True, copy=False)
    resync_position = fields.Integer(
        "Told Until Subscription",
        readonly=True,
        copy=False,
        help="Where it goes on with the next subscription, if it was interrupted.",
    )

    def action_resync(self):
        """Let an event be made of each subscription that runs, one after the other."""
        self.ensure_one()
        self.check_access("write")
        if not self.active:
            raise UserError(
                self.env._("%s is switched off; switch it on first.", self.name)
            )
        self.sudo().write({"is_resyncing": True, "resync_position": 0})
        self.env.ref(TELLING)._trigger()
        self._message_log(
            body=self.env._("The present state of all subscriptions is sent.")
        )

    @api.model
    def _cron_resync(self):
        for webhook in self.search([("is_resyncing", "=", True)]):
            webhook._resync()

    def _resync(self):
        """Make an event of each subscription, and commit after each."""
        self.ensure_one()
        progress = self.env["ir.cron"]._commit_progress
        runs = Domain("state", "not in", ("draft", *(each.value for each in ENDED)))
        domain = Domain("company_id", "=", self.company_id.id) & runs
        left = self.env["subscription.subscription"].search(
            domain & Domain("id", ">", self.resync_position), order="id"
        )
        progress(remaining=len(left))
        for subscription in left.with_context(lang=None):
            if not subscription.try_lock_for_update():
                # Somebody works with it: it is told as it will be then.
                soon = fields.Datetime.now() + timedelta(minutes=1)
                self.env.ref(TELLING)._trigger(soon)
                return
            if subscription.filtered_domain(domain):
                subscription._run_isolated(lambda each: each._queue_current_state(self))
            self.resync_position = subscription.id
            if not progress(1):
                return
        self.is_resyncing = False


class SubscriptionToldAsItIs(models.Model):
    _inherit = "subscription.subscription"

    def _queue_current_state(self, webhook):
        """Make an event of what is served now, for one endpoint.

        What became another since the last event is told to all before it; what has not
        begun, or ends today, is told by the event of its own.
        """
        self.ensure_one()
        if self.webhook_note:
            self._queue_webhooks()
        now = self._served_now()
        if now["state"] is None or self._waits_for_its_day():
            return
        sequence = (self.webhook_note or {"sequence": 0})["sequence"] + 1
        self.env["subscription.webhook.delivery"]._note_event(
            webhook,
            "current",
            self.company_id,
            self._prepare_event(sequence, now, [], {}),
            self,
        )
        self._store_queued_state(now, sequence)
