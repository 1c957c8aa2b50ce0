from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestDeliveries(DeliveryCase):
    def test_each_period_is_delivered_once(self):
        subscription = self.start()
        self.fulfil("2026-04-01", "2026-04-02")
        self.deliver(subscription)
        self.fulfil("2026-04-30", "2026-05-01", "2026-05-01")
        self.assertEqual(
            self.deliveries(subscription), [("2026-04-01", 6), ("2026-05-01", 6)]
        )
        self.assertEqual(subscription.delivery_count, 2)

    def test_a_delivery_has_the_customer_and_the_planned_date(self):
        address = self.env["res.partner"].create(
            {"name": "Store", "parent_id": self.customer.id, "type": "delivery"}
        )
        subscription = self.start()
        self.fulfil("2026-04-01")
        picking = self.moves(subscription).picking_id
        self.assertEqual(picking.partner_id, address)
        self.assertEqual(picking.origin, subscription.name)
        self.assertEqual(str(picking.scheduled_date.date()), "2026-04-01")
        self.assertEqual(picking.picking_type_code, "outgoing")
        self.assertNotEqual(picking.state, "draft")

    def test_a_delivery_is_created_with_the_lead_time_of_the_plan(self):
        self.monthly.delivery_lead_days = 5
        subscription = self.start()
        self.fulfil("2026-04-01", "2026-04-25")
        self.assertEqual(self.deliveries(subscription), [("2026-04-01", 6)])
        self.fulfil("2026-04-26")
        self.assertEqual(
            self.deliveries(subscription), [("2026-04-01", 6), ("2026-05-01", 6)]
        )

    def test_missed_days_of_the_scheduled_action_are_delivered(self):
        subscription = self.start()
        self.fulfil("2026-04-01", "2026-07-10")
        self.assertEqual(
            [day for day, _quantity in self.deliveries(subscription)],
            ["2026-04-01", "2026-05-01", "2026-06-01", "2026-07-01"],
        )

    def test_an_increased_quantity_delivers_the_difference(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        self.deliver(subscription)
        with freeze_time("2026-04-10 09:00:00"):
            self.change_quantity(subscription, 10, "2026-04-10")
        self.fulfil("2026-04-10", "2026-05-01")
        self.assertEqual(
            self.deliveries(subscription), [("2026-04-01", 10), ("2026-05-01", 10)]
        )
        self.assertEqual(self.moves(subscription).mapped("product_uom_qty"), [6, 4, 10])

    def test_a_decreased_quantity_reduces_the_planned_delivery(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        with freeze_time("2026-04-10 09:00:00"):
            self.change_quantity(subscription, 4, "2026-04-10")
        self.fulfil("2026-04-10")
        self.assertEqual(self.deliveries(subscription), [("2026-04-01", 4)])

    def test_a_price_change_delivers_nothing(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        for day, price in (("2026-04-10", 8), ("2026-04-20", 7)):
            self.change(subscription, day, price=price)
            self.fulfil(day)
        self.fulfil("2026-05-01")
        self.assertEqual(
            self.deliveries(subscription), [("2026-04-01", 6), ("2026-05-01", 6)]
        )

    def test_a_replaced_product_cancels_its_delivery_and_delivers_the_new_one(self):
        tea = self._make_product("Tea", 8)
        tea.type = "consu"
        self.monthly.pricing_rule_ids = [
            Command.create(
                {"product_id": tea.id, "pricing_model": "per_unit", "price": 8}
            )
        ]
        subscription = self.start()
        self.fulfil("2026-04-01")
        self.change(subscription, "2026-04-10", product_id=tea)
        self.fulfil("2026-04-10", "2026-05-01")
        moves = self.moves(subscription).filtered(lambda move: move.state != "cancel")
        self.assertEqual(
            [
                (str(move.managed_period_id.date_start), move.product_id.name)
                for move in moves
            ],
            [("2026-04-10", "Tea"), ("2026-05-01", "Tea")],
        )

    def test_a_plan_change_starts_new_delivery_periods(self):
        quarterly = self._make_plan("Quarterly", "quarter")
        quarterly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": self.coffee.id,
                    "pricing_model": "per_unit",
                    "price": 25,
                }
            )
        ]
        subscription = self.start()
        self.fulfil("2026-04-01")
        self.deliver(subscription)
        self.change(subscription, "2026-05-01", plan_id=quarterly)
        self.fulfil("2026-05-01", "2026-06-01", "2026-07-31", "2026-08-01")
        self.assertEqual(
            self.deliveries(subscription),
            [("2026-04-01", 6), ("2026-05-01", 6), ("2026-08-01", 6)],
        )

    def test_in_a_two_step_route_the_first_move_is_reduced(self):
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )
        warehouse.delivery_steps = "pick_ship"
        subscription = self.start()
        self.fulfil("2026-04-01")
        pick = self.moves(subscription)
        self.assertEqual(pick.picking_type_id, warehouse.pick_type_id)
        with freeze_time("2026-04-10 09:00:00"):
            self.change_quantity(subscription, 4, "2026-04-10")
        self.fulfil("2026-04-10")
        self.assertEqual(pick.product_uom_qty, 4)
        self.deliver(subscription)
        ship = self.moves(subscription) - pick
        self.assertEqual((ship.product_uom_qty, ship.state), (4, "assigned"))

    def test_a_return_does_not_reduce_the_delivery(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        self.deliver(subscription)
        picking = self.moves(subscription).picking_id
        returning = self.env["stock.return.picking"].create({"picking_id": picking.id})
        returning.product_return_moves.quantity = 6
        returning.action_create_returns()
        back = self.moves(subscription) - picking.move_ids
        with freeze_time("2026-04-10 09:00:00"):
            self.change_quantity(subscription, 4, "2026-04-10")
        self.fulfil("2026-04-10")
        self.assertEqual(sum(back.mapped("product_uom_qty")), 6)
        self.assertNotIn("cancel", back.mapped("state"))

    def test_a_done_delivery_is_not_reduced(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        self.deliver(subscription)
        with freeze_time("2026-04-10 09:00:00"):
            self.change_quantity(subscription, 4, "2026-04-10")
        self.fulfil("2026-04-10", "2026-04-11", "2026-05-01")
        self.assertEqual(
            self.deliveries(subscription), [("2026-04-01", 6), ("2026-05-01", 4)]
        )

    def test_a_period_that_starts_in_a_pause_has_no_delivery(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        with freeze_time("2026-04-20 09:00:00"):
            subscription.pause(self.day("2026-04-20"), self.day("2026-05-20"))
        self.fulfil(
            "2026-04-20", "2026-05-01", "2026-05-20", "2026-05-21", "2026-06-01"
        )
        self.assertEqual(
            self.deliveries(subscription), [("2026-04-01", 6), ("2026-06-01", 6)]
        )

    def test_a_trial_is_not_delivered(self):
        self.monthly.trial_days = 14
        subscription = self.start()
        self.fulfil("2026-04-01", "2026-04-14")
        self.assertFalse(self.deliveries(subscription))
        self.run_action("ir_cron_convert_trials", "2026-04-15")
        self.fulfil("2026-04-15")
        self.assertEqual(self.deliveries(subscription), [("2026-04-15", 6)])

    def test_a_cancellation_cancels_planned_deliveries(self):
        self.monthly.delivery_lead_days = 10
        subscription = self.start()
        self.fulfil("2026-04-01", "2026-04-21")
        self.deliver_first(subscription)
        with freeze_time("2026-04-22 09:00:00"):
            self.end(subscription)
        self.fulfil("2026-04-22", "2026-05-01", "2026-06-01")
        self.assertEqual(self.deliveries(subscription), [("2026-04-01", 6)])

    def test_a_suspended_subscription_has_no_delivery(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        with freeze_time("2026-04-20 09:00:00"):
            subscription.suspend()
        self.fulfil("2026-04-20", "2026-05-01")
        self.assertEqual(self.deliveries(subscription), [("2026-04-01", 6)])

    def test_billed_days_of_a_suspension_are_delivered_after_it(self):
        subscription = self.suspended_until_june()
        self.assertEqual(
            [day for day, _quantity in self.deliveries(subscription)],
            ["2026-04-01", "2026-05-01", "2026-06-01"],
        )

    def test_unbilled_days_of_a_suspension_are_not_delivered(self):
        self.monthly.suspension_policy = "waived"
        subscription = self.suspended_until_june()
        self.assertEqual(
            [day for day, _quantity in self.deliveries(subscription)],
            ["2026-04-01"],
        )
        self.fulfil("2026-07-01")
        self.assertEqual(self.deliveries(subscription)[-1], ("2026-07-01", 6))

    def suspended_until_june(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        self.deliver(subscription)
        with freeze_time("2026-04-20 09:00:00"):
            subscription.suspend()
        self.fulfil("2026-04-20", "2026-05-01")
        with freeze_time("2026-06-10 09:00:00"):
            subscription.reactivate()
        self.fulfil("2026-06-10", "2026-06-11")
        return subscription

    def test_an_older_period_that_is_paid_later_is_delivered(self):
        self.monthly.delivery_policy = "paid"
        subscription = self.start()
        with freeze_time("2026-04-01 09:00:00"):
            self.bill("2026-04-01")
        self.fulfil("2026-04-01", "2026-05-01")
        with freeze_time("2026-05-01 09:00:00"):
            self.bill("2026-05-01")
        april, may = subscription.invoice_ids.sorted("id")
        self.pay(may, "2026-05-02")
        self.fulfil("2026-05-02")
        self.assertEqual(self.deliveries(subscription), [("2026-05-01", 6)])
        self.pay(april, "2026-05-20")
        self.fulfil("2026-05-20", "2026-05-21")
        self.assertEqual(
            self.deliveries(subscription), [("2026-04-01", 6), ("2026-05-01", 6)]
        )

    def pay(self, invoice, day):
        with freeze_time(f"{day} 09:00:00"):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({})._create_payments()

    def test_periods_with_manual_delivery_are_not_delivered_later(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        with freeze_time("2026-04-10 09:00:00"):
            self.monthly.delivery_policy = "none"
        self.fulfil("2026-05-01", "2026-06-01")
        with freeze_time("2026-07-10 09:00:00"):
            self.monthly.delivery_policy = "period"
        self.fulfil("2026-07-10")
        self.assertEqual(self.deliveries(subscription)[-1], ("2026-07-01", 6))
        self.assertEqual(len(subscription.fulfilled_period_ids), 2)

    def test_a_period_is_delivered_when_its_invoice_is_paid(self):
        self.monthly.delivery_policy = "paid"
        subscription = self.start()
        self.fulfil("2026-04-01")
        with freeze_time("2026-04-01 09:00:00"):
            self.bill("2026-04-01")
        self.fulfil("2026-04-02")
        self.assertFalse(self.deliveries(subscription))
        self.pay(subscription.invoice_ids, "2026-04-03")
        self.fulfil("2026-04-03", "2026-04-04")
        self.assertEqual(self.deliveries(subscription), [("2026-04-01", 6)])

    def test_a_plan_may_have_manual_delivery(self):
        self.monthly.delivery_policy = "none"
        subscription = self.start()
        self.fulfil("2026-04-01", "2026-05-01")
        self.assertFalse(self.deliveries(subscription))
        with freeze_time("2026-05-10 09:00:00"):
            self.monthly.delivery_policy = "period"
        self.fulfil("2026-05-10")
        self.assertEqual(self.deliveries(subscription), [("2026-05-01", 6)])

    def test_a_plan_with_existing_subscriptions_keeps_its_fulfilment(self):
        self.start()
        self.env.flush_all()
        plans = self.monthly + self.yearly
        plans._init_column("delivery_policy")
        plans.invalidate_recordset()
        self.assertEqual(plans.mapped("delivery_policy"), ["none", "period"])

    def test_services_are_not_delivered(self):
        with freeze_time("2026-04-01 09:00:00"):
            subscription = self.subscribe(self.seat, on="2026-04-01")
        self.fulfil("2026-04-01")
        self.assertFalse(subscription.fulfilled_period_ids)
        self.assertFalse(subscription.sudo().next_fulfilment_date)

    def test_a_missing_route_is_marked_and_stops_no_other_delivery(self):
        stranded, other = self.start(), self.start()
        stranded.partner_shipping_id = self.env["res.partner"].create(
            {"name": "Nowhere"}
        )
        nowhere = self.env["stock.location"].create(
            {"name": "Nowhere", "usage": "customer"}
        )
        stranded.partner_shipping_id.property_stock_customer = nowhere
        self.fulfil("2026-04-01")
        self.assertFalse(self.deliveries(stranded))
        self.assertIn("Nowhere", stranded.activity_ids.note)
        self.assertEqual(self.deliveries(other), [("2026-04-01", 6)])

    def test_a_stock_user_delivers_without_rights_to_subscriptions(self):
        subscription = self.start()
        self.fulfil("2026-04-01")
        storekeeper = new_test_user(
            self.env, "storekeeper", groups="stock.group_stock_user"
        )
        picking = self.moves(subscription).picking_id.with_user(storekeeper)
        picking.move_ids.quantity = 6
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertEqual(picking.state, "done")

    def test_a_rep_changes_deliveries_without_rights_to_stock(self):
        rep = new_test_user(
            self.env,
            "rep",
            groups="subscription_management.group_subscription_user,"
            "sales_team.group_sale_salesman",
        )
        subscription = self.start(user_id=rep.id)
        self.fulfil("2026-04-01")
        with freeze_time("2026-04-10 09:00:00"):
            self.change_quantity(subscription.with_user(rep), 8, "2026-04-10")
        self.assertEqual(subscription.with_user(rep).delivery_count, 1)
        self.fulfil("2026-04-10")
        self.assertEqual(self.deliveries(subscription), [("2026-04-01", 8)])

    def change(self, subscription, day, **values):
        """Change the quantity of a line from a day, on that day."""
        with freeze_time(f"{day} 09:00:00"):
            form = Form(
                self.env["subscription.change.wizard"].with_context(
                    default_subscription_id=subscription.id
                )
            )
            form.date_effective = day
            with form.line_ids.edit(0) as line:
                for name, value in values.items():
                    setattr(line, name, value)
            form.save().action_confirm()

    def change_quantity(self, subscription, quantity, day):
        form = Form(
            subscription.env["subscription.change.wizard"].with_context(
                default_subscription_id=subscription.id
            )
        )
        form.date_effective = day
        with form.line_ids.edit(0) as line:
            line.quantity = quantity
        form.save().action_confirm()

    def end(self, subscription):
        reason = self.env["subscription.cancellation.reason"].create({"name": "Moves"})
        self.env["subscription.cancel.wizard"].create(
            {"subscription_id": subscription.id, "cancellation_reason_id": reason.id}
        ).action_confirm()

    def deliver_first(self, subscription):
        picking = self.moves(subscription)[0].picking_id
        picking.move_ids.picked = True
        picking.button_validate()
