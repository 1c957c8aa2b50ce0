from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .change_quotation_case import ChangeQuotationCase


@tagged("post_install", "-at_install")
class TestChangeQuotations(ChangeQuotationCase):
    def test_only_the_difference_is_quoted(self):
        order = self.quote_seats(15)
        self.assertEqual(self.shown(order), [("quantity", "Seat", 5, 7)])
        self.assertEqual(order.amount_untaxed, 35)
        self.assertEqual(order.managed_monthly_amount, 35)
        totals = order._totals_by_time()
        self.assertEqual(totals["before"], [("Monthly", 70)])
        self.assertEqual(totals["after"], [("Monthly", 105)])
        self.assertEqual(totals["now"], 20.48)  # 5 x 7 x 15/30 and 17 %

    def test_a_confirmation_makes_the_change_and_its_invoice(self):
        order = self.quote_seats(15)
        self.assertEqual(self.subscription.line_ids.quantity, 10)
        due = order._due_now()
        order.action_confirm()
        self.assert_invoice_lines(
            self.subscription,
            [
                ("2026-04-01/2026-05-01", "Seat", "70.00"),
                ("2026-04-16/2026-05-01", "Seat", "17.50"),
            ],
        )
        self.assertEqual(self.last_invoice().amount_total, due)
        change = order.managed_change_id
        self.assertEqual(change.kind, "quantity")
        self.assertIn(order.name, change.reason)
        self.assertEqual(order.invoice_status, "no")
        self.assertFalse(order.order_line.qty_to_invoice)

    def test_a_change_takes_effect_on_the_chosen_day(self):
        order = self.quote_seats(15, date_effective="2026-05-01")
        self.assertEqual(order._due_now(), 122.85)
        order.action_confirm()
        self.assertEqual(len(self.subscription.invoice_ids), 1)
        self.bill("2026-05-01")
        self.assertEqual(self.last_invoice().amount_untaxed, 105)

    def test_fewer_units_are_credited(self):
        order = self.quote_seats(6)
        self.assertEqual(self.shown(order), [("quantity", "Seat", -4, 7)])
        self.assertEqual(order._due_now(), -16.38)  # 14.00 and 17 %
        order.action_confirm()
        self.assertEqual(
            self.subscription.line_ids.filtered(
                lambda line: not line.date_end
            ).quantity,
            6,
        )

    def test_additional_units_at_an_edited_price_are_a_separate_line(self):
        order = self.quote_seats(15)
        order.order_line.discount = 20
        self.assertEqual(order._totals_by_time()["after"], [("Monthly", 98)])
        order.action_confirm()
        self.bill("2026-05-01")
        may = self.subscription.billed_period_ids.filtered(
            lambda row: row.date_start == self.day("2026-05-01")
        )
        self.assertEqual(sorted(may.mapped("amount")), [28, 70])

    def test_another_plan_replaces_the_current_one(self):
        form = self.wizard()
        with form.line_ids.edit(0) as line:
            line.plan_id = self.yearly
        order = self.quoted(form)
        self.assertEqual(
            self.shown(order),
            [("removed", "Seat", -10, 7), ("replacement", "Seat", 10, 70)],
        )
        totals = order._totals_by_time()
        self.assertEqual(totals["after"], [("Yearly", 700)])
        self.assertEqual(totals["now"], 778.05)  # 700 - 35.00, and 17 %
        order.action_confirm()
        self.assertEqual(order.managed_change_id.kind, "plan")

    def test_another_price_is_quoted_and_agreed(self):
        form = self.wizard()
        with form.line_ids.edit(0) as line:
            line.price = 8
        order = self.quoted(form)
        self.assertEqual(
            self.shown(order),
            [("removed", "Seat", -10, 7), ("replacement", "Seat", 10, 8)],
        )
        order.order_line[1].price_unit = 7.5
        order.action_confirm()
        now = self.subscription.line_ids.filtered(lambda line: not line.date_end)
        self.assertEqual(now.price, 7.5)

    def test_a_removed_line_and_its_replacement_are_deleted_together(self):
        form = self.wizard()
        with form.line_ids.edit(0) as line:
            line.price = 8
        order = self.quoted(form)
        order.order_line[0].unlink()
        self.assertFalse(order.order_line)
        self.assertIn("changes nothing yet", order.managed_confirmation_error)

    def test_a_product_is_added(self):
        form = self.wizard()
        with form.line_ids.new() as line:
            line.product_id = self.basic
        order = self.quoted(form)
        self.assertEqual(self.shown(order), [(False, "Basic", 1, 30)])
        order.action_confirm()
        joined = order.order_line.managed_subscription_line_ids
        self.assertEqual(joined.subscription_id, self.subscription)
        self.assertEqual(order.managed_change_id.kind, "line_added")
        self.assertEqual(
            len(self.subscription.search([("order_id", "=", order.id)])), 0
        )
        self.assertEqual(self.last_invoice().amount_untaxed, 15)

    def test_a_product_is_added_on_the_quotation_itself(self):
        order = self.quote_seats(15)
        setup = self._make_product("Set-up", 120)
        with Form(order) as form:
            with form.order_line.new() as line:
                line.product_id = self.basic
            with form.order_line.new() as line:
                line.product_id = setup
        self.assertEqual(order.order_line[1].managed_plan_id, self.monthly)
        self.assertEqual(order._totals_by_time()["once"][0], 120)
        self.assertEqual(order._due_now(), 178.43)  # 17.50, 15.00, 120.00 and 17 %
        order.action_confirm()
        self.assertEqual(self.last_invoice().amount_total, 178.43)
        self.assertEqual(order.invoice_status, "no")

    def test_a_product_without_a_quantity_changes_nothing(self):
        order = self.quote_seats(15)
        with Form(order) as form, form.order_line.new() as line:
            line.product_id = self.basic
            line.product_uom_qty = 0
        self.assertFalse(order.managed_confirmation_error)
        order.action_confirm()
        self.assertEqual(self.subscription.line_ids.product_id, self.seat)

    def test_a_product_is_removed(self):
        self.join(self.subscription, self.basic, "2026-04-16")
        form = self.wizard()
        with form.line_ids.edit(1) as line:
            line.is_removed = True
        order = self.quoted(form)
        self.assertEqual(self.shown(order), [("removed", "Basic", -1, 30)])
        order.action_confirm()
        self.assertEqual(order.managed_change_id.kind, "line_ended")

    def test_an_affected_percent_of_the_total_is_shown(self):
        support = self._make_product("Support", 0)
        self.monthly.pricing_rule_ids = [
            Command.create(
                {
                    "product_id": support.id,
                    "pricing_model": "percent_of_total",
                    "percent": 10,
                }
            )
        ]
        self.join(self.subscription, support, "2026-04-16")
        order = self.quote_seats(20)
        self.assertEqual(
            self.shown(order), [("quantity", "Seat", 10, 7), ("share", "Support", 1, 7)]
        )
        order.order_line[0].product_uom_qty = 20
        self.assertEqual(order.order_line[1].price_unit, 14)
        self.assertEqual(order._totals_by_time()["after"], [("Monthly", 231)])
        order.action_confirm()
        self.bill("2026-05-01")
        may = self.subscription.billed_period_ids.filtered(
            lambda row: row.date_start == self.day("2026-05-01")
        )
        self.assertEqual(sorted(may.mapped("amount")), [21, 210])

    def test_a_confirmed_quotation_makes_the_others_outdated(self):
        more, many = self.quote_seats(15), self.quote_seats(30)
        more.action_confirm()
        self.assertIn("was changed since", many.managed_confirmation_error)
        with self.assertRaisesRegex(UserError, "was changed since"):
            many.action_confirm()
        many.action_update_quotation()
        self.assertFalse(many.managed_confirmation_error)
        self.assertEqual(self.shown(many), [("quantity", "Seat", 20, 7)])
        many.action_confirm()
        now = self.subscription.line_ids.filtered(lambda line: not line.date_end)
        self.assertEqual(now.quantity, 35)

    def test_an_update_removes_products_that_are_no_longer_served(self):
        self.join(self.subscription, self.basic, "2026-04-16")
        form = self.wizard()
        with form.line_ids.edit(1) as line:
            line.is_removed = True
        order = self.quoted(form)
        self.end_line(self.subscription.line_ids[1], "2026-04-16")
        order.action_update_quotation()
        self.assertFalse(order.order_line)
        self.assertIn("Basic", order.message_ids[0].body)

    def test_an_update_clears_an_effective_date_that_has_passed(self):
        order = self.quote_seats(15, date_effective="2026-04-20")
        with freeze_time("2026-04-21 09:00:00"):
            with self.assertRaisesRegex(UserError, "has passed"):
                order.action_confirm()
            order.action_update_quotation()
            order.action_confirm()
        self.assertEqual(order.managed_change_id.date_effective, self.day("2026-04-21"))

    def test_a_changed_price_makes_the_quotation_outdated(self):
        form = self.wizard()
        with form.line_ids.new() as line:
            line.product_id = self.basic
        order = self.quoted(form)
        self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.basic
        ).price = 31
        self.env.invalidate_all()
        self.assertIn("prices", order.managed_confirmation_error)
        order.action_update_quotation()
        self.assertEqual(order.amount_untaxed, 31)
        order.action_confirm()

    def test_a_cancelled_order_undoes_its_scheduled_change(self):
        order = self.quote_seats(15, date_effective="2026-05-01")
        order.action_confirm()
        order.action_cancel()
        self.assertTrue(order.managed_change_id.undone_by_ids)
        self.bill("2026-05-01")
        self.assertEqual(self.last_invoice().amount_untaxed, 70)

    def test_an_order_with_an_effective_change_cannot_be_cancelled(self):
        order = self.quote_seats(15)
        order.action_confirm()
        with self.assertRaisesRegex(UserError, "took effect"):
            order.action_cancel()

    def test_the_chosen_charge_policy_is_quoted(self):
        order = self.quote_seats(15, policy="next_period")
        self.assertEqual(order._due_now(), 0)
        self.assertEqual(order._totals_by_time()["after"], [("Monthly", 105)])
        order.action_confirm()
        self.assertEqual(order.managed_change_id.date_effective, self.day("2026-05-01"))

    def test_quoting_and_confirming_need_write_access_to_the_subscription(self):
        order = self.quote_seats(15)
        seller = new_test_user(
            self.env, "seller", "sales_team.group_sale_salesman_all_leads"
        )
        with self.assertRaises(AccessError):
            order.with_user(seller).action_confirm()
        with self.assertRaises(AccessError):
            self.env["sale.order"].with_user(seller).create(
                {
                    "partner_id": self.customer.id,
                    "managed_subscription_id": self.subscription.id,
                    "managed_purpose": "change",
                }
            )

    def test_the_fields_of_the_confirmation_cannot_be_edited(self):
        order = self.quote_seats(15)
        invoice = self.subscription.invoice_ids
        for values in (
            {"managed_move_ids": [Command.set(invoice.ids)]},
            {"managed_change_id": self.subscription.change_ids[0].id},
        ):
            with self.assertRaisesRegex(UserError, "set by its confirmation"):
                order.write(values)

    def test_a_product_added_to_a_renewal_quotation_joins_with_the_term(self):
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        action = subscription.action_quote_renewal()
        order = self.env["sale.order"].browse(action["res_id"])
        with Form(order) as form, form.order_line.new() as line:
            line.product_id = self.basic
        self.assertEqual(order.amount_untaxed, 100)
        order.action_confirm()
        joined = order.order_line[1].managed_subscription_line_ids
        self.assertEqual(joined.date_start, self.day("2027-04-01"))
        self.assertEqual(joined.subscription_id, subscription)
