from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from .common import UsageCase


@tagged("post_install", "-at_install")
class TestFirstUse(UsageCase):
    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref(
            "sales_team.group_sale_manager"
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_service_starts_at_the_first_usage(self):
        self.monthly.start_policy = "first_use"
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "order_line": [
                    Command.create({"product_id": product.id})
                    for product in (self.basic, self.call)
                ],
            }
        )
        self.assertEqual(order.order_line[1].price_subtotal, 0)
        order.action_confirm()
        subscription = order.managed_started_ids
        self.run_action("ir_cron_start_ordered", "2026-04-05")
        self.assertEqual(subscription.state, "draft")
        self.record(subscription, 130, "2026-04-11")
        self.run_action("ir_cron_start_ordered", "2026-04-12")
        self.assertEqual(subscription.state, "active")
        self.bill("2026-05-11")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-11/2026-05-11", "Basic", "30.00"),
                ("2026-04-11/2026-05-11", "Call", "60.00"),
                ("2026-05-11/2026-06-11", "Basic", "30.00"),
            ],
        )
