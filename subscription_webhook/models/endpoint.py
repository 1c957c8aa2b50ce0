"""Webhooks: URLs of the company's product that receive events, and their secrets."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from odoo.addons.subscription_management.billing_core.lifecycle import ONGOING

from .address_guard import AddressRefused, check_url
from .error_messages import webhook_sentence
from .signature import new_secret

EVENTS = [
    ("trial_started", "Trial Started"),
    ("activated", "Activated"),
    ("changed", "Changed"),
    ("renewed", "Renewed"),
    ("paused", "Paused"),
    ("suspended", "Suspended"),
    ("resumed", "Resumed"),
    ("ended", "Ended"),
]
ON_REQUEST = [("current", "Current State"), ("test", "Test")]
"""Events that are sent by a button, not by a change."""
SECRETS = ("secret", "old_secret", "old_secret_until")
ACTIVITY = "subscription_webhook.mail_activity_type_webhook"
SEND_CRON = "subscription_webhook.ir_cron_send_webhooks"
RESYNC_CRON = "subscription_webhook.ir_cron_resync_webhooks"


class SubscriptionWebhookEvent(models.Model):
    _name = "subscription.webhook.event"
    _description = "Subscription Webhook Event"
    _rec_name = "code"
    _order = "id"

    code = fields.Selection(EVENTS, required=True, readonly=True)

    _code_unique = models.Constraint(
        "UNIQUE (code)", "This event exists already; use the existing one."
    )

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["code"]._description_selection(self.env))
        for event in self:
            event.display_name = labels.get(event.code)


class SubscriptionWebhook(models.Model):
    _name = "subscription.webhook"
    _description = "Subscription Webhook"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(
        default=True,
        tracking=True,
        help="A disabled webhook sends nothing and queues no events.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    url = fields.Char(
        "URL",
        required=True,
        tracking=True,
        help="Events are sent to it by POST, encrypted and signed.",
    )
    event_ids = fields.Many2many(
        "subscription.webhook.event",
        string="Events",
        help="Leave empty for all events, including those of later versions.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Notified when the webhook is disabled or an event fails.",
    )
    secret = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        groups="subscription_management.group_subscription_manager",
        help="The product verifies the signatures of events with it.",
    )
    old_secret = fields.Char(
        readonly=True,
        copy=False,
        groups="subscription_management.group_subscription_manager",
    )
    old_secret_until = fields.Datetime(
        "Old Secret Valid Until",
        readonly=True,
        copy=False,
        help="Until then each event has two signatures, by the new and the old secret; "
        "then the old one is deleted.",
    )
    old_secret_hours = fields.Integer(
        "Old Secret Validity (Hours)",
        default=24,
        help="How long the old secret signs beside the new one after a rotation; 0 "
        "deletes a compromised secret at once.",
    )
    allows_internal = fields.Boolean(
        "Allow Internal Addresses",
        copy=False,
        groups="base.group_system",
        help="Allows addresses of this server's own network, also without encryption. "
        "The log shows the first characters of their responses.",
    )
    held_until = fields.Datetime(
        readonly=True,
        copy=False,
        help="The webhook was unreachable: no event is sent until then.",
    )
    delivery_ids = fields.One2many("subscription.webhook.delivery", "webhook_id")
    delivery_count = fields.Integer("Deliveries", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")
    is_resyncing = fields.Boolean(readonly=True, copy=False)
    resync_position = fields.Integer(
        readonly=True,
        copy=False,
        help="The id of the last subscription sent by the running resync, which "
        "continues there after an interruption.",
    )

    _hours_not_negative = models.Constraint(
        "CHECK (old_secret_hours >= 0)",
        "The validity of an old secret is zero hours or more.",
    )

    @api.depends("delivery_ids.state")
    def _compute_counts(self):
        counts = {
            (webhook, state): count
            for webhook, state, count in self.env[
                "subscription.webhook.delivery"
            ]._read_group(
                [("webhook_id", "in", self.ids)], ["webhook_id", "state"], ["__count"]
            )
        }
        for webhook in self:
            own = {state: n for (each, state), n in counts.items() if each == webhook}
            webhook.delivery_count = sum(own.values())
            webhook.failed_count = own.get("failed", 0)

    @api.constrains("url", "allows_internal")
    def _check_url(self):
        for webhook in self.sudo():
            try:
                check_url(webhook.url, allows_internal=webhook.allows_internal)
            except AddressRefused as error:
                raise ValidationError(webhook_sentence(self.env, error)) from error

    @api.model_create_multi
    def create(self, vals_list):
        webhooks = super().create(
            [{**vals, **self._prepare_secret_values()} for vals in vals_list]
        )
        webhooks._check_internal_allowed()
        webhooks._schedule_snapshots()
        return webhooks

    def write(self, vals):
        if not self.env.su and set(SECRETS) & vals.keys():
            raise UserError(self.env._("Secrets are generated; use Rotate Secret."))
        reaches = {"url", "allows_internal"} & vals.keys()
        if reaches:
            # A permitted internal address does not permit another one.
            self._check_internal_allowed()
        result = super().write(vals)
        if reaches:
            self._check_internal_allowed()
        if {"active", "company_id"} & vals.keys():
            self._schedule_snapshots()
        return result

    def unlink(self):
        result = super().unlink()
        self._schedule_snapshots()
        return result

    def _prepare_secret_values(self):
        """Return the values of a new secret without an old one."""
        return {"secret": new_secret(), "old_secret": False, "old_secret_until": False}

    def _check_internal_allowed(self):
        """Refuse internal addresses to all but system administrators."""
        if self.env.su or self.env.user.has_group("base.group_system"):
            return
        if inside := self.sudo().filtered("allows_internal")[:1]:
            raise AccessError(
                self.env._(
                    "%s may contact internal addresses; ask a system administrator "
                    "to change it.",
                    inside.name,
                )
            )

    def _schedule_snapshots(self):
        """Store the current services, with which later changes are compared."""
        self.env["subscription.subscription"].sudo()._schedule_first_snapshots()

    @api.model
    def _companies_with_webhooks(self):
        """Return the ids of the companies that have webhooks, disabled ones included.

        Snapshots continue while a webhook is disabled, so that changes of that time are
        not sent once it is enabled again.
        """
        groups = (
            self.sudo().with_context(active_test=False)._read_group([], ["company_id"])
        )
        return frozenset(company.id for (company,) in groups)

    def _secrets_on(self, moment):
        """Return the secrets that are valid at a moment, the new one first."""
        self.ensure_one()
        signs_too = self.old_secret_until and self.old_secret_until > moment
        return [self.secret, *([self.old_secret] if signs_too else [])]

    def action_rotate_secret(self):
        """Replace the secret; the old one stays valid for the hours of the webhook."""
        self.ensure_one()
        self.check_access("write")
        until = fields.Datetime.now() + timedelta(hours=self.old_secret_hours)
        values = self._prepare_secret_values()
        if self.old_secret_hours:
            values |= {"old_secret": self.secret, "old_secret_until": until}
        self.sudo().write(values)
        self._message_log(body=self.env._("The secret was rotated."))
        self.env.ref(SEND_CRON)._trigger(until)

    @api.model
    def _delete_expired_secrets(self):
        """Delete old secrets whose validity has ended."""
        self.with_context(active_test=False).search(
            [("old_secret_until", "<=", fields.Datetime.now())]
        ).write({"old_secret": False, "old_secret_until": False})

    def action_send_test(self):
        """Send a test event now and show its response."""
        self.ensure_one()
        self.check_access("write")
        delivery = self.env["subscription.webhook.delivery"].sudo()._send_test(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": "subscription.webhook.delivery",
            "view_mode": "form",
            "res_id": delivery.id,
        }

    def action_view_deliveries(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_webhook.subscription_webhook_delivery_action"
        )
        return {**action, "domain": [("webhook_id", "=", self.id)], "context": {}}

    def action_resync(self):
        """Queue an event of each subscription that has started and not ended."""
        self.ensure_one()
        self.check_access("write")
        self._check_is_enabled()
        self.sudo().write({"is_resyncing": True, "resync_position": 0})
        self.env.ref(RESYNC_CRON)._trigger()
        self._message_log(body=self.env._("A resync was started."))

    def _check_is_enabled(self):
        for webhook in self:
            if not webhook.active:
                raise UserError(
                    self.env._("%s is disabled; enable it first.", webhook.name)
                )

    @api.model
    def _cron_resync(self):
        for webhook in self.search([("is_resyncing", "=", True)]):
            webhook._resync()

    def _resync(self):
        """Queue an event of each subscription, and commit after each."""
        self.ensure_one()
        progress = self.env["ir.cron"]._commit_progress
        started = Domain("state", "in", ONGOING)
        domain = Domain("company_id", "=", self.company_id.id) & started
        left = self.env["subscription.subscription"].search(
            domain & Domain("id", ">", self.resync_position), order="id"
        )
        progress(remaining=len(left))
        for subscription in left.with_context(lang=None):
            if not subscription.try_lock_for_update():
                # Locked by another user: retried with its new values.
                soon = fields.Datetime.now() + timedelta(minutes=1)
                self.env.ref(RESYNC_CRON)._trigger(soon)
                return
            if subscription.filtered_domain(domain):
                subscription._run_isolated(lambda each: each._queue_current_state(self))
            self.resync_position = subscription.id
            if not progress(1):
                return
        self.is_resyncing = False

    def _disable_gone(self):
        """Disable a webhook that responded with 410, and notify its responsible."""
        self.ensure_one()
        self.active = False
        self._notify_responsible(
            self.env._(
                "%s responded with status 410 (gone) and was disabled. Correct its URL "
                "and enable it again, or leave it disabled.",
                self.name,
            )
        )

    def _notify_responsible(self, note):
        """Schedule a to-do, unless there is one already."""
        self.ensure_one()
        if not self.activity_search([ACTIVITY]):
            self.activity_schedule(ACTIVITY, note=note, user_id=self.user_id.id)
