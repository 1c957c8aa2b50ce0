from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Date
from odoo.tests import new_test_user, tagged

from .price_case import PriceCase


@tagged("post_install", "-at_install")
class TestContractedPrices(PriceCase):
    """Contracted prices: their customers, their dates and the price that follows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.monthly.write({"term_count": 1, "term_unit": "year"})
        cls.list_price = cls.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == cls.seat
        )
        cls.other = cls.env["res.partner"].create({"name": "Negev Farm"})

    def grant(self, price=5, date_to=False, **values):
        """Return a contracted price of the customer from 1 April 2026."""
        return self.list_price.copy(
            {
                "price": price,
                "partner_id": self.customer.id,
                "date_from": "2026-04-01",
                "date_to": date_to,
                **values,
            }
        )

    def renew(self, subscription, on="2027-03-31"):
        with freeze_time(f"{on} 09:00:00"):
            subscription.action_renew()
        self.bill(subscription.term_start)
        return subscription.billed_period_ids.sorted("date_start")[-1].amount

    def seats(self, **values):
        subscription = self.subscribe(self.seat, on="2026-04-01", **values)
        self.bill("2027-03-01")
        return subscription

    def test_a_contact_gets_the_contracted_price_of_its_company(self):
        self.grant()
        contact = self.env["res.partner"].create(
            {"name": "Dana", "parent_id": self.customer.id}
        )
        subscription = self.subscribe(self.seat, on="2026-04-01", partner_id=contact.id)
        self.assertEqual(subscription.line_ids.price, 5)

    def test_the_subscription_shows_who_granted_it_and_until_when(self):
        self.grant(date_to="2027-03-31")
        subscription = self.subscribe(self.seat, on="2026-04-01")
        label = subscription.contracted_price_label
        self.assertIn("Seat: Until 03/31/2027", label)
        self.assertIn(self.env.user.name, label)
        self.assertEqual(self.customer.managed_contracted_price_count, 1)

    def test_a_change_keeps_the_contracted_price(self):
        self.grant()
        subscription = self.seats()
        day = Date.to_date("2027-03-10")
        with freeze_time("2027-03-10 09:00:00"):
            subscription.change_quantity(subscription.line_ids, 3, day)
            self.assertEqual(subscription._lines_on(day).mapped("price"), [5])
            line = subscription._lines_on(day)
            yearly = self.yearly.pricing_rule_ids.filtered(
                lambda rule: rule.product_id == self.seat
            )
            yearly.copy({"price": 50, "partner_id": self.customer.id})
            subscription.change_plan(line, self.yearly, day)
        self.assertEqual(subscription._lines_on(day).mapped("price"), [50])

    def test_a_renewal_during_the_contract_keeps_its_price_without_uplift(self):
        self.monthly.write({"uplift_kind": "fixed", "uplift_percent": 10})
        self.grant(date_to="2027-12-31")
        self.assertEqual(self.renew(self.seats()), 5)

    def test_a_renewal_after_the_contract_takes_the_plan_price_with_uplift(self):
        self.monthly.write({"uplift_kind": "fixed", "uplift_percent": 10})
        self.grant(date_to="2026-12-31")
        subscription = self.seats()
        # Fixed for the term: the days after its last one keep the agreed price.
        march = subscription.billed_period_ids.sorted("date_start")[-1]
        self.assertEqual(march.amount, 5)
        self.assertAlmostEqual(self.renew(subscription), 7.7)
        now = subscription._lines_on(Date.to_date("2027-04-01"))
        self.assertFalse(now.contracted_price_label)

    def test_a_contracted_price_for_all_moves_only_its_customer(self):
        mine = self.seats()
        theirs = self.seats(partner_id=self.other.id)
        draft = self.grant(price=4, state="draft", replaces_id=self.list_price.id)
        with freeze_time("2027-03-01 09:00:00"):
            self.assertIn("Galil Bakery", draft.simulation)
            self.assertNotIn("Negev Farm", draft.simulation)
            self.publish(draft, "date", "2027-03-16")
        day = Date.to_date("2027-03-16")
        self.assertEqual(mine._lines_on(day).price, 4)
        self.assertEqual(theirs._lines_on(day).price, 7)
        self.assertFalse(self.list_price.date_to)

    def test_a_contracted_price_at_renewal_waits_for_its_customers_renewal(self):
        mine = self.seats()
        theirs = self.seats(partner_id=self.other.id)
        draft = self.grant(price=4, state="draft", replaces_id=self.list_price.id)
        with freeze_time("2027-03-01 09:00:00"):
            self.publish(draft, "renewal", "2027-03-16")
        self.assertEqual(self.renew(mine), 4)
        self.assertEqual(self.renew(theirs), 7)

    def test_a_contracted_price_at_renewal_has_priority_over_a_general_version(self):
        mine = self.seats(quantity=100)
        theirs = self.seats(partner_id=self.other.id)
        version = self.list_price.browse(self.list_price.action_new_version()["res_id"])
        version.price = 8
        granted = self.grant(price=5, state="draft")
        with freeze_time("2027-03-01 09:00:00"):
            self.publish(version, "renewal", "2027-03-16")
            self.publish(granted, "renewal", "2027-03-16")
            theirs.action_renew()
        self.assertEqual(self.renew(mine), 500)
        self.assertEqual(theirs._lines_on(theirs.term_start).price, 8)

    def test_a_contracted_price_for_new_subscriptions_leaves_existing_ones(self):
        running = self.seats()
        draft = self.grant(price=4, state="draft", replaces_id=self.list_price.id)
        self.publish(draft, "new", "2027-03-16")
        self.assertEqual(self.renew(running), 7)
        self.assertEqual(self.subscribe(self.seat, on="2027-04-01").line_ids.price, 4)

    def test_a_contracted_price_without_a_former_version_applies_at_renewal(self):
        subscription = self.seats()
        draft = self.grant(price=4, state="draft")
        with freeze_time("2027-03-01 09:00:00"):
            self.publish(draft, "renewal", "2027-03-16")
        self.assertEqual(self.renew(subscription), 4)

    def test_a_contracted_price_replaces_a_price_of_the_host(self):
        tool = self._make_product("Tool", 50.0)
        subscription = self.subscribe(tool, on="2026-04-01")
        draft = self.grant(price=40, state="draft", product_id=tool.id)
        with freeze_time("2026-04-10 09:00:00"):
            self.publish(draft, "date", "2026-05-01")
        self.assertEqual(subscription._lines_on(Date.to_date("2026-05-01")).price, 40)

    def test_after_a_contract_without_a_plan_price_the_host_price_applies(self):
        tool = self._make_product("Tool", 50.0)
        self.grant(price=40, product_id=tool.id, date_to="2026-12-31")
        subscription = self.subscribe(tool, on="2026-04-01")
        self.bill("2027-03-01")
        self.assertEqual(self.renew(subscription), 50)

    def test_a_transfer_keeps_the_contracted_price_until_the_end_of_the_term(self):
        self.monthly.write({"uplift_kind": "fixed", "uplift_percent": 10})
        self.grant()
        subscription = self.seats()
        with freeze_time("2027-03-05 09:00:00"):
            day = Date.to_date("2027-03-10")
            follower = subscription.transfer(self.other, day)
        self.assertEqual(follower._lines_on(day).price, 5)
        self.assertAlmostEqual(self.renew(follower), 7.7)

    def test_without_a_term_a_contracted_price_ends_on_its_last_day(self):
        self.monthly.write({"term_count": 0})
        self.grant(date_to="2026-05-15")
        subscription = self.subscribe(self.seat, on="2026-04-01")
        self.bill("2026-05-01")
        for day in ("2026-05-14", "2026-05-15", "2026-05-16"):
            self.run_action("ir_cron_renew", day)
        days = [
            (str(line.date_start), line.price)
            for line in subscription.line_ids.sorted("date_start")
        ]
        self.assertEqual(days, [("2026-04-01", 5), ("2026-05-16", 7)])

    def test_a_contracted_price_cannot_end_on_a_billed_day(self):
        self.monthly.write({"term_count": 0})
        granted = self.grant(date_from="2026-01-01")
        subscription = self.subscribe(self.seat, on="2026-01-01", quantity=100)
        self.bill("2026-03-01")
        with freeze_time("2026-03-20 09:00:00"):
            with self.assertRaisesRegex(UserError, "end it on 03/19/2026 or later"):
                granted.date_to = "2026-01-31"
            granted.date_to = "2026-03-19"
            subscription._follow_contract_ends()
        days = subscription.line_ids.sorted("date_start").mapped("date_start")
        self.assertEqual(list(map(str, days)), ["2026-01-01", "2026-03-20"])

    def test_a_missed_contract_end_does_not_change_past_days(self):
        self.monthly.write({"term_count": 0})
        self.grant(date_from="2026-01-01", date_to="2026-01-31")
        subscription = self.subscribe(self.seat, on="2026-01-01", quantity=100)
        self.bill("2026-03-01")
        self.run_action("ir_cron_renew", "2026-03-20")
        self.bill("2026-04-01")
        after = subscription.line_ids.filtered(lambda line: line.price == 7)
        self.assertEqual(str(after.date_start), "2026-03-20")
        # 500 for each of three months, 2 more for each of 12 days of 31, and April.
        billed = sum(subscription.billed_period_ids.mapped("amount"))
        self.assertAlmostEqual(billed, 1500 + 77.42 + 700, 2)

    def test_a_contracted_price_extended_on_its_last_day_continues(self):
        self.monthly.write({"term_count": 0})
        for later in ("2026-06-30", False):
            granted = self.grant(date_to="2026-05-15")
            subscription = self.subscribe(self.seat, on="2026-04-01")
            self.bill("2026-05-01")
            self.run_action("ir_cron_renew", "2026-05-15")
            day = Date.to_date("2026-05-16")
            self.assertEqual(subscription._lines_on(day).price, 7)
            with freeze_time("2026-05-15 09:00:00"):
                granted.date_to = later
            self.assertEqual(subscription._lines_on(day).price, 5)
            for ran in ("2026-05-16", "2026-06-30", "2026-07-01"):
                self.run_action("ir_cron_renew", ran)
            last = subscription._lines_on(Date.to_date("2026-07-01"))
            self.assertEqual(last.price, 7 if later else 5)
            granted.active = False

    def test_another_contracted_price_ends_beside_an_extended_one(self):
        self.monthly.write({"term_count": 0})
        granted = self.grant(date_to="2026-05-15")
        self.grant(price=20, date_to="2026-05-15", product_id=self.basic.id)
        subscription = self.subscribe(self.seat, self.basic, on="2026-04-01")
        with freeze_time("2026-05-15 09:00:00"):
            subscription._follow_contract_ends()
            granted.date_to = False
        now = subscription._lines_on(Date.to_date("2026-05-16"))
        self.assertEqual(sorted(now.mapped("price")), [5, 30])

    def test_a_subscription_that_cannot_keep_an_extended_price_is_marked(self):
        self.monthly.write({"term_count": 0})
        granted = self.grant(date_to="2026-05-15")
        subscription = self.subscribe(self.seat, on="2026-04-01")
        with freeze_time("2026-05-15 09:00:00"):
            subscription._follow_contract_ends()
            day = Date.to_date("2026-05-20")
            line = subscription._lines_on(day)
            subscription.change_quantity(line, 3, day)
            granted.date_to = False
        self.assertIn("was extended, but", subscription.activity_ids.note)


@tagged("post_install", "-at_install")
class TestGrantors(PriceCase):
    """The customer and the grantor of a contracted price."""

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

    def test_a_price_granted_to_a_contact_is_granted_to_its_company(self):
        granted = self.grant(partner_id=self.contact.id)
        self.assertEqual(granted.partner_id, self.customer)
        granted.partner_id = self.contact
        self.assertEqual(granted.partner_id, self.customer)
        for partner in (self.contact, self.customer):
            self.assertEqual(self.price_for(partner), 5)

    def test_the_customer_of_the_screen_applies_to_new_prices_only(self):
        screen = self.seats.with_context(default_partner_id=self.contact.id)
        granted = screen.create(
            {"plan_id": self.monthly.id, "product_id": self.seat.id, "price": 5}
        )
        self.assertEqual(granted.partner_id, self.customer)
        screen.date_to = "2030-12-31"
        self.assertFalse(self.seats.partner_id)

    def test_a_price_imported_for_a_contact_is_granted_to_its_company(self):
        loaded = self.seats.load(
            ["plan_id/.id", "product_id/.id", "partner_id/.id", "price"],
            [[str(self.monthly.id), str(self.seat.id), str(self.contact.id), "5"]],
        )
        self.assertFalse(loaded["messages"])
        self.assertEqual(self.seats.browse(loaded["ids"]).partner_id, self.customer)

    def test_a_subsidiary_has_its_own_contracted_prices(self):
        subsidiary = self.env["res.partner"].create(
            {"name": "Galil North", "is_company": True, "parent_id": self.customer.id}
        )
        self.assertEqual(self.grant(partner_id=subsidiary.id).partner_id, subsidiary)
        self.assertEqual(self.price_for(subsidiary), 5)
        self.assertEqual(self.price_for(self.customer), 7)

    def test_a_contact_that_leaves_its_company_loses_the_contracted_price(self):
        self.grant(partner_id=self.contact.id)
        self.contact.parent_id = False
        self.assertEqual(self.price_for(self.contact), 7)
        self.assertEqual(self.price_for(self.customer), 5)

    def test_a_contact_that_joins_a_company_brings_its_contracted_price(self):
        person = self.env["res.partner"].create({"name": "Noa"})
        granted = self.grant(partner_id=person.id)
        person.parent_id = self.customer
        self.assertEqual(granted.partner_id, person)
        for partner in (person, self.contact, self.customer):
            self.assertEqual(self.price_for(partner), 5)
        self.assertEqual(self.customer.managed_contracted_price_count, 1)

    def test_of_two_contracted_prices_of_a_customer_the_newest_applies(self):
        person = self.env["res.partner"].create({"name": "Noa"})
        self.grant(price=6, date_from="2026-02-01")
        self.grant(price=4, partner_id=person.id)
        person.parent_id = self.customer
        self.assertEqual(self.price_for(self.customer), 4)

    def test_a_user_cannot_name_another_grantor(self):
        with self.assertRaisesRegex(UserError, "Leave it out"):
            self.grant(granted_by_id=self.colleague.id)
        granted = self.grant()
        with self.assertRaisesRegex(UserError, "Leave it out"):
            granted.granted_by_id = self.colleague
        by_default = self.seats.with_context(default_granted_by_id=self.colleague.id)
        granted.active = False
        self.assertEqual(
            by_default.copy({"partner_id": self.customer.id}).granted_by_id,
            self.env.user,
        )

    def test_a_migration_can_set_the_grantor(self):
        granted = self.grant().sudo()
        granted.granted_by_id = self.colleague
        self.assertEqual(granted.granted_by_id, self.colleague)

    def test_the_user_who_changes_or_publishes_a_contracted_price_is_its_grantor(self):
        for act in (
            lambda granted: granted.write({"price": 1}),
            lambda granted: granted.write({"partner_id": self.colleague.partner_id.id}),
            lambda granted: granted.write({"state": "published"}),
        ):
            granted = self.grant(state="draft")
            act(granted.with_user(self.colleague))
            self.assertEqual(granted.granted_by_id, self.colleague)
            granted.active = False

    def test_the_user_who_ends_or_archives_it_is_not_its_grantor(self):
        granted = self.grant(date_from="2026-01-01")
        granted.with_user(self.colleague).write(
            {"price": 5, "date_to": "2026-12-31", "active": False}
        )
        self.assertEqual(granted.granted_by_id, self.env.user)
