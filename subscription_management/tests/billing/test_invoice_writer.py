import contextlib
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ..common import SubscriptionCase

OWN_TO_EACH_MOVE = {
    "id",
    "name",
    "display_name",
    "sequence_number",
    "sequence_prefix",
    "payment_reference",
    "create_date",
    "create_uid",
    "write_date",
    "write_uid",
    "access_token",
    "invoice_origin",
    "managed_billing_run_id",
    "line_ids",
    "invoice_line_ids",
    "journal_line_ids",
    "message_ids",
    "message_follower_ids",
    "highest_name",
}
OWN_TO_EACH_LINE = {
    "id",
    "move_id",
    "move_name",
    "name",
    "create_date",
    "create_uid",
    "write_date",
    "write_uid",
    "managed_subscription_line_id",
    "managed_period_start",
    "managed_period_end",
}


@tagged("post_install", "-at_install")
class TestInvoiceWriter(SubscriptionCase):
    """Cloned rows equal the rows that the host creates, field by field."""

    def setUp(self):
        super().setUp()
        self.writer = self.env["subscription.invoice.writer"]

    def test_invoices_are_cloned_with_all_addons_of_this_database(self):
        self.assertIsNone(self.writer._unknown_override())
        self.assertTrue(self.writer._can_clone())

    def test_an_unknown_override_is_logged_and_turns_cloning_off(self):
        def _sync_invoice(records, container):
            return contextlib.nullcontext()

        _sync_invoice.__module__ = "odoo.addons.foreign_addon.models"
        override = type(
            "ForeignMove",
            (),
            {
                "_sync_invoice": _sync_invoice,
                "__module__": "odoo.addons.foreign_addon.models",
            },
        )
        moves = type(self.env["account.move"])
        with (
            patch.object(moves, "mro", lambda *_: [override, *type.mro(moves)]),
            self.assertLogs(
                "odoo.addons.subscription_management.models.billing.invoice_writer",
                "WARNING",
            ) as logs,
        ):
            self.env.registry.clear_cache()
            self.assertFalse(self.writer._can_clone())
            self.assertFalse(self.writer._can_clone())
        self.env.registry.clear_cache()
        self.assertEqual(len(logs.output), 1)
        self.assertIn(
            "foreign_addon overrides account.move._sync_invoice", logs.output[0]
        )

    def test_one_line_with_tax_is_cloned_equally(self):
        self._assert_same_as_the_host(self.basic)

    def test_three_lines_are_cloned_equally(self):
        third = self._make_product("Support", 5.55)
        self._assert_same_as_the_host(self.basic, self.seat, third)

    def test_a_line_without_tax_is_cloned_equally(self):
        self.basic.taxes_id = False
        self._assert_same_as_the_host(self.basic)

    def test_a_tax_included_in_the_price_is_cloned_equally(self):
        self.tax.price_include_override = "tax_included"
        self._assert_same_as_the_host(self.basic, self.seat)

    def test_two_taxes_on_one_line_are_cloned_equally(self):
        second = self.tax.copy({"name": "Levy 3%", "amount": 3})
        self.basic.taxes_id |= second
        self._assert_same_as_the_host(self.basic)

    def test_a_foreign_currency_is_cloned_equally(self):
        currency = self.setup_other_currency("EUR", rates=[("2016-01-01", 0.25)])
        self.monthly.pricing_rule_ids.currency_id = currency
        self._assert_same_as_the_host(self.basic, currency_id=currency.id)

    def test_a_tax_mapped_by_fiscal_position_is_cloned_equally(self):
        reduced = self.tax.copy({"name": "VAT 8%", "amount": 8})
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        reduced.write(
            {
                "fiscal_position_ids": [Command.link(position.id)],
                "original_tax_ids": [Command.link(self.tax.id)],
            }
        )
        self._assert_same_as_the_host(self.basic, fiscal_position_id=position.id)

    def test_a_payment_term_of_thirty_days_is_cloned_equally(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "30 days",
                "line_ids": [Command.create({"value_amount": 100, "nb_days": 30})],
            }
        )
        self._assert_same_as_the_host(self.basic, payment_term_id=term.id)

    def test_a_payment_term_in_two_parts_is_created_equally(self):
        self._assert_same_as_the_host(self.basic, payment_term_id=self.pay_terms_b.id)

    def test_an_early_payment_discount_is_created_equally(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2% in 7 days",
                "early_discount": True,
                "discount_days": 7,
                "discount_percentage": 2,
                "line_ids": [Command.create({"value_amount": 100, "nb_days": 30})],
            }
        )
        self._assert_same_as_the_host(self.basic, payment_term_id=term.id)

    def test_analytic_distribution(self):
        plan = self.env["account.analytic.plan"].create({"name": "Departments"})
        account = self.env["account.analytic.account"].create(
            {"name": "Cloud", "plan_id": plan.id}
        )
        self._assert_same_as_the_host(
            self.basic, analytic_distribution={str(account.id): 100}
        )

    def test_analytic_distribution_of_the_tax(self):
        self.tax.analytic = True
        self.test_analytic_distribution()

    def test_analytic_distribution_by_customer(self):
        plan = self.env["account.analytic.plan"].create({"name": "Regions"})
        account = self.env["account.analytic.account"].create(
            {"name": "North", "plan_id": plan.id}
        )
        partners = self.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(3)]
        )
        self.env["account.analytic.distribution.model"].create(
            {
                "partner_id": partners[0].id,
                "analytic_distribution": {str(account.id): 100},
            }
        )
        self._assert_same_as_the_host(self.basic, partners=partners)

    def test_equal_invoices_are_derived_by_the_host_once(self):
        writer = type(self.env["subscription.invoice.writer"])
        made = []
        plainly = writer._create_by_host

        def count(records, vals_list):
            made.append(len(vals_list))
            return plainly(records, vals_list)

        for _each in range(5):
            self.subscribe(on="2026-03-01")
        self.patch(writer, "_create_by_host", count)
        run = self.bill("2026-03-01")
        self.assertEqual(run.invoice_count, 5)
        self.assertEqual(sum(made), 1)

    def test_customers_of_different_receivables_and_parents(self):
        receivable = self.company_data["default_account_receivable"].copy()
        parent = self.env["res.partner"].create({"name": "Head Office"})
        self._assert_same_as_the_host(
            self.basic,
            partners=self.env["res.partner"].create(
                [
                    {"name": "Plain One"},
                    {"name": "Plain Two"},
                    {
                        "name": "Own Account",
                        "property_account_receivable_id": receivable.id,
                    },
                    {"name": "Branch", "parent_id": parent.id, "type": "invoice"},
                ]
            ),
        )

    def test_the_customer_rank_is_raised_as_by_the_host(self):
        subscriptions = [self.subscribe(on="2026-03-01") for _each in range(3)]
        self.bill("2026-03-01")
        self.assertEqual(len({each.invoice_ids.id for each in subscriptions}), 3)
        self.assertEqual(self.customer.customer_rank, 3)

    def _assert_same_as_the_host(
        self, *products, partners=None, analytic_distribution=None, **values
    ):
        """Bill some customers, and create the same invoices by the host alone."""
        if partners is None:
            partners = self.env["res.partner"].create(
                [{"name": f"Customer {number}"} for number in range(3)]
            )
        subscriptions = self.env["subscription.subscription"]
        for partner in partners:
            subscriptions |= self.subscribe(
                *products,
                on="2026-03-01",
                start=False,
                **{"partner_id": partner.id, **values},
            )
        if analytic_distribution:
            subscriptions.line_ids.analytic_distribution = analytic_distribution
        subscriptions.action_activate()
        run = self.bill("2026-03-01")
        self.assertFalse(run.failure_ids.mapped("reason"))
        for subscription in subscriptions:
            ours = subscription.invoice_ids
            self.assertEqual(len(ours), 1)
            self._assert_same_rows(ours, self._invoice_plainly(ours))

    def _invoice_plainly(self, ours):
        """Return the invoice that the host creates from the same manual input."""
        subscription = ours.managed_subscription_ids
        # Without terms the host would take the server's day, whatever the invoice's is.
        due = (
            {}
            if subscription.payment_term_id
            else {"invoice_date_due": ours.invoice_date}
        )
        plain = self.env["account.move"].create(
            {
                **due,
                "move_type": "out_invoice",
                "partner_id": ours.partner_id.id,
                "invoice_date": ours.invoice_date,
                "currency_id": ours.currency_id.id,
                "invoice_user_id": ours.invoice_user_id.id,
                "invoice_payment_term_id": subscription.payment_term_id.id,
                **(
                    {"fiscal_position_id": subscription.fiscal_position_id.id}
                    if subscription.fiscal_position_id
                    else {}
                ),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "name": line.name,
                            "quantity": line.quantity,
                            "price_unit": line.price_unit,
                            "sequence": line.sequence,
                            **(
                                {"analytic_distribution": line.analytic_distribution}
                                if line.analytic_distribution
                                else {}
                            ),
                        }
                    )
                    for line in ours.invoice_line_ids
                ],
            }
        )
        plain.action_post()
        return plain

    def _assert_same_rows(self, ours, plain):
        self.assertEqual(self._differences(ours, plain, OWN_TO_EACH_MOVE), {})
        for our_row, plain_row in zip(self._rows(ours), self._rows(plain), strict=True):
            self.assertEqual(
                self._differences(our_row, plain_row, OWN_TO_EACH_LINE), {}
            )
        self.assertEqual(ours.tax_totals, plain.tax_totals)
        self.assertEqual(
            {name: bool(ours[name]) for name in ("name", "payment_reference")},
            {name: bool(plain[name]) for name in ("name", "payment_reference")},
        )
        self.assertEqual(
            [row.name.replace(ours.name, "X") for row in self._rows(ours)],
            [row.name.replace(plain.name, "X") for row in self._rows(plain)],
        )

    def _rows(self, move):
        return move.line_ids.sorted(
            lambda row: (row.display_type, row.sequence, row.balance, row.account_id.id)
        )

    def _differences(self, ours, plain, ignored):
        """Return {field: (ours, plain)} of the stored values that differ."""
        ours.env.flush_all()
        names = [
            name
            for name, field in ours._fields.items()
            if field.store and field.type != "one2many" and name not in ignored
        ]
        values, expected = (each.read(names, load=False)[0] for each in (ours, plain))
        return {
            name: (values[name], expected[name])
            for name in names
            if values[name] != expected[name]
        }
