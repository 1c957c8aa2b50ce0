"""What the steps do: written down, and carried out, in one transaction."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...billing_core.dunning import Action, is_service_warning, steps_on
from ...billing_core.lifecycle import ENDED
from .. import failure_isolation
from .case import BLOCKING
from .letters import DUE_FIRST, OF_STEP
from .quiet_days import QUIET_DAYS

_logger = logging.getLogger(__name__)

ADVANCED_TOGETHER = 200
ENDED_STATES = {state.value for state in ENDED}
SUSPENDED_FROM = ("active", "past_due")
RESTING = ("paused", "trial")
"""Where nothing is withheld before the subscription goes on."""

BLOCKED_BY_HAND = "blocked"


class SubscriptionDunningSteps(models.Model):
    _inherit = "subscription.dunning.case"

    @api.model
    def _advance_slice(self):
        """Do what is due of the next cases; return these.

        A case that fails is marked, comes again the next day, and stops no other.
        """
        due = self._due_today()
        cases = self._take(due, ADVANCED_TOGETHER) if due else self.browse()
        cases.with_context(**{QUIET_DAYS: {}})._run_each(lambda each: each._advance())
        return cases

    @api.model
    def _due_today(self):
        """Return the condition of having a step today, None where no case has one."""
        companies = self._read_group(
            [("state", "=", "open"), ("next_date", "!=", False)],
            ["company_id"],
            ["next_date:min"],
        )
        days = [
            SQL("(company_id = %s AND next_date <= %s)", company.id, today)
            for company, first in companies
            if first <= (today := company._subscription_today())
        ]
        return SQL("(%s)", SQL(" OR ").join(days)) if days else None

    def _run_each(self, step):
        """Call a step for all; return the cases for which it succeeded."""
        return failure_isolation.run_each(
            self, step, lambda case, error: case._note_failure(error)
        )

    def _note_failure(self, error):
        """Mark a case with what a person has to cure, and leave it for a day."""
        case = self._worded()
        failure_isolation.log_unexpected(self, error)
        advice = case.env._("The server's log has the details.")
        reason = failure_isolation.reason_of(case.env, error, advice)
        if not self.error:
            self._schedule_activity(reason)
        self.write({"error": reason, "next_date": self._today() + timedelta(days=1)})

    def _advance(self):
        """Do all that is due of cases."""
        self._set_off_credits()
        for case in self:
            case, today = case._worded(), case._today()
            if case._is_settled():
                case._close()
            elif case._is_not_chased():
                case.next_date = today + timedelta(days=1)
            elif case.error and not case.attempt and case._methods_to_charge():
                # It failed when it began, before anything could be charged.
                case.error = False
                case._begin()
            else:
                case._end_hold(today)
                case._do_due(today)

    def _is_settled(self):
        """Tell whether nothing is owed; of a draft nobody knows yet."""
        self.ensure_one()
        return self.move_id.state == "cancel" or self.move_id.payment_state in (
            "paid",
            "in_payment",
            "reversed",
        )

    def _is_not_chased(self):
        """Tell by the host's own signs on an invoice that nobody is chased for it."""
        move = self.move_id
        return (
            move.state == "draft"
            or move.no_followup
            or move.payment_state == BLOCKED_BY_HAND
        )

    def _do_due(self, today):
        """Do what is due on a day, and note when the next step comes."""
        self.ensure_one()
        waits = self.hold or self.outcome in BLOCKING or self._charge_comes_first()
        if waits or not self.version_id:
            self._plan_next()
            return
        if self._payments_begun(fields.Datetime.now()):
            self.next_date = today + timedelta(days=1)
            return
        for subscription in self._services_to_suspend():
            self._suspend_services(subscription)
        quiet = self.version_id._quiet_days(self.company_id, today)
        policy, case = self.version_id._snapshot_policy(), self._snapshot_case()
        plan = steps_on(policy, case, today, quiet)
        self._write_down(plan.skipped, today, "passed")
        self._carry_out(plan.to_do, today)
        if self._was_charged_on(today):
            # A bank that has just declined is not asked again by a machine.
            self.charge_at = False
        self.error = False
        self._plan_next(case.after(plan, today))

    def _was_charged_on(self, day):
        return any(
            self.company_id._subscription_day(charge.managed_sent_at) == day
            for charge in self.transaction_ids
        )

    def _write_down(self, steps, today, result="done"):
        self.env["subscription.dunning.done"].create(
            [
                {
                    "case_id": self.id,
                    "key": step.key,
                    "action": step.action.value,
                    "day": today,
                    "result": result,
                }
                for step in steps
            ]
        )

    def _carry_out(self, steps, today):
        """Do steps: each has a method of its own."""
        self._write_down(steps, today)
        for step in steps:
            self._reach(step.action.value)
            getattr(self, f"_do_{step.action.value}")(self.version_id._row(step.key))

    def _do_past_due(self, _row):
        self._enter_dunning()
        for subscription in self.subscription_ids:
            if subscription.state == "active":
                subscription._set_state("past_due")

    def _do_charge(self, _row):
        self._want_charge()

    def _do_email(self, row):
        template = self.env["mail.template"].browse(row["template_id"])
        rank = row["day"]
        if is_service_warning(self.version_id._snapshot_policy(), row["key"]):
            # No other letter of the same day takes its place.
            rank += 2 * DUE_FIRST
        self._note_letter(template, f"{OF_STEP}{row['key']}", rank)

    def _do_activity(self, row):
        notes = row["note"]
        user = self.env["res.users"].browse(row["user_id"] or ()).exists()
        user = user.filtered("active")
        lang = (user or self.user_id).lang
        self._schedule_activity(notes.get(lang) or notes.get("en_US"), user)

    def _do_suspend(self, _row):
        for subscription in self.subscription_ids:
            self._suspend_services(subscription)

    def _services_to_suspend(self):
        """Return what goes on that rested when a step was to suspend it."""
        return self.paused_ids.filtered(lambda each: each.state in SUSPENDED_FROM)

    def _suspend_services(self, subscription):
        """Suspend what is served now, or what rests as soon as it goes on."""
        self.paused_ids -= subscription
        if subscription.state in SUSPENDED_FROM:
            subscription.suspend(self.env._("%s is not paid.", self.move_id.name))
            resting = self.search(
                [("state", "=", "open"), ("paused_ids", "in", subscription.ids)]
            )
            resting.paused_ids -= subscription
            for case in self | resting:
                case.suspended_ids |= subscription
        elif subscription.state in RESTING:
            self.paused_ids |= subscription

    def _do_cancel(self, _row):
        reason = self.env.ref("subscription_management.cancellation_reason_unpaid")
        for subscription in self.subscription_ids:
            if subscription.state not in ENDED_STATES:
                subscription._end_on(
                    self._today(),
                    self.env._("%s is not paid.", self.move_id.name),
                    because=reason,
                )
                self.cancelled_ids |= subscription

    def _enter_dunning(self):
        """Note the first day on which something was wrong."""
        for case in self.filtered(
            lambda each: each.state == "open" and not each.entered_on
        ):
            case.entered_on = case._today()
            case._reach("declined")


class SubscriptionDunned(models.Model):
    _inherit = "subscription.subscription"

    def _close_suspension_by_dunning_after(self, before):
        """Release the dunning cases of subscriptions that are no longer suspended."""
        suspended = self.filtered(lambda each: before[each] == "suspended")
        cases = self.env["subscription.dunning.case"].sudo()
        for subscription in suspended:
            for case in cases._suspending(subscription):
                case.suspended_ids -= subscription

    def _follow_dunning(self):
        """Withhold after a pause or a trial what was to be withheld in it."""
        for subscription in self:
            open_cases = subscription.sudo().dunning_case_ids.filtered(
                lambda case: case.state == "open"
            )
            for each in open_cases.sorted(lambda case: (case.due_date, case.id)):
                case = each._worded()
                own = subscription.with_env(case.env)
                done = case.step_ids.filtered(lambda row: row.result == "done")
                if own in case._services_to_suspend() and case._is_asked_for():
                    case._suspend_services(own)
                elif own.state == "active" and Action.PAST_DUE in done.mapped("action"):
                    own._set_state("past_due")
