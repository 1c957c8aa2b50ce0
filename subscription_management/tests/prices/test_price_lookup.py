from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestFoundPrices(SubscriptionCase):
    """The price that a product gets where nobody typed one: units, days, currencies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.extra = cls._make_product("Extra", 50.0)
        cls.dozen = cls.env.ref("uom.product_uom_dozen")
        cls.extra.uom_ids = cls.dozen
        cls.company_currency = cls.env.company.currency_id

    def give_pricelist(self):
        """Let the customer pay 6 for one of the product, 4 for each from 10 on."""
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

    def test_another_quantity_of_a_draft_asks_the_pricelist_again(self):
        self.give_pricelist()
        line = self.subscribe(self.extra, on="2026-04-01", start=False).line_ids
        self.assertEqual(line.period_amount, 6)
        line.quantity = 12
        self.assertEqual(line.period_amount, 48)
        line.write({"quantity": 1, "product_uom_id": self.dozen.id})
        self.assertEqual(line.period_amount, 48)

    def test_another_quantity_in_the_form_asks_again_until_a_price_is_typed(self):
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

    def test_another_quantity_leaves_the_price_of_the_plan_and_of_what_runs(self):
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

    def test_a_draft_of_another_day_costs_what_is_valid_then(self):
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

    def test_a_product_that_joins_by_a_change_costs_what_a_draft_asks(self):
        self.give_pricelist()
        subscription = self.subscribe(on="2026-04-01")
        self.assertEqual(self.change(subscription, product_id=self.extra.id).price, 6)
        many = self.change(subscription, product_id=self.extra.id, quantity=10)
        self.assertEqual(many.price, 4)

    def test_a_product_that_joins_by_a_change_is_priced_in_its_currency(self):
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

    def test_the_currency_is_that_of_what_is_published_for_the_customer(self):
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
