"""Access to dunning cases and saved payment methods."""

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ...models.payments.payment_provider import (
    CALLS,
    calls_of,
)
from .dunning_case import DunningCase

OWN = "base.group_user,subscription_management.group_subscription_user"
ALL = "base.group_user,subscription_management.group_subscription_all"
RULES = "odoo.addons.base.models.ir_rule"
MODELS = (
    "subscription.dunning.case",
    "subscription.dunning.recovery",
    "subscription.payment.method",
)


@tagged("post_install", "-at_install")
class TestDunningAccess(DunningCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rep = new_test_user(cls.env, "dunning_rep", OWN)
        cls.colleague = new_test_user(cls.env, "dunning_colleague", OWN)
        cls.leader = new_test_user(cls.env, "dunning_leader", ALL)
        cls.accountant = new_test_user(
            cls.env,
            "dunning_accountant",
            "base.group_user,account.group_account_invoice",
        )

    def setUp(self):
        super().setUp()
        self.method = self.save_card("error")
        self.case = self.invoice("2026-04-01", user_id=self.rep.id)

    def test_a_salesperson_sees_own_cases_and_a_colleague_none(self):
        figures = self.env["subscription.dunning.recovery"].browse(self.case.id)
        seen = (self.case, figures, self.method)
        for model, record in zip(MODELS, seen, strict=True):
            with self.subTest(model):
                found = self.env[model].with_user(self.rep).search([])
                self.assertEqual(found, record)
                found = self.env[model].with_user(self.colleague).search([])
                self.assertFalse(found & record)
                with self.assertRaises(AccessError), mute_logger(RULES):
                    record.with_user(self.colleague).read(["display_name"])

    def test_readers_of_a_case_add_notes_and_to_dos(self):
        case = self.case.with_user(self.rep)
        case.message_post(body="Called, no answer")
        case.activity_schedule("mail.mail_activity_data_call", user_id=self.rep.id)
        self.assertIn("no answer", case.message_ids[0].body)
        self.assertEqual(case.activity_user_id, self.rep)
        with self.assertRaises(AccessError), mute_logger(RULES):
            self.case.with_user(self.colleague).message_post(body="Mine")

    def test_customers_and_other_employees_see_no_cases(self):
        for groups in ("base.group_user", "base.group_portal"):
            user = new_test_user(self.env, f"other_{groups}", groups)
            for model in (*MODELS, "subscription.dunning.letter"):
                with self.subTest(model=model, groups=groups):
                    with self.assertRaises(AccessError):
                        self.env[model].with_user(user).search([])

    def test_no_user_edits_a_case_directly(self):
        for user in (self.rep, self.leader, self.accountant):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.case.with_user(user).write({"state": "paid"})

    def test_a_salesperson_records_a_promise_of_an_own_customer_only(self):
        with freeze_time("2026-04-02 09:00:00"):
            self.case.with_user(self.rep).promise(self.day("2026-04-10"))
            self.assertEqual(self.case.hold, "promised")
            with self.assertRaises(AccessError), mute_logger(RULES):
                self.case.with_user(self.colleague).action_resume()

    def test_a_salesperson_cannot_charge_or_resolve(self):
        own = self.case.with_user(self.rep)
        for name in (
            "action_charge_now",
            "action_check_provider",
            "action_mark_succeeded",
        ):
            with self.subTest(name), self.assertRaisesRegex(UserError, "Only account"):
                getattr(own, name)()
        self.collect("2026-04-03")
        with freeze_time("2026-04-03 09:00:00"):
            self.assertEqual(self.case.sudo()._next_step().action.value, "charge")
            with self.assertRaisesRegex(UserError, "Only account"):
                own.action_run_now()
        for name in ("action_charge_first", "action_allow_again", "action_remove"):
            with self.subTest(name), self.assertRaisesRegex(UserError, "Only account"):
                getattr(self.method.with_user(self.rep), name)()

    def test_an_accountant_and_a_leader_charge(self):
        for user in (self.accountant, self.leader):
            with self.subTest(user.login), freeze_time("2026-04-02 09:00:00"):
                self.case.with_user(user).action_charge_now()
                self.assertTrue(self.case.charge_at)

    def test_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.accountant.write({"company_ids": [(6, 0, other.ids)], "company_id": other})
        for model in MODELS:
            with self.subTest(model):
                found = self.env[model].with_user(self.accountant).search([])
                self.assertFalse(found)

    def test_a_method_of_another_company_is_not_charged(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.method.sudo().company_id = other
        self.assertFalse(self.subscription._methods_to_charge())

    def test_a_context_value_of_a_client_is_no_record_of_responses(self):
        for forged in ("anything", [1], {"done": []}):
            env = self.env(context={CALLS: forged})
            self.assertIsNone(calls_of(env))

    def test_a_form_finds_a_saved_method_by_its_digits(self):
        methods = self.env["subscription.payment.method"].with_user(self.rep)
        self.assertEqual(
            [found for found, _name in methods.name_search("4242")], self.method.ids
        )
        self.assertFalse(methods.name_search("9999"))

    def test_users_without_subscription_rights_see_no_dunning_fields(self):
        stranger = new_test_user(self.env, "dunning_stranger", "base.group_user")
        seen = self.customer.with_user(stranger).fields_get()
        self.assertIn("name", seen)
        for name in (
            "managed_currency_id",
            "managed_next_step",
            "managed_open_case_count",
            "managed_payment_method_count",
            "managed_dunning_policy_ids",
        ):
            self.assertNotIn(name, seen)
