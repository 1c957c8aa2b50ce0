from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Date
from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestTrial(SubscriptionCase):
    def follow_trials_on(self, day):
        self.run_action("ir_cron_convert_trials", day)

    @freeze_time("2026-04-01 09:00:00")
    def test_a_trial_is_not_billed_and_converts_automatically(self):
        self.monthly.write({"trial_days": 14, "trial_reminder_days": 3})
        subscription = self.subscribe(on="2026-04-01")
        self.assertEqual(subscription.state, "trial")
        self.assertFalse(subscription.movement_ids)
        self.assertFalse(self.bill("2026-04-14").invoice_count)
        to_customer = [("recipient_ids", "in", self.customer.ids)]
        for day, mails, state in (
            ("2026-04-11", 0, "trial"),
            ("2026-04-12", 1, "trial"),
            ("2026-04-13", 1, "trial"),
            ("2026-04-15", 1, "active"),
        ):
            self.follow_trials_on(day)
            self.assertEqual(self.env["mail.mail"].search_count(to_customer), mails)
            self.assertEqual(subscription.state, state)
        self.bill("2026-04-15")
        self.assert_invoice_lines(
            subscription, [("2026-04-15/2026-05-15", "Basic", "30.00")]
        )
        self.assertEqual(subscription.movement_ids.date, Date.to_date("2026-04-15"))

    def save_payment_method(self, partner):
        provider = self.env["payment.provider"].create(
            {"name": "Cards", "company_id": self.env.company.id}
        )
        self.env["payment.token"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env["payment.method"].search([], limit=1).id,
                "partner_id": partner.id,
                "provider_ref": "token",
            }
        )

    @freeze_time("2026-04-01 09:00:00")
    def test_a_trial_converts_with_a_saved_payment_method(self):
        self.monthly.write(
            {"trial_days": 14, "trial_conversion": "with_payment_method"}
        )
        subscription = self.subscribe(on="2026-04-01")
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self.save_payment_method(stranger)
        self.assertIn("No invoice", subscription.invoice_forecast)
        self.save_payment_method(self.customer)
        self.env.invalidate_all()
        self.assertIn("30.00", subscription.invoice_forecast)
        self.follow_trials_on("2026-04-15")
        self.assertEqual(subscription.state, "active")

    @freeze_time("2026-04-01 09:00:00")
    def test_a_trial_ends_without_a_saved_payment_method(self):
        self.monthly.write(
            {"trial_days": 14, "trial_conversion": "with_payment_method"}
        )
        subscription = self.subscribe(on="2026-04-01")
        self.follow_trials_on("2026-04-15")
        self.assertEqual(subscription.state, "expired")
        self.bill("2026-05-01")
        self.assertFalse(subscription.billed_period_ids)

    @freeze_time("2026-04-01 09:00:00")
    def test_a_paid_trial_has_a_one_time_charge_only(self):
        trial = self._make_product("Trial", 9.0)
        self.monthly.write({"trial_days": 14, "trial_product_id": trial.id})
        subscription = self.subscribe(on="2026-04-01")
        self.assertEqual(subscription.next_billing_date, Date.to_date("2026-04-01"))
        for day in ("2026-04-01", "2026-04-14", "2026-04-15"):
            self.bill(day)
        self.assert_invoice_lines(
            subscription, [("2026-04-01/2026-04-02", "Trial", "9.00")]
        )
        self.follow_trials_on("2026-04-15")
        self.bill("2026-04-15")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-04-02", "Trial", "9.00"),
                ("2026-04-15/2026-05-15", "Basic", "30.00"),
            ],
        )
        self.assertEqual(subscription.monthly_amount, 30)

    @freeze_time("2026-04-01 09:00:00")
    def test_the_charge_of_an_ended_trial_is_not_credited(self):
        trial = self._make_product("Trial", 9.0)
        self.monthly.write(
            {
                "trial_days": 14,
                "trial_conversion": "ends",
                "trial_product_id": trial.id,
            }
        )
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.follow_trials_on("2026-04-15")
        self.assertEqual(subscription.state, "expired")
        self.assertFalse(self.bill("2026-04-15").invoice_count)
        self.assertEqual(sum(subscription.billed_period_ids.mapped("amount")), 9)

    @freeze_time("2026-04-01 09:00:00")
    def test_a_trial_may_end_unless_it_is_activated(self):
        self.monthly.write({"trial_days": 14, "trial_conversion": "ends"})
        ended = self.subscribe(on="2026-04-01")
        started = self.subscribe(on="2026-04-01")
        with freeze_time("2026-04-06 09:00:00"):
            started.action_activate()
        self.follow_trials_on("2026-04-15")
        self.assertEqual((ended.state, started.state), ("expired", "active"))
        self.bill("2026-04-20")
        self.assertFalse(ended.invoice_count)
        self.assert_invoice_lines(
            started, [("2026-04-06/2026-05-06", "Basic", "30.00")]
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestRegrouping(SubscriptionCase):
    day = Date.to_date("2026-04-16")

    def test_a_transfer_keeps_the_billing_days(self):
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        heir = self.env["res.partner"].create({"name": "Heir"})
        follower = subscription.transfer(heir, self.day, "Sold")
        self.bill("2026-05-01")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-04-16/2026-05-01", "Basic", "-15.00"),
            ],
        )
        self.assert_invoice_lines(
            follower,
            [
                ("2026-04-16/2026-05-01", "Basic", "15.00"),
                ("2026-05-01/2026-06-01", "Basic", "30.00"),
            ],
        )
        self.assertEqual(follower.invoice_ids.partner_id, heir)
        self.assertEqual(subscription.change_ids[0].other_id, follower)

    def test_a_transfer_uses_the_new_customers_terms_and_taxes(self):
        abroad = self.env["account.fiscal.position"].create({"name": "Abroad"})
        in_60_days = self.env["account.payment.term"].create({"name": "60 days"})
        heir = self.env["res.partner"].create(
            {
                "name": "Heir",
                "property_account_position_id": abroad.id,
                "property_payment_term_id": in_60_days.id,
            }
        )
        subscription = self.subscribe(on="2026-04-01")
        follower = subscription.transfer(heir, self.day)
        self.bill("2026-04-16")
        invoice = follower.invoice_ids
        self.assertEqual(invoice.fiscal_position_id, abroad)
        self.assertEqual(invoice.invoice_payment_term_id, in_60_days)

    def test_a_later_subscription_is_no_target_of_an_alignment(self):
        first = self.subscribe(on="2026-06-01")
        second = self.subscribe(on="2026-04-01")
        with self.assertRaisesRegex(UserError, "align from that day"):
            second.align_with(first, self.day)

    def test_two_subscriptions_are_merged(self):
        first = self.subscribe(on="2026-04-01")
        second = self.subscribe(self.seat, on="2026-04-11", quantity=3)
        self.bill("2026-04-11")
        second.merge_into(first, self.day)
        self.bill("2026-05-11")
        self.assertEqual(second.state, "cancelled")
        total = sum((first | second).billed_period_ids.mapped("amount"))
        self.assertEqual(total, 30 * 2 + 21 * 2)
        self.assertIn(self.seat, first.line_ids.product_id)

    def test_a_subscription_is_aligned_with_another(self):
        first = self.subscribe(on="2026-04-01")
        second = self.subscribe(self.seat, on="2026-04-11", quantity=3)
        self.bill("2026-04-11")
        second.align_with(first, self.day)
        self.bill("2026-05-01")
        self.assertEqual(second.next_billing_date, first.next_billing_date)
        # 21 a month: 5 of 30 days from the 11th, 15 of 30 until May, and May.
        total = sum(second.billed_period_ids.mapped("amount"))
        self.assertEqual(total, 3.5 + 10.5 + 21)

    def test_subscriptions_of_two_customers_are_not_merged(self):
        first = self.subscribe(on="2026-04-01")
        other = self.env["res.partner"].create({"name": "Other"})
        second = self.subscribe(on="2026-04-01", partner_id=other.id)
        with self.assertRaisesRegex(UserError, "same customer"):
            second.merge_into(first, self.day)

    def test_a_credit_may_be_deducted_from_the_next_invoice(self):
        self.monthly.credit_policy = "next_invoice"
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        self.bill("2026-04-01")
        subscription.change_quantity(subscription.line_ids, 8, self.day)
        self.assertFalse(self.bill("2026-04-16").invoice_count)
        self.bill("2026-05-01")
        newest = subscription.invoice_ids.sorted()[0]
        self.assertEqual(
            (newest.move_type, newest.amount_untaxed), ("out_invoice", 56 - 7)
        )

    def test_a_credit_without_an_upcoming_invoice_is_refunded(self):
        self.monthly.credit_policy = "next_invoice"
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        self.cancel(subscription, self.day)
        self.bill("2026-04-16")
        self.assertIn("out_refund", subscription.invoice_ids.mapped("move_type"))

    def test_the_subscription_is_viewed_as_of_any_date(self):
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        subscription.change_quantity(subscription.line_ids, 12, self.day)
        for day, quantity in (("2026-04-15", 10), ("2026-04-16", 12)):
            shown = subscription._lines_on(Date.to_date(day))
            self.assertEqual(shown.quantity, quantity)
        self.assertIn("Seat", subscription.as_of)

    def test_a_scheduled_price_is_transferred(self):
        for move in ("transfer", "merge"):
            with self.subTest(move):
                first = self.subscribe(self.seat, on="2026-04-01", quantity=10)
                later = Date.to_date("2026-07-01")
                first.change_price(first.line_ids, 8, later)
                if move == "transfer":
                    heir = self.env["res.partner"].create({"name": "Heir"})
                    second = first.transfer(heir, self.day)
                else:
                    second = self.subscribe(on="2026-04-01")
                    first.merge_into(second, self.day)
                second.change_quantity(
                    second._lines_on(self.day).filtered(
                        lambda line: line.product_id == self.seat
                    ),
                    12,
                    Date.to_date("2026-05-01"),
                )
                for day, quantity, price in (
                    ("2026-04-20", 10, 7),
                    ("2026-05-20", 12, 7),
                    ("2026-07-20", 12, 8),
                ):
                    shown = second._lines_on(Date.to_date(day)).filtered(
                        lambda line: line.product_id == self.seat
                    )
                    self.assertEqual((shown.quantity, shown.price), (quantity, price))
