"""Transfers to another customer, merges and alignments of subscriptions."""

from dataclasses import replace
from datetime import timedelta

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ..model_part import ModelPart
from ..subscriptions.internal_write import internal_write
from .change_plan import ChangePlan
from .change_planner import ChangePlanner
from .undo import MOVES


class SubscriptionTransfer(ModelPart):
    _register = False

    def transfer(self, partner, day, reason=False):
        """Transfer the service to another customer from a day.

        The billing days and a scheduled end are kept; days billed beyond the transfer
        are credited to the former customer. Return the new customer's subscription.
        """
        self.ensure_one()
        self._check_may_change()
        self._check_can_move(day)
        end, expires = self.date_end, self.ends_by_expiry
        cancelled = self._undo_scheduled_end()
        _ended, moved = self._plan_transfer(day)
        values = self._prepare_transfer_values(partner, day)
        follower = internal_write(self).copy(values).with_env(self.env)
        added = follower._write_change_plan(moved)
        # Before the end here, so that the same customer does not count as cancelled.
        continuing = follower.with_context(subscription_transferred_from=self.id)
        continuing._continue_service()
        self._end_on(day, reason)
        if end:
            follower._end_on(
                end,
                cancelled.reason,
                expires=expires,
                because=cancelled.cancellation_reason_id,
            )
        self._log_transfer("transferred", day, follower, added, end, reason)
        return follower

    def _undo_scheduled_end(self):
        """Undo a scheduled cancellation, if any, and return it."""
        self.ensure_one()
        if not self.date_end:
            return self.env["subscription.change"]
        self.action_undo_cancellation()
        return self.change_ids.sorted("id")[-1:].undoes_id

    def _prepare_transfer_values(self, partner, day):
        self.ensure_one()
        addresses = partner.address_get(["invoice", "delivery"])
        return {
            "partner_id": partner.id,
            "partner_invoice_id": addresses["invoice"],
            "partner_shipping_id": addresses["delivery"],
            "date_start": day,
            "line_ids": [],
            "billing_day": self.billing_day,
            "trial_end": self.state == "trial" and self.trial_end,
            "term_start": self.term_start or self.trial_end or self.date_start,
            "term_end": self.term_end and self.term_end + self._paused_until(day),
            "fiscal_position_id": False,
            "client_reference": False,
            "payment_term_id": self.plan_id.payment_term_id.id
            or partner.property_payment_term_id.id,
            "pause_ids": [
                Command.create(pause._prepare_moved_values(day))
                for pause in self.pause_ids
                if not pause.date_end or pause.date_end > day
            ],
        }

    def _paused_until(self, day):
        """Return the days by which a pause without an end extends the term."""
        self.ensure_one()
        if self.plan_id.pause_policy != "extends":
            return timedelta()
        unended = self.pause_ids.filtered(lambda pause: not pause.date_end)
        days = [self._days_of_term(pause.date_start, day) for pause in unended]
        return sum(days, timedelta())

    def _log_transfer(self, kind, day, other, added, end, reason):
        """Record which subscription continues the service, and the former end."""
        self._log_change(
            kind,
            day,
            reason=reason,
            other_id=other.id,
            added_line_ids=[Command.set(added.ids)],
            replaced_date=end,
        )

    def _plan_transfer(self, day):
        """Return the `ChangePlan`s of the end here, and of the start elsewhere."""
        self._check_can_move(day)
        begun = ChangePlan((), {})
        self._plan_moved_lines(begun, self._lines_to_move(day), day)
        return self._plan_cancellation(day), begun

    def _check_can_move(self, day):
        """Refuse a transfer or merge on a day that it cannot start."""
        self._check_can_change()
        self._check_starts_by(day)
        self._check_not_transferred()
        if self.date_end and day >= self.date_end:
            raise UserError(
                self.env._(
                    "%(subscription)s ends on %(day)s; choose an earlier day, or undo "
                    "the cancellation first.",
                    subscription=self.name,
                    day=format_date(self.env, self.date_end),
                )
            )
        if self.state == "trial" and day >= self.trial_end:
            raise UserError(
                self.env._(
                    "%(subscription)s is in trial until %(day)s; choose an earlier "
                    "day, or wait until the trial has ended.",
                    subscription=self.name,
                    day=format_date(self.env, self.trial_end),
                )
            )

    def _plan_moved_lines(self, change_plan, moved, day):
        """Plan lines that join here from a day, with their follow-up lines."""
        known = set(change_plan.added)
        rows = [(line.browse(), line._prepare_moved_values(day)) for line in moved]
        ChangePlanner(self, day, change_plan).change(rows)
        keys = [key for key in change_plan.added if key not in known]
        firsts, links = {}, {}
        for line, key in zip(moved, keys, strict=True):
            series = firsts.setdefault(("series", line._series_key()), key)
            origin = firsts.setdefault(("origin", line._origin_key()), key)
            links[key] = {
                "series": series if series != key else None,
                "origin": origin if origin != key else None,
            }
            change_plan.values[key] = {
                **change_plan.values[key],
                "series_id": links[key]["series"] or False,
                "origin_id": links[key]["origin"] or False,
            }
        change_plan.lines = tuple(
            replace(line, **links.get(line.key, {})) for line in change_plan.lines
        )

    def _continue_service(self):
        """Start as the continuation of another subscription, in trial as that was."""
        for subscription in self:
            subscription._check_can_be_billed()
            in_trial = bool(subscription.trial_end)
            subscription._set_state("trial" if in_trial else "active")
            kind = "trial" if in_trial else "activated"
            subscription._log_change(kind, subscription.date_start)
            subscription._follow_pause()
        self._schedule_billing()

    def merge_into(self, other, day, reason=False):
        """Merge the lines into another subscription of the customer from a day."""
        self.ensure_one()
        (self | other)._check_may_change()
        _ended, joined = self._plan_merge(other, day)
        end = self.date_end
        joining = other.with_context(subscription_transferred_from=self.id)
        change = joining._apply_change("merged", joined, reason)
        self._end_on(day, reason)
        self._log_transfer("merged", day, other, change.added_line_ids, end, reason)

    def _plan_merge(self, other, day):
        """Return the `ChangePlan`s of the end here, and of the other one's lines."""
        self._check_same_customer(other)
        self._check_no_trial(other)
        self._check_can_move(day)
        other._check_can_move(day)
        self._check_not_paused(other, day)
        joined = other._begin_change_plan()
        other._plan_moved_lines(joined, self._lines_to_move(day), day)
        return self._plan_cancellation(day), joined

    def align_with(self, other, day, reason=False):
        """Align billing periods and term with another subscription from a day."""
        self.ensure_one()
        self._check_may_change()
        planned = self._plan_align(other, day)
        self._apply_change("aligned", planned, reason, replaced_date=self.term_end)
        internal_write(self).term_end = other.term_end

    def _plan_align(self, other, day):
        """Return the `ChangePlan` of an alignment with another subscription."""
        self._check_same_customer(other)
        self._check_same_billing_day(other)
        leading = other._lines_to_change(day)[:1]
        if not leading:
            raise UserError(
                self.env._(
                    "%s has no product to align with; choose another subscription.",
                    other.display_name,
                )
            )
        if leading.calendar_start > day:
            raise UserError(
                self.env._(
                    "%(subscription)s starts on %(day)s; align from that day or later.",
                    subscription=other.display_name,
                    day=format_date(self.env, leading.calendar_start),
                )
            )
        rows = [
            (line, {"calendar_start": leading.calendar_start})
            for line in self._lines_to_change(day)
        ]
        return self._plan_change(rows, day, "prorate")

    def _lines_to_move(self, day):
        """Return the lines that move on a day, or refuse if there are none."""
        lines = self._lines_from(day) | self._unbilled_one_time_lines(day)
        if not lines:
            raise UserError(
                self.env._(
                    "%(subscription)s has no products from %(day)s; add a product "
                    "first, or choose an earlier day.",
                    subscription=self.name,
                    day=format_date(self.env, day),
                )
            )
        return lines

    def _unbilled_one_time_lines(self, day):
        """Return the one-time lines of a day or later that were not billed yet."""
        return self.line_ids.filtered(
            lambda line: (
                line.kind == "one_off"
                and not line.closed_until
                and line.date_start >= day
                and line.date_end != line.date_start
            )
        )

    def _check_not_paused(self, other, day):
        """Refuse to merge paused subscriptions, since a pause is of the whole one."""
        pauses = (self | other).pause_ids.filtered(
            lambda pause: not pause.date_end or pause.date_end > day
        )
        if pauses:
            raise UserError(
                self.env._(
                    "%s is paused; resume it before you merge the subscriptions.",
                    pauses[0].subscription_id.name,
                )
            )

    def _check_no_trial(self, other):
        """Refuse to merge trials, each of which converts or ends on its own."""
        trial = (self | other).filtered(lambda each: each.state == "trial")[:1]
        if trial:
            raise UserError(
                self.env._(
                    "%(subscription)s is in trial until %(day)s; end the trial, or "
                    "wait for its end, before you merge the subscriptions.",
                    subscription=trial.name,
                    day=format_date(self.env, trial.trial_end),
                )
            )

    def _check_same_customer(self, other):
        """Refuse subscriptions that cannot be merged or aligned."""
        self._check_can_change()
        other._check_can_change()
        alike = ("company_id", "currency_id", "commercial_partner_id")
        if other == self or any(self[name] != other[name] for name in alike):
            raise UserError(
                self.env._(
                    "%(one)s and %(other)s cannot be combined; choose another "
                    "subscription of the same customer, company and currency.",
                    one=self.display_name,
                    other=other.display_name,
                )
            )

    def _transfer_change(self):
        """Return the change by which another subscription continues this one."""
        self.ensure_one()
        return self.change_ids.filtered(
            lambda change: (
                change.kind in MOVES
                and change.other_id
                and not change.undone_by_ids
                and self.date_end
                and change.date_effective >= self.date_end
            )
        ).sorted("id")[-1:]

    def _check_not_transferred(self, until=None):
        """Refuse a change that lasts until or beyond the day of a transfer or merge.

        `until` is the first day that the change does not affect, None for no end.
        """
        self.ensure_one()
        moved = self._transfer_change()
        if moved and not (until and until <= moved.date_effective):
            raise UserError(
                self.env._(
                    "%(subscription)s is continued by %(other)s from %(day)s: make the "
                    "change there, or undo the transfer in the history first.",
                    subscription=self.name,
                    other=moved.other_id.name,
                    day=format_date(self.env, moved.date_effective),
                )
            )


class SubscriptionLineTransfer(ModelPart):
    _register = False

    def _prepare_moved_values(self, day):
        """Return the values of the line on the subscription that continues it."""
        self.ensure_one()
        return {
            **self._prepare_follower_values(),
            "date_start": max(day, self.date_start),
            **self._prepare_end_values(self.date_end, self._charged_until_of_its_end()),
            # A line that joins later keeps its charging; a served one is prorated.
            "charged_from": self.date_start > day and self.charged_from,
        }
