from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from ...billing_core.errors import InvalidCutOff
from .price_case import PriceCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestPriceVersions(PriceCase):
    """New versions of a price: their publication and the subscriptions that move."""

    def new_version(self, price):
        rule = self.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == self.seat
        )
        draft = rule.browse(rule.action_new_version()["res_id"])
        draft.price = price
        return draft

    def running(self, **values):
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10, **values)
        self.bill("2026-04-01")
        return subscription

    def price_billed_in_may(self, subscription):
        self.bill("2026-05-01")
        return subscription.billed_period_ids.sorted("date_start")[-1].amount

    def test_a_draft_price_does_not_apply(self):
        self.new_version(8)
        self.assertEqual(self.running().line_ids.price, 7)

    def test_a_draft_is_simulated_on_last_months_customers(self):
        self.running()
        draft = self.new_version(8)
        shown = draft._simulate()
        self.assertEqual(
            (shown["more"], shown["less"], shown["same"], shown["total"]), (1, 0, 0, 10)
        )
        self.assertIn("Galil Bakery", draft.simulation)

    def test_a_new_price_for_new_subscriptions_only(self):
        subscription = self.running()
        self.publish(self.new_version(8), "new", "2026-05-01")
        self.assertEqual(self.price_billed_in_may(subscription), 70)
        late = self.subscribe(self.seat, on="2026-05-01")
        self.assertEqual(late.line_ids.price, 8)

    def test_a_new_price_for_existing_subscriptions_from_a_date(self):
        subscription = self.running()
        billed = subscription.billed_period_ids
        self.publish(self.new_version(8), "date", "2026-05-01")
        self.assertEqual(self.price_billed_in_may(subscription), 80)
        self.assertEqual(billed.amount, 70)

    def test_a_new_price_at_renewal_applies_from_the_next_term(self):
        self.monthly.write({"term_count": 1, "term_unit": "month"})
        subscription = self.running()
        self.publish(self.new_version(8), "renewal", "2026-05-01")
        self.assertEqual(subscription.line_ids.price, 7)
        subscription.action_renew()
        self.assertEqual(subscription.term_end, Date.to_date("2026-06-01"))
        self.assertEqual(self.price_billed_in_may(subscription), 80)

    def test_a_price_cannot_be_published_from_a_past_day(self):
        subscription = self.running()
        draft = self.new_version(8)
        for applies_to in ("new", "date", "renewal"):
            with self.assertRaisesRegex(UserError, "in the past"):
                self.publish(draft, applies_to, "2026-04-15")
        self.assertEqual(subscription.billed_period_ids.amount, 70)

    def test_an_ended_version_is_not_extended_by_its_successor(self):
        draft = self.new_version(8)
        draft.replaces_id.date_to = "2026-04-20"
        self.publish(draft, "new", "2026-05-01")
        self.assertEqual(draft.replaces_id.date_to, Date.to_date("2026-04-20"))

    def test_a_suspended_subscription_keeps_its_price_and_is_listed(self):
        subscription = self.running()
        subscription.suspend()
        shown = self.publish(self.new_version(8), "date", "2026-05-01")
        self.assertIn(subscription.name, shown["params"]["message"])
        self.assertIn("is suspended", subscription.activity_ids.note)
        self.assertEqual(subscription.line_ids.mapped("price"), [7])

    def test_a_renewal_skips_a_version_that_has_ended(self):
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        subscription = self.running()
        line = subscription.line_ids
        second = self.new_version(8)
        self.publish(second, "renewal", "2026-06-01")
        third = second.browse(second.action_new_version()["res_id"])
        third.price = 9
        self.publish(third, "date", "2026-08-01")
        for day, version in (("2026-07-01", second), ("2027-04-01", third)):
            values = line._prices_at_renewal(Date.to_date(day))
            self.assertEqual(values["pricing_rule_id"], version.id)

    def test_a_subscription_that_refuses_a_new_price_blocks_no_other(self):
        refusing, willing = self.running(), self.running()
        move = type(refusing)._move_to_new_prices

        def refuse(subscription, *args):
            if subscription == refusing:
                raise InvalidCutOff(-1)
            return move(subscription, *args)

        self.patch(type(refusing), "_move_to_new_prices", refuse)
        shown = self.publish(self.new_version(8), "date", "2026-05-01")
        self.assertIn(refusing.name, shown["params"]["message"])
        self.assertIn("could not be applied", refusing.activity_ids.note)
        self.assertEqual(self.price_billed_in_may(willing), 80)
        self.assertEqual(self.price_billed_in_may(refusing), 70)

    def test_publication_requires_all_companies_with_the_price(self):
        other = self.setup_other_company()["company"]
        self.env["subscription.subscription"].with_company(other).create(
            {
                "partner_id": self.customer.id,
                "company_id": other.id,
                "plan_id": self.monthly.id,
                "date_start": "2026-04-01",
                "line_ids": [Command.create({"product_id": self.seat.id})],
            }
        ).action_activate()
        draft = self.new_version(8)
        one_company = draft.with_context(allowed_company_ids=self.env.company.ids)
        with self.assertRaisesRegex(UserError, "select these companies"):
            self.publish(one_company, "date", "2026-05-01")

    def test_a_published_price_is_not_published_again(self):
        draft = self.new_version(8)
        self.publish(draft, "new", "2026-05-01")
        with self.assertRaisesRegex(UserError, "published already"):
            self.publish(draft, "new", "2026-05-01")

    def test_a_version_stays_on_the_plan_and_product_and_in_the_currency(self):
        draft = self.new_version(4)
        euro = self.setup_other_currency("EUR")
        for name, other in (
            ("plan_id", self.yearly),
            ("product_id", self.basic),
            ("currency_id", euro),
        ):
            with self.subTest(name), self.env.cr.savepoint():
                with self.assertRaisesRegex(ValidationError, "is a new version of"):
                    draft[name] = other
                draft.invalidate_recordset()
            with self.assertRaisesRegex(AssertionError, "readonly"):
                Form(draft)[name] = other

    def test_a_version_whose_predecessor_changed_product_is_not_published(self):
        draft = self.new_version(4)
        draft.replaces_id.product_id = self._make_product("Storage", 1.0)
        for applies_to in ("new", "date", "renewal"):
            with self.assertRaisesRegex(ValidationError, "is a new version of"):
                self.publish(draft, applies_to, "2026-05-01")
        self.assertFalse(draft.replaces_id.date_to)

    def test_a_price_of_another_currency_moves_no_subscription(self):
        subscription = self.running()
        euro = self.new_version(4)
        euro.replaces_id = False
        euro.currency_id = self.setup_other_currency("EUR")
        versions = {subscription.line_ids.pricing_rule_id: euro}
        subscription._move_to_new_prices(versions, Date.to_date("2026-05-01"))
        self.assertEqual(subscription.line_ids.mapped("price"), [7])
