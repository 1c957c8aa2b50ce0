"""Changes that are taken back before their day, and what goes on elsewhere by then."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..subscriptions.internal_write import internal_write
from ..subscriptions.line_snapshot import DAY
from .change import MOVES

OF_THE_TERM = ("renewed", "aligned", "paused", "resumed")
"""Changes that may move the end of the term."""


SERVED_STATES = ("trial", "active", "past_due", "paused", "suspended")
"""The states between start and end."""


class SubscriptionTakeBack(models.Model):
    _inherit = "subscription.subscription"

    def _undo_change(self, change):
        """Take a change back whose day has not come."""
        self.ensure_one()
        self._check_can_undo(change)
        if change.kind == "paused":
            self._undo_pause(change)
        elif change.kind in MOVES:
            self._undo_transfer(change)
        else:
            self._undo_lines(change)

    def _check_can_undo(self, change):
        if not change._is_undoable():
            raise UserError(
                self.env._(
                    "This was agreed with the term from %s on; take the renewal back, "
                    "or change the price from that day on instead.",
                    format_date(self.env, change.date_effective),
                )
            )
        if not change._is_to_come():
            raise UserError(
                self.env._(
                    "The change of %s took effect, or was taken back already; make "
                    "another change instead.",
                    format_date(self.env, change.date_effective),
                )
            )
        if later := change._undo_blockers():
            raise UserError(change._undo_blocker_message(later))

    def _undo_lines(self, change):
        """Let the lines be as they were before a change."""
        lines = internal_write(self).line_ids
        added = lines & change.added_line_ids
        self._check_is_last(change)
        for line in added:
            line.date_end = line.date_start
        lines._restore_end_dates(change)
        (added - added._quoted_lines()).filtered(
            lambda line: not line.billed_period_ids
        ).unlink()
        if change.kind == "aligned":
            internal_write(self).term_end = change.replaced_date
        self._schedule_billing()
        self._log_undo(change)

    def _check_is_last(self, change):
        """Refuse to take a change back on which a later one builds."""
        if change._later_ones_on_it():
            raise UserError(
                self.env._(
                    "A later change builds on the one of %s; take the later one back "
                    "first.",
                    format_date(self.env, change.date_effective),
                )
            )

    def _undo_pause(self, change):
        """Call a pause off that has not begun."""
        day, pause = change.date_effective, change._agreed_pause()
        self._check_goes_on_here(pause.date_end)
        self._end_pause(pause, day)
        self._log_undo(change)

    def _undo_transfer(self, change):
        """Let the service go on where it was, and nowhere else."""
        gone = change if change.other_id else change._other_side()
        left, joined = gone.subscription_id, gone.other_id
        self._check_nothing_billed(gone)
        end = gone.replaced_date
        if gone.kind == "merged":
            joined._undo_lines(gone._other_side())
        else:
            joined._check_unchanged_since(gone)
            if joined._is_running():
                end = joined.date_end
            joined._is_empty_service(left)
        left._log_undo(gone, other_id=joined.id)
        left.action_undo_cancellation()
        if end:
            left._end_again_on(end, joined)

    def _check_nothing_billed(self, gone):
        lines = gone.added_line_ids
        if gone.kind == "transferred":
            lines = gone.other_id.line_ids
        if lines.billed_period_ids:
            raise UserError(
                self.env._(
                    "%(other)s was billed already for the time from %(day)s on; move "
                    "the service back by another change instead.",
                    other=gone.other_id.name,
                    day=format_date(self.env, gone.date_effective),
                )
            )

    def _check_unchanged_since(self, gone):
        """Refuse to lose what was agreed here since the service moved here."""
        since = self.change_ids.filtered(
            lambda change: (
                change.id > gone.id
                and change._changes_the_service()
                and not change.is_of_renewal
                and not change.undone_by_ids
            )
        )
        if since:
            raise UserError(
                self.env._(
                    "%s was changed since; take these changes back there first.",
                    self.name,
                )
            )

    def _is_running(self):
        self.ensure_one()
        return self.state in SERVED_STATES

    def _is_empty_service(self, other):
        """End before the first day: what was to go on here goes on as another one."""
        self.ensure_one()
        if not self._is_running():
            return
        for line in internal_write(self).line_ids:
            line.date_end = line.date_start
        internal_write(self).date_end = self.date_start
        self._set_state("cancelled")
        self._log_change("undone", self.date_start, other_id=other.id)
        self._schedule_billing()

    def _end_again_on(self, end, other, *, expires=False):
        """Cancel anew on a day, for the reason that was given before."""
        cancelled = (self | other).change_ids.filtered(
            lambda change: change.kind == "cancelled" and change.date_effective == end
        )
        last = cancelled.sorted("id")[-1:]
        self._end_on(
            end, last.reason, expires=expires, because=last.cancellation_reason_id
        )

    def _log_undo(self, change, **values):
        self._log_change("undone", change.date_effective, undoes_id=change.id, **values)

    def _is_transferred_away(self):
        """Return the change by which the service goes on elsewhere from its end on."""
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

    def _check_goes_on_here(self, until=None):
        """Refuse what reaches, or has no end before, the day of going on elsewhere.

        `until` is the first day that it does not concern any more.
        """
        self.ensure_one()
        gone = self._is_transferred_away()
        if gone and not (until and until <= gone.date_effective):
            raise UserError(
                self.env._(
                    "%(subscription)s goes on as %(other)s from %(day)s on: make the "
                    "change there, or take that back in the history first.",
                    subscription=self.name,
                    other=gone.other_id.name,
                    day=format_date(self.env, gone.date_effective),
                )
            )

    def _renew(self, *args, **kwargs):
        """Renew; what changes of the prices is part of it."""
        renewing = self.with_context(
            subscription_is_renewing=True, subscription_reaches_both=True
        )
        return super(SubscriptionTakeBack, renewing)._renew(*args, **kwargs)

    def _move_to_new_prices(self, versions, day):
        both = self.with_context(subscription_reaches_both=True)
        return super(SubscriptionTakeBack, both)._move_to_new_prices(versions, day)

    def _extend_change_plan(self, amendment, rows, day, policy=None):
        result = super()._extend_change_plan(amendment, rows, day, policy)
        # Terms and published prices reach the one that goes on by themselves.
        if not self.env.context.get("subscription_reaches_both"):
            for until in self._days_touched(amendment):
                self._check_goes_on_here(until)
        return result

    def _days_touched(self, amendment):
        """Yield, for each line that a change begins or ends, until when it counts."""
        for line in self.line_ids.filtered(lambda line: line.id in amendment.ended):
            yield line._counts_until()
        for values in amendment.added.values():
            last = values["date_end"]
            if values["kind"] == "one_off":
                last = values["date_start"]
            yield last and last + DAY


class SubscriptionChangeTakenBack(models.Model):
    _inherit = "subscription.change"

    def _other_side(self):
        """Return what the other one of two that become one notes of it."""
        self.ensure_one()
        joined = self.added_line_ids
        changes = self.other_id.change_ids
        if not self.other_id:
            changes = self.search(
                [("kind", "=", "merged"), ("other_id", "=", self.subscription_id.id)]
            )
        return changes.filtered(
            lambda change: (
                change.kind == "merged"
                and bool(change.other_id) != bool(self.other_id)
                and change.added_line_ids == joined
            )
        )

    def _later_ones_on_it(self):
        """Return the later changes that build on it, and are taken back before it."""
        self.ensure_one()
        keys = {str(line.id) for line in self.added_line_ids}
        keys |= set(self.ended_lines or {})
        of_the_term = self.kind in ("aligned", "renewed")
        return self.subscription_id.change_ids.filtered(
            lambda other: (
                other.id > self.id
                and not other.undone_by_ids
                and (
                    keys & set(other.ended_lines or {})
                    or other.kind == "cancelled"
                    or (of_the_term and other.kind in OF_THE_TERM)
                )
            )
        )

    def _undo_blockers(self):
        """Return the change on it that can be taken back no more, the last one."""
        self.ensure_one()
        if self.kind == "paused" or self.kind in MOVES:
            return self.browse()
        building = self._later_ones_on_it().sorted("id", reverse=True)
        return building.filtered(lambda other: not other._can_still_undo())[:1]

    def _can_still_undo(self):
        """Tell whether its day is to come, whatever it is taken back with."""
        self.ensure_one()
        if self.kind == "cancelled":
            return self.date_effective > self.subscription_id._today()
        return self._is_to_come()

    def _undo_blocker_message(self, later):
        """Return why it cannot be taken back after a later change, and what can."""
        return self.env._(
            "The change of %(later)s builds on the one of %(day)s, and cannot be taken "
            "back any more; make another change from %(day)s on instead.",
            later=format_date(self.env, later.date_effective),
            day=format_date(self.env, self.date_effective),
        )

    def _changes_the_service(self):
        """Tell whether it is agreed on, and not just follows something else."""
        self.ensure_one()
        follows = ("undone", "renewed", "trial", "activated")
        ends = ("cancelled", "cancellation_undone", "expired")
        return self.kind not in follows + ends


class SubscriptionLineTakeBack(models.Model):
    _inherit = "subscription.line"

    def _quoted_lines(self):
        """Return those that an order once offered to renew, which keeps them."""
        offers = self.env["sale.order.line"].sudo()
        return offers.search([("managed_line_id", "in", self.ids)]).managed_line_id

    def _counts_until(self):
        """Return the day after the last one on which it matters how the line is."""
        self.ensure_one()
        # What ends on the day of going on elsewhere goes on there, as a rule.
        last = self.date_start if self.kind == "one_off" else self.date_end
        return last and last + DAY
