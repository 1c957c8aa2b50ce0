from unittest.mock import patch
from urllib.parse import urljoin

from odoo.addons.subscription_management.tests.dunning.dunning_case import DunningCase

from .stripe_server import StripeServer

WEBHOOK_SECRET = "whsec_of_the_tests"


class StripeCase(DunningCase):
    """A company with the host's own Stripe provider, and a small Stripe to talk to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        stripe = cls.env.ref("payment.payment_provider_stripe").sudo()
        cls.card = cls.env.ref("payment.payment_method_card").sudo()
        cls.provider = stripe.copy({"company_id": cls.env.company.id})
        cls.provider.write(
            {
                "stripe_secret_key": "sk_test_of_the_tests",
                "stripe_publishable_key": "pk_test_of_the_tests",
                "stripe_webhook_secret": WEBHOOK_SECRET,
                "state": "test",
                "allow_tokenization": True,
                "payment_method_ids": [(4, cls.card.id)],
            }
        )
        cls.card.active = True
        cls.provider.journal_id = cls.company_data["default_journal_bank"]

    def setUp(self):
        super().setUp()
        self.stripe = StripeServer(hang_seconds=self.hang_seconds())
        self.addCleanup(self.stripe.close)
        self.startPatcher(
            patch.object(
                type(self.env["payment.provider"]),
                "_build_request_url",
                lambda _provider, endpoint, **_kw: urljoin(self.stripe.url, endpoint),
            )
        )

    def hang_seconds(self):
        """For how long a request that hangs does: longer than the host waits."""
        return 12

    @classmethod
    def save_card(cls, method="pm_card_visa", **values):
        return cls.save_token(
            provider_ref="cus_galil", stripe_payment_method=method, **values
        )

    def charges(self, case):
        """Return the charges that are shown, the earliest first."""
        return case.transaction_ids.sorted("id")
