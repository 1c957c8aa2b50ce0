"""Unpaid invoices follow the steps of a policy."""

from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .dunning_case import DunningCase

GONE = "The salesperson was deleted."


@tagged("post_install", "-at_install")
class TestSteps(DunningCase):
    def steps_of(self, case):
        rows = case.step_ids.filtered(lambda row: row.result == "done").sorted("id")
        return [(str(row.day), row.action) for row in rows]

    def collect_daily(self, first, last):
        day = date.fromisoformat(first)
        while str(day) <= last:
            self.collect(str(day))
            day = date.fromordinal(day.toordinal() + 1)

    def test_due_on_the_1st_and_15_days_suspends_on_the_16th(self):
        case = self.invoice("2026-04-01")
        self.collect_daily("2026-04-01", "2026-04-15")
        self.assertEqual(self.subscription.state, "past_due")
        self.collect("2026-04-16")
        self.assertEqual(self.subscription.state, "suspended")
        self.assertEqual(
            self.steps_of(case),
            [
                ("2026-04-02", "past_due"),
                ("2026-04-04", "email"),
                ("2026-04-16", "suspend"),
            ],
        )

    def test_a_payment_by_bank_restores_the_service_at_once(self):
        case = self.invoice("2026-04-01")
        self.collect_daily("2026-04-02", "2026-04-16")
        self.collect("2026-04-20")
        self.pay(case.move_id, case.amount_open, "2026-04-20")
        self.assertEqual(case.state, "paid")
        self.assertEqual(self.subscription.state, "active")
        self.assertEqual(case.closed_after, "Suspend")

    def test_a_part_that_was_paid_stops_nothing(self):
        case = self.invoice("2026-04-01")
        self.pay(case.move_id, 10.0, "2026-04-02")
        self.collect_daily("2026-04-02", "2026-04-16")
        self.assertEqual(self.subscription.state, "suspended")

    def test_another_open_invoice_keeps_the_service_suspended(self):
        first = self.invoice("2026-04-01")
        self.bill("2026-05-01")
        self.collect_daily("2026-05-01", "2026-05-16")
        self.pay(first.move_id, first.amount_open, "2026-05-16")
        self.assertEqual(first.state, "paid")
        self.assertEqual(self.subscription.state, "suspended")

    def test_a_manual_suspension_outlasts_the_payment(self):
        case = self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            self.subscription.suspend("Misuse")
        self.collect("2026-04-02")
        self.pay(case.move_id, case.amount_open, "2026-04-03")
        self.assertEqual(self.subscription.state, "suspended")

    def test_a_credited_invoice_settles_its_case(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-02")
        with freeze_time("2026-04-03 09:00:00"):
            self.env["account.move.reversal"].with_context(
                active_model="account.move", active_ids=case.move_id.ids
            ).create({"journal_id": case.move_id.journal_id.id}).refund_moves()
            refund = case.move_id.reversal_move_ids
            refund.action_post()
        self.collect("2026-04-04")
        self.assertEqual(case.state, "settled")
        self.assertEqual(self.subscription.state, "active")

    def test_the_last_step_cancels_with_its_reason(self):
        self.policy.step_ids = [Command.create({"day": 30, "action": "cancel"})]
        self.invoice("2026-04-01")
        self.collect_daily("2026-04-02", "2026-05-01")
        self.assertEqual(self.subscription.state, "cancelled")
        change = self.newest(self.subscription, "cancelled")
        self.assertEqual(
            change.cancellation_reason_id,
            self.env.ref("subscription_management.cancellation_reason_unpaid"),
        )

    def test_a_case_keeps_the_policy_with_which_it_opened(self):
        case = self.invoice("2026-04-01")
        self.policy.step_ids.filtered(lambda step: step.action == "suspend").day = 5
        self.collect_daily("2026-04-02", "2026-04-10")
        self.assertEqual(self.subscription.state, "past_due")
        self.assertEqual(case.version_id.number, 1)
        self.bill("2026-05-01")
        self.collect("2026-05-01")
        later = self.cases.search([("partner_id", "=", self.customer.id)]) - case
        self.assertEqual(later.version_id.number, 2)

    def test_a_second_run_does_nothing(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-16")
        before = self.steps_of(case), case.letter_ids.mapped("state")
        self.collect("2026-04-16")
        self.assertEqual((self.steps_of(case), case.letter_ids.mapped("state")), before)

    def test_a_failing_case_stops_no_other_and_is_retried(self):
        case = self.invoice("2026-04-01")
        good = self.invoice("2026-04-01")
        bad = case.id
        real = type(case)._mark_past_due

        def fails(self):
            if self.id == bad:
                raise UserError(GONE)
            return real(self)

        with patch.object(type(case), "_mark_past_due", fails):
            self.collect("2026-04-02")
        self.assertEqual(case.error, GONE)
        self.assertEqual(good.subscription_ids.state, "past_due")
        self.collect("2026-04-03")
        self.assertFalse(case.error)
        self.assertEqual(case.subscription_ids.state, "past_due")

    def test_the_timeline_of_a_policy_shows_steps_before_they_are_saved(self):
        with Form(self.policies) as form:
            form.name = "New"
            for day, action in ((5, "charge"), (9, "suspend")):
                with form.step_ids.new() as step:
                    step.day = day
                    step.action = action
            self.assertRegex(str(form.timeline), r"(?s)Day 5.*Charge.*Day 9.*Suspend")

    def test_policies_for_a_customer_come_before_those_for_a_plan(self):
        plain = self.policy
        planned = self.make_policy("Plan", (1, "email"), plan_ids=self.monthly.ids)
        own = self.make_policy("Own", (1, "email"), partner_ids=self.customer.ids)
        cases = [self.invoice("2026-04-01")]
        own.active = False
        cases.append(self.invoice("2026-04-01"))
        planned.active = False
        cases.append(self.invoice("2026-04-01"))
        self.assertEqual([case.policy_id for case in cases], [own, planned, plain])

    def test_direct_debits_and_transfers_have_policies_of_their_own(self):
        manual, debit = (
            self.make_policy(payer, (1, "email"), payer=payer, sequence=1)
            for payer in ("manual", "debit")
        )
        self.assertEqual(self.invoice("2026-04-01").policy_id, manual)
        card = self.save_card("error")
        self.assertEqual(self.invoice("2026-04-01").policy_id, self.policy)
        card.action_remove()
        self.card = self.env.ref("payment.payment_method_sepa_direct_debit")
        method = self.save_token(
            payment_method_id=self.card.id,
            provider_ref="demo",
            demo_simulated_state="pending",
        )
        self.assertEqual(method.payer, "debit")
        self.assertEqual(self.invoice("2026-04-01").policy_id, debit)

    def test_the_policy_for_direct_debits_announces_before_it_collects(self):
        self.policy.active = False
        self.env.ref("subscription_management.dunning_policy_debit").active = True
        self.save_token(
            payment_method_id=self.env.ref(
                "payment.payment_method_sepa_direct_debit"
            ).id,
            provider_ref="demo",
            demo_simulated_state="done",
        )
        case = self.invoice("2026-04-01")
        delay = case.version_id.content["charge_delay_days"]
        self.assertGreater(delay, 0)
        self.collect(str(fields.Date.add(self.day("2026-04-01"), days=delay - 1)))
        self.assertFalse(case.transaction_ids)
        self.collect(str(fields.Date.add(self.day("2026-04-01"), days=delay)))
        self.assertEqual(case.state, "paid")

    def test_a_company_has_policies_of_its_own(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.env.company.id}
        )
        other = self.env["res.company"].create({"name": "Other"})
        foreign = self.make_policy(
            "Other", (1, "email"), company_id=other.id, sequence=1
        )
        own = self.make_policy(
            "Own", (1, "email"), company_id=self.env.company.id, sequence=2
        )
        self.assertEqual(self.invoice("2026-04-01").policy_id, own)
        self.assertNotIn(foreign, self.policies._policies_for(branch))
        self.assertIn(own, self.policies._policies_for(branch))
        of_branch = self.make_policy(
            "Branch", (1, "email"), company_id=branch.id, sequence=2
        )
        own.sequence = 0
        everybody = self.policies._policies_for(branch)
        self.assertEqual(everybody[-1], own)
        self.assertIn(of_branch, everybody)

    def test_a_line_of_a_bank_statement_restores_the_service_at_once(self):
        case = self.invoice("2026-04-01")
        self.collect_daily("2026-04-02", "2026-04-16")
        self.assertEqual(self.subscription.state, "suspended")
        self.assertEqual(case.move_id.managed_next_step, case.next_step)
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": "2026-04-17",
                "payment_ref": case.move_id.name,
                "partner_id": self.customer.id,
                "amount": case.amount_open,
            }
        )
        _liquidity, suspense, _other = line._seek_for_lines()
        owed = case.move_id.line_ids.filtered(
            lambda each: each.account_type == "asset_receivable"
        )
        suspense.account_id = owed.account_id
        (suspense | owed).reconcile()
        self.assertEqual((case.state, self.subscription.state), ("paid", "active"))

    def test_a_run_without_time_left_continues_with_the_next_cases(self):
        cases = self.invoice("2026-04-01") | self.invoice("2026-04-01")
        time_left = patch.object(
            type(self.env["ir.cron"]),
            "_commit_progress",
            lambda _cron, processed=0, **_values: not processed,
        )
        one = patch.object(type(self.cases), "SLICE_SIZE", 1)
        for entered in 1, 2:
            with freeze_time("2026-04-04 09:00:00"), time_left, one:
                self.cases.sudo()._cron_collect()
            self.assertEqual(len(cases.filtered("entered_on")), entered)
        self.collect("2026-04-04")
        self.assertEqual(len(cases.letter_ids), 2)

    def test_without_a_policy_an_invoice_is_charged_without_dunning(self):
        self.policy.active = False
        self.save_card("error")
        case = self.invoice("2026-04-01")
        self.collect("2026-06-01")
        self.assertEqual(case.outcome, "declined")
        self.assertFalse(case.step_ids)


