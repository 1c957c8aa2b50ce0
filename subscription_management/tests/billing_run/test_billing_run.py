from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestBillingRun(SubscriptionCase):
    def run_scheduled_action(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "subscription_management.ir_cron_bill_due"
            ).method_direct_trigger()
        self.env.invalidate_all()

    @freeze_time("2026-04-01 08:00:00")
    def test_the_scheduled_action_bills_due_subscriptions(self):
        subscription = self.subscribe(on="2026-04-01")
        later = self.subscribe(on="2026-04-02")
        self.run_scheduled_action()
        self.assertEqual(subscription.invoice_count, 1)
        self.assertEqual(later.invoice_count, 0)
        run = subscription.invoice_ids.managed_billing_run_id
        self.assertTrue(run.is_scheduled)
        self.assertEqual(run.state, "done")
        self.assertEqual(run.progress, 100)

    @freeze_time("2026-04-01 08:00:00")
    def test_a_subscription_that_starts_later_joins_the_run_of_the_day(self):
        first = self.subscribe(on="2026-04-01")
        self.run_scheduled_action()
        second = self.subscribe(on="2026-04-01")
        self.run_scheduled_action()
        self.assertEqual(
            first.invoice_ids.managed_billing_run_id,
            second.invoice_ids.managed_billing_run_id,
        )

    @freeze_time("2026-04-01 22:30:00")
    def test_today_is_the_companys_calendar_date(self):
        self.env.company.partner_id.tz = "Asia/Jerusalem"  # already 2 April there
        subscription = self.subscribe(on="2026-04-02")
        self.run_scheduled_action()
        self.assertRecordValues(
            subscription.invoice_ids,
            [
                {
                    "invoice_date": self.day("2026-04-02"),
                    "invoice_date_due": self.day("2026-04-02"),
                }
            ],
        )

    def test_a_dry_run_shows_next_months_invoices_and_writes_none(self):
        good = self.subscribe(self.basic, self.seat, on="2026-04-01")
        product = self._make_product("Gone", 10.0)
        wrong = self.subscribe(product, on="2026-04-01")
        product.active = False
        self.bill("2026-04-01")
        moves = self.env["account.move"].search_count([])
        run = self.bill("2026-05-01", is_dry_run=True)
        self.assertEqual(self.env["account.move"].search_count([]), moves)
        self.assertEqual(good.next_billing_date.isoformat(), "2026-05-01")
        self.assertEqual(run.forecast_ids.subscription_id, good)
        self.assertEqual(run.forecast_ids.amount_total_in_currency_signed, 43.29)
        self.assertEqual(run.failure_ids.subscription_id, wrong)
        self.assertIn("archived", run.failure_ids.reason)
        self.assertEqual(len(wrong.activity_ids), 1)
        self.assertEqual(run.state, "done")

    def test_a_dry_run_shows_the_invoices_of_the_later_run(self):
        for quantity in range(1, 8):
            self.subscribe(self.seat, quantity=quantity, on="2026-04-01")
        shown = self.bill("2026-04-01", is_dry_run=True)
        billed = self.bill("2026-04-01")
        self.assertEqual(
            sorted(shown.forecast_ids.mapped("amount_total_in_currency_signed")),
            sorted(billed.invoice_ids.mapped("amount_total_in_currency_signed")),
        )
        self.assertEqual(shown.totals, billed.totals)

    def test_a_run_of_a_future_day_must_be_a_dry_run(self):
        run = self.env["subscription.billing.run"].create({"target_date": "2999-01-01"})
        with self.assertRaisesRegex(UserError, "Choose a dry run"):
            run.action_start()
        run.is_dry_run = True
        run.action_start()
        self.assertEqual(run.state, "running")

    def test_figures_count_subscriptions_invoices_and_time(self):
        for _each in range(3):
            self.subscribe(on="2026-04-01")
        run = self.bill("2026-04-01")
        self.assertEqual(
            (run.due_count, run.subscription_count, run.invoice_count), (3, 3, 3)
        )
        self.assertGreater(run.duration, 0)
        self.assertIn("105.30", run.totals)

    def test_a_large_run_works_in_slices(self):
        partners = self.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(120)]
        )
        for partner in partners:
            self.subscribe(on="2026-04-01", partner_id=partner.id)
        run = self.bill("2026-04-01")
        self.assertEqual(run.slice_ids.mapped("subscription_count"), [50, 50, 20])
