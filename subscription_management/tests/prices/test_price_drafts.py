from ast import literal_eval

from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Date
from odoo.tests import Form, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestPriceDrafts(SubscriptionCase):
    """What people make on a screen is a draft until it is published."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.storage = cls._make_product("Storage", 50.0)
        cls.seats = cls.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == cls.seat
        )
        action = cls.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_pricing_rule_action"
        )
        cls.on_screen = cls.env["subscription.pricing.rule"].with_context(
            **literal_eval(action["context"])
        )

    def type_price(self, price=9, **values):
        """Return a price of the storage as somebody types it on the screen."""
        with Form(self.on_screen) as form:
            form.plan_id, form.product_id = self.monthly, self.storage
            form.price = price
            for name, value in values.items():
                form[name] = value
        return form.record

    def test_a_price_of_the_screen_is_asked_once_it_is_published(self):
        price = self.type_price()
        self.assertEqual(price.state, "draft")
        line = self.subscribe(self.storage, on="2026-04-16").line_ids
        self.assertEqual(line.price, 50)
        self.assertFalse(price.action_publish())
        self.assertEqual(price.state, "published")
        line = self.subscribe(self.storage, on="2026-04-16").line_ids
        self.assertEqual((line.price, line.pricing_rule_id), (9, price))

    def test_a_first_price_counts_for_what_began_before_it_was_published(self):
        price = self.type_price()
        price.action_publish()
        self.assertFalse(price.date_from)
        line = self.subscribe(self.storage, on="2026-01-01").line_ids
        self.assertEqual(line.price, 9)

    def test_a_first_price_counts_on_the_days_that_it_says(self):
        price = self.type_price(date_from="2026-05-01")
        price.action_publish()
        prices = [
            self.subscribe(self.storage, on=day).line_ids.price
            for day in ("2026-04-30", "2026-05-01")
        ]
        self.assertEqual(prices, [50, 9])

    def test_a_second_price_for_the_same_days_is_not_published(self):
        self.type_price().action_publish()
        second = self.type_price()
        with self.assertRaisesRegex(ValidationError, "has two prices"):
            second.action_publish()

    def test_a_price_is_not_published_twice(self):
        price = self.type_price()
        price.action_publish()
        with self.assertRaisesRegex(UserError, "published already"):
            price.action_publish()

    def test_a_new_version_and_what_is_granted_ask_from_when_and_for_whom(self):
        version = self.seats.browse(self.seats.action_new_version()["res_id"])
        granted = self.type_price(partner_id=self.customer)
        for price, day, asked in (
            (version, False, "2026-04-16"),
            (version, "2026-03-01", "2026-04-16"),
            (granted, "2026-06-01", "2026-06-01"),
        ):
            price.date_from = day
            action = price.action_publish()
            wizard = self.env[action["res_model"]].with_context(**action["context"])
            self.assertEqual(wizard.new({}).date_from, Date.to_date(asked))
            self.assertEqual(price.state, "draft")

    def test_a_price_that_is_added_on_the_plan_is_a_draft(self):
        with Form(self.monthly) as form, form.pricing_rule_ids.new() as row:
            row.product_id = self.storage
            row.price = 9
        added = self.monthly.pricing_rule_ids - self.seats
        added = added.filtered(lambda rule: rule.product_id == self.storage)
        self.assertEqual((added.state, added.price), ("draft", 9))

    def test_a_price_of_a_file_counts_at_once_unless_it_says_draft(self):
        names = ["plan_id/.id", "product_id/.id", "price"]
        row = [str(self.monthly.id), str(self.storage.id), "9"]
        for columns, values, state in (
            (names, row, "published"),
            ([*names, "state"], [*row, "draft"], "draft"),
        ):
            loaded = self.on_screen.load(columns, [values])
            self.assertFalse(loaded["messages"])
            self.assertEqual(self.on_screen.browse(loaded["ids"]).state, state)

    def test_a_duplicate_of_the_screen_is_a_draft(self):
        copied = self.seats.with_env(self.on_screen.env).copy()
        self.assertEqual((copied.state, copied.price), ("draft", 7))

    def test_a_copy_of_a_plan_keeps_drafts_as_drafts(self):
        draft = self.type_price()
        copied = self.monthly.copy().pricing_rule_ids
        self.assertEqual(
            {(rule.product_id, rule.price, rule.state) for rule in copied},
            {
                (self.basic, 30, "published"),
                (self.seat, 7, "published"),
                (self.storage, 9, "draft"),
            },
        )
        self.assertEqual(draft.plan_id, self.monthly)

    def test_a_copy_of_a_plan_has_no_contracts_and_no_drafts_of_versions(self):
        self.seats.action_new_version()
        self.seats.copy({"partner_id": self.customer.id, "price": 5})
        self.seats.copy({"partner_id": self.customer.id, "state": "draft"})
        copied = self.monthly.copy().pricing_rule_ids
        self.assertEqual(
            {(rule.product_id, rule.price, rule.state) for rule in copied},
            {(self.basic, 30, "published"), (self.seat, 7, "published")},
        )
        self.assertEqual(len(copied), 2)

    def test_an_archived_price_is_in_the_way_of_none(self):
        self.seats.active = False
        other = self.seats.copy({"price": 8, "active": True})
        self.assertEqual(self.subscribe(self.seat, on="2026-04-16").line_ids.price, 8)
        found = self.seats.with_context(active_test=False)._find(
            self.monthly, self.seat, other.currency_id, Date.to_date("2026-04-16")
        )
        self.assertEqual(found, other)

    def test_a_price_does_not_come_back_beside_another_for_its_days(self):
        self.seats.active = False
        other = self.seats.copy({"price": 8, "active": True})
        with self.assertRaisesRegex(ValidationError, "has two prices"):
            self.seats.active = True
        other.active = False
        self.seats.active = True
