from ast import literal_eval

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Date
from odoo.tests import Form, new_test_user, tagged

from .price_case import PriceCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestPriceDrafts(PriceCase):
    """Prices created on screens are drafts until they are published."""

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

    def enter_price(self, price=9, **values):
        """Return a price of the storage entered on the screen."""
        with Form(self.on_screen) as form:
            form.plan_id, form.product_id = self.monthly, self.storage
            form.price = price
            for name, value in values.items():
                form[name] = value
        return form.record

    def test_a_price_entered_on_the_screen_applies_once_it_is_published(self):
        price = self.enter_price()
        self.assertEqual(price.state, "draft")
        line = self.subscribe(self.storage, on="2026-04-16").line_ids
        self.assertEqual(line.price, 50)
        self.assertFalse(price.action_publish())
        self.assertEqual(price.state, "published")
        line = self.subscribe(self.storage, on="2026-04-16").line_ids
        self.assertEqual((line.price, line.pricing_rule_id), (9, price))

    def test_a_first_price_applies_to_earlier_start_dates(self):
        price = self.enter_price()
        price.action_publish()
        self.assertFalse(price.date_from)
        line = self.subscribe(self.storage, on="2026-01-01").line_ids
        self.assertEqual(line.price, 9)

    def test_a_first_price_applies_on_its_own_dates(self):
        price = self.enter_price(date_from="2026-05-01")
        price.action_publish()
        prices = [
            self.subscribe(self.storage, on=day).line_ids.price
            for day in ("2026-04-30", "2026-05-01")
        ]
        self.assertEqual(prices, [50, 9])

    def test_a_second_price_for_the_same_days_is_not_published(self):
        self.enter_price().action_publish()
        second = self.enter_price()
        with self.assertRaisesRegex(ValidationError, "has two prices"):
            second.action_publish()

    def test_a_price_is_not_published_twice(self):
        price = self.enter_price()
        price.action_publish()
        with self.assertRaisesRegex(UserError, "published already"):
            price.action_publish()

    def test_a_new_version_and_a_contracted_price_open_the_publication_wizard(self):
        version = self.seats.browse(self.seats.action_new_version()["res_id"])
        granted = self.enter_price(partner_id=self.customer)
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

    def test_a_price_added_on_the_plan_form_is_a_draft(self):
        with Form(self.monthly) as form, form.pricing_rule_ids.new() as row:
            row.product_id = self.storage
            row.price = 9
        added = self.monthly.pricing_rule_ids - self.seats
        added = added.filtered(lambda rule: rule.product_id == self.storage)
        self.assertEqual((added.state, added.price), ("draft", 9))

    def test_an_imported_price_is_published_unless_the_file_says_draft(self):
        names = ["plan_id/.id", "product_id/.id", "price"]
        row = [str(self.monthly.id), str(self.storage.id), "9"]
        for columns, values, state in (
            (names, row, "published"),
            ([*names, "state"], [*row, "draft"], "draft"),
        ):
            loaded = self.on_screen.load(columns, [values])
            self.assertFalse(loaded["messages"])
            self.assertEqual(self.on_screen.browse(loaded["ids"]).state, state)

    def test_a_price_duplicated_on_the_screen_is_a_draft(self):
        copied = self.seats.with_env(self.on_screen.env).copy()
        self.assertEqual((copied.state, copied.price), ("draft", 7))

    def test_a_copy_of_a_plan_keeps_drafts_as_drafts(self):
        draft = self.enter_price()
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

    def test_a_copy_of_a_plan_has_no_contracted_prices_and_no_draft_versions(self):
        self.seats.action_new_version()
        self.seats.copy({"partner_id": self.customer.id, "price": 5})
        self.seats.copy({"partner_id": self.customer.id, "state": "draft"})
        copied = self.monthly.copy().pricing_rule_ids
        self.assertEqual(
            {(rule.product_id, rule.price, rule.state) for rule in copied},
            {(self.basic, 30, "published"), (self.seat, 7, "published")},
        )
        self.assertEqual(len(copied), 2)

    def test_an_archived_price_blocks_no_other(self):
        self.seats.active = False
        other = self.seats.copy({"price": 8, "active": True})
        self.assertEqual(self.subscribe(self.seat, on="2026-04-16").line_ids.price, 8)
        found = self.seats.with_context(active_test=False)._find(
            self.monthly, self.seat, other.currency_id, Date.to_date("2026-04-16")
        )
        self.assertEqual(found, other)

    def test_a_price_is_not_unarchived_beside_another_for_its_dates(self):
        self.seats.active = False
        other = self.seats.copy({"price": 8, "active": True})
        with self.assertRaisesRegex(ValidationError, "has two prices"):
            self.seats.active = True
        other.active = False
        self.seats.active = True


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestPriceLocks(PriceCase):
    """Prices in use keep their terms; another price is a new version."""

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

    def test_each_locked_field_of_a_price_in_use_is_refused(self):
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

    def test_a_subscription_of_another_company_locks_its_price(self):
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

    def test_a_write_on_several_prices_is_refused_if_one_is_in_use(self):
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

    def test_a_published_price_without_subscriptions_can_be_corrected(self):
        self.assertFalse(self.rule.is_used)
        with Form(self.rule) as form:
            form.price = 8
        self.assertEqual(self.rule.price, 8)

    def test_a_price_in_use_can_end_and_be_archived(self):
        self.subscribe(self.seat, on="2026-04-01")
        with Form(self.rule) as form:
            form.date_to = "2026-12-31"
        self.rule.active = False
        self.assertFalse(
            self.subscribe(self.seat, on="2026-04-01").line_ids.pricing_rule_id
        )

    def test_a_price_in_use_is_not_deleted(self):
        self.subscribe(self.seat, on="2026-04-01")
        with self.assertRaisesRegex(UserError, "archive it"):
            self.rule.unlink()

    def test_the_tiers_of_a_price_in_use_are_locked(self):
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

    def test_the_form_of_a_price_in_use_has_locked_fields_readonly(self):
        self.subscribe(self.seat, on="2026-04-01")
        form = Form(self.rule)
        # These are shown elsewhere on the form and are never edited.
        locked = self.rule._locked_fields() - {"state", "applies_at_renewal"}
        shown = [name for name in locked if name in form._view["fields"]]
        self.assertIn("price", shown)
        for name in shown:
            self.assertTrue(form._get_modifier(name, "readonly"), name)
        for name in ("date_to", "sample_quantity"):
            self.assertFalse(form._get_modifier(name, "readonly"), name)

    def test_a_new_version_of_a_price_in_use_is_published(self):
        subscription = self.subscribe(self.seat, on="2026-04-01")
        self.bill("2026-04-01")
        draft = self.rule.browse(self.rule.action_new_version()["res_id"])
        with Form(draft) as form:
            form.price = 8
        self.publish(draft, "date", "2026-05-01")
        self.assertEqual(self.rule.date_to, Date.to_date("2026-04-30"))
        self.assertEqual(subscription.line_ids.mapped("price"), [7, 8])
        self.assertTrue(draft.is_used)

    def test_a_version_replaces_an_erroneous_one_on_its_first_day(self):
        today = Date.to_date("2026-04-16")
        typo = self.rule.browse(self.rule.action_new_version()["res_id"])
        typo.price = 80
        self.publish(typo, "renewal", today)
        subscription = self.subscribe(self.seat, on="2026-04-16")
        self.assertEqual(subscription.line_ids.price, 80)
        right = typo.browse(typo.action_new_version()["res_id"])
        right.price = 8
        self.publish(right, "date", today)
        self.assertFalse(typo.active)
        self.assertEqual(subscription._lines_on(today).price, 8)
        later = self.subscribe(self.seat, on="2026-04-16")
        self.assertEqual(later.line_ids.pricing_rule_id, right)

    def test_a_renewal_skips_a_version_replaced_on_its_first_day(self):
        subscription = self.subscribe(self.seat, on="2026-04-01")
        line, today = subscription.line_ids, Date.to_date("2026-04-16")
        typo = self.rule.browse(self.rule.action_new_version()["res_id"])
        self.publish(typo, "renewal", today)
        right = typo.browse(typo.action_new_version()["res_id"])
        self.publish(right, "new", today)
        for day in (today, Date.to_date("2027-04-01")):
            found = line._prices_at_renewal(day)["pricing_rule_id"]
            self.assertEqual(found, right.id)

    def test_a_manually_archived_version_is_not_applied_at_renewal(self):
        line = self.subscribe(self.seat, on="2026-04-01").line_ids
        version = self.rule.browse(self.rule.action_new_version()["res_id"])
        self.publish(version, "renewal", "2026-04-16")
        version.active = False
        self.assertFalse(line._prices_at_renewal(Date.to_date("2027-04-01")))

    def test_the_chatter_logs_changed_values_and_their_author(self):
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

    def test_a_salesperson_cannot_change_or_publish_prices(self):
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

    def test_a_salesperson_cannot_use_the_publication_wizard(self):
        rep = new_test_user(
            self.env, "publishing", "subscription_management.group_subscription_user"
        )
        draft = self.tiered(state="draft")
        wizard = self.env["subscription.publish.price.wizard"]
        with self.assertRaises(AccessError):
            wizard.with_user(rep).create({"rule_id": draft.id}).action_confirm()

    def test_a_draft_has_no_new_version(self):
        with self.assertRaisesRegex(UserError, "is a draft"):
            self.tiered(state="draft").action_new_version()
