from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Date
from odoo.tests import Form, new_test_user, tagged

from ..common import QuotedTermCase


@tagged("post_install", "-at_install")
class TestRenewalQuotation(QuotedTermCase):
    """The next term is quoted, and begins as accepted."""

    def follow_terms_on(self, day):
        self.run_action("ir_cron_renew", day)

    def quote(self, subscription, on="2027-03-10"):
        self.follow_terms_on(on)
        return subscription.quotation_ids

    def accept(self, order, on="2027-03-20"):
        with freeze_time(f"{on} 09:00:00"):
            order.action_confirm()

    def april(self, subscription):
        """Return what April 2027 is billed: product and amount."""
        self.bill("2027-04-01")
        rows = subscription.billed_period_ids.filtered(
            lambda row: row.date_start == Date.to_date("2027-04-01")
        )
        return sorted((row.line_id.product_id.name, row.amount) for row in rows)

    def test_a_renewal_quotation_is_created_once_on_the_day_of_the_plan(self):
        subscription = self.subscribe_for_a_year()
        for day, made in (("2027-03-01", 0), ("2027-03-02", 1), ("2027-03-03", 1)):
            self.follow_terms_on(day)
            self.assertEqual(len(subscription.quotation_ids), made, day)
        order = subscription.quotation_ids
        self.assertEqual(order.state, "draft")
        self.assertEqual(order.validity_date, Date.to_date("2027-03-31"))
        self.assertEqual(order.order_line.mapped("price_unit"), [33])
        self.assertIn(order.name, subscription.activity_ids.note)

    def test_the_quotation_is_sent_to_the_customer_by_the_plan(self):
        self.monthly.renewal_quotation_to = "customer"
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        self.assertEqual(order.state, "sent")
        mail = self.env["mail.mail"].search([("res_id", "=", order.id)])
        self.assertIn(self.customer, mail.mapped("recipient_ids"))

    def test_an_accepted_quotation_begins_the_next_term_at_its_prices(self):
        subscription = self.subscribe_for_a_year(self.basic, self.seat, quantity=2)
        order = self.quote(subscription)
        quoted = order.order_line.mapped("price_subtotal")
        self.accept(order)
        self.assertEqual(subscription.term_end, Date.to_date("2028-04-01"))
        self.assertEqual(quoted, [33, 15.4])  # 30 and 2 x 7, each 10 % more
        self.assertEqual(self.april(subscription), [("Basic", 33), ("Seat", 15.4)])
        renewed = subscription.change_ids.filtered(lambda each: each.kind == "renewed")
        self.assertIn(order.name, renewed.reason)
        self.assertFalse(subscription.activity_ids)

    def test_the_order_never_invoices_renewed_lines(self):
        order = self.quote(self.subscribe_for_a_year())
        self.accept(order)
        self.assertEqual(order.invoice_status, "no")
        self.assertEqual(order.amount_to_invoice, 0)
        with self.assertRaises(UserError):
            order._create_invoices()

    def test_without_acceptance_the_subscription_expires_at_the_end_of_its_term(self):
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        self.follow_terms_on("2027-03-31")
        self.assertEqual(subscription.date_end, Date.to_date("2027-04-01"))
        self.assertEqual(self.april(subscription), [])
        self.run_action("ir_cron_close_ended", "2027-04-02")
        self.assertEqual(subscription.state, "expired")
        with self.assertRaisesRegex(UserError, "can no longer be renewed"):
            order.action_confirm()

    def test_an_acceptance_on_the_last_day_undoes_the_end(self):
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        self.follow_terms_on("2027-03-31")
        self.accept(order, on="2027-03-31")
        self.assertFalse(subscription.date_end)
        self.assertEqual(self.april(subscription), [("Basic", 33)])

    def test_a_plan_that_bills_ahead_decides_before_it_bills(self):
        self.monthly.due_shift_days = -10
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2027-03-01")
        self.follow_terms_on("2027-03-20")
        self.assertFalse(subscription.date_end)
        self.follow_terms_on("2027-03-21")
        self.assertEqual(subscription.date_end, Date.to_date("2027-04-01"))
        self.bill("2027-03-22")
        self.assertEqual(self.april(subscription), [])

    def test_quantities_and_prices_are_negotiated_on_the_quotation(self):
        subscription = self.subscribe_for_a_year(self.basic, self.seat, quantity=2)
        order = self.quote(subscription)
        basic, seats = order.order_line
        with Form(order) as form:
            with form.order_line.edit(0) as line:
                line.price_unit = 31
            with form.order_line.edit(1) as line:
                line.product_uom_qty = 5
        self.assertEqual((basic.price_subtotal, seats.price_subtotal), (31, 38.5))
        self.accept(order)
        self.assertEqual(self.april(subscription), [("Basic", 31), ("Seat", 38.5)])

    def test_a_discount_on_the_quotation_becomes_the_price(self):
        subscription = self.subscribe_for_a_year(self.seat, quantity=10)
        order = self.quote(subscription)
        order.order_line.discount = 50
        self.accept(order)
        self.assertEqual(self.april(subscription), [("Seat", 38.5)])  # 77 / 2

    def test_a_product_removed_from_the_quotation_ends_with_the_term(self):
        subscription = self.subscribe_for_a_year(self.basic, self.seat)
        order = self.quote(subscription)
        order.order_line[1].unlink()
        self.accept(order)
        self.assertEqual(self.april(subscription), [("Basic", 33)])

    def test_a_quotation_without_a_product_is_refused(self):
        order = self.quote(self.subscribe_for_a_year())
        order.order_line.unlink()
        with self.assertRaisesRegex(UserError, "no product to renew"):
            self.accept(order)

    def test_a_percent_of_the_total_follows_the_quoted_prices(self):
        self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.seat
        ).write({"pricing_model": "percent_of_total", "percent": 10})
        subscription = self.subscribe_for_a_year(self.basic, self.seat)
        order = self.quote(subscription)
        basic, share = order.order_line
        self.assertEqual(share.price_unit, 3.3)
        order.write({"order_line": [Command.update(basic.id, {"price_unit": 50})]})
        self.assertEqual(share.price_unit, 5)
        self.accept(order)
        self.assertEqual(self.april(subscription), [("Basic", 50), ("Seat", 5)])

    def test_tiers_have_the_uplift_and_follow_the_quantity(self):
        self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.seat
        ).write(
            {
                "pricing_model": "volume",
                "tier_ids": [
                    Command.create({"up_to": 10, "unit_price": 7}),
                    Command.create({"up_to": 0, "unit_price": 6}),
                ],
            }
        )
        subscription = self.subscribe_for_a_year(self.seat, quantity=10)
        order = self.quote(subscription)
        line = order.order_line
        self.assertEqual(line.price_subtotal, 77)  # 10 x 7.70
        line.product_uom_qty = 20
        self.assertEqual(line.price_subtotal, 132)  # 20 x 6.60
        self.accept(order)
        self.assertEqual(self.april(subscription), [("Seat", 132)])

    def test_a_price_of_tiers_cannot_be_edited(self):
        self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.seat
        ).write(
            {
                "pricing_model": "graduated",
                "tier_ids": [Command.create({"up_to": 0, "unit_price": 6})],
            }
        )
        order = self.quote(self.subscribe_for_a_year(self.seat))
        order.order_line.price_unit = 1
        with self.assertRaisesRegex(UserError, "computed from tiers"):
            self.accept(order)

    def test_an_outdated_quotation_is_refused_and_can_be_updated(self):
        subscription = self.subscribe_for_a_year(self.seat, quantity=2)
        order = self.quote(subscription)
        with freeze_time("2027-03-12 09:00:00"):
            subscription.change_quantity(
                subscription.line_ids, 4, Date.to_date("2027-03-12")
            )
        with self.assertRaisesRegex(UserError, "was changed since"):
            self.accept(order)
        self.assertEqual(subscription.term_end, Date.to_date("2027-04-01"))
        with freeze_time("2027-03-13 09:00:00"):
            order.action_update_quotation()
        self.assertEqual(order.order_line.product_uom_qty, 4)
        self.accept(order)
        self.assertEqual(self.april(subscription), [("Seat", 30.8)])

    def test_a_changed_index_makes_the_quotation_outdated(self):
        index = self.env["subscription.price.index"].create(
            {
                "name": "CPI",
                "value_ids": [
                    Command.create({"date": "2026-01-01", "value": 100}),
                    Command.create({"date": "2027-01-01", "value": 110}),
                ],
            }
        )
        self.monthly.write(
            {"uplift_kind": "index", "uplift_index_id": index.id, "uplift_percent": 0}
        )
        order = self.quote(self.subscribe_for_a_year())
        index.value_ids = [Command.create({"date": "2027-03-15", "value": 120})]
        with self.assertRaisesRegex(UserError, "prices of .* have changed"):
            self.accept(order)

    def test_an_accepted_quotation_cancels_the_others(self):
        subscription = self.subscribe_for_a_year()
        first = self.quote(subscription)
        with freeze_time("2027-03-11 09:00:00"):
            second = subscription._create_renewal_quotation()
        self.accept(first)
        self.assertEqual(second.state, "cancel")
        self.assertEqual(subscription.term_end, Date.to_date("2028-04-01"))

    def test_a_renewal_by_the_button_cancels_the_quotation(self):
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        with freeze_time("2027-03-11 09:00:00"):
            wizard = self.env["subscription.renew.wizard"].create(
                {"subscription_id": subscription.id}
            )
            self.assertIn("33.00", wizard.preview)
            wizard.action_confirm()
        self.assertEqual(order.state, "cancel")
        self.assertEqual(self.april(subscription), [("Basic", 33)])

    def test_the_renewal_wizard_opens_the_existing_quotation(self):
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        with freeze_time("2027-03-11 09:00:00"):
            wizard = self.env["subscription.renew.wizard"].create(
                {"subscription_id": subscription.id}
            )
            self.assertEqual(wizard.action_quote()["res_id"], order.id)

    def test_a_cancelled_subscription_gets_no_renewal_quotation(self):
        subscription = self.subscribe_for_a_year()
        with freeze_time("2027-02-01 09:00:00"):
            self.cancel(subscription, Date.to_date("2027-04-01"))
        self.assertFalse(self.quote(subscription))
        with self.assertRaisesRegex(UserError, "undo the cancellation"):
            subscription.action_quote_renewal()

    def test_a_quotation_in_another_currency_is_in_that_of_the_subscription(self):
        euro = self.setup_other_currency("EUR")
        self.monthly.pricing_rule_ids.currency_id = euro
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        self.assertEqual(order.currency_id, euro)
        self.assertEqual(order.order_line.price_unit, 33)

    def test_the_customer_signs_online(self):
        self.monthly.renewal_quotation_to = "customer"
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        with freeze_time("2027-03-20 09:00:00"):
            order.write({"signed_by": "Dana Galil"})
            order.with_user(self.env.ref("base.public_user")).sudo()._validate_order()
        self.assertEqual(subscription.term_end, Date.to_date("2028-04-01"))
        renewed = subscription.change_ids.filtered(lambda each: each.kind == "renewed")
        self.assertIn("Dana Galil", renewed.reason)

    def test_a_renewal_quotation_needs_write_access_to_the_subscription(self):
        subscription = self.subscribe_for_a_year()
        rep = new_test_user(
            self.env,
            "other_rep",
            "sales_team.group_sale_salesman,"
            "subscription_management.group_subscription_user",
        )
        seller = new_test_user(self.env, "seller", "sales_team.group_sale_salesman")
        for user in (rep, seller):
            order = self.env["sale.order"].with_user(user)
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                order.create(
                    {
                        "partner_id": self.customer.id,
                        "managed_subscription_id": subscription.id,
                        "managed_purpose": "renewal",
                    }
                )

    def test_an_order_of_another_customer_renews_nothing(self):
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        with self.assertRaisesRegex(
            ValidationError, "customer and company cannot change"
        ):
            order.partner_id = stranger

    def test_confirming_a_renewal_needs_write_access_to_the_subscription(self):
        order = self.quote(self.subscribe_for_a_year())
        seller = new_test_user(
            self.env, "all_leads", "sales_team.group_sale_salesman_all_leads"
        )
        with freeze_time("2027-03-20 09:00:00"), self.assertRaises(AccessError):
            order.with_user(seller).action_confirm()

    def test_cancelling_the_order_undoes_the_renewal_before_the_term_begins(self):
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        self.accept(order)
        with freeze_time("2027-03-31 09:00:00"):
            order.action_cancel()
        self.assertEqual(order.state, "cancel")
        self.assertEqual(subscription.term_end, Date.to_date("2027-04-01"))
        self.follow_terms_on("2027-03-31")
        self.assertEqual(self.april(subscription), [])

    def test_an_order_whose_term_has_begun_cannot_be_cancelled(self):
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        self.accept(order)
        with (
            freeze_time("2027-04-01 09:00:00"),
            self.assertRaisesRegex(UserError, "took effect"),
        ):
            order.action_cancel()
        self.assertEqual(self.april(subscription), [("Basic", 33)])

    def test_a_term_expires_again_when_the_late_acceptance_is_undone(self):
        subscription = self.subscribe_for_a_year()
        order = self.quote(subscription)
        self.follow_terms_on("2027-03-31")
        self.accept(order, on="2027-03-31")
        with freeze_time("2027-03-31 10:00:00"):
            order.action_cancel()
        self.assertEqual(subscription.date_end, Date.to_date("2027-04-01"))
        self.assertTrue(subscription.ends_by_expiry)
        self.assertEqual(self.april(subscription), [])

    def test_a_second_wizard_does_not_renew_another_term(self):
        subscription = self.subscribe_for_a_year()
        with freeze_time("2027-03-11 09:00:00"):
            first, second = self.env["subscription.renew.wizard"].create(
                [{"subscription_id": subscription.id}] * 2
            )
            first.action_confirm()
            with self.assertRaisesRegex(UserError, "renewed already"):
                second.action_confirm()
        self.assertEqual(subscription.term_end, Date.to_date("2028-04-01"))
