from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged
from odoo.tools import SQL

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestPriceLookup(SubscriptionCase):
    """The price of a product where none was entered: units, dates, currencies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.extra = cls._make_product("Extra", 50.0)
        cls.dozen = cls.env.ref("uom.product_uom_dozen")
        cls.extra.uom_ids = cls.dozen
        cls.company_currency = cls.env.company.currency_id

    def give_pricelist(self):
        """Give the customer a price of 6 for one unit, 4 per unit for 10 or more."""
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "Friends",
                "currency_id": self.company_currency.id,
                "item_ids": [
                    Command.create(
                        {
                            "applied_on": "0_product_variant",
                            "product_id": self.extra.id,
                            "compute_price": "fixed",
                            "fixed_price": price,
                            "min_quantity": count,
                        }
                    )
                    for count, price in ((0, 6), (10, 4))
                ],
            }
        )
        self.env.ref("base.group_user")._apply_group(
            self.env.ref("product.group_product_pricelist")
        )
        self.customer.specific_property_product_pricelist = pricelist

    def other_currency(self):
        """Return a currency of which two are one of the company's."""
        return self.setup_other_currency("HRK", rates=[("2020-01-01", 2.0)])

    def change(self, subscription, **values):
        """Return the row of the Change wizard that adds or changes a product."""
        wizard = (
            self.env["subscription.change.wizard"]
            .with_context(default_subscription_id=subscription.id)
            .create({"date_effective": "2026-05-01"})
        )
        values = {"plan_id": self.monthly.id, **values}
        wizard.line_ids = [Command.create(values)]
        return wizard.line_ids[-1:]

    def test_the_pricelist_counts_a_dozen_as_twelve(self):
        self.give_pricelist()
        draft = self.subscribe(
            on="2026-04-01",
            start=False,
            line_ids=[
                Command.create(
                    {"product_id": self.extra.id, "product_uom_id": self.dozen.id}
                )
            ],
        )
        self.assertEqual(draft.line_ids.period_amount, 48)  # 12 × 4

    def test_another_quantity_on_a_draft_reads_the_pricelist_again(self):
        self.give_pricelist()
        line = self.subscribe(self.extra, on="2026-04-01", start=False).line_ids
        self.assertEqual(line.period_amount, 6)
        line.quantity = 12
        self.assertEqual(line.period_amount, 48)
        line.write({"quantity": 1, "product_uom_id": self.dozen.id})
        self.assertEqual(line.period_amount, 48)

    def test_another_quantity_in_the_form_reads_again_until_a_price_is_entered(self):
        self.give_pricelist()
        draft = self.subscribe(self.extra, on="2026-04-01", start=False)
        for quantity, typed, price in (
            (12, None, 4),
            (1, None, 6),
            (1, 5, 5),
            (12, None, 5),
        ):
            with Form(draft) as form, form.line_ids.edit(0) as line:
                line.quantity = quantity
                if typed:
                    line.price = typed
            self.assertEqual(draft.line_ids.price, price)

    def test_another_quantity_keeps_plan_prices_and_prices_of_active_subscriptions(
        self,
    ):
        self.give_pricelist()
        rule = self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.seat
        )
        draft = self.subscribe(self.seat, on="2026-04-01", start=False)
        rule.date_to = "2026-03-31"
        rule.copy({"price": 8, "date_from": "2026-04-01", "date_to": False})
        draft.line_ids.quantity = 12
        self.assertEqual(draft.line_ids.price, 7)
        running = self.subscribe(self.extra, on="2026-04-01")
        running.change_quantity(running.line_ids, 12, Date.to_date("2026-04-01"))
        self.assertEqual(set(running.line_ids.mapped("price")), {6})

    def test_a_draft_moved_to_another_date_takes_the_price_of_that_date(self):
        now = self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.seat
        )
        now.date_to = "2026-12-31"
        now.copy({"price": 8, "date_from": "2027-01-01", "date_to": False})
        found, typed = (
            self.subscribe(self.seat, on="2026-12-01", start=False) for _ in range(2)
        )
        typed.line_ids.price = 5
        for draft in (found, typed):
            draft.date_start = "2027-01-15"
        self.assertEqual((found.line_ids.price, typed.line_ids.price), (8, 5))
        with Form(found) as form:
            form.date_start = "2026-12-01"
        self.assertEqual(found.line_ids.price, 7)

    def test_a_product_added_by_a_change_has_the_price_of_a_draft(self):
        self.give_pricelist()
        subscription = self.subscribe(on="2026-04-01")
        self.assertEqual(self.change(subscription, product_id=self.extra.id).price, 6)
        many = self.change(subscription, product_id=self.extra.id, quantity=10)
        self.assertEqual(many.price, 4)

    def test_a_product_added_by_a_change_is_priced_in_the_currency_of_the_subscription(
        self,
    ):
        currency = self.other_currency()
        subscription = self.subscribe(on="2026-04-01", currency_id=currency.id)
        # 50 of the company's are 100 of the subscription's.
        self.assertEqual(self.change(subscription, product_id=self.extra.id).price, 100)

    def test_another_product_is_served_in_its_own_unit(self):
        consult = self._make_product("Consult", 80.0)
        consult.uom_id = self.env.ref("uom.product_uom_day")
        self.env["subscription.pricing.rule"].create(
            {
                "plan_id": self.monthly.id,
                "product_id": consult.id,
                "pricing_model": "per_unit",
                "price": 80,
            }
        )
        may = Date.to_date("2026-05-01")
        for way in ("method", "wizard"):
            subscription = self.subscribe(self.seat, on="2026-04-01")
            if way == "method":
                subscription.change_plan(
                    subscription.line_ids, self.monthly, may, product=consult
                )
            else:
                wizard = (
                    self.env["subscription.change.wizard"]
                    .with_context(default_subscription_id=subscription.id)
                    .create({"date_effective": may})
                )
                wizard.line_ids.product_id = consult
                wizard.action_confirm()
            line = subscription._lines_on(may)
            self.assertEqual((line.product_uom_id, line.price), (consult.uom_id, 80))
            self.assertEqual(line.period_amount, 80)

    def test_the_currency_is_the_one_of_prices_published_for_the_customer(self):
        currency = self.other_currency()
        price = self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.seat
        )
        self.monthly.pricing_rule_ids.currency_id = currency
        dollars = {"currency_id": self.company_currency.id, "price": 9}
        price.copy({**dollars, "state": "draft"})
        granted = self.env["res.partner"].create({"name": "Negev Farm"})
        price.copy({**dollars, "partner_id": granted.id, "state": "published"})
        mine = self.subscribe(self.seat, on="2026-04-01", start=False)
        theirs = self.subscribe(
            self.seat, on="2026-04-01", start=False, partner_id=granted.id
        )
        self.assertEqual((mine.currency_id, mine.line_ids.price), (currency, 7))
        self.assertEqual(
            (theirs.currency_id, theirs.line_ids.price), (self.company_currency, 9)
        )
        mine.partner_id = granted
        self.assertEqual(mine.line_ids.price, 9)


