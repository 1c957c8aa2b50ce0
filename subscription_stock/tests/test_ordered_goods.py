from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestOrderedGoods(DeliveryCase):
    """An order of monthly coffee, a one-time grinder and a set-up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-04-01 09:00:00"))
        cls.grinder = cls._make_product("Grinder", 200)
        cls.grinder.type = "consu"

    def order(self, *products):
        return self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 2})
                    for product in products
                ],
            }
        )

    def validate(self, pickings):
        for move in pickings.move_ids:
            move.quantity = move.product_uom_qty
        pickings.move_ids.picked = True
        pickings.button_validate()

    def test_the_order_delivers_one_time_goods_only(
        self,
    ):
        order = self.order(self.coffee, self.grinder)
        order.action_confirm()
        self.assertEqual(order.picking_ids.move_ids.product_id, self.grinder)
        subscription = order.managed_started_ids
        self.fulfil("2026-04-01", "2026-05-01")
        self.assertEqual(
            self.deliveries(subscription), [("2026-04-01", 2), ("2026-05-01", 2)]
        )

    def test_a_changed_order_quantity_delivers_nothing(self):
        order = self.order(self.coffee)
        order.action_confirm()
        order.order_line.product_uom_qty = 3
        self.assertFalse(order.picking_ids)

    def test_a_subscription_that_starts_at_delivery_starts_with_it(self):
        self.monthly.start_policy = "delivery"
        order = self.order(self.coffee)
        order.action_confirm()
        subscription = order.managed_started_ids
        self.assertEqual(subscription.state, "draft")
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 2)
        self.validate(order.picking_ids)
        self.run_action("ir_cron_start_ordered", "2026-04-05")
        self.assertEqual(subscription.state, "active")
        # The order has delivered the first period.
        self.fulfil("2026-04-05")
        self.assertFalse(self.deliveries(subscription))
        self.fulfil("2026-05-05")
        self.assertEqual(self.deliveries(subscription), [("2026-05-05", 2)])

    def test_the_order_delivers_goods_of_a_plan_with_manual_delivery(self):
        self.monthly.delivery_policy = "none"
        order = self.order(self.coffee)
        order.action_confirm()
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 2)

    def test_units_added_by_quotation_are_delivered_by_the_subscription(self):
        order = self.order(self.coffee)
        order.action_confirm()
        subscription = order.managed_started_ids
        self.fulfil("2026-04-01")
        form = Form(
            self.env["subscription.change.wizard"].with_context(
                default_subscription_id=subscription.id
            )
        )
        with form.line_ids.edit(0) as line:
            line.quantity = 5
        added = self.env["sale.order"].browse(form.save().action_quote()["res_id"])
        added.action_confirm()
        self.assertFalse(added.picking_ids)
        self.fulfil("2026-04-02")
        self.assertEqual(self.deliveries(subscription), [("2026-04-01", 5)])
