from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestPricing(SubscriptionCase):
    """The amount of a line by each pricing model, on billed subscriptions."""

    def rule(self, model, product=None, plan=None, tiers=(), **values):
        product = product or self._make_product(model.title(), 1.0)
        return self.env["subscription.pricing.rule"].create(
            {
                "plan_id": (plan or self.monthly).id,
                "product_id": product.id,
                "pricing_model": model,
                "tier_ids": [
                    Command.create(
                        {
                            "sequence": row,
                            "up_to": up_to,
                            "unit_price": price,
                            "flat_fee": fee,
                        }
                    )
                    for row, (up_to, price, fee) in enumerate(tiers)
                ],
                **values,
            }
        )

    def amount(self, rule, quantity):
        """Return the billed amount of a quantity of the rule's product for a month."""
        subscription = self.subscribe(
            rule.product_id, on="2026-04-01", quantity=quantity
        )
        self.bill("2026-04-01")
        [row] = subscription.billed_period_ids
        self.assertEqual(row.amount, subscription.line_ids.period_amount)
        return row.amount

    def test_graduated_prices_each_unit_at_its_tier(self):
        tiers = [(1000, 0.10, 0), (10000, 0.05, 0), (0, 0.01, 0)]
        self.assertEqual(self.amount(self.rule("graduated", tiers=tiers), 15000), 600)

    def test_volume_prices_all_units_at_one_tier(self):
        rule = self.rule("volume", tiers=[(5, 7, 0), (10, 6.5, 0), (0, 6, 0)])
        self.assertEqual(self.amount(rule, 6), 39)
        self.assertEqual(self.amount(rule, 20), 120)

    def test_a_block_has_one_price(self):
        rule = self.rule(
            "stairstep", tiers=[(25, 0, 90), (100, 0, 150)], overage_price=2
        )
        self.assertEqual(self.amount(rule, 26), 150)
        self.assertEqual(self.amount(rule, 103), 156)

    def test_started_packages_are_charged(self):
        rule = self.rule("package", price=5, package_size=100, included_quantity=100)
        self.assertEqual(self.amount(rule, 201), 10)

    def test_amounts_are_limited_by_minimum_and_maximum(self):
        rule = self.rule("per_unit", price=2, minimum_amount=10, maximum_amount=50)
        self.assertEqual(
            [self.amount(rule, number) for number in (1, 20, 90)], [10, 40, 50]
        )

    def test_a_percent_of_total_follows_its_base(self):
        support = self.rule("percent_of_total", percent=10)
        subscription = self.subscribe(
            self.basic, support.product_id, self.seat, on="2026-04-01", quantity=10
        )
        share = subscription.line_ids[1]
        self.assertEqual(share.period_amount, 10)  # of 30 + 70
        subscription.change_quantity(
            subscription.line_ids[2], 20, share.date_start.replace(day=16)
        )
        self.bill("2026-04-16")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-04-01/2026-04-16", "Percent_Of_Total", "5.00"),
                ("2026-04-01/2026-04-16", "Seat", "35.00"),
                ("2026-04-16/2026-05-01", "Percent_Of_Total", "8.50"),
                ("2026-04-16/2026-05-01", "Seat", "70.00"),
            ],
        )

    def test_the_base_of_a_percentage_is_chosen_by_product_or_category(self):
        hosting = self.env["product.category"].create({"name": "Hosting"})
        self.seat.categ_id = hosting
        by_product = self.rule(
            "percent_of_total",
            percent=10,
            base_scope="products",
            base_product_ids=[Command.set(self.basic.ids)],
        )
        by_category = self.rule(
            "percent_of_total",
            percent=10,
            product=self._make_product("Care", 1.0),
            base_scope="category",
            base_category_id=hosting.id,
        )
        subscription = self.subscribe(
            self.basic,
            self.seat,
            by_product.product_id,
            by_category.product_id,
            on="2026-04-01",
            quantity=10,
        )
        self.assertEqual(subscription.line_ids.mapped("period_amount"), [30, 70, 3, 7])

    def test_percentages_of_each_other_are_refused_by_name(self):
        care, support = (self._make_product(name, 1.0) for name in ("Care", "Support"))
        for product, base in ((care, support), (support, care)):
            self.rule(
                "percent_of_total",
                product=product,
                base_scope="products",
                base_product_ids=[Command.set(base.ids)],
            )
        subscription = self.subscribe(care, support, on="2026-04-01", start=False)
        with self.assertRaisesRegex(UserError, "Care, Support"):
            subscription.action_activate()

    def subscribe_with_a_share_of_its_own_category(self):
        soft = self.env["product.category"].create({"name": "Soft"})
        support = self._make_product("Support", 1.0)
        (self.basic | support).categ_id = soft
        self.rule(
            "percent_of_total",
            percent=10,
            product=support,
            base_scope="category",
            base_category_id=soft.id,
        )
        return self.subscribe(self.basic, support, on="2026-04-01")

    def test_a_percentage_whose_base_includes_its_own_product_can_be_changed(self):
        subscription = self.subscribe_with_a_share_of_its_own_category()
        self.bill("2026-04-01")
        may = Date.to_date("2026-05-01")
        subscription.grant_discount({"percent": 50}, may)
        self.bill("2026-05-01")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-04-01/2026-05-01", "Support", "3.00"),
                ("2026-05-01/2026-06-01", "Basic", "15.00"),
                # 10 % of 15.00, and half of that off.
                ("2026-05-01/2026-06-01", "Support", "0.75"),
            ],
        )

    def test_a_change_that_makes_percentages_of_each_other_is_refused_by_name(self):
        subscription = self.subscribe_with_a_share_of_its_own_category()
        care = self._make_product("Care", 1.0)
        care.categ_id = self.basic.categ_id
        rule = self.rule(
            "percent_of_total",
            percent=10,
            product=care,
            base_scope="category",
            base_category_id=care.categ_id.id,
        )
        wizard = (
            self.env["subscription.change.wizard"]
            .with_context(default_subscription_id=subscription.id)
            .create({"date_effective": "2026-05-01"})
        )
        wizard.line_ids = [
            Command.create({"product_id": care.id, "plan_id": self.monthly.id})
        ]
        self.assertEqual(wizard.line_ids[-1:].pricing_rule_id, rule)
        self.assertIn("Support, Care are percentages of each other", wizard.preview)
        with self.assertRaisesRegex(UserError, "Support, Care are percentages"):
            wizard.action_confirm()

    def test_wrong_tiers_are_refused_with_the_row(self):
        for tiers, reason in (
            ([(10, 1, 0), (5, 1, 0)], "Tier 2 ends at 5"),
            ([(0, 1, 0), (5, 1, 0)], "Tier 2 follows a tier without an upper limit"),
            ([], "add at least one"),
        ):
            with (
                self.assertRaisesRegex(ValidationError, reason),
                self.env.cr.savepoint(),
            ):
                self.rule("graduated", tiers=tiers)

    def test_a_quantity_beyond_the_last_tier_is_refused(self):
        rule = self.rule("volume", tiers=[(5, 7, 0)])
        subscription = self.subscribe(
            rule.product_id, on="2026-04-01", quantity=6, start=False
        )
        with self.assertRaisesRegex(UserError, "add a tier without an upper limit"):
            subscription.action_activate()

    def test_a_price_with_tiers_cannot_be_changed_to_one_price(self):
        self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.seat
        ).write(
            {
                "pricing_model": "graduated",
                "tier_ids": [Command.create({"unit_price": 5})],
            }
        )
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=5)
        with self.assertRaisesRegex(UserError, "is calculated by its tiers"):
            subscription.change_price(
                subscription.line_ids, 4, Date.to_date("2026-04-11")
            )

    def test_a_contracted_price_has_priority_over_the_plan_price(self):
        contact = self.env["res.partner"].create(
            {"name": "Dana", "parent_id": self.customer.id}
        )
        self.rule(
            "per_unit",
            product=self.seat,
            price=5,
            partner_id=self.customer.id,
            date_to="2026-12-31",
        )
        subscription = self.subscribe(self.seat, on="2026-04-01")
        self.assertEqual(subscription.line_ids.price, 5)
        subscription = self.subscribe(self.seat, on="2026-04-01", partner_id=contact.id)
        self.assertEqual(subscription.line_ids.price, 5)
        late = self.subscribe(self.seat, on="2027-04-01")
        self.assertEqual(late.line_ids.price, 7)

    def test_the_pricelist_applies_where_the_plan_has_no_price(self):
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "Friends",
                "currency_id": self.env.company.currency_id.id,
                "item_ids": [
                    Command.create({"compute_price": "percentage", "percent_price": 20})
                ],
            }
        )
        self.env.ref("base.group_user")._apply_group(
            self.env.ref("product.group_product_pricelist")
        )
        self.customer.specific_property_product_pricelist = pricelist
        extra = self._make_product("Extra", 50.0)
        self.assertEqual(self.subscribe(extra, on="2026-04-01").line_ids.price, 40)

    def test_a_dozen_has_twelve_times_the_unit_price(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.seat.uom_ids = dozen
        subscription = self.subscribe(self.seat, on="2026-04-01", start=False)
        subscription.line_ids.product_uom_id = dozen
        subscription.action_activate()
        self.bill("2026-04-01")
        line = subscription.billed_period_ids.invoice_line_id
        self.assertEqual(
            (line.quantity, line.product_uom_id, line.price_unit, line.price_subtotal),
            (1, dozen, 84, 84),
        )

    def test_the_calculator_shows_the_billed_amount(self):
        rule = self.rule("graduated", tiers=[(5, 7, 0), (0, 6, 2)])
        form = Form(rule)
        form.sample_quantity = 8
        text = form.calculator
        self.assertIn("55.00", text)  # 5 × 7 + 3 × 6 + 2
        self.assertIn("Tier 2", text)
        self.assertIn("polyline", text)

    def test_the_calculator_shows_why_there_is_no_price(self):
        form = Form(self.rule("volume", tiers=[(5, 7, 0)]))
        form.sample_quantity = 8
        self.assertIn("the last tier ends at 5", form.calculator)