@tagged("post_install", "-at_install")
class TestReplacedPricingModels(SubscriptionCase):
    """Lines of one pricing model whose rule has another one now."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.storage = cls._make_product("Storage", 4.0)
        cls.rule = cls.env["subscription.pricing.rule"].create(
            {
                "plan_id": cls.monthly.id,
                "product_id": cls.storage.id,
                "pricing_model": "graduated",
                "tier_ids": [Command.create({"unit_price": 3})],
            }
        )

    def replace_model(self, rule, model="flat"):
        """Set another pricing model on a rule without its lines."""
        rule.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE subscription_pricing_rule SET pricing_model = %s WHERE id = %s",
                model,
                rule.id,
            )
        )
        rule.invalidate_recordset()

    def test_a_draft_whose_pricing_model_was_replaced_does_not_start(self):
        draft = self.subscribe(self.storage, on="2026-04-01", start=False)
        self.replace_model(self.rule)
        self.assertEqual(draft.line_ids._full_price(), 0)
        with self.assertRaisesRegex(UserError, "“Graduated Tiers”.*“Flat”.*choose"):
            draft.action_activate()

    def test_choosing_the_product_again_takes_the_price_of_today(self):
        draft = self.subscribe(self.storage, on="2026-04-01", start=False)
        self.replace_model(self.rule)
        draft.line_ids = [
            Command.clear(),
            Command.create({"product_id": self.storage.id}),
        ]
        self.assertEqual(draft.line_ids.pricing_model, "flat")

    def test_a_subscription_whose_pricing_model_was_replaced_is_marked_alone(self):
        failing = self.subscribe(self.storage, on="2026-04-01")
        other = self.subscribe(on="2026-04-01")
        self.replace_model(self.rule)
        self.bill("2026-04-01")
        self.assertFalse(failing.billed_period_ids)
        self.assertIn("Graduated Tiers", failing.activity_ids.note)
        self.assertTrue(other.billed_period_ids)

    def test_a_line_without_a_rule_cannot_have_tiers(self):
        draft = self.subscribe(self.seat, on="2026-04-01", start=False)
        for model in ("graduated", "package", "percent_of_total"):
            with (
                self.subTest(model=model),
                self.assertRaisesRegex(ValidationError, "choose the product again"),
                self.env.cr.savepoint(),
            ):
                draft.line_ids.pricing_model = model
        draft.line_ids.pricing_model = "flat"

    def test_a_copy_of_a_line_with_tiers_takes_the_price_of_today(self):
        subscription = self.subscribe(self.storage, on="2026-04-01", quantity=2)
        self.rule.active = False
        line = subscription.copy().line_ids
        self.assertFalse(line.pricing_rule_id)
        self.assertEqual((line.pricing_model, line.period_amount), ("per_unit", 8))
