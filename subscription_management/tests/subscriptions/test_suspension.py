from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Date
from odoo.tests import Form, new_test_user, tagged

from ..common import SubscriptionCase

MINUS = str.maketrans("\u2011\u2212", "--", "\ufeff")


@tagged("post_install", "-at_install")
class TestSuspension(SubscriptionCase):
    """Suspension and reactivation, with suspended days billed or not by the plan."""

    def suspended(self, policy, on="2026-04-11", **values):
        """Return a subscription of 30.00 a month, billed for April, then suspended."""
        self.monthly.suspension_policy = policy
        subscription = self.subscribe(on="2026-04-01", **values)
        self.bill("2026-04-01")
        with freeze_time(f"{on} 09:00:00"):
            subscription.suspend("Two invoices are open")
        return subscription

    def movements(self, subscription):
        return [
            (str(each.date), each.kind, each.amount)
            for each in subscription.movement_ids.sorted("id")
        ]

    def billed(self, subscription):
        return [
            (f"{row.date_start}/{row.date_end}", row.amount)
            for row in subscription.billed_period_ids.sorted("id")
        ]

    def cancel_as_previewed(self, subscription, **values):
        """Cancel by the wizard; return the amounts that it previewed by day."""
        wizard = self.env["subscription.cancel.wizard"].create(
            {"subscription_id": subscription.id, **values}
        )
        end = Date.add(wizard.last_day, days=1)
        foreseen = subscription._forecast_change(
            wizard._plan(), since=subscription._billed_again_on(end)
        )
        shown = wizard.preview.translate(MINUS)
        for invoice in foreseen:
            self.assertIn(f"{invoice.amount:.2f}", shown)
        wizard.action_confirm()
        return [(str(each.day), float(each.amount)) for each in foreseen]

    def test_nothing_is_invoiced_while_it_is_suspended(self):
        for policy in ("billed", "waived"):
            with self.subTest(policy=policy):
                subscription = self.suspended(policy)
                self.assertEqual(subscription.state, "suspended")
                self.assertEqual(str(subscription.suspended_since), "2026-04-11")
                self.assertFalse(subscription.next_billing_date)
                with freeze_time("2026-06-01 09:00:00"):
                    self.bill("2026-06-01")
                self.assertEqual(subscription.invoice_count, 1)

    def test_billed_days_are_invoiced_after_the_reactivation(self):
        subscription = self.suspended("billed")
        with freeze_time("2026-06-16 09:00:00"):
            subscription.reactivate("Paid by bank transfer")
            self.bill("2026-06-16")
        self.assertEqual(subscription.state, "active")
        self.assertFalse(subscription.suspended_since)
        self.assertEqual(
            self.billed(subscription),
            [
                ("2026-04-01/2026-05-01", 30),
                ("2026-05-01/2026-06-01", 30),
                ("2026-06-01/2026-07-01", 30),
            ],
        )
        self.assertEqual(self.movements(subscription), [("2026-04-01", "new", 30)])

    def test_unbilled_days_are_credited_after_the_reactivation(self):
        subscription = self.suspended("waived")
        with freeze_time("2026-06-16 09:00:00"):
            subscription.reactivate()
            self.bill("2026-06-16")
            self.assertEqual(subscription.monthly_amount, 30)
        # 20 of the 30 days of April, 15 of the 30 days of June.
        self.assertEqual(
            self.billed(subscription),
            [
                ("2026-04-01/2026-05-01", 30),
                ("2026-04-11/2026-05-01", -20),
                ("2026-06-16/2026-07-01", 15),
            ],
        )
        self.assertEqual(
            self.movements(subscription),
            [
                ("2026-04-01", "new", 30),
                ("2026-04-11", "pause", -30),
                ("2026-06-16", "resumption", 30),
            ],
        )

    def test_the_mrr_is_the_sum_of_its_movements(self):
        for policy, monthly in (("billed", 30), ("waived", 0)):
            with self.subTest(policy=policy):
                subscription = self.suspended(policy)
                with freeze_time("2026-05-20 09:00:00"):
                    subscription._reprice()
                self.assertEqual(subscription.monthly_amount, monthly)
                moved = sum(subscription.movement_ids.mapped("amount"))
                self.assertEqual(moved, monthly)

    @freeze_time("2026-04-11 09:00:00")
    def test_a_billed_pause_keeps_the_mrr_of_its_movements(self):
        self.monthly.pause_policy = "billed"
        subscription = self.subscribe(on="2026-04-01")
        subscription.pause(Date.to_date("2026-04-11"))
        self.assertEqual(subscription.state, "paused")
        self.assertEqual(subscription.monthly_amount, 30)
        self.assertEqual(self.movements(subscription), [("2026-04-01", "new", 30)])

    def test_the_history_shows_user_and_reason(self):
        subscription = self.suspended("waived")
        with freeze_time("2026-05-01 09:00:00"):
            subscription.reactivate("Paid")
        found = subscription.change_ids.filtered(
            lambda change: change.kind in ("suspended", "reactivated")
        ).sorted("id")
        self.assertEqual(
            [
                (
                    change.kind,
                    str(change.date_effective),
                    change.reason,
                    change.monthly_difference,
                    change.user_id,
                )
                for change in found
            ],
            [
                (
                    "suspended",
                    "2026-04-11",
                    "Two invoices are open",
                    -30,
                    self.env.user,
                ),
                ("reactivated", "2026-05-01", "Paid", 30, self.env.user),
            ],
        )
        for day, badge in (
            ("2026-04-10", False),
            ("2026-04-11", True),
            ("2026-04-30", True),
            ("2026-05-01", False),
        ):
            subscription.as_of_date = day
            self.assertEqual("Suspended" in subscription.as_of, badge, day)
            self.assertNotIn("Paused", subscription.as_of)

    def test_a_reactivation_on_the_same_day_leaves_no_pause(self):
        subscription = self.suspended("waived")
        with freeze_time("2026-04-11 15:00:00"):
            subscription.reactivate("By mistake")
            self.bill("2026-04-11")
        self.assertFalse(subscription.pause_ids)
        self.assertEqual(self.billed(subscription), [("2026-04-01/2026-05-01", 30)])
        self.assertEqual(
            self.movements(subscription),
            [
                ("2026-04-01", "new", 30),
                ("2026-04-11", "pause", -30),
                ("2026-04-11", "pause", 30),
            ],
        )

    def test_an_earlier_pause_keeps_its_days(self):
        self.monthly.suspension_policy = "waived"
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            subscription.pause(Date.to_date("2026-05-01"), Date.to_date("2026-06-01"))
        with freeze_time("2026-04-21 09:00:00"):
            subscription.suspend()
        with freeze_time("2026-05-11 09:00:00"):
            subscription.reactivate()
            self.assertEqual(subscription.state, "paused")
            self.assertEqual(subscription.monthly_amount, 0)
            self.bill("2026-05-11")
        self.assertEqual(
            [
                (str(pause.date_start), str(pause.date_end), pause.is_suspension)
                for pause in subscription.pause_ids.sorted("date_start")
            ],
            [
                ("2026-04-21", "2026-05-01", True),
                ("2026-05-01", "2026-06-01", False),
            ],
        )
        # 10 of the 30 days of April.
        self.assertEqual(subscription.billed_period_ids.sorted("id")[-1].amount, -10)

    def test_a_suspension_outlasts_an_earlier_pause(self):
        self.monthly.suspension_policy = "waived"
        subscription = self.subscribe(on="2026-04-01")
        self.bill("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            subscription.pause(Date.to_date("2026-05-01"), Date.to_date("2026-06-01"))
        with freeze_time("2026-04-21 09:00:00"):
            subscription.suspend()
        with freeze_time("2026-06-16 09:00:00"):
            subscription.reactivate()
            self.bill("2026-06-16")
        self.assertEqual(
            self.billed(subscription)[1:],
            [("2026-04-21/2026-05-01", -10), ("2026-06-16/2026-07-01", 15)],
        )

    @freeze_time("2026-06-16 09:00:00")
    def test_a_cancellation_today_of_a_suspended_one_is_invoiced_as_previewed(self):
        # Billed: May and 15 of the 30 days of June. Waived: 20 days of April back.
        for policy, amount in (("billed", 45), ("waived", -20)):
            with self.subTest(policy=policy):
                subscription = self.suspended(policy)
                foreseen = self.cancel_as_previewed(subscription, when="now")
                self.assertEqual(foreseen, [("2026-06-16", amount)])
                self.assertEqual(subscription.state, "cancelled")
                self.assertFalse(subscription.suspended_since)
                self.bill("2026-06-16")
                made = subscription.billed_period_ids.sorted("id")[1:]
                self.assertEqual(sum(made.mapped("amount")), amount)
                self.assertFalse(subscription.next_billing_date)
                self.assertEqual(subscription.monthly_amount, 0)
                self.assertEqual(sum(subscription.movement_ids.mapped("amount")), 0)

    @freeze_time("2026-06-16 09:00:00")
    def test_a_later_cancellation_of_a_suspended_one_is_invoiced_on_its_date(self):
        # Billed: May, June and July, all on the first of August.
        for policy, amount in (("billed", 90), ("waived", -20)):
            with self.subTest(policy=policy):
                subscription = self.suspended(policy)
                foreseen = self.cancel_as_previewed(
                    subscription, when="date", last_day="2026-07-31"
                )
                self.assertEqual(foreseen, [("2026-08-01", amount)])
                self.assertEqual(subscription.state, "suspended")
                self.bill("2026-07-15")
                self.assertEqual(subscription.invoice_count, 1)
                self.run_action("ir_cron_close_ended", "2026-08-01")
                self.assertEqual(subscription.state, "cancelled")
                with freeze_time("2026-08-01 09:00:00"):
                    self.bill("2026-08-01")
                made = subscription.billed_period_ids.sorted("id")[1:]
                self.assertEqual(sum(made.mapped("amount")), amount)
                self.assertEqual(sum(subscription.movement_ids.mapped("amount")), 0)

    @freeze_time("2026-06-16 09:00:00")
    def test_a_cancellation_is_undone_and_the_suspension_continues(self):
        subscription = self.suspended("billed")
        self.cancel_as_previewed(subscription, when="date", last_day="2026-07-31")
        subscription.action_undo_cancellation()
        self.assertEqual(subscription.state, "suspended")
        self.assertFalse(subscription.next_billing_date)
        subscription.reactivate()
        self.bill("2026-06-16")
        self.assertEqual(sum(subscription.billed_period_ids.mapped("amount")), 90)

    @freeze_time("2026-06-16 09:00:00")
    def test_the_wizard_previews_invoices_and_reactivates(self):
        # Billed: May and June. Waived: 20 days of April back, 15 of June.
        for policy, amounts in (
            ("billed", ["60.00"]),
            ("waived", ["-20.00", "15.00", "-5.00"]),
        ):
            with self.subTest(policy=policy):
                subscription = self.suspended(policy)
                action = subscription.action_reactivate()
                form = Form(
                    self.env["subscription.suspend.wizard"].with_context(
                        **action["context"]
                    )
                )
                for amount in amounts:
                    self.assertIn(amount, form.preview.translate(MINUS))
                form.save().action_confirm()
                self.assertEqual(subscription.state, "active")
                self.bill("2026-06-16")
                made = subscription.billed_period_ids.sorted("id")[1:]
                self.assertEqual(sum(made.mapped("amount")), float(amounts[-1]))

    @freeze_time("2026-04-11 09:00:00")
    def test_the_wizard_suspends_with_a_reason(self):
        subscription = self.subscribe(on="2026-04-01")
        action = subscription.action_suspend()
        form = Form(
            self.env["subscription.suspend.wizard"].with_context(**action["context"])
        )
        form.reason = "No answer to three reminders"
        form.save().action_confirm()
        self.assertEqual(subscription.state, "suspended")
        self.assertEqual(
            subscription.change_ids[0].reason, "No answer to three reminders"
        )

    def test_a_past_due_subscription_is_suspended_and_reactivated(self):
        subscription = self.subscribe(on="2026-04-01")
        subscription._set_state("past_due")
        subscription.suspend()
        subscription.reactivate()
        self.assertEqual(subscription.state, "active")

    def test_only_served_subscriptions_are_suspended(self):
        draft = self.subscribe(on="2026-04-01", start=False)
        with self.assertRaisesRegex(UserError, "cannot become suspended"):
            draft.suspend()
        suspended = self.suspended("billed")
        with self.assertRaisesRegex(UserError, "cannot become suspended"):
            suspended.suspend()

    def test_only_suspended_subscriptions_are_reactivated(self):
        subscription = self.subscribe(on="2026-04-01")
        with self.assertRaisesRegex(UserError, "nothing to reactivate"):
            subscription.reactivate()
        self.cancel(subscription, Date.to_date("2026-04-11"))
        with self.assertRaisesRegex(UserError, "nothing to reactivate"):
            subscription.reactivate()

    @freeze_time("2026-04-11 09:00:00")
    def test_a_suspended_subscription_is_reactivated_before_other_actions(self):
        subscription = self.suspended("waived")
        day = Date.to_date("2026-05-01")
        for attempt in (
            lambda: subscription.pause(day),
            lambda: subscription.resume(day),
            lambda: subscription.change_price(subscription.line_ids, 1, day),
        ):
            with self.assertRaisesRegex(UserError, "suspended.*reactivate"):
                attempt()
        bill = self.env["subscription.create.invoice.wizard"].create(
            {"subscription_id": subscription.id, "target_date": "2026-04-11"}
        )
        with self.assertRaisesRegex(UserError, "suspended and cannot be invoiced"):
            bill.action_bill()

    def test_a_salesperson_suspends_own_subscriptions_and_an_accountant_none(self):
        group = "subscription_management.group_subscription_user"
        rep = new_test_user(self.env, "rep", f"base.group_user,{group}")
        accountant = new_test_user(
            self.env, "accountant", "base.group_user,account.group_account_invoice"
        )
        own = self.subscribe(on="2026-04-01", user_id=rep.id)
        foreign = self.subscribe(on="2026-04-01", user_id=self.env.user.id)
        self.monthly.suspension_policy = "waived"
        own.with_user(rep).suspend("Not paid")
        change = own.change_ids.filtered(lambda each: each.kind == "suspended")
        self.assertEqual(change.user_id, rep)
        own.with_user(rep).reactivate()
        for user, subscription in ((rep, foreign), (accountant, own)):
            with self.assertRaises(AccessError):
                subscription.with_user(user).suspend()
