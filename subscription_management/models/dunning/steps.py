"""Dunning steps: recorded and executed in one transaction."""

from datetime import timedelta

from odoo import api, fields
from odoo.tools import SQL

from ...billing_core.dunning import Action, is_service_warning, steps_on
from ...billing_core.lifecycle import CHANGEABLE, ENDED, PAUSABLE
from ..model_part import ModelPart
from .letters import EVENT_RANK, STEP_KEY_PREFIX
from .quiet_days import QUIET_DAYS
from .states import BLOCKING

SUSPENDED_ON_RESUME = CHANGEABLE - PAUSABLE
"""The states in which a suspension waits until the paid service continues."""

BLOCKED_PAYMENT = "blocked"


class SubscriptionDunningSteps(ModelPart):
    _register = False

    SLICE_SIZE = 200

    @api.model
    def _advance_slice(self):
        """Execute the due steps of the next cases; return these cases.

        A failing case is marked and retried the next day; it stops no other.
        """
        due = self._due_today()
        cases = self._lock_open(due, self.SLICE_SIZE) if due else self.browse()
        cases.with_context(**{QUIET_DAYS: {}})._run_each(lambda each: each._advance())
        return cases

    @api.model
    def _due_today(self):
        """Return the condition of a step due today, None if no case has one."""
        companies = self._read_group(
            [("state", "=", "open"), ("next_date", "!=", False)],
            ["company_id"],
            ["next_date:min"],
        )
        days = [
            SQL("(known.company_id = %s AND known.next_date <= %s)", company.id, today)
            for company, first in companies
            if first <= (today := company._subscription_today())
        ]
        return SQL("(%s)", SQL(" OR ").join(days)) if days else None

    def _advance(self):
        """Settle, close or continue cases."""
        self._settle_with_credits()
        for case in self:
            case, today = case._in_responsible_language(), case._today()
            if case._is_settled():
                case._close()
            elif case._is_excluded_from_dunning():
                case.next_date = today + timedelta(days=1)
            elif case.error and not case.attempt and case._methods_to_charge():
                # It failed when it opened, before anything could be charged.
                case.error = False
                case._start()
            else:
                case._end_hold(today)
                case._do_due_steps(today)

    def _is_settled(self):
        """Return whether nothing is owed; a draft invoice is not settled."""
        self.ensure_one()
        return self.move_id.state == "cancel" or self.move_id.payment_state in (
            "paid",
            "in_payment",
            "reversed",
        )

    def _is_excluded_from_dunning(self):
        """Return whether the invoice is a draft, or users excluded it from dunning."""
        move = self.move_id
        return (
            move.state == "draft"
            or move.no_followup
            or move.payment_state == BLOCKED_PAYMENT
        )

    def _do_due_steps(self, today):
        """Execute the steps of a day, and set the day of the next one."""
        self.ensure_one()
        waits = self.hold or self.outcome in BLOCKING or self._charge_precedes_steps()
        if waits or not self.version_id:
            self._plan_next()
            return
        if self._payments_in_progress(fields.Datetime.now()):
            self.next_date = today + timedelta(days=1)
            return
        for subscription in self._services_to_suspend():
            self._suspend_service(subscription)
        quiet = self.version_id._quiet_days(self.company_id, today)
        policy, case = self.version_id._snapshot_policy(), self._snapshot_case()
        plan = steps_on(policy, case, today, quiet)
        self._record_steps(plan.skipped, today, "skipped")
        self._do_steps(plan.to_do, today)
        self.error = False
        self._plan_next(case.after(plan, today))

    def _record_steps(self, steps, today, result="done"):
        self.env["subscription.dunning.case.step"].create(
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

    def _do_steps(self, steps, today):
        self._record_steps(steps, today)
        for step in steps:
            self._reach(step.action.value)
            self._do_step(step)

    def _do_step(self, step):
        """Execute one step, by its values in the case's version of the policy."""
        values = self.version_id._row(step.key)
        match step.action:
            case Action.PAST_DUE:
                self._mark_past_due()
            case Action.CHARGE:
                self._request_charge()
            case Action.EMAIL:
                self._queue_step_letter(values)
            case Action.ACTIVITY:
                self._schedule_step_activity(values)
            case Action.SUSPEND:
                self._suspend_services()
            case Action.CANCEL:
                self._cancel_subscriptions()

    def _mark_past_due(self):
        self._enter_dunning()
        for subscription in self.subscription_ids:
            if subscription.state == "active":
                subscription._set_state("past_due")

    def _queue_step_letter(self, values):
        template = self.env["mail.template"].browse(values["template_id"])
        rank = values["day"]
        if is_service_warning(self.version_id._snapshot_policy(), values["key"]):
            # No other letter of the same day takes its place.
            rank += 2 * EVENT_RANK
        self._queue_letter(template, f"{STEP_KEY_PREFIX}{values['key']}", rank)

    def _schedule_step_activity(self, values):
        notes = values["note"]
        user = self.env["res.users"].browse(values["user_id"] or ()).exists()
        user = user.filtered("active")
        lang = (user or self.user_id).lang
        self._schedule_activity(notes.get(lang) or notes.get("en_US"), user)

    def _suspend_services(self):
        for subscription in self.subscription_ids:
            self._suspend_service(subscription)

    def _services_to_suspend(self):
        """Return subscriptions that resumed after their suspension was due."""
        return self.suspend_on_resume_ids.filtered(lambda each: each.state in PAUSABLE)

    def _suspend_service(self, subscription):
        """Suspend a served subscription, or a paused one as soon as it resumes."""
        self.suspend_on_resume_ids -= subscription
        if subscription.state in PAUSABLE:
            subscription.suspend(self.env._("%s is not paid.", self.move_id.name))
            waiting = self.search(
                [
                    ("state", "=", "open"),
                    ("suspend_on_resume_ids", "in", subscription.ids),
                ]
            )
            waiting.suspend_on_resume_ids -= subscription
            for case in self | waiting:
                case.suspended_ids |= subscription
        elif subscription.state in SUSPENDED_ON_RESUME:
            self.suspend_on_resume_ids |= subscription

    def _cancel_subscriptions(self):
        reason = self.env.ref("subscription_management.cancellation_reason_unpaid")
        for subscription in self.subscription_ids:
            if subscription.state not in ENDED:
                subscription._end_on(
                    self._today(),
                    self.env._("%s is not paid.", self.move_id.name),
                    because=reason,
                )
                self.cancelled_ids |= subscription

    def _enter_dunning(self):
        """Record the first day of a decline or of being past due."""
        for case in self.filtered(
            lambda each: each.state == "open" and not each.entered_on
        ):
            case.entered_on = case._today()
            case._reach("declined")
