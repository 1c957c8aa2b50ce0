from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.subscriptions.internal_write import internal_write
from ..common import SubscriptionCase

PIPELINE = "odoo.addons.subscription_management.models.billing_run.pipeline"


@tagged("post_install", "-at_install")
class TestBillingErrors(SubscriptionCase):
    """A failing subscription neither stops nor changes the others."""

    def setUp(self):
        super().setUp()
        self.healthy = [self.subscribe(on="2026-04-01") for _each in range(4)]

    def _assert_isolated(self, wrong, reason, repair):
        run = self.bill("2026-04-01")
        self.assertEqual([each.invoice_count for each in self.healthy], [1] * 4)
        self.assertEqual(wrong.invoice_count, 0)
        self.assertEqual(run.failure_ids.subscription_id, wrong)
        self.assertRegex(wrong.billing_error, reason)
        self.assertEqual(len(wrong.activity_ids), 1)
        self.assertIn(wrong, wrong.search([("billing_error", "!=", False)]))
        self.bill("2026-04-02")
        self.assertEqual(len(wrong.activity_ids), 1, "one to-do is enough")
        repair()
        self.bill("2026-04-03")
        self.assertEqual(wrong.invoice_count, 1)
        self.assertFalse(wrong.billing_error)
        self.assertFalse(wrong.activity_ids)

    def test_an_archived_product_is_reported(self):
        product = self._make_product("Gone", 10.0)
        wrong = self.subscribe(product, on="2026-04-01")
        product.active = False
        self._assert_isolated(
            wrong, "Gone is archived", lambda: product.write({"active": True})
        )

    def test_a_missing_journal_is_reported(self):
        other = self.setup_other_company()["company"]
        wrong = self.subscribe(on="2026-04-01", company_id=other.id)
        journals = self.env["account.journal"].search(
            [("company_id", "=", other.id), ("type", "=", "sale")]
        )
        journals.active = False
        self.both = self.env.company | other
        self._assert_isolated(
            wrong, "no sales journal", lambda: journals.write({"active": True})
        )

    def test_a_tax_without_account_is_reported(self):
        product = self._make_product("Taxed", 10.0)
        tax = self.tax.copy({"name": "Homeless 5%"})
        rows = tax.invoice_repartition_line_ids.filtered(
            lambda row: row.repartition_type == "tax"
        )
        account = rows.account_id
        rows.account_id = False
        product.taxes_id = tax
        wrong = self.subscribe(product, on="2026-04-01")
        self._assert_isolated(
            wrong,
            "Homeless 5%.* has no account",
            lambda: rows.write({"account_id": account.id}),
        )

    def test_a_currency_without_rate_is_reported(self):
        currency = self.env["res.currency"].create({"name": "XTS", "symbol": "X"})
        wrong = self.subscribe(on="2026-04-01", currency_id=currency.id)
        self._assert_isolated(
            wrong,
            "no exchange rate for XTS",
            lambda: currency.write(
                {"rate_ids": [Command.create({"name": "2026-01-01", "rate": 2.0})]}
            ),
        )

    def test_an_address_that_is_billed_cannot_be_deleted(self):
        site = self.env["res.partner"].create(
            {"name": "Site", "parent_id": self.customer.id, "type": "delivery"}
        )
        self.subscribe(on="2026-04-01", partner_shipping_id=site.id)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            site.unlink()

    @mute_logger(PIPELINE)
    def test_an_address_deleted_by_sql_is_reported(self):
        site = self.env["res.partner"].create({"name": "Site"})
        wrong = self.subscribe(on="2026-04-01", partner_shipping_id=site.id)
        self.env.flush_all()
        self.env.cr.execute(
            "ALTER TABLE subscription_subscription DROP CONSTRAINT "
            "subscription_subscription_partner_shipping_id_fkey"
        )
        self.env.cr.execute("DELETE FROM res_partner WHERE id = %s", [site.id])
        self.env.invalidate_all()
        self._assert_isolated(
            wrong,
            "Delivery Address has been deleted",
            lambda: wrong.write({"partner_shipping_id": self.customer.id}),
        )

    @mute_logger(PIPELINE)
    def test_data_broken_by_sql_is_reported(self):
        wrong = self.subscribe(on="2026-04-01")
        self.env.flush_all()
        self.env.cr.execute(
            "ALTER TABLE subscription_line DROP CONSTRAINT "
            "subscription_line_quantity_not_negative"
        )
        self.env.cr.execute(
            "UPDATE subscription_line SET quantity = -1 WHERE subscription_id = %s",
            [wrong.id],
        )
        self.env.invalidate_all()
        self._assert_isolated(
            wrong,
            "is negative",
            lambda: internal_write(wrong.line_ids).write({"quantity": 1.0}),
        )

    @mute_logger(PIPELINE)
    def test_an_unexpected_error_is_isolated_among_many(self):
        broken = self.company_data["default_account_revenue"].copy()
        product = self._make_product("Broken", 10.0)
        product.property_account_income_id = broken
        wrong = self.subscribe(product, on="2026-04-01")
        broken.active = False
        self._assert_isolated(
            wrong, "400002. is archived", lambda: broken.write({"active": True})
        )

    @mute_logger("odoo.sql_db", PIPELINE)
    def test_an_error_of_the_flush_counts_no_rolled_back_invoice(self):
        wrong = self.subscribe(on="2026-04-01")
        runs = type(self.env["subscription.billing.run"])
        close_periods = runs._close_periods

        def refer_to_nothing(run, billings):
            close_periods(run, billings)
            for billing in billings:
                if billing.subscription == wrong:
                    # The database refuses it at the flush, after all steps.
                    wrong.user_id = 2**31 - 1

        with patch.object(runs, "_close_periods", refer_to_nothing):
            run = self.bill("2026-04-01")
        self.assertEqual(run.invoice_count, 4)
        self.assertEqual(run.failure_ids.subscription_id, wrong)
        self.assertEqual(run.failure_count, 1)

    @mute_logger(PIPELINE)
    def test_a_programming_error_is_isolated_among_many(self):
        wrong = self.subscribe(on="2026-04-01")
        lines = type(self.env["subscription.line"])
        prepare = lines._prepare_invoice_line_values

        def fail_for_one(line, item, position):
            if line.subscription_id == wrong:
                raise KeyError("an addon's mistake")
            return prepare(line, item, position)

        with patch.object(lines, "_prepare_invoice_line_values", fail_for_one):
            run = self.bill("2026-04-01")
        self.assertEqual([each.invoice_count for each in self.healthy], [1] * 4)
        self.assertEqual(run.failure_ids.subscription_id, wrong)
        self.assertIn("server's log has the details", wrong.billing_error)

    @mute_logger(PIPELINE)
    def test_a_shared_invoice_stays_whole_when_one_of_its_subscriptions_fails(self):
        payer = self.env["res.partner"].create(
            {"name": "Hotel Chain", "shares_subscription_invoices": True}
        )
        hotels = [self.subscribe(on="2026-04-01", partner_id=payer.id) for _ in "1234"]
        wrong = hotels[1]
        runs = type(self.env["subscription.billing.run"])
        write = runs._write

        def fail_with_one(run, billings):
            if any(billing.subscription == wrong for billing in billings):
                raise KeyError("an addon's mistake")
            return write(run, billings)

        with patch.object(runs, "_write", fail_with_one):
            run = self.bill("2026-04-01")
        self.assertEqual([each.invoice_count for each in hotels], [1, 0, 1, 1])
        self.assertEqual(len(hotels[0].invoice_ids.managed_subscription_ids), 3)
        self.assertEqual([each.invoice_count for each in self.healthy], [1] * 4)
        self.assertEqual(run.failure_ids.subscription_id, wrong)

    @mute_logger(PIPELINE, "odoo.sql_db")
    def test_a_refused_sql_statement_is_isolated_among_many(self):
        wrong = self.subscribe(on="2026-04-01")
        subscriptions = type(self.env["subscription.subscription"])
        prepare = subscriptions._prepare_billing

        def fail_for_one(subscription, target, rows=None):
            if subscription == wrong:
                subscription.env.cr.execute("SELECT 1 / 0")
            return prepare(subscription, target, rows)

        with patch.object(subscriptions, "_prepare_billing", fail_for_one):
            self.bill("2026-04-01")
        self.assertEqual([each.invoice_count for each in self.healthy], [1] * 4)
        self.assertIn("division by zero", wrong.billing_error)

    def test_retry_bills_failed_subscriptions_once_repaired(self):
        product = self._make_product("Gone", 10.0)
        wrong = self.subscribe(product, on="2026-04-01")
        product.active = False
        run = self.bill("2026-04-01")
        self.assertEqual(run.failure_count, 1)
        product.active = True
        run.action_retry_failed()
        with self.enter_registry_test_mode():
            run._work(lambda _handled: 60)
        self.assertEqual(run.failure_count, 0)
        self.assertEqual(wrong.invoice_count, 1)
        self.assertEqual(run.state, "done")
        self.assertEqual(run.subscription_count, 5)

    def test_the_activity_is_assigned_to_the_salesperson(self):
        product = self._make_product("Gone", 10.0)
        wrong = self.subscribe(product, on="2026-04-01")
        product.active = False
        self.bill("2026-04-01")
        self.assertEqual(wrong.activity_ids.user_id, wrong.user_id)
        self.assertEqual(wrong.activity_ids.date_deadline, fields.Date.today())

    def bill(self, day, **values):
        companies = getattr(self, "both", self.env.company)
        values.setdefault("company_ids", [Command.set(companies.ids)])
        return super().bill(day, **values)
