from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestGrantedPrices(SubscriptionCase):
    """To whom a price is granted, and by whom."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.is_company = True
        cls.contact = cls.env["res.partner"].create(
            {"name": "Dana", "parent_id": cls.customer.id}
        )
        cls.seats = cls.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == cls.seat
        )
        cls.colleague = new_test_user(
            cls.env, "granting", "subscription_management.group_subscription_manager"
        )

    def grant(self, **values):
        return self.seats.copy({"price": 5, "partner_id": self.customer.id, **values})

    def price_for(self, partner):
        subscription = self.subscribe(
            self.seat, on="2026-04-01", partner_id=partner.id, start=False
        )
        return subscription.line_ids.price

    def test_what_is_granted_to_a_contact_is_granted_to_its_company(self):
        granted = self.grant(partner_id=self.contact.id)
        self.assertEqual(granted.partner_id, self.customer)
        granted.partner_id = self.contact
        self.assertEqual(granted.partner_id, self.customer)
        for partner in (self.contact, self.customer):
            self.assertEqual(self.price_for(partner), 5)

    def test_the_customer_of_the_screen_is_that_of_new_prices_only(self):
        screen = self.seats.with_context(default_partner_id=self.contact.id)
        granted = screen.create(
            {"plan_id": self.monthly.id, "product_id": self.seat.id, "price": 5}
        )
        self.assertEqual(granted.partner_id, self.customer)
        screen.date_to = "2030-12-31"
        self.assertFalse(self.seats.partner_id)

    def test_what_a_file_grants_to_a_contact_is_granted_to_its_company(self):
        loaded = self.seats.load(
            ["plan_id/.id", "product_id/.id", "partner_id/.id", "price"],
            [[str(self.monthly.id), str(self.seat.id), str(self.contact.id), "5"]],
        )
        self.assertFalse(loaded["messages"])
        self.assertEqual(self.seats.browse(loaded["ids"]).partner_id, self.customer)

    def test_a_subsidiary_has_contracts_of_its_own(self):
        subsidiary = self.env["res.partner"].create(
            {"name": "Galil North", "is_company": True, "parent_id": self.customer.id}
        )
        self.assertEqual(self.grant(partner_id=subsidiary.id).partner_id, subsidiary)
        self.assertEqual(self.price_for(subsidiary), 5)
        self.assertEqual(self.price_for(self.customer), 7)

    def test_a_contact_that_leaves_leaves_the_contract_with_the_company(self):
        self.grant(partner_id=self.contact.id)
        self.contact.parent_id = False
        self.assertEqual(self.price_for(self.contact), 7)
        self.assertEqual(self.price_for(self.customer), 5)

    def test_whoever_joins_a_company_brings_its_contract_along(self):
        person = self.env["res.partner"].create({"name": "Noa"})
        granted = self.grant(partner_id=person.id)
        person.parent_id = self.customer
        self.assertEqual(granted.partner_id, person)
        for partner in (person, self.contact, self.customer):
            self.assertEqual(self.price_for(partner), 5)
        self.assertEqual(self.customer.managed_contract_count, 1)

    def test_of_two_contracts_of_one_customer_the_newest_counts(self):
        person = self.env["res.partner"].create({"name": "Noa"})
        self.grant(price=6, date_from="2026-02-01")
        self.grant(price=4, partner_id=person.id)
        person.parent_id = self.customer
        self.assertEqual(self.price_for(self.customer), 4)

    def test_nobody_says_that_somebody_else_granted_a_price(self):
        with self.assertRaisesRegex(UserError, "Leave “Granted By” out"):
            self.grant(granted_by_id=self.colleague.id)
        granted = self.grant()
        with self.assertRaisesRegex(UserError, "Leave “Granted By” out"):
            granted.granted_by_id = self.colleague
        by_default = self.seats.with_context(default_granted_by_id=self.colleague.id)
        granted.active = False
        self.assertEqual(
            by_default.copy({"partner_id": self.customer.id}).granted_by_id,
            self.env.user,
        )

    def test_a_migration_says_who_granted_a_price(self):
        granted = self.grant().sudo()
        granted.granted_by_id = self.colleague
        self.assertEqual(granted.granted_by_id, self.colleague)

    def test_whoever_changes_or_publishes_what_is_granted_grants_it(self):
        for act in (
            lambda granted: granted.write({"price": 1}),
            lambda granted: granted.write({"partner_id": self.colleague.partner_id.id}),
            lambda granted: granted.write({"state": "published"}),
        ):
            granted = self.grant(state="draft")
            act(granted.with_user(self.colleague))
            self.assertEqual(granted.granted_by_id, self.colleague)
            granted.active = False

    def test_whoever_ends_or_archives_it_does_not(self):
        granted = self.grant(date_from="2026-01-01")
        granted.with_user(self.colleague).write(
            {"price": 5, "date_to": "2026-12-31", "active": False}
        )
        self.assertEqual(granted.granted_by_id, self.env.user)
