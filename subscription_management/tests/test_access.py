from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import SubscriptionCase

OWN = "subscription_management.group_subscription_user"
RULES = "odoo.addons.base.models.ir_rule"
ALL = "subscription_management.group_subscription_all"


@tagged("post_install", "-at_install")
class TestAccess(SubscriptionCase):
    """Each role sees and does what is its own, and nothing of the others'."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rep = new_test_user(cls.env, "rep", f"base.group_user,{OWN}")
        cls.colleague = new_test_user(cls.env, "colleague", f"base.group_user,{OWN}")
        cls.leader = new_test_user(cls.env, "leader", f"base.group_user,{ALL}")
        cls.accountant = new_test_user(
            cls.env, "accountant", "base.group_user,account.group_account_invoice"
        )
        cls.clerk = new_test_user(cls.env, "clerk", "base.group_user")
        cls.portal = new_test_user(cls.env, "portal_customer", "base.group_portal")
        cls.mine = cls.subscribe(on="2026-04-01", user_id=cls.rep.id)
        cls.theirs = cls.subscribe(on="2026-04-01", user_id=cls.colleague.id)

    def visible_to(self, user):
        found = self.env["subscription.subscription"].with_user(user).search([])
        return found & (self.mine | self.theirs)

    def test_a_salesperson_sees_own_subscriptions_only(self):
        self.assertEqual(self.visible_to(self.rep), self.mine)
        for records in (self.theirs, self.theirs.line_ids, self.theirs.change_ids):
            with (
                self.assertRaises(AccessError),
                mute_logger(RULES),
            ):
                records.with_user(self.rep).check_access("read")

    def test_a_wizard_hides_the_subscriptions_of_colleagues(self):
        forged = {
            "subscription_id": self.theirs.id,
            "date_effective": "2026-05-01",
        }
        for model, name in (
            ("subscription.transfer.wizard", "commercial_partner_id"),
            ("subscription.change.wizard", "currency_id"),
            ("subscription.change.wizard", "preview"),
        ):
            with (
                self.subTest(model=model, field=name),
                self.assertRaises(AccessError),
                mute_logger(RULES),
            ):
                wizard = self.env[model].with_user(self.rep).create(forged)
                self.env.invalidate_all()
                wizard.mapped(name)

    def test_a_user_of_all_subscriptions_sees_every_one(self):
        self.assertEqual(self.visible_to(self.leader), self.mine | self.theirs)

    def test_an_accountant_reads_all_subscriptions_and_changes_none(self):
        self.assertEqual(self.visible_to(self.accountant), self.mine | self.theirs)
        with self.assertRaises(AccessError):
            self.mine.with_user(self.accountant).client_reference = "Mine now"

    def test_a_salesperson_with_accounting_rights_changes_own_ones_only(self):
        self.rep.group_ids += self.env.ref("account.group_account_invoice")
        self.assertEqual(self.visible_to(self.rep), self.mine | self.theirs)
        self.mine.with_user(self.rep).client_reference = "Mine"
        with self.assertRaises(AccessError), mute_logger(RULES):
            self.theirs.with_user(self.rep).client_reference = "Mine now"

    def test_an_accountant_opens_the_screens(self):
        self.bill("2026-04-01")
        menus = self.env["ir.ui.menu"].with_user(self.accountant)._visible_menu_ids()
        for name in ("menu_root", "menu_billing_runs", "menu_billed_periods"):
            self.assertIn(self.env.ref(f"subscription_management.{name}").id, menus)
        for record in (
            self.mine,
            self.mine.billed_period_ids,
            self.env["subscription.billing.run"].search([], limit=1),
        ):
            shown = record.with_user(self.accountant)
            fields_shown = shown.get_views([(False, "form")])["models"][record._name]
            self.assertTrue(shown.read(list(fields_shown["fields"])))

    def test_other_users_see_no_subscription(self):
        for user in (self.clerk, self.portal):
            for model in (
                "subscription.subscription",
                "subscription.line",
                "subscription.plan",
                "subscription.change",
                "subscription.billed.period",
                "subscription.billing.run",
            ):
                with self.assertRaises(AccessError, msg=f"{model} for {user.login}"):
                    self.env[model].with_user(user).search([])

    def test_a_salesperson_sets_no_prices_and_runs_no_billing(self):
        with self.assertRaises(AccessError):
            self.monthly.with_user(self.rep).name = "Cheaper"
        with self.assertRaises(AccessError):
            self.monthly.pricing_rule_ids.with_user(self.rep).price = 0.01
        with self.assertRaises(AccessError):
            self.env["subscription.billing.run"].with_user(self.rep).create({})

    def test_billed_periods_cannot_be_edited(self):
        self.bill("2026-04-01")
        period = self.mine.billed_period_ids
        for user in (self.rep, self.leader, self.accountant, self.env.user):
            with self.assertRaises(AccessError):
                period.with_user(user).active = False
            with self.assertRaises(AccessError):
                period.with_user(user).unlink()

    def test_a_salesperson_invoices_own_subscriptions_only(self):
        wizard = self.env["subscription.create.invoice.wizard"].with_user(self.rep)
        wizard.create(
            {"subscription_id": self.mine.id, "target_date": "2026-04-01"}
        ).action_bill()
        self.assertEqual(self.mine.invoice_count, 1)
        foreign = wizard.create(
            {"subscription_id": self.theirs.id, "target_date": "2026-04-01"}
        )
        with (
            self.assertRaises(AccessError),
            mute_logger(RULES),
        ):
            foreign.action_bill()
        self.assertEqual(self.theirs.invoice_count, 0)

    def test_a_salesperson_reads_no_preview_of_colleagues(self):
        foreign = (
            self.env["subscription.create.invoice.wizard"]
            .with_user(self.rep)
            .create({"subscription_id": self.theirs.id, "target_date": "2026-04-01"})
        )
        with (
            self.assertRaises(AccessError),
            mute_logger(RULES),
        ):
            self.assertFalse(foreign.preview)

    def test_subscriptions_of_other_companies_are_hidden(self):
        other = self.setup_other_company()["company"]
        foreign = self.subscribe(on="2026-04-01", company_id=other.id)
        found = self.env["subscription.subscription"].with_user(self.leader).search([])
        self.assertNotIn(foreign, found)

    def assert_refused(self, reason, writes):
        for name, write in writes.items():
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, reason),
                self.env.cr.savepoint(),
            ):
                write()

    def test_a_salesperson_discounts_started_subscriptions_by_changes_only(self):
        self.mine.grant_discount({"percent": 5}, self.day("2026-06-01"))
        forged = {"subscription_change_is_logged": True, "subscription_change_mark": 1}
        mine = self.mine.with_user(self.rep).with_context(**forged)
        first, follower = mine.line_ids.sorted("date_start")
        discounts = mine.env["subscription.discount"]
        all_off = {"percent": 100, "date_start": "2026-04-01"}
        self.assert_refused(
            "keeps its discounts",
            {
                "command": lambda: first.write(
                    {"discount_ids": [Command.create(all_off)]}
                ),
                "create": lambda: discounts.create({**all_off, "line_id": first.id}),
                "write": lambda: follower.discount_ids.write({"percent": 100}),
                "unlink": lambda: follower.discount_ids.unlink(),
            },
        )
        mine.grant_discount({"percent": 10}, self.day("2026-07-01"))
        self.assertEqual(
            mine.line_ids.sorted("date_start")[-1].discount_ids.mapped("percent"),
            [5, 10],
        )

    def test_a_salesperson_moves_nothing_into_started_subscriptions(self):
        draft = self.subscribe(on="2026-04-01", user_id=self.rep.id, start=False)
        line = draft.line_ids.with_user(self.rep)
        line.discount_ids = [
            Command.create({"percent": 100, "date_start": "2026-04-01"})
        ]
        running = self.mine.line_ids
        self.assert_refused(
            "has started",
            {
                "discount": lambda: line.discount_ids.write({"line_id": running.id}),
                "line": lambda: line.write({"subscription_id": self.mine.id}),
                "away": lambda: running.with_user(self.rep).write(
                    {"subscription_id": draft.id}
                ),
            },
        )

    def test_a_context_from_a_client_is_no_internal_write(self):
        line = self.mine.line_ids.with_user(self.rep)
        forged = {"subscription_change_is_logged": True, "subscription_change_mark": 1}
        with self.assertRaisesRegex(UserError, "Use Change"):
            line.with_context(**forged).price = 1
        with self.assertRaisesRegex(UserError, "use Activate"):
            self.mine.with_user(self.rep).with_context(**forged).state = "draft"

    def test_a_salesperson_edits_no_billed_or_redeemed_fields(self):
        draft = self.subscribe(on="2026-04-01", user_id=self.rep.id, start=False)
        for line in (draft.line_ids, self.mine.line_ids):
            with self.assertRaisesRegex(UserError, "computed from invoices"):
                line.with_user(self.rep).closed_until = "2026-06-01"
        coupon = self.env["subscription.coupon"].create(
            {"code": "OLD", "percent": 50, "date_to": "2020-01-01"}
        )
        line = draft.line_ids.with_user(self.rep)
        values = {"line_id": line.id, "percent": 5, "date_start": "2026-04-01"}
        discounts = self.env["subscription.discount"].with_user(self.rep)
        discount = discounts.create(values)
        self.assert_refused(
            "redeem its code",
            {
                "create": lambda: discounts.create({**values, "coupon_id": coupon.id}),
                "default": lambda: discounts.with_context(
                    default_coupon_id=coupon.id
                ).create(values),
                "write": lambda: discount.write({"coupon_id": coupon.id}),
                "redeemed": lambda: discount.write({"redeemed_on_id": False}),
            },
        )
