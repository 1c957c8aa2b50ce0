"""Who sets webhooks up, who knows their secrets, and who reaches inside."""

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

    def test_managers_set_webhooks_up_and_nobody_else_sees_them(self):
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

    def test_what_a_salesperson_does_is_told_although_they_see_no_webhook(self):
        self.webhook()
        with self.on("2026-04-01"):
            subscription = self.subscribe(on="2026-04-01")
        with self.on("2026-04-02"):
            subscription.with_user(self.leader).suspend()
        self.assertEqual(
            self.told(subscription)[1:], [("2026-04-02", "suspended", "suspended")]
        )
        for name in ("webhook_delivery_count", "webhook_note"):
            with self.assertRaises(AccessError), mute_logger("odoo.models"):
                subscription.with_user(self.leader).read([name])

    def test_nobody_writes_the_log(self):
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

    def test_secrets_are_made_and_never_typed(self):
        typed = {"name": "Product", "url": PUBLIC, "secret": "1234"}
        webhook = self.as_manager().create(typed)
        self.assertRegex(webhook.secret, "^whsec_.{43}$")
        other = self.as_manager().with_context(default_secret="1234").create(typed)
        self.assertNotIn(other.secret, (webhook.secret, "1234"))
        for name in ("secret", "old_secret", "old_secret_until"):
            with self.assertRaisesRegex(UserError, "Rotate Secret"):
                webhook.write({name: False})
        self.assertNotEqual(webhook.copy().secret, webhook.secret)

    def test_secrets_are_in_no_chatter(self):
        webhook = self.as_manager().create({"name": "Product", "url": PUBLIC})
        before = webhook.secret
        webhook.action_rotate_secret()
        said = " ".join(webhook.message_ids.mapped("body"))
        values = webhook.sudo().message_ids.tracking_value_ids
        said += str(values.read(["old_value_char", "new_value_char"]))
        self.assertIn("The secret was rotated.", said)
        for secret in (before, webhook.secret):
            self.assertNotIn(secret, said)

    def test_after_a_rotation_both_secrets_sign_for_a_while(self):
        receiver = self.receiver()
        webhook = self.webhook(receiver)
        old = webhook.secret
        with freeze_time("2026-04-01 08:00:00"):
            webhook.action_rotate_secret()
        self.assertEqual(webhook.old_secret, old)
        for moment, proofs in (
            ("2026-04-01 08:00:00", 2),
            ("2026-04-02 07:59:59", 2),
            ("2026-04-02 08:00:00", 1),
        ):
            with freeze_time(moment):
                webhook.action_send_test()
            header = receiver.calls[-1][0]["Subscription-Signature"]
            self.assertEqual(header.count("v1="), proofs, moment)
        self.send("2026-04-02 08:00:01")
        self.assertFalse(webhook.old_secret)
        self.assertFalse(webhook.old_secret_until)

    def test_a_secret_that_others_know_is_forgotten_at_once(self):
        webhook = self.webhook(old_secret_hours=0)
        old = webhook.secret
        webhook.action_rotate_secret()
        self.assertNotEqual(webhook.secret, old)
        self.assertFalse(webhook.old_secret)

    def test_system_administrators_alone_allow_internal_addresses(self):
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

    def test_what_reaches_inside_is_not_led_elsewhere_by_others(self):
        webhook = self.webhook().with_user(self.manager)
        with self.assertRaisesRegex(AccessError, "ask a system administrator"):
            webhook.url = "http://127.0.0.1:5432/"
        webhook.name = "Product"

    def test_a_copy_reaches_inside_no_more(self):
        webhook = self.webhook(url=PUBLIC)
        self.assertFalse(webhook.copy().allows_internal)

    def test_an_address_is_refused_when_it_is_typed_with_what_to_do(self):
        for url, sentence in {
            "example.com": "is no address of a server; write one like https://",
            "http://example.com": "is not encrypted",
            "https://user:pw@example.com": "carries a user or a password",
            "https://127.1/": "127.1 leads to 127.0.0.1, which is not on the public",
            "https://localhost": "ask a system administrator to allow internal",
        }.items():
            with (
                self.subTest(url),
                self.assertRaisesRegex(ValidationError, sentence),
                self.env.cr.savepoint(),
            ):
                self.as_manager().create({"name": "Product", "url": url})

    def test_what_may_not_reach_inside_any_more_needs_another_address(self):
        webhook = self.webhook()
        with self.assertRaisesRegex(ValidationError, "is not encrypted"):
            webhook.allows_internal = False

    def test_a_manager_fills_the_form_in(self):
        form = Form(self.as_manager())
        form.name = "Product"
        form.url = PUBLIC
        webhook = form.save()
        self.assertEqual(webhook.user_id, self.manager)
        self.assertTrue(webhook.secret)
