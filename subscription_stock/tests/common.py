from freezegun import freeze_time

from odoo.fields import Command

from odoo.addons.subscription_management.tests.common import SalesCase


class DeliveryCase(SalesCase):
    """Six packs of coffee at 9.00 a month, delivered each month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coffee = cls._make_product("Coffee", 10)
        cls.coffee.type = "consu"
        cls.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": cls.coffee.id,
                    "pricing_model": "per_unit",
                    "price": 9,
                }
            )
        ]

    def start(self, on="2026-04-01", quantity=6, **values):
        with freeze_time(f"{on} 09:00:00"):
            return self.subscribe(self.coffee, on=on, quantity=quantity, **values)

    def fulfil(self, *days):
        for day in days:
            self.run_action("ir_cron_fulfil", day)

    def moves(self, subscription):
        return subscription.fulfilled_period_ids.managed_move_ids.sorted("id")

    def deliveries(self, subscription):
        """Return the planned and done deliveries as (day, quantity)."""
        found = {}
        for move in self.moves(subscription).filtered(
            lambda each: each.state != "cancel"
        ):
            day = str(move.managed_period_id.date_start)
            found[day] = found.get(day, 0) + move.product_uom_qty
        return sorted(found.items())

    def deliver(self, subscription):
        """Validate all planned deliveries."""
        for picking in self.moves(subscription).picking_id:
            if picking.state not in ("done", "cancel"):
                picking.move_ids.quantity = 0
                for move in picking.move_ids:
                    move.quantity = move.product_uom_qty
                picking.move_ids.picked = True
                picking.with_context(skip_backorder=True).button_validate()
