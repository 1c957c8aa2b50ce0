"""Addresses of the company's product that are called when a subscription changes."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .address_guard import AddressRefused, check_url
from .error_messages import webhook_sentence
from .http_client import new_secret

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
ASKED_FOR = [("current", "Present State"), ("test", "Test")]
"""Events that come of no change: somebody pressed a button."""
SECRETS = ("secret", "old_secret", "old_secret_until")
ACTIVITY = "subscription_management.mail_activity_type_webhook"


class SubscriptionWebhookEvent(models.Model):
    _name = "subscription.webhook.event"
    _description = "Subscription Webhook Event"
    _rec_name = "code"
    _order = "id"

    code = fields.Selection(EVENTS, required=True, readonly=True)

    _code_unique = models.Constraint("UNIQUE (code)", "There is one event of a kind.")

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
        help="While it is off nothing is sent, and what happens is not kept for it.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    url = fields.Char(
        "Address",
        required=True,
        tracking=True,
        help="What happens is posted there, encrypted and signed.",
    )
    event_ids = fields.Many2many(
        "subscription.webhook.event",
        string="Events",
        help="Leave empty for every event, also those that later versions bring.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Is told when the endpoint is gone, or an event is given up.",
    )
    secret = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        groups="subscription_management.group_subscription_manager",
        help="The product proves with it that a call is from here.",
    )
    old_secret = fields.Char(
        readonly=True,
        copy=False,
        groups="subscription_management.group_subscription_manager",
    )
    old_secret_until = fields.Datetime(
        "Old Secret Signs Until",
        readonly=True,
        copy=False,
        help="Until then each call is signed with both secrets; then the old one is "
        "forgotten.",
    )
    old_secret_hours = fields.Integer(
        "Old Secret Signs For (Hours)",
        default=24,
        help="For how long after a rotation the old secret signs beside the new one; "
        "0 where it became known to others and is to be forgotten at once.",
    )
    allows_internal = fields.Boolean(
        "Allow Internal Addresses",
        copy=False,
        groups="base.group_system",
        help="Lets it reach this server's own network, without encryption too. Whoever "
        "sees the log sees the beginning of what is answered there.",
    )
    held_until = fields.Datetime(
        readonly=True,
        copy=False,
        help="Nobody answered: until then no other event is tried.",
    )
    delivery_ids = fields.One2many("subscription.webhook.delivery", "webhook_id")
    delivery_count = fields.Integer("Deliveries", compute="_compute_counts")
    failed_count = fields.Integer("Given Up", compute="_compute_counts")

    _hours_not_negative = models.Constraint(
        "CHECK (old_secret_hours >= 0)", "The hours of an old secret are zero or more."
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
        webhooks._check_may_reach_inside()
        webhooks._look_at_subscriptions()
        return webhooks

    def write(self, vals):
        if not self.env.su and set(SECRETS) & vals.keys():
            raise UserError(
                self.env._(
                    "Secrets are made, never typed; use the button Rotate Secret."
                )
            )
        reaches = {"url", "allows_internal"} & vals.keys()
        if reaches:
            # What reached inside may not be led elsewhere in there either.
            self._check_may_reach_inside()
        result = super().write(vals)
        if reaches:
            self._check_may_reach_inside()
        if {"active", "company_id"} & vals.keys():
            self._look_at_subscriptions()
        return result

    def unlink(self):
        result = super().unlink()
        self._look_at_subscriptions()
        return result

    def _prepare_secret_values(self):
        """Return the values of a webhook with a secret that nobody knows yet."""
        return {"secret": new_secret(), "old_secret": False, "old_secret_until": False}

    def _check_may_reach_inside(self):
        """Refuse to let anybody but system administrators reach this network."""
        if self.env.su or self.env.user.has_group("base.group_system"):
            return
        if inside := self.sudo().filtered("allows_internal")[:1]:
            raise AccessError(
                self.env._(
                    "%s may call internal addresses; ask a system administrator to "
                    "say which.",
                    inside.name,
                )
            )

    def _look_at_subscriptions(self):
        """Let what is served be noted, where it was not: what follows is told."""
        self.env["subscription.subscription"].sudo()._note_what_is_served_soon()

    @api.model
    def _companies_called(self):
        """Return the ids of the companies that have webhooks, switched off or not.

        Where one is off it is still noted what is served, so that what changed
        meanwhile does not look new once it is on again.
        """
        groups = (
            self.sudo().with_context(active_test=False)._read_group([], ["company_id"])
        )
        return frozenset(company.id for (company,) in groups)

    def _secrets_on(self, moment):
        """Return the secrets that sign at a moment, the new one first."""
        self.ensure_one()
        signs_too = self.old_secret_until and self.old_secret_until > moment
        return [self.secret, *([self.old_secret] if signs_too else [])]

    def action_rotate_secret(self):
        """Make a new secret; the old one signs beside it for the agreed hours."""
        self.ensure_one()
        self.check_access("write")
        until = fields.Datetime.now() + timedelta(hours=self.old_secret_hours)
        values = self._prepare_secret_values()
        if self.old_secret_hours:
            values |= {"old_secret": self.secret, "old_secret_until": until}
        self.sudo().write(values)
        self._message_log(body=self.env._("The secret was rotated."))
        self.env.ref("subscription_management.ir_cron_send_webhooks")._trigger(until)

    @api.model
    def _forget_old_secrets(self):
        """Forget the secrets that do not sign any more."""
        self.with_context(active_test=False).search(
            [("old_secret_until", "<=", fields.Datetime.now())]
        ).write({"old_secret": False, "old_secret_until": False})

    def action_send_test(self):
        """Call the endpoint now with an event of nothing, and show the answer."""
        self.ensure_one()
        self.check_access("write")
        delivery = self.env["subscription.webhook.delivery"].sudo()._call_to_test(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": "subscription.webhook.delivery",
            "view_mode": "form",
            "res_id": delivery.id,
        }

    def action_view_deliveries(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_webhook_delivery_action"
        )
        return {**action, "domain": [("webhook_id", "=", self.id)], "context": {}}

    def _switch_off(self):
        """Call no more an endpoint that said that it is gone, and tell people."""
        self.ensure_one()
        self.active = False
        self._tell_responsible(
            self.env._(
                "%s answered that it is gone (410) and was switched off. Correct its "
                "address and switch it on again, or leave it off.",
                self.name,
            )
        )

    def _tell_responsible(self, note):
        """Leave a to-do, unless there is one already."""
        self.ensure_one()
        if not self.activity_search([ACTIVITY]):
            self.activity_schedule(ACTIVITY, note=note, user_id=self.user_id.id)
