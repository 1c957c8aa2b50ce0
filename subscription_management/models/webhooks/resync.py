"""The present state of all subscriptions, for a product that is new or forgot it."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.lifecycle import ENDED

TELLING = "subscription_management.ir_cron_tell_present_state"


class SubscriptionWebhookPresent(models.Model):
    _inherit = "subscription.webhook"

    tells_present_state = fields.Boolean(readonly=True, copy=False)
    present_after_id = fields.Integer(
        "Told Until Subscription",
        readonly=True,
        copy=False,
        help="Where it goes on with the next subscription, if it was interrupted.",
    )

    def action_send_present_state(self):
        """Let an event be made of each subscription that runs, one after the other."""
        self.ensure_one()
        self.check_access("write")
        if not self.active:
            raise UserError(
                self.env._("%s is switched off; switch it on first.", self.name)
            )
        self.sudo().write({"tells_present_state": True, "present_after_id": 0})
        self.env.ref(TELLING)._trigger()
        self._message_log(
            body=self.env._("The present state of all subscriptions is sent.")
        )

    @api.model
    def _cron_tell_present_state(self):
        for webhook in self.search([("tells_present_state", "=", True)]):
            webhook._tell_present_state()

    def _tell_present_state(self):
        """Make an event of each subscription, and commit after each."""
        self.ensure_one()
        progress = self.env["ir.cron"]._commit_progress
        runs = Domain("state", "not in", ("draft", *(each.value for each in ENDED)))
        domain = Domain("company_id", "=", self.company_id.id) & runs
        left = self.env["subscription.subscription"].search(
            domain & Domain("id", ">", self.present_after_id), order="id"
        )
        progress(remaining=len(left))
        for subscription in left.with_context(lang=None):
            if not subscription.try_lock_for_update():
                # Somebody works with it: it is told as it will be then.
                soon = fields.Datetime.now() + timedelta(minutes=1)
                self.env.ref(TELLING)._trigger(soon)
                return
            if subscription.filtered_domain(domain):
                subscription._do_or_mark(lambda each: each._tell_as_it_is(self))
            self.present_after_id = subscription.id
            if not progress(1):
                return
        self.tells_present_state = False


class SubscriptionToldAsItIs(models.Model):
    _inherit = "subscription.subscription"

    def _tell_as_it_is(self, webhook):
        """Make an event of what is served now, for one endpoint.

        What became another since the last event is told to all before it; what has not
        begun, or ends today, is told by the event of its own.
        """
        self.ensure_one()
        if self.webhook_note:
            self._tell_webhooks()
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
        self._note_as_told(now, sequence)
