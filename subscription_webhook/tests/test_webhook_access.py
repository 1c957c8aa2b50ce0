"""Access to webhooks, their secrets and internal addresses."""

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .webhook_case import WebhookCase

MANAGER = "subscription_management.group_subscription_manager"
LEADER = "subscription_management.group_subscription_all"
PUBLIC = "https://example.com/hook"


@tagged("post_install", "-at_install")
class TestWebhookAccess(WebhookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "manager", f"base.group_user,{MANAGER}")
        cls.leader = new_test_user(cls.env, "leader", f"base.group_user,{LEADER}")
        cls.accountant = new_test_user(
            cls.env, "accountant", "base.group_user,account.group_account_invoice"
        )

    def as_manager(self, model="subscription.webhook"):
        return self.env[model].with_user(self.manager)

    def test_webhooks_are_visible_to_administrators_only(self):
        webhook = self.as_manager().create({"name": "Product", "url": PUBLIC})
        webhook.action_rotate_secret()
        with self.on("2026-04-01"):
            self.subscribe(on="2026-04-01")
        self.assertTrue(self.deliveries().with_user(self.manager).payload_shown)
        for user in (self.leader, self.accountant):
            for model in (
                "subscription.webhook",
                "subscription.webhook.event",
                "subscription.webhook.delivery",
            ):
                with self.subTest(model), self.assertRaises(AccessError):
                    self.env[model].with_user(user).search([])
        with self.assertRaises(AccessError):
            webhook.with_user(self.leader).action_rotate_secret()
        with self.assertRaises(AccessError):
            webhook.with_user(self.leader).action_send_test()
        with self.assertRaises(AccessError):
            webhook.with_user(self.leader).action_resync()
        with self.assertRaises(AccessError):
            self.deliveries().with_user(self.leader).action_send_again()

    def test_a_change_by_a_user_without_access_to_webhooks_is_sent(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-02"):
            subscription.with_user(self.leader).suspend()
        self.assertEqual(
            self.events_of(subscription)[1:], [("2026-04-02", "suspended", "suspended")]
        )
        for name in ("webhook_delivery_count", "webhook_snapshot"):
            with self.assertRaises(AccessError), mute_logger("odoo.models"):
                subscription.with_user(self.leader).read([name])

    def test_the_log_cannot_be_edited(self):
        self.webhook()
        with self.on("2026-04-01"):
            self.subscribe(on="2026-04-01")
        delivery = self.deliveries()
        for user in (self.manager, self.leader, self.env.user):
            with self.assertRaises(AccessError):
                delivery.with_user(user).payload = "{}"
            with self.assertRaises(AccessError):
                delivery.with_user(user).unlink()
            with self.assertRaises(AccessError):
                delivery.with_user(user).copy()

    def test_another_company_sees_nothing(self):
        other = self.setup_other_company()["company"]
        self.webhook(company_id=other.id)
        self.assertFalse(self.as_manager().search([]))

    def test_secrets_are_generated_and_cannot_be_entered(self):
        values_with_secret = {"name": "Product", "url": PUBLIC, "secret": "1234"}
        webhook = self.as_manager().create(values_with_secret)
        self.assertRegex(webhook.secret, "^whsec_.{44}$")
        other = (
            self.as_manager()
            .with_context(default_secret="1234")
            .create(values_with_secret)
        )
        self.assertNotIn(other.secret, (webhook.secret, "1234"))
        for name in ("secret", "old_secret", "old_secret_until"):
            with self.assertRaisesRegex(UserError, "Rotate Secret"):
                webhook.write({name: False})
        self.assertNotEqual(webhook.copy().secret, webhook.secret)

    def test_secrets_are_not_logged_in_the_chatter(self):
        webhook = self.as_manager().create({"name": "Product", "url": PUBLIC})
        before = webhook.secret
        webhook.action_rotate_secret()
        said = " ".join(webhook.message_ids.mapped("body"))
        values = webhook.sudo().message_ids.tracking_value_ids
        said += str(values.read(["old_value_char", "new_value_char"]))
        self.assertIn("The secret was rotated.", said)
        for secret in (before, webhook.secret):
            self.assertNotIn(secret, said)

    def test_both_secrets_sign_for_24_hours_after_a_rotation(self):
        receiver = self.receiver()
        webhook = self.webhook(receiver)
        old = webhook.secret
        with freeze_time("2026-04-01 08:00:00"):
            webhook.action_rotate_secret()
        self.assertEqual(webhook.old_secret, old)
        for moment, signatures in (
            ("2026-04-01 08:00:00", 2),
            ("2026-04-02 07:59:59", 2),
            ("2026-04-02 08:00:00", 1),
        ):
            with freeze_time(moment):
                webhook.action_send_test()
            header = receiver.calls[-1][0]["webhook-signature"]
            self.assertEqual(len(header.split(" ")), signatures, moment)
        self.send("2026-04-02 08:00:01")
        self.assertFalse(webhook.old_secret)
        self.assertFalse(webhook.old_secret_until)

    def test_zero_hours_delete_a_compromised_secret_at_once(self):
        webhook = self.webhook(old_secret_hours=0)
        old = webhook.secret
        webhook.action_rotate_secret()
        self.assertNotEqual(webhook.secret, old)
        self.assertFalse(webhook.old_secret)

    def test_only_system_administrators_allow_internal_addresses(self):
        values = {"name": "Product", "url": PUBLIC}
        for write in (
            lambda: self.as_manager().create({**values, "allows_internal": True}),
            lambda: (
                self.as_manager()
                .with_context(default_allows_internal=True)
                .create(values)
            ),
            lambda: self.as_manager().create(values).write({"allows_internal": True}),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                with mute_logger("odoo.models"):
                    write()
        self.assertTrue(self.webhook().allows_internal)

    def test_only_system_administrators_change_an_internal_url(self):
        webhook = self.webhook().with_user(self.manager)
        with self.assertRaisesRegex(AccessError, "ask a system administrator"):
            webhook.url = "http://127.0.0.1:5432/"
        webhook.name = "Product"

    def test_a_copied_webhook_does_not_allow_internal_addresses(self):
        webhook = self.webhook(url=PUBLIC)
        self.assertFalse(webhook.copy().allows_internal)

    def test_a_url_that_is_not_allowed_is_refused_with_the_next_step(self):
        for url, sentence in {
            "example.com": "is not a valid URL; enter one like https://",
            "http://example.com": "is not encrypted",
            "https://user:pw@example.com": "contains a user name or a password",
            "https://127.1/": "127.1 resolves to 127.0.0.1, which is not on the public",
            "https://localhost": "ask a system administrator to allow internal",
        }.items():
            with (
                self.subTest(url),
                self.assertRaisesRegex(ValidationError, sentence),
                self.env.cr.savepoint(),
            ):
                self.as_manager().create({"name": "Product", "url": url})

    def test_disallowing_internal_addresses_requires_a_public_url(self):
        webhook = self.webhook()
        with self.assertRaisesRegex(ValidationError, "is not encrypted"):
            webhook.allows_internal = False

    def test_an_administrator_creates_a_webhook_in_the_form(self):
        form = Form(self.as_manager())
        form.name = "Product"
        form.url = PUBLIC
        webhook = form.save()
        self.assertEqual(webhook.user_id, self.manager)
        self.assertTrue(webhook.secret)