@tagged("post_install", "-at_install")
class TestBadPolicies(DunningCase):
    def assertRefused(self, sentence, *steps, **values):
        with self.assertRaisesRegex(ValidationError, sentence):
            self.make_policy("Wrong", *steps, **values)

    def test_a_policy_without_steps_is_refused(self):
        self.assertRefused("has no step")

    def test_steps_before_the_due_date_only_remind(self):
        self.assertRefused("“Suspend” cannot run", (-1, "suspend"))

    def test_a_suspension_after_a_cancellation_is_refused(self):
        self.assertRefused("after the cancellation", (9, "suspend"), (5, "cancel"))

    def test_a_day_has_a_step_once(self):
        self.assertRefused("twice", (5, "email"), (5, "email"))

    def test_an_email_step_needs_a_template(self):
        with self.assertRaisesRegex(ValidationError, "has no template"):
            self.policy.step_ids = [Command.create({"day": 9, "action": "email"})]

    def test_the_last_step_is_not_deleted(self):
        with self.assertRaisesRegex(ValidationError, "archive the policy"):
            self.policy.step_ids.unlink()


@tagged("post_install", "-at_install")
class TestHolds(DunningCase):
    def at(self, day):
        return freeze_time(f"{day} 09:00:00")

    def test_a_promise_stops_the_steps_until_its_day(self):
        case = self.invoice("2026-04-01")
        with self.at("2026-04-02"):
            case.promise(self.day("2026-04-20"), "On the telephone")
        self.collect("2026-04-20")
        self.assertFalse(case.step_ids)
        self.collect("2026-04-21")
        done = case.step_ids.filtered(lambda row: row.result == "done")
        self.assertEqual(sorted(done.mapped("action")), ["email", "past_due"])
        self.assertFalse(case.hold)
        self.assertIn("did not", case.activity_ids.note)

    def test_a_promise_is_for_a_later_day(self):
        case = self.invoice("2026-04-01")
        with self.at("2026-04-05"), self.assertRaisesRegex(UserError, "has passed"):
            case.promise(self.day("2026-04-04"))

    def test_a_disputed_invoice_has_neither_steps_nor_charges(self):
        case = self.invoice("2026-04-01")
        with self.at("2026-04-02"):
            case.dispute("Wrong number of seats")
            self.save_card()
        self.collect("2026-05-20")
        self.assertFalse(case.step_ids)
        self.assertFalse(case.transaction_ids)
        with self.at("2026-05-21"):
            case.action_resume()
        self.collect("2026-05-21")
        self.assertEqual(case.state, "paid")

    def test_after_a_long_hold_the_service_is_not_cut_without_a_warning(self):
        case = self.invoice("2026-04-01")
        with self.at("2026-04-02"):
            case.put_on_hold()
        with self.at("2026-06-01"):
            case.action_resume()
        self.collect("2026-06-01")
        self.assertEqual(self.subscription.state, "past_due")
        self.assertEqual(str(case.next_date), "2026-06-13")

    def test_a_user_skips_the_next_step(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-02")
        with self.at("2026-04-03"):
            case.action_skip_step()
        self.collect("2026-04-04")
        self.assertFalse(case.letter_ids)
        self.assertEqual(str(case.next_date), "2026-04-16")

    def test_a_user_runs_the_next_step_at_once(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-02")
        with self.at("2026-04-03"):
            case.action_run_now()
        self.collect("2026-04-03")
        self.assertEqual(case.letter_ids.state, "sent")
        self.collect("2026-04-04")
        self.assertEqual(len(case.letter_ids), 1)

    def test_a_paid_invoice_cannot_be_put_on_hold(self):
        self.save_card()
        case = self.invoice("2026-04-01")
        with self.assertRaisesRegex(UserError, "needs no payment"):
            case.dispute()
