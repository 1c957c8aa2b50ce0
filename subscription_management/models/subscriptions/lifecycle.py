"""States of a subscription, its history, and its start and end."""

from datetime import timedelta

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import LazyTranslate

from ...billing_core.errors import TransitionNotAllowed
from ...billing_core.lifecycle import (
    ENDED,
    ONGOING,
    PAUSABLE,
    State,
    check_transition,
)
from ..model_part import ModelPart
from .internal_write import internal_write

_lt = LazyTranslate(__name__)

ACTIVATION_REFUSALS = {
    "active": _lt("%s is active already; use Change to change what it serves."),
    "past_due": _lt("%s is active already; use Change to change what it serves."),
    "paused": _lt("%s is paused; use Resume to continue its service."),
    "suspended": _lt("%s is suspended; use Reactivate to continue its service."),
    "cancelled": _lt("%s is cancelled; duplicate it to start a new subscription."),
    "expired": _lt("%s has expired; duplicate it to start a new subscription."),
}
"""States that are not activated, with the action to use instead."""


class SubscriptionLifecycle(ModelPart):
    _register = False

    starts_with = fields.Selection(
        lambda self: self.env["subscription.plan"]._fields["start_policy"].selection,
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The event that starts the ordered draft automatically.",
    )
    start_label = fields.Char(compute="_compute_start_label")

    def _set_state(self, wanted):
        """Move to a state that the lifecycle allows, then call the state observers."""
        self._check_state_may_become(wanted)
        before = {subscription: subscription.state for subscription in self}
        internal_write(self).write({"state": wanted})
        for observer in self._state_observers():
            observer(before)

    def _state_observers(self):
        """Return the methods to call after a change of state, in their order.

        Each receives the former state of each subscription. Other addons add to them.
        """
        return [
            self._end_suspension_after,
            self._close_suspension_by_dunning_after,
        ]

    def _check_state_may_become(self, wanted):
        for subscription in self:
            try:
                check_transition(State(subscription.state), State(wanted))
            except TransitionNotAllowed as error:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "Subscription %(name)s is %(current)s and cannot become "
                        "%(wanted)s; from here it can become: %(allowed)s.",
                        name=subscription.name,
                        current=labels[error.current].lower(),
                        wanted=labels[error.wanted].lower(),
                        allowed=", ".join(labels[state] for state in error.allowed)
                        or self.env._("no other state"),
                    )
                ) from error

    def action_activate(self):
        """Start drafts, with the trial of their plan where it has one, or end trials.

        Any other state is refused: its own button continues the service.
        """
        self.check_access("write")
        self._check_can_be_activated()
        drafts = self.filtered(lambda each: each.state == "draft")
        trials_to_end = self - drafts
        trials_to_start = drafts.filtered("plan_id.trial_days")
        drafts._check_discounts_at_start()
        trials_to_start._start_trial()
        trials_to_end._end_trial_today()
        (self - trials_to_start)._activate()
        trials_to_end._follow_pause()
        trials_to_end._follow_dunning()
        drafts._forget_draft_grants()

    def _check_can_be_activated(self):
        for subscription in self:
            if refusal := ACTIVATION_REFUSALS.get(subscription.state):
                sentence = self.env._(refusal)
                raise UserError(sentence % subscription.name)
            if not subscription.line_ids:
                raise UserError(
                    self.env._(
                        "Subscription %s has no line; add a product before it starts.",
                        subscription.name,
                    )
                )

    def _activate(self):
        """Start the paid service: its periods are billed from the first paid day."""
        for subscription in self:
            if subscription.state == "draft":
                subscription.line_ids._count_discounts_from_start()
            subscription._check_can_be_billed()
            subscription._set_state("active")
            subscription._log_change("activated", subscription._paid_start_date())
        self._schedule_billing()

    def _paid_start_date(self):
        """Return the first day that is paid for: the end of a trial, or the start."""
        self.ensure_one()
        return self.trial_end or self.date_start

    def _is_cancelled_before_paid(self):
        """Return whether it was cancelled before its first paid day."""
        self.ensure_one()
        if self.state != "cancelled" or self.billed_period_ids:
            return False
        started = {"activated", "trial"} & set(self.change_ids.mapped("kind"))
        return not started or self.date_end <= self._paid_start_date()

    def _end_after_notice(self):
        """Return the first day without service after a cancellation of today.

        It is the first end of a term, or of a period without a term, that keeps the
        notice period.
        """
        self.ensure_one()
        earliest = self._today() + timedelta(days=self.plan_id.notice_days)
        end = self.term_end
        if end:
            while end and end < earliest:
                end = self._term_end_after(end)
        if end:
            return end
        calendar = self._leading_calendar()
        index = calendar.index_on(max(earliest, calendar.start))
        start = calendar.boundary(index)
        return start if start == earliest else calendar.boundary(index + 1)

    def _billed_period_end(self):
        """Return the end of the billed days of the products in service.

        Without billed days after today it is the end of the current period, or of the
        trial.
        """
        self.ensure_one()
        today = self._today()
        if self.state == "draft" or not self.line_ids:
            return max(today, self.date_start)
        if self.state == "trial":
            return max(today, self.trial_end)
        paid = self._lines_charged_on(today)
        series = {line._series_key() for line in paid if line.kind == "recurring"}
        billed = self.billed_period_ids.filtered(
            lambda row: (
                row.line_id._series_key() in series
                and row.amount >= 0
                and not row.credited_period_id
            )
        )
        end = max(billed.mapped("date_end"), default=today)
        if end > today:
            return end
        calendar = self._leading_calendar()
        return calendar.boundary(calendar.index_on(max(today, calendar.start)) + 1)

    def _leading_calendar(self):
        """Return the billing calendar of the first product in service."""
        today = self._today()
        line = self._lines_to_change(today)[:1] or self.line_ids[:1]
        charged = self._lines_charged_on(today) & line._origin_lines()
        return (charged[:1] or line)._snapshot_calendar()

    def _end_on(self, day, reason=False, *, expires=False, because=None):
        """End the service at `day`; days that were billed after it are credited.

        The subscription is cancelled, or expires at the end of its term. `because` is
        the cancellation reason, `reason` a comment.
        """
        reasons = {
            "reason": reason,
            "cancellation_reason_id": because.id if because else False,
        }
        for subscription in self:
            if subscription.state == "draft":
                subscription._set_state("cancelled")
                subscription._log_change("cancelled", day, **reasons)
                continue
            subscription._check_state_may_become("cancelled")
            if subscription.date_end:
                subscription.action_undo_cancellation()
            quiet = internal_write(subscription)
            cut = quiet.line_ids.filtered(
                lambda line: not line.date_end or line.date_end > day
            )
            before = cut._prepare_ends_before()
            for line in cut:
                line.date_end = max(day, line.date_start)
            quiet.date_end = max(day, subscription.date_start)
            subscription._log_change("cancelled", day, **reasons, **before)
            quiet.ends_by_expiry = expires
            if day <= subscription._today():
                subscription._set_state("expired" if expires else "cancelled")
        self._schedule_billing()

    def action_undo_cancellation(self):
        """Undo a cancellation that has not taken effect."""
        self.check_access("write")
        for subscription in self:
            end = subscription.date_end
            if not end or subscription.state in ENDED:
                raise UserError(
                    self.env._(
                        "Subscription %s has no scheduled cancellation to undo.",
                        subscription.name,
                    )
                )
            subscription._check_not_continued_elsewhere()
            cancelled = subscription.change_ids.filtered(
                lambda change: change.kind == "cancelled" and not change.undone_by_ids
            ).sorted("id")[-1:]
            subscription.line_ids._restore_ends_at(end, cancelled)
            internal_write(subscription).write(
                {"date_end": False, "ends_by_expiry": False}
            )
            subscription._log_change("cancellation_undone", end, undoes_id=cancelled.id)
        self._schedule_billing()

    def _check_not_continued_elsewhere(self):
        """Refuse to continue a subscription that another one continues."""
        if gone := self._transfer_change():
            raise UserError(
                self.env._(
                    "%(subscription)s is continued by %(other)s; undo that in the "
                    "history before its date, or create a new subscription.",
                    subscription=self.name,
                    other=gone.other_id.name,
                )
            )

    @api.model
    def _cron_close_ended(self):
        """Close the subscriptions whose last day has passed."""
        ended = self.env["res.company"]._domain_by_today(
            lambda today: [("date_end", "<=", today)]
        )
        domain = Domain("state", "in", [state.value for state in ONGOING]) & ended
        self._run_for_each(domain, lambda each: each._close_if_ended())

    def _close_if_ended(self):
        self.ensure_one()
        if self.date_end <= self._today():
            self._set_state("expired" if self.ends_by_expiry else "cancelled")

    @api.model
    def _cron_follow_changes(self):
        """Update states and amounts on the effective dates of pauses and changes."""
        domain = self.env["res.company"]._domain_by_today(self._domain_out_of_step)
        self._run_for_each(domain, lambda each: each._follow_change())

    @api.model
    def _domain_out_of_step(self, today):
        """Return the domain of subscriptions whose pause or change takes effect."""
        paused = Domain("date_start", "<=", today) & (
            Domain("date_end", "=", False) | Domain("date_end", ">", today)
        )
        # A change made on the first day of a pause moves the next change date.
        out_of_step = (
            Domain("state", "in", [state.value for state in PAUSABLE])
            & Domain("pause_ids", "any", paused)
        ) | (Domain("state", "=", "paused") & Domain("pause_ids", "not any", paused))
        return Domain("next_change_date", "<=", today) | out_of_step

    def _follow_change(self):
        self.ensure_one()
        self._follow_pause()
        if self.next_change_date and self.next_change_date <= self._today():
            self.env.add_to_compute(self._fields["next_change_date"], self)
            self._reprice()

    def _reprice(self):
        """Recalculate the current amounts of the lines and of the subscription."""
        for records in (self.line_ids, self):
            self.env.add_to_compute(records._fields["monthly_amount"], records)
        lines = self.line_ids
        self.env.add_to_compute(lines._fields["period_amount"], lines)

    def _today(self):
        """Return the calendar date in the company's time zone."""
        self.ensure_one()
        return (self.company_id or self.env.company)._subscription_today()

    def _log_change(self, kind, day, **values):
        """Record a change in the history, then call the change observers."""
        log = internal_write(self.env["subscription.change"])
        changes = log.create(
            [
                {
                    "subscription_id": subscription.id,
                    "kind": kind,
                    "date_effective": day,
                    **values,
                }
                for subscription in self
            ]
        )
        changes = changes.with_env(self.env)
        for observer in self._change_observers():
            observer(changes)
        return changes

    def _change_observers(self):
        """Return the methods to call after a recorded change, in their order.

        Each receives the new records of the history. Other addons add to them.
        """
        return [
            self._record_movements_of,
            self._schedule_fulfilment_after,
        ]

    def _record_movements_of(self, changes):
        for change in changes:
            change.subscription_id._record_movements(change)

    @api.depends("starts_with", "state", "order_id")
    @api.depends_context("lang")
    def _compute_start_label(self):
        policies = dict(self._fields["starts_with"]._description_selection(self.env))
        for subscription in self:
            awaited = subscription.state == "draft" and subscription.starts_with
            subscription.start_label = awaited and policies.get(awaited)

    @api.model
    def _cron_start_ordered(self):
        """Start the drafts whose order was delivered or whose use was recorded."""
        domain = [("state", "=", "draft"), ("starts_with", "!=", False)]
        self._run_for_each(domain, lambda each: each._start_if_due())

    def _start_if_due(self):
        self.ensure_one()
        if day := self._awaited_start_day():
            self._start_ordered(min(day, self._today()))

    def _awaited_start_day(self):
        """Return the day on which the awaited event occurred, or False before it.

        Other addons extend it for deliveries and usage.
        """
        self.ensure_one()
        order = self.sudo().order_id
        is_delivered = self.starts_with == "delivery" and order._is_delivered()
        return is_delivered and self._today()

    def _start_ordered(self, day):
        """Start on a day, and create the first invoice by the plan's policy."""
        self.ensure_one()
        if self.date_start != day:
            self.date_start = day
        internal_write(self).action_activate()
        self._create_first_invoice()


class SubscriptionPlanStart(ModelPart):
    _register = False

    start_policy = fields.Selection(
        [
            ("order", "When Ordered"),
            ("delivery", "When Delivered"),
        ],
        string="Service Starts",
        required=True,
        default="order",
        help="For subscriptions of a sales order; a start date on the order takes "
        "precedence.",
    )
