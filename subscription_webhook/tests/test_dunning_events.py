"""Events of a suspension by dunning and of the payment that ends it."""

from odoo.tests import tagged

from odoo.addons.subscription_management.tests.dunning.dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestDunningEvents(DunningCase):
    def test_dunning_sends_the_suspension_and_the_reactivation(self):
        self.env["subscription.webhook"].create(
            {"name": "Product", "url": "https://product.example/hook"}
        )
        self.save_card("error")
        case = self.invoice("2026-04-01")
        for day in ("2026-04-02", "2026-04-04", "2026-04-16"):
            self.collect(day)
        self.collect("2026-04-17")
        self.env.cr.flush()
        self.pay(case.move_id, case.amount_open, "2026-04-18")
        self.env.cr.flush()
        deliveries = self.env["subscription.webhook.delivery"].search([], order="id")
        self.assertEqual(deliveries.mapped("event")[-2:], ["suspended", "resumed"])
