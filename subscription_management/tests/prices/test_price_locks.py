from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Date
from odoo.tests import Form, new_test_user, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestPriceLocks(SubscriptionCase):
    """A price that subscriptions have stays: what changes is a new version."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == cls.seat
        )
        cls.other = cls.env["res.partner"].create({"name": "Negev Farm"})

    def tiered(self, **values):
        return self.env["subscription.pricing.rule"].create(
            {
                "plan_id": self.monthly.id,
                "product_id": self._make_product("Storage", 1.0).id,
                "pricing_model": "graduated",
                "tier_ids": [
                    Command.create({"up_to": 10, "unit_price": 3}),
                    Command.create({"unit_price": 2}),
                ],
                **values,
            }
        )

    def assert_locked(self, records, values):
        with (
            self.subTest(values=values),
            self.assertRaisesRegex(UserError, "button New Version"),
            self.env.cr.savepoint(),
        ):
            records.write(values)

    def test_what_a_used_price_says_is_refused_field_by_field(self):
        self.subscribe(self.seat, on="2026-04-01")
        for values in (
            {"price": 8},
            {"pricing_model": "flat"},
            {"percent": 5},
            {"package_size": 12},
            {"base_scope": "products"},
            {"base_product_ids": [Command.link(self.basic.id)]},
            {"base_price": "list"},
            {"included_quantity": 1},
            {"minimum_amount": 1},
            {"maximum_amount": 90},
            {"overage_price": 2},
            {"product_id": self.basic.id},
            {"plan_id": self.yearly.id},
            {"currency_id": self.setup_other_currency("EUR").id},
            {"partner_id": self.other.id},
            {"date_from": "2026-04-02"},
            {"state": "draft"},
            {"applies_at_renewal": True},
            {"tier_ids": [Command.create({"unit_price": 1})]},
        ):
            self.assert_locked(self.rule, values)

    def test_the_refusal_names_the_price_and_the_field(self):
        self.subscribe(self.seat, on="2026-04-01")
        with self.assertRaisesRegex(UserError, "Seat on Monthly.*“Minimum”"):
            self.rule.minimum_amount = 1

    def test_a_draft_subscription_locks_its_price_too(self):
        self.subscribe(self.seat, on="2026-04-01", start=False)
        self.assert_locked(self.rule, {"price": 8})

    def test_a_subscription_of_another_company_locks_the_price(self):
        other = self.setup_other_company()["company"]
        self.env["subscription.subscription"].with_company(other).create(
            {
                "partner_id": self.customer.id,
                "company_id": other.id,
                "plan_id": self.monthly.id,
                "date_start": "2026-04-01",
                "line_ids": [Command.create({"product_id": self.seat.id})],
            }
        )
        here = self.rule.with_context(allowed_company_ids=self.env.company.ids)
        self.assertTrue(here.is_used)
        self.assert_locked(here, {"price": 8})

    def test_one_used_price_among_others_refuses_them_all(self):
        self.subscribe(self.seat, on="2026-04-01")
        self.assert_locked(self.monthly.pricing_rule_ids, {"price": 8})
        self.assertEqual(self.rule.price, 7)

    def test_the_same_values_may_be_written_again(self):
        self.rule.date_from = "2026-04-01"
        self.subscribe(self.seat, on="2026-04-01")
        tiered = self.tiered()
        self.subscribe(tiered.product_id, on="2026-04-01")
        self.rule.write(
            {
                "price": 7.0,
                "date_from": "2026-04-01",
                "product_id": self.seat.id,
                "partner_id": False,
                "base_product_ids": [Command.set([])],
            }
        )
        tiered.tier_ids = [
            Command.update(tier.id, {"unit_price": tier.unit_price})
            for tier in tiered.tier_ids
        ]

    def test_a_published_price_that_nobody_has_is_corrected_in_place(self):
        self.assertFalse(self.rule.is_used)
        with Form(self.rule) as form:
            form.price = 8
        self.assertEqual(self.rule.price, 8)

    def test_a_used_price_can_end_and_be_archived(self):
        self.subscribe(self.seat, on="2026-04-01")
        with Form(self.rule) as form:
            form.date_to = "2026-12-31"
        self.rule.active = False
        self.assertFalse(
            self.subscribe(self.seat, on="2026-04-01").line_ids.pricing_rule_id
        )

    def test_a_used_price_is_not_deleted(self):
        self.subscribe(self.seat, on="2026-04-01")
        with self.assertRaisesRegex(UserError, "archive it"):
            self.rule.unlink()

    def test_the_tiers_of_a_used_price_stay(self):
        rule, spare = self.tiered(), self.tiered()
        first = rule.tier_ids[0]
        self.subscribe(rule.product_id, on="2026-04-01")
        self.assert_locked(first, {"unit_price": 4})
        self.assert_locked(first, {"rule_id": spare.id})
        self.assert_locked(spare.tier_ids[0], {"rule_id": rule.id})
        self.assert_locked(rule, {"tier_ids": [Command.delete(first.id)]})
        for act in (
            first.unlink,
            lambda: first.create({"rule_id": rule.id, "up_to": 5, "unit_price": 9}),
        ):
            with self.assertRaisesRegex(UserError, "New Version"):
                act()

    def test_the_form_of_a_used_price_lets_nobody_type_over_what_is_locked(self):
        self.subscribe(self.seat, on="2026-04-01")
        form = Form(self.rule)
        # What the form shows of them elsewhere is never typed into.
        typed = self.rule._locked_fields() - {"state", "applies_at_renewal"}
        shown = [name for name in typed if name in form._view["fields"]]
        self.assertIn("price", shown)
        for name in shown:
            self.assertTrue(form._get_modifier(name, "readonly"), name)
        for name in ("date_to", "sample_quantity"):
            self.assertFalse(form._get_modifier(name, "readonly"), name)

    def test_a_new_version_of_a_used_price_is_published(self):
        subscription = self.subscribe(self.seat, on="2026-04-01")
        self.bill("2026-04-01")
        draft = self.rule.browse(self.rule.action_new_version()["res_id"])
        with Form(draft) as form:
            form.price = 8
        draft._publish(Date.to_date("2026-05-01"), "date")
        self.assertEqual(self.rule.date_to, Date.to_date("2026-04-30"))
        self.assertEqual(subscription.line_ids.mapped("price"), [7, 8])
        self.assertTrue(draft.is_used)

    def test_a_version_of_the_same_day_takes_the_place_of_one_with_a_typo(self):
        today = Date.to_date("2026-04-16")
        typo = self.rule.browse(self.rule.action_new_version()["res_id"])
        typo.price = 80
        typo._publish(today, "renewal")
        subscription = self.subscribe(self.seat, on="2026-04-16")
        self.assertEqual(subscription.line_ids.price, 80)
        right = typo.browse(typo.action_new_version()["res_id"])
        right.price = 8
        right._publish(today, "date")
        self.assertFalse(typo.active)
        self.assertEqual(subscription._lines_on(today).price, 8)
        later = self.subscribe(self.seat, on="2026-04-16")
        self.assertEqual(later.line_ids.pricing_rule_id, right)

    def test_a_renewal_passes_over_a_version_that_was_replaced_on_its_day(self):
        subscription = self.subscribe(self.seat, on="2026-04-01")
        line, today = subscription.line_ids, Date.to_date("2026-04-16")
        typo = self.rule.browse(self.rule.action_new_version()["res_id"])
        typo._publish(today, "renewal")
        right = typo.browse(typo.action_new_version()["res_id"])
        right._publish(today, "new")
        for day in (today, Date.to_date("2027-04-01")):
            found = line._prices_at_renewal(day)["pricing_rule_id"]
            self.assertEqual(found, right.id)

    def test_a_price_archived_by_hand_is_no_price_at_renewal(self):
        line = self.subscribe(self.seat, on="2026-04-01").line_ids
        version = self.rule.browse(self.rule.action_new_version()["res_id"])
        version._publish(Date.to_date("2026-04-16"), "renewal")
        version.active = False
        self.assertFalse(line._prices_at_renewal(Date.to_date("2027-04-01")))

    def test_the_chatter_tells_who_changed_what(self):
        rule = self.tiered().with_env(self.env(context={}))
        self.cr.flush()
        rule.write({"minimum_amount": 5, "date_to": "2027-03-31"})
        rule.tier_ids[0].unit_price = 4
        rule.env.flush_all()
        self.cr.flush()
        changes = {
            value.field_id.name: (value.old_value_char, value.new_value_char)
            for value in rule.message_ids.tracking_value_ids.sudo()
        }
        self.assertLessEqual({"minimum_amount", "date_to", "tiers_label"}, set(changes))
        self.assertEqual(
            changes["tiers_label"], ("≤ 10: 3; > 10: 2", "≤ 10: 4; > 10: 2")
        )
        self.assertEqual(rule.message_ids[0].author_id, self.env.user.partner_id)

    def test_a_rep_changes_no_price_and_publishes_none(self):
        rep = new_test_user(
            self.env, "pricing", "subscription_management.group_subscription_user"
        )
        rule = self.tiered(state="draft")
        seen = rule.with_user(rep)
        self.assertFalse(seen.is_used)
        for act in (
            lambda: seen.write({"date_to": "2026-12-31"}),
            lambda: seen.tier_ids.write({"unit_price": 1}),
            seen.action_publish,
            seen.action_new_version,
            seen.unlink,
        ):
            with self.assertRaises(AccessError):
                act()
