"""Undoing changes before their effective date."""

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...billing_core.lifecycle import ONGOING
from ..subscriptions.internal_write import internal_write

LINE_CHANGES = (
    "line_added",
    "line_ended",
    "quantity",
    "price",
    "plan",
    "discount",
    "changed",
    "aligned",
)
"""The kinds of change that end and add lines only."""

TERM_CHANGES = ("renewed", "aligned", "paused", "resumed")
"""The kinds of change that may move the end of the term."""

MOVES = ("transferred", "merged")
"""The kinds of change by which another subscription continues the service."""

CONSEQUENCES = (
    "undone",
    "renewed",
    "trial",
    "activated",
    "cancelled",
    "cancellation_undone",
    "expired",
)
"""The kinds of change that leave the agreed products as they are."""


class ChangeReverter:
    """Undoes a change as if it had never been made, or states why it cannot."""

    def __init__(self, change):
        change.ensure_one()
        self.change, self.env = change, change.env
        self.subscription = change.subscription_id
        self.day = change.date_effective

    def undo(self):
        """Undo the change, or refuse."""
        self._check_can_undo()
        match self.change.kind:
            case "paused":
                self._undo_pause()
            case "transferred" | "merged":
                self._undo_move()
            case "renewed":
                self._undo_renewal()
            case _:
                self._undo_lines()

    # === WHETHER A CHANGE CAN BE UNDONE === #

    def can_undo(self):
        """Return whether `undo` would not be refused for the change itself."""
        return self._is_independent() and self._is_pending() and not self._blocker()

    def _is_independent(self):
        """Return whether the change is no part of a renewal, which is undone whole."""
        return self.change.kind == "renewed" or not self.change.is_of_renewal

    def _is_pending(self):
        """Return whether the change stands, is recorded, and has not taken effect."""
        return (
            self._is_recorded()
            and not self.change.undone_by_ids
            and self._first_day() > self.subscription._today()
        )

    def _is_recorded(self):
        """Return whether the effects of the change are known."""
        change = self.change
        match change.kind:
            case "paused":
                return bool(change._agreed_pause())
            case "transferred" | "merged":
                other = change.other_id or self._counterpart()
                return bool(change.added_line_ids and other)
            case "renewed":
                return bool(change.replaced_term)
            case kind:
                effects = change.added_line_ids or change.ended_lines
                return kind in LINE_CHANGES and bool(effects)

    def _first_day(self):
        """Return the first day on which the service is as the change makes it."""
        ended = self.subscription.line_ids.filtered(
            lambda line: str(line.id) in (self.change.ended_lines or {})
        )
        starts = self.change.added_line_ids.mapped("date_start")
        ends = ended.filtered("date_end").mapped("date_end")
        return min([self.day, *starts, *ends])

    def _dependents(self):
        """Return the later changes that build on the change and are undone first."""
        building = self._later_changes_of_its_lines()
        if self.change.kind == "renewed":
            parts = self._parts_of_renewal()
            for part in parts:
                building |= ChangeReverter(part)._later_changes_of_its_lines()
            building -= parts | self.change
        return building

    def _later_changes_of_its_lines(self):
        change = self.change
        keys = {str(line.id) for line in change.added_line_ids}
        keys |= set(change.ended_lines or {})
        moves_term = change.kind in ("aligned", "renewed")
        return self.subscription.change_ids.filtered(
            lambda other: (
                other.id > change.id
                and not other.undone_by_ids
                and (
                    keys & set(other.ended_lines or {})
                    or other.kind == "cancelled"
                    or (moves_term and other.kind in TERM_CHANGES)
                )
            )
        )

    def _blocker(self):
        """Return the last dependent change that can no longer be undone itself."""
        if self.change.kind == "paused" or self.change.kind in MOVES:
            return self.change.browse()
        dependents = self._dependents().sorted("id", reverse=True)
        return dependents.filtered(
            lambda other: not ChangeReverter(other)._can_still_undo()
        )[:1]

    def _can_still_undo(self):
        """Return whether the change is scheduled, alone or as part of another one."""
        if self.change.kind == "cancelled":
            return self.day > self.subscription._today()
        return self._is_pending()

    def _check_can_undo(self):
        day = format_date(self.env, self.day)
        if not self._is_independent():
            raise UserError(
                self.env._(
                    "This change is part of the renewal of %s. Undo the renewal, or "
                    "change the price from that date.",
                    day,
                )
            )
        if not self._is_pending():
            raise UserError(
                self.env._(
                    "The change of %s took effect, or was undone already; make "
                    "another change instead.",
                    day,
                )
            )
        if blocker := self._blocker():
            raise UserError(self._blocked_by(blocker))

    def _blocked_by(self, blocker):
        """Return why the change cannot be undone, and the next thing to do."""
        later, day = (
            format_date(self.env, each.date_effective)
            for each in (blocker, self.change)
        )
        if self.change.kind == "renewed":
            return self.env._(
                "The change of %(later)s builds on the renewal of %(subscription)s "
                "and can no longer be undone. To end the service with its term, "
                "cancel the subscription with %(last)s as its last day; for other "
                "prices, change them from %(day)s.",
                later=later,
                subscription=self.subscription.name,
                last=self._day_before(),
                day=day,
            )
        return self.env._(
            "The change of %(later)s builds on the change of %(day)s and can no "
            "longer be undone; make another change from %(day)s instead.",
            later=later,
            day=day,
        )

    def _check_is_last(self):
        """Refuse to undo a change on which a later one builds."""
        if self._dependents():
            raise UserError(
                self.env._(
                    "A later change builds on the change of %s; undo the later one "
                    "first.",
                    format_date(self.env, self.day),
                )
            )

    def _day_before(self):
        return format_date(self.env, fields.Date.subtract(self.day, days=1))

    # === CHANGES OF LINES === #

    def _undo_lines(self):
        """Restore the lines as they were before the change."""
        self._check_is_last()
        change, subscription = self.change, internal_write(self.subscription)
        added = subscription.line_ids & change.added_line_ids
        for line in added:
            line.date_end = line.date_start
        subscription.line_ids._restore_end_dates(change)
        (added - added._ordered_lines()).filtered(
            lambda line: not line.billed_period_ids
        ).unlink()
        if change.kind == "aligned":
            subscription.term_end = change.replaced_date
        self.subscription._schedule_billing()
        self._log_undo()

    def _log_undo(self, **values):
        self.subscription._log_change(
            "undone", self.day, undoes_id=self.change.id, **values
        )

    # === PAUSES === #

    def _undo_pause(self):
        """Remove a pause that has not begun."""
        pause = self.change._agreed_pause()
        self.subscription._check_not_transferred(pause.date_end)
        self.subscription._end_pause(pause, self.day)
        self._log_undo()

    # === TRANSFERS AND MERGES === #

    def _undo_move(self):
        """Let the former subscription continue the service again."""
        if self.change.other_id:
            self._return_service()
        else:
            ChangeReverter(self._counterpart())._return_service()

    def _return_service(self):
        """Undo a move from the subscription that the service left."""
        left, joined = self.subscription, self.change.other_id
        self._check_nothing_billed()
        end = self.change.replaced_date
        if self.change.kind == "merged":
            ChangeReverter(self._counterpart())._undo_lines()
        else:
            self._check_unchanged_since()
            if joined.state in ONGOING:
                end = joined.date_end
                self._end_before_start(joined)
        self._log_undo(other_id=joined.id)
        left.action_undo_cancellation()
        if end:
            self._cancel_again(end, left | joined)

    def _counterpart(self):
        """Return the change that the other side of a merge recorded."""
        change = self.change
        candidates = change.other_id.change_ids
        if not change.other_id:
            candidates = change.search(
                [("kind", "=", "merged"), ("other_id", "=", self.subscription.id)]
            )
        return candidates.filtered(
            lambda other: (
                other.kind == "merged"
                and bool(other.other_id) != bool(change.other_id)
                and other.added_line_ids == change.added_line_ids
            )
        )

    def _check_nothing_billed(self):
        joined = self.change.other_id
        lines = self.change.added_line_ids
        if self.change.kind == "transferred":
            lines = joined.line_ids
        if lines.billed_period_ids:
            raise UserError(
                self.env._(
                    "%(other)s was already billed for the time from %(day)s; move the "
                    "service back by another change instead.",
                    other=joined.name,
                    day=format_date(self.env, self.day),
                )
            )

    def _check_unchanged_since(self):
        """Refuse to lose changes agreed after the transfer."""
        joined = self.change.other_id
        since = joined.change_ids.filtered(
            lambda other: (
                other.id > self.change.id
                and other.kind not in CONSEQUENCES
                and not other.is_of_renewal
                and not other.undone_by_ids
            )
        )
        if since:
            raise UserError(
                self.env._(
                    "%s was changed since the transfer; undo these changes there "
                    "first.",
                    joined.name,
                )
            )

    def _end_before_start(self, joined):
        """End the subscription that continued the service before its first day."""
        writable = internal_write(joined)
        for line in writable.line_ids:
            line.date_end = line.date_start
        writable.date_end = joined.date_start
        joined._set_state("cancelled")
        joined._log_change("undone", joined.date_start, other_id=self.subscription.id)
        joined._schedule_billing()

    def _cancel_again(self, end, subscriptions, *, expires=False):
        """Cancel on a day for the reason that was recorded before."""
        cancelled = subscriptions.change_ids.filtered(
            lambda change: change.kind == "cancelled" and change.date_effective == end
        )
        last = cancelled.sorted("id")[-1:]
        self.subscription._end_on(
            end, last.reason, expires=expires, because=last.cancellation_reason_id
        )

    # === RENEWALS === #

    def _undo_renewal(self):
        """Restore the term, its end and its prices, and what the renewal replaced.

        Its price changes are undone, a cancellation that it undid applies again, and
        the order that agreed to it and quotations of later terms are cancelled.
        """
        self._check_is_last()
        self._check_is_not_renewed_again()
        subscription = self.subscription
        subscription._cancel_quotations_of_later_terms(self.change)
        for part in self._parts_of_renewal():
            reverter = ChangeReverter(part)
            if reverter._is_recorded():
                reverter._undo_lines()
        term = dict(self.change.replaced_term)
        end, expires = term.pop("date_end"), term.pop("ends_by_expiry")
        internal_write(subscription).write(term)
        self._log_undo()
        if end:
            self._cancel_again(fields.Date.to_date(end), subscription, expires=expires)
        subscription._cancel_orders_of_renewal(self.change)
        subscription._request_new_renewal_quotation()

    def _parts_of_renewal(self):
        """Return the changes that belong to a renewal, the newest first."""
        changes = self.subscription.change_ids
        before = changes.filtered(
            lambda other: other.kind == "renewed" and other.id < self.change.id
        )
        since = max(before.ids, default=0)
        return changes.filtered(
            lambda other: other.is_of_renewal and since < other.id < self.change.id
        ).sorted("id", reverse=True)

    def _check_is_not_renewed_again(self):
        """Refuse where the scheduled action would renew again the next night."""
        subscription = self.subscription
        end = fields.Date.to_date(self.change.replaced_term["date_end"])
        if end and end <= self.day:
            return
        days_left = (self.day - subscription._today()).days
        is_decided = days_left <= subscription._days_decided_ahead()
        if is_decided and (end or subscription.plan_id.renewal_policy == "renew"):
            raise UserError(
                self.env._(
                    "%(subscription)s renews automatically, and the day of that "
                    "decision has come: it would be renewed again. Cancel it with "
                    "%(last)s as its last day instead.",
                    subscription=subscription.name,
                    last=self._day_before(),
                )
            )
