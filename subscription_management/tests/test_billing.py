from odoo.tests import tagged

from .common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestBilling(SubscriptionCase):
    def test_each_month_is_billed_once_and_the_31st_comes_back(self):
        subscription = self.subscribe(on="2026-01-31")
        self.bill("2026-01-31")
        self.bill("2026-02-28")
        self.bill("2026-03-31")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-01-31/2026-02-28", "Basic", "30.00"),
                ("2026-02-28/2026-03-31", "Basic", "30.00"),
                ("2026-03-31/2026-04-30", "Basic", "30.00"),
            ],
        )
        self.assertEqual(set(subscription.invoice_ids.mapped("state")), {"posted"})
        self.assertEqual(subscription.invoice_ids[0].amount_total, 35.1)
