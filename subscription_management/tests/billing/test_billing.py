from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ...models.subscriptions.internal_write import internal_write
from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestBilling(SubscriptionCase):
    def test_each_month_is_billed_once_and_the_anchor_of_31_is_kept(self):
        subscription = self.subscribe(on="2026-01-31")
        self.bill("2026-01-31")
        self.bill("2026-02-28")
        self.bill("2026-03-31")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-01-31/2026-02-28", "Basic", "30.00"),
                ("2026-02-28/2026-03-31", "Basic", "30.00"),
                ("2026-03-31/2026-04-30", "Basic", "30.00"),
            ],
        )
        self.assertEqual(set(subscription.invoice_ids.mapped("state")), {"posted"})
        self.assertEqual(subscription.invoice_ids[0].amount_total, 35.1)

    def test_second_run_on_the_same_day_bills_nothing(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        run = self.bill("2026-04-01")
        self.assertEqual(run.invoice_count, 0)
        self.assertEqual(subscription.invoice_count, 1)

    def test_a_draft_subscription_is_not_billed(self):
        subscription = self.subscribe(on="2026-04-01", start=False)
        self.bill("2026-04-01")
        self.assertEqual(subscription.invoice_count, 0)

    def test_missed_months_are_billed_on_one_invoice(self):
        subscription = self.subscribe(on="2026-01-01")
        self.bill("2026-03-15")
        self.assertEqual(subscription.invoice_count, 1)
        self.assertEqual(subscription.invoice_ids.amount_untaxed, 90.0)

    def test_missed_months_are_billed_one_invoice_each_by_policy_of_the_plan(self):
        self.monthly.catch_up_policy = "apart"
        subscription = self.subscribe(on="2026-01-01")
        self.bill("2026-03-15")
        self.assertEqual(
            subscription.invoice_ids.mapped("amount_untaxed"), [30.0, 30.0, 30.0]
        )

    def test_lines_of_different_intervals_are_billed_on_their_own_days(self):
        subscription = self.subscribe(on="2026-01-01", start=False)
        subscription.line_ids = [
            Command.create({"product_id": self.seat.id, "plan_id": self.yearly.id})
        ]
        subscription.action_activate()
        self.bill("2026-01-01")
        self.bill("2026-02-01")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-01-01/2026-02-01", "Basic", "30.00"),
                ("2026-01-01/2027-01-01", "Seat", "70.00"),
                ("2026-02-01/2026-03-01", "Basic", "30.00"),
            ],
        )

    def test_a_plan_may_create_draft_invoices(self):
        self.monthly.invoice_policy = "draft"
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.assertEqual(subscription.invoice_ids.state, "draft")
        self.bill("2026-04-02")
        self.assertEqual(subscription.invoice_count, 1)

    def test_a_customer_may_have_combined_invoices(self):
        self.customer.shares_subscription_invoices = True
        both = self.subscribe(on="2026-04-01") | self.subscribe(
            self.seat, quantity=3, on="2026-04-01"
        )
        self.bill("2026-04-01")
        self.assertEqual(len(both.invoice_ids), 1)
        self.assertEqual(both.invoice_ids.amount_untaxed, 51.0)
        self.assertEqual(
            both.invoice_ids.invoice_origin, ", ".join(both.mapped("name"))
        )

    def test_without_combined_invoices_each_subscription_has_its_own(self):
        both = self.subscribe(on="2026-04-01") | self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.assertEqual(len(both.invoice_ids), 2)

    def test_the_invoice_shows_addresses_terms_salesperson_and_reference(self):
        branch = self.env["res.partner"].create(
            {"name": "Accounts", "parent_id": self.customer.id, "type": "invoice"}
        )
        site = self.env["res.partner"].create(
            {"name": "Site", "parent_id": self.customer.id, "type": "delivery"}
        )
        self.customer.property_payment_term_id = self.pay_terms_a
        subscription = self.subscribe(on="2026-04-01", client_reference="PO 77")
        self.bill("2026-04-01")
        invoice = subscription.invoice_ids
        self.assertEqual(invoice.partner_id, branch)
        self.assertEqual(invoice.partner_shipping_id, site)
        self.assertEqual(invoice.invoice_payment_term_id, self.pay_terms_a)
        self.assertEqual(invoice.invoice_user_id, subscription.user_id)
        self.assertEqual(invoice.ref, "PO 77")
        self.assertEqual(invoice.invoice_origin, subscription.name)

    def test_the_period_is_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self.basic.with_context(lang="fr_FR").name = "De base"
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        text = subscription.invoice_ids.invoice_line_ids.name
        self.assertIn("De base", text)
        self.assertIn("01/04/2026", text)
        self.assertIn("30/04/2026", text)

    def test_a_shortened_line_is_credited_by_the_day(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.end_line(subscription.line_ids, "2026-04-11")
        self.bill("2026-04-11")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-04-11/2026-05-01", "Basic", "-20.00"),
            ],
        )
        credit = subscription.invoice_ids.filtered(
            lambda move: move.move_type == "out_refund"
        )
        self.assertEqual(credit.amount_untaxed, 20.0)
        self.assertEqual(credit.amount_tax, 3.4)

    def test_units_are_shown_and_come_out_to_the_cent_when_prorated(self):
        plan = self._make_plan("Aligned", "month", anchor_kind="calendar", Seat=10.0)
        subscription = self.subscribe(self.seat, plan=plan, quantity=7, on="2026-07-15")
        self.bill("2026-07-15")
        line = subscription.invoice_ids.invoice_line_ids
        self.assertEqual(line.quantity, 7)
        self.assertEqual(line.price_subtotal, 38.39)  # 70 × 17 / 31

    def test_lines_with_fractions_of_a_cent_add_up_to_the_cent(self):
        """10.004 is 10.00 and 3 × 10.004 is 30.01, though the host sums 40.016."""
        subscription = self.subscribe(
            self.seat, self.seat, on="2026-04-01", start=False
        )
        subscription.line_ids.price = 10.004
        subscription.line_ids[1].quantity = 3
        subscription.action_activate()
        self.bill("2026-04-01")
        invoice = subscription.invoice_ids
        self.assertAlmostEqual(invoice.amount_untaxed, 10.00 + 30.01)
        self.assertEqual(
            invoice.invoice_line_ids.sorted("quantity").mapped("price_unit"),
            [10.0, 10.00334],
        )

    def test_several_companies_are_billed_in_one_run(self):
        other = self.setup_other_company()["company"]
        journal = self.env["account.journal"].search(
            [("company_id", "=", other.id), ("type", "=", "sale")], limit=1
        )
        ours = self.subscribe(on="2026-04-01")
        theirs = self.subscribe(on="2026-04-01", company_id=other.id)
        self.bill(
            "2026-04-01", company_ids=[Command.set((self.env.company | other).ids)]
        )
        self.assertEqual(ours.invoice_ids.company_id, self.env.company)
        self.assertEqual(theirs.invoice_ids.company_id, other)
        self.assertEqual(theirs.invoice_ids.journal_id, journal)

    def test_the_created_invoice_equals_its_preview(self):
        subscription = self.subscribe(self.basic, self.seat, on="2026-04-01")
        [shown] = subscription._invoice_planner().due_on(subscription.date_start)
        wizard = self.env["subscription.create.invoice.wizard"].create(
            {"subscription_id": subscription.id, "target_date": "2026-04-01"}
        )
        self.assertIn("43.29", wizard.preview)
        wizard.action_bill()
        invoice = subscription.invoice_ids
        self.assertEqual(shown.total, invoice.amount_total)
        self.assertEqual(
            [line.amount for line in shown.lines],
            invoice.invoice_line_ids.mapped("price_subtotal"),
        )

    def test_creating_an_invoice_with_nothing_due_is_refused(self):
        subscription = self.subscribe(on="2026-04-01")
        wizard = self.env["subscription.create.invoice.wizard"].create(
            {"subscription_id": subscription.id, "target_date": "2026-03-31"}
        )
        with self.assertRaisesRegex(UserError, "Nothing is due"):
            wizard.action_bill()

    def test_a_billed_line_keeps_its_price_and_quantity(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        for name, value in (("price", 99.0), ("quantity", 2.0)):
            with self.assertRaisesRegex(UserError, "Use Change"):
                subscription.line_ids[name] = value
            by_program = internal_write(subscription.line_ids)
            with self.assertRaisesRegex(UserError, "end the line and add another"):
                by_program[name] = value

    def test_a_plan_on_which_a_subscription_has_started_keeps_its_periods(self):
        self.monthly.trial_days = 14
        subscription = self.subscribe(on="2026-04-01", start=False)
        self.monthly.write({"interval_unit": "year", "cut_off_days": 5})
        self.monthly.write({"interval_unit": "month", "cut_off_days": 0})
        subscription.action_activate()
        self.assertEqual(subscription.state, "trial")
        for values in (
            {"interval_unit": "year"},
            {"interval_count": 3},
            {"timing": "in_arrears"},
            {"anchor_kind": "calendar"},
            {"stub_policy": "free"},
            {"due_shift_days": 5},
        ):
            with self.assertRaisesRegex(UserError, "create a new one instead"):
                self.monthly.write(values)
        self.monthly.write({"name": "Monthly, renamed", "interval_unit": "month"})

    def test_a_plan_to_which_a_subscription_changes_keeps_its_periods(self):
        subscription = self.subscribe(on="2026-04-01")
        day = self.day("2026-05-01")
        subscription.change_plan(subscription.line_ids, self.yearly, day)
        with self.assertRaisesRegex(UserError, "create a new one instead"):
            self.yearly.interval_unit = "month"

    def test_a_new_price_list_does_not_touch_agreed_prices(self):
        subscription = self.subscribe(on="2026-04-01")
        for rule in self.monthly.pricing_rule_ids:
            rule.date_to = "2026-04-30"
            rule.copy({"price": 99.0, "date_from": "2026-05-01", "date_to": False})
        self.bill("2026-05-01")
        self.assertEqual(subscription.billed_period_ids.mapped("amount"), [30.0, 30.0])

    def test_billing_reads_no_closed_periods_of_a_long_history(self):
        young = self.subscribe(on="2026-03-01")
        old = self.subscribe(on="2021-03-01")
        self.bill("2026-03-01")
        for subscription in young | old:
            self.env.flush_all()
            self.env.invalidate_all()
            rows = subscription.line_ids._open_billed_rows()
            self.assertFalse(rows)
        self.assertEqual(len(old.billed_period_ids), 61)
