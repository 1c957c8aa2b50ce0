from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Date
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestContractedPrices(SubscriptionCase):
    """What a customer negotiated: for whom, for how long, and what follows it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.monthly.write({"term_count": 1, "term_unit": "year"})
        cls.list_price = cls.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == cls.seat
        )
        cls.other = cls.env["res.partner"].create({"name": "Negev Farm"})

    def grant(self, price=5, date_to=False, **values):
        """Return a price that was granted to the customer, from 1 April 2026 on."""
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
            subscription._renew()
        self.bill(subscription.term_start)
        return subscription.billed_period_ids.sorted("date_start")[-1].amount

    def seats(self, **values):
        subscription = self.subscribe(self.seat, on="2026-04-01", **values)
        self.bill("2027-03-01")
        return subscription

    def test_a_contact_of_the_customer_gets_what_its_company_negotiated(self):
        self.grant()
        contact = self.env["res.partner"].create(
            {"name": "Dana", "parent_id": self.customer.id}
        )
        subscription = self.subscribe(self.seat, on="2026-04-01", partner_id=contact.id)
        self.assertEqual(subscription.line_ids.price, 5)

    def test_the_subscription_shows_who_granted_it_and_until_when(self):
        self.grant(date_to="2027-03-31")
        subscription = self.subscribe(self.seat, on="2026-04-01")
        label = subscription.contract_label
        self.assertIn("Seat: Until 03/31/2027", label)
        self.assertIn(self.env.user.name, label)
        self.assertEqual(self.customer.managed_contract_count, 1)

    def test_a_change_keeps_what_was_negotiated(self):
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

    def test_a_renewal_within_its_days_keeps_it_and_no_rise_touches_it(self):
        self.monthly.write({"uplift_kind": "fixed", "uplift_percent": 10})
        self.grant(date_to="2027-12-31")
        self.assertEqual(self.renew(self.seats()), 5)

    def test_a_renewal_after_its_days_asks_the_plans_price_with_the_rise(self):
        self.monthly.write({"uplift_kind": "fixed", "uplift_percent": 10})
        self.grant(date_to="2026-12-31")
        subscription = self.seats()
        # Fixed for the term: the days after the last one still cost what was agreed.
        march = subscription.billed_period_ids.sorted("date_start")[-1]
        self.assertEqual(march.amount, 5)
        self.assertAlmostEqual(self.renew(subscription), 7.7)
        now = subscription._lines_on(Date.to_date("2027-04-01"))
        self.assertFalse(now.contract_label)

    def test_what_is_granted_for_running_ones_counts_for_that_customer_only(self):
        mine = self.seats()
        theirs = self.seats(partner_id=self.other.id)
        draft = self.grant(price=4, state="draft", replaces_id=self.list_price.id)
        with freeze_time("2027-03-01 09:00:00"):
            self.assertIn("Galil Bakery", draft.trial)
            self.assertNotIn("Negev Farm", draft.trial)
            draft._publish(Date.to_date("2027-03-16"), "date")
        day = Date.to_date("2027-03-16")
        self.assertEqual(mine._lines_on(day).price, 4)
        self.assertEqual(theirs._lines_on(day).price, 7)
        self.assertFalse(self.list_price.date_to)

    def test_what_is_granted_at_renewal_waits_for_it_and_for_that_customer(self):
        mine = self.seats()
        theirs = self.seats(partner_id=self.other.id)
        draft = self.grant(price=4, state="draft", replaces_id=self.list_price.id)
        with freeze_time("2027-03-01 09:00:00"):
            draft._publish(Date.to_date("2027-03-16"), "renewal")
        self.assertEqual(self.renew(mine), 4)
        self.assertEqual(self.renew(theirs), 7)

    def test_what_is_granted_at_renewal_comes_before_a_version_for_everybody(self):
        mine = self.seats(quantity=100)
        theirs = self.seats(partner_id=self.other.id)
        version = self.list_price.browse(self.list_price.action_new_version()["res_id"])
        version.price = 8
        granted = self.grant(price=5, state="draft")
        with freeze_time("2027-03-01 09:00:00"):
            version._publish(Date.to_date("2027-03-16"), "renewal")
            granted._publish(Date.to_date("2027-03-16"), "renewal")
            theirs._renew()
        self.assertEqual(self.renew(mine), 500)
        self.assertEqual(theirs._lines_on(theirs.term_start).price, 8)

    def test_what_is_granted_for_new_ones_leaves_running_ones(self):
        running = self.seats()
        draft = self.grant(price=4, state="draft", replaces_id=self.list_price.id)
        draft._publish(Date.to_date("2027-03-16"), "new")
        self.assertEqual(self.renew(running), 7)
        self.assertEqual(self.subscribe(self.seat, on="2027-04-01").line_ids.price, 4)

    def test_a_contract_made_for_the_customer_waits_for_the_renewal(self):
        subscription = self.seats()
        draft = self.grant(price=4, state="draft")
        with freeze_time("2027-03-01 09:00:00"):
            draft._publish(Date.to_date("2027-03-16"), "renewal")
        self.assertEqual(self.renew(subscription), 4)

    def test_a_contract_replaces_a_price_of_the_host(self):
        tool = self._make_product("Tool", 50.0)
        subscription = self.subscribe(tool, on="2026-04-01")
        draft = self.grant(price=40, state="draft", product_id=tool.id)
        with freeze_time("2026-04-10 09:00:00"):
            draft._publish(Date.to_date("2026-05-01"), "date")
        self.assertEqual(subscription._lines_on(Date.to_date("2026-05-01")).price, 40)

    def test_a_contract_without_a_price_of_the_plan_ends_at_the_hosts(self):
        tool = self._make_product("Tool", 50.0)
        self.grant(price=40, product_id=tool.id, date_to="2026-12-31")
        subscription = self.subscribe(tool, on="2026-04-01")
        self.bill("2027-03-01")
        self.assertEqual(self.renew(subscription), 50)

    def test_another_customer_does_not_keep_a_contract_beyond_the_term(self):
        self.monthly.write({"uplift_kind": "fixed", "uplift_percent": 10})
        self.grant()
        subscription = self.seats()
        with freeze_time("2027-03-05 09:00:00"):
            day = Date.to_date("2027-03-10")
            follower = subscription.transfer(self.other, day)
        self.assertEqual(follower._lines_on(day).price, 5)
        self.assertAlmostEqual(self.renew(follower), 7.7)

    def test_without_a_term_a_contract_ends_on_its_last_day(self):
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

    def test_a_contract_does_not_end_on_a_day_that_was_billed_at_it(self):
        self.monthly.write({"term_count": 0})
        granted = self.grant(date_from="2026-01-01")
        subscription = self.subscribe(self.seat, on="2026-01-01", quantity=100)
        self.bill("2026-03-01")
        with freeze_time("2026-03-20 09:00:00"):
            with self.assertRaisesRegex(UserError, "end on 03/19/2026 or later"):
                granted.date_to = "2026-01-31"
            granted.date_to = "2026-03-19"
            subscription._follow_contracts()
        days = subscription.line_ids.sorted("date_start").mapped("date_start")
        self.assertEqual(list(map(str, days)), ["2026-01-01", "2026-03-20"])

    def test_a_contract_whose_end_was_missed_leaves_the_days_that_are_over(self):
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

    def test_a_contract_that_is_extended_on_its_last_day_goes_on(self):
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

    def test_a_contract_beside_one_that_is_extended_ends_all_the_same(self):
        self.monthly.write({"term_count": 0})
        granted = self.grant(date_to="2026-05-15")
        self.grant(price=20, date_to="2026-05-15", product_id=self.basic.id)
        subscription = self.subscribe(self.seat, self.basic, on="2026-04-01")
        with freeze_time("2026-05-15 09:00:00"):
            subscription._follow_contracts()
            granted.date_to = False
        now = subscription._lines_on(Date.to_date("2026-05-16"))
        self.assertEqual(sorted(now.mapped("price")), [5, 30])

    def test_one_that_cannot_stay_at_the_contract_is_marked(self):
        self.monthly.write({"term_count": 0})
        granted = self.grant(date_to="2026-05-15")
        subscription = self.subscribe(self.seat, on="2026-04-01")
        with freeze_time("2026-05-15 09:00:00"):
            subscription._follow_contracts()
            day = Date.to_date("2026-05-20")
            line = subscription._lines_on(day)
            subscription.change_quantity(line, 3, day)
            granted.date_to = False
        self.assertIn("though that counts for longer", subscription.activity_ids.note)
