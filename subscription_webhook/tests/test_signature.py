"""Signatures by the Standard Webhooks specification."""

import base64
from datetime import datetime, timedelta

from freezegun import freeze_time
from standardwebhooks import Webhook, WebhookVerificationError

from odoo.tests import BaseCase, tagged

from ..models.signature import new_secret, signed_headers

MOMENT = datetime(2026, 4, 11, 8, 0, 0)
BODY = '{"id": "1", "name": "é"}'


@tagged("post_install", "-at_install")
class TestWebhookSignature(BaseCase):
    def is_valid(self, secret, headers, body=BODY, at=MOMENT):
        with freeze_time(at):
            try:
                Webhook(secret).verify(body, headers)
            except WebhookVerificationError:
                return False
            return True

    def test_the_example_of_the_specification_has_its_signature(self):
        headers = signed_headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            datetime(2021, 2, 25, 12, 42, 10),
            '{"test": 2432232314}',
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        )
        self.assertEqual(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek")
        self.assertEqual(headers["webhook-timestamp"], "1614256930")
        self.assertTrue(headers["webhook-signature"].startswith("v1,"))

    def test_each_valid_secret_verifies_a_request(self):
        secrets = [new_secret(), new_secret()]
        headers = signed_headers("1", MOMENT, BODY, secrets)
        for secret in secrets:
            self.assertTrue(self.is_valid(secret, headers))
        self.assertFalse(self.is_valid(new_secret(), headers))

    def test_another_body_id_or_time_is_not_valid(self):
        secret = new_secret()
        headers = signed_headers("1", MOMENT, BODY, [secret])
        self.assertFalse(self.is_valid(secret, headers, body="{}"))
        self.assertFalse(self.is_valid(secret, {**headers, "webhook-id": "2"}))
        late = MOMENT + timedelta(minutes=6)
        self.assertFalse(self.is_valid(secret, headers, at=late))

    def test_a_secret_has_the_format_and_the_size_of_the_specification(self):
        prefix, _, key = new_secret().partition("_")
        self.assertEqual(prefix, "whsec")
        self.assertEqual(len(base64.b64decode(key, validate=True)), 32)
