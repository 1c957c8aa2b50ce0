"""Subscriptions that move to another customer, share their days, or become one."""

from dataclasses import replace
from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ..subscriptions.internal_write import internal_write
from .change_planner import Amendment


class SubscriptionRegrouping(models.Model):
    _inherit = "subscription.subscription"

    def transfer(self, partner, day, reason=False):
        """Let another customer go on with the service from a day on.

        The billing days stay, a cancellation goes along; what was billed beyond the
        day is credited to the one who paid it. Return the new customer's subscription.
        """
        self.ensure_one()
        self._check_can_move(day)
        end, expires = self.date_end, self.ends_by_expiry
        cancelled = self._take_end_back()
        _ended, moved = self._plan_transfer(day)
        values = self._prepare_transfer_values(partner, day)
        follower = internal_write(self).copy(values).with_env(self.env)
        added = follower._apply_change_plan(moved)
        # Before the end here, which the customer does not leave by who stays the same.
        follower.with_context(subscription_transferred_from=self.id)._take_over()
        self._end_on(day, reason)
        if end:
            follower._end_on(
                end,
                cancelled.reason,
                expires=expires,
                because=cancelled.cancellation_reason_id,
            )
        self._log_move("transferred", day, follower, added, end, reason)
        return follower

    def _take_end_back(self):
        """Take back a cancellation, if any, to end on another day; return it."""
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
        """Return the days of an open pause that the term is to be longer by."""
        self.ensure_one()
        if self.plan_id.pause_policy != "extends":
            return timedelta()
        rests = self.pause_ids.filtered(lambda pause: not pause.date_end)
        days = [self._days_of_term(pause.date_start, day) for pause in rests]
        return sum(days, timedelta())

    def _log_move(self, kind, day, other, added, end, reason):
        """Note where the service goes on, and when it was to end before."""
        self._log_change(
            kind,
            day,
            reason=reason,
            other_id=other.id,
            added_line_ids=[Command.set(added.ids)],
            replaced_date=end,
        )

    def _plan_transfer(self, day):
        """Return the `Amendment`s of what ends here, and of what begins elsewhere."""
        self._check_can_move(day)
        begun = Amendment((), {})
        self._amend_moved(begun, self._lines_moved_on(day), day)
        return self._plan_ended(day), begun

    def _check_can_move(self, day):
        """Refuse to let the service go on elsewhere from a day on without it."""
        self._check_can_change()
        self._check_starts_by(day)
        self._check_goes_on_here()
        if self.date_end and day >= self.date_end:
            raise UserError(
                self.env._(
                    "%(subscription)s ends on %(day)s; choose an earlier day, or take "
                    "the cancellation back first.",
                    subscription=self.name,
                    day=format_date(self.env, self.date_end),
                )
            )
        if self.state == "trial" and day >= self.trial_end:
            raise UserError(
                self.env._(
                    "%(subscription)s is on trial until %(day)s; choose an earlier "
                    "day, or wait until it is paid for.",
                    subscription=self.name,
                    day=format_date(self.env, self.trial_end),
                )
            )

    def _plan_ended(self, day):
        amendment = self._begin_change_plan()
        self._amend_cancelled(amendment, day)
        return amendment

    def _amend_moved(self, amendment, moved, day):
        """Plan lines to go on here from a day on, steps of each other as they are."""
        known = set(amendment.added)
        rows = [(line.browse(), line._prepare_moved_values(day)) for line in moved]
        self._extend_change_plan(amendment, rows, day)
        keys = [key for key in amendment.added if key not in known]
        firsts, links = {}, {}
        for line, key in zip(moved, keys, strict=True):
            series = firsts.setdefault(("series", line._series_key()), key)
            origin = firsts.setdefault(("origin", line._origin_key()), key)
            links[key] = {
                "series": series if series != key else None,
                "origin": origin if origin != key else None,
            }
            amendment.values[key] = {
                **amendment.values[key],
                "series_id": links[key]["series"] or False,
                "origin_id": links[key]["origin"] or False,
            }
        amendment.lines = tuple(
            replace(line, **links.get(line.key, {})) for line in amendment.lines
        )

    def _take_over(self):
        """Go on with the service of another one: on trial where that was."""
        for subscription in self:
            subscription._check_can_be_billed()
            on_trial = bool(subscription.trial_end)
            subscription._set_state("trial" if on_trial else "active")
            kind = "trial" if on_trial else "activated"
            subscription._log_change(kind, subscription.date_start)
            subscription._follow_pause()
        self._schedule_billing()

    def merge_into(self, other, day, reason=False):
        """Serve the lines on another subscription of the customer from a day on."""
        self.ensure_one()
        _ended, joined = self._plan_merge(other, day)
        end = self.date_end
        joining = other.with_context(subscription_transferred_from=self.id)
        change = joining._carry_out("merged", joined, reason)
        self._end_on(day, reason)
        self._log_move("merged", day, other, change.added_line_ids, end, reason)

    def _plan_merge(self, other, day):
        """Return the `Amendment`s of what ends here, and of what joins the other."""
        self._check_belongs_with(other)
        self._check_is_paid_for(other)
        self._check_can_move(day)
        other._check_can_move(day)
        self._check_not_paused(other, day)
        joined = other._begin_change_plan()
        other._amend_moved(joined, self._lines_moved_on(day), day)
        return self._plan_ended(day), joined

    def align_with(self, other, day, reason=False):
        """Count periods and term as another subscription does, from a day on."""
        self.ensure_one()
        planned = self._plan_align(other, day)
        self._carry_out("aligned", planned, reason, replaced_date=self.term_end)
        internal_write(self).term_end = other.term_end

    def _plan_align(self, other, day):
        """Return the `Amendment` of counting periods as another one from a day on."""
        self._check_belongs_with(other)
        self._check_same_billing_day(other)
        leading = other._lines_to_change(day)[:1]
        if not leading:
            raise UserError(
                self.env._("%s has no product to align with.", other.display_name)
            )
        if leading.calendar_start > day:
            raise UserError(
                self.env._(
                    "%(subscription)s begins on %(day)s only; align from then on.",
                    subscription=other.display_name,
                    day=format_date(self.env, leading.calendar_start),
                )
            )
        rows = [
            (line, {"calendar_start": leading.calendar_start})
            for line in self._lines_to_change(day)
        ]
        return self._plan_change(rows, day, "prorate")

    def _lines_moved_on(self, day):
        """Return what goes on elsewhere from a day on, or refuse where nothing does."""
        lines = self._lines_from(day) | self._lines_not_due_on(day)
        if not lines:
            raise UserError(
                self.env._(
                    "Nothing is served on %(subscription)s from %(day)s on; add a "
                    "product first, or choose an earlier day.",
                    subscription=self.name,
                    day=format_date(self.env, day),
                )
            )
        return lines

    def _lines_not_due_on(self, day):
        """Return what is charged once and was not yet when a day begins."""
        return self.line_ids.filtered(
            lambda line: (
                line.kind == "one_off"
                and not line.closed_until
                and line.date_start >= day
                and line.date_end != line.date_start
            )
        )

    def _check_not_paused(self, other, day):
        """Refuse to join what rests: the pauses are of the whole subscription."""
        pauses = (self | other).pause_ids.filtered(
            lambda pause: not pause.date_end or pause.date_end > day
        )
        if pauses:
            raise UserError(
                self.env._(
                    "%s is paused; resume it before the two become one.",
                    pauses[0].subscription_id.name,
                )
            )

    def _check_is_paid_for(self, other):
        """Refuse to join trials: each becomes a paid one by itself, or ends."""
        trial = (self | other).filtered(lambda each: each.state == "trial")[:1]
        if trial:
            raise UserError(
                self.env._(
                    "%(subscription)s is on trial until %(day)s; start it, or wait "
                    "until it is paid for, before the two become one.",
                    subscription=trial.name,
                    day=format_date(self.env, trial.trial_end),
                )
            )

    def _check_belongs_with(self, other):
        self._check_can_change()
        other._check_can_change()
        alike = ("company_id", "currency_id", "commercial_partner_id")
        if other == self or any(self[name] != other[name] for name in alike):
            raise UserError(
                self.env._(
                    "%(one)s and %(other)s cannot be joined: they need the same "
                    "customer, company and currency.",
                    one=self.display_name,
                    other=other.display_name,
                )
            )


class SubscriptionLineRegrouping(models.Model):
    _inherit = "subscription.line"

    def _prepare_moved_values(self, day):
        """Return the values of a line that goes on elsewhere from a day on."""
        self.ensure_one()
        return {
            **self._prepare_follower_values(),
            "date_start": max(day, self.date_start),
            **self._prepare_end_values(self.date_end, self._charged_until_of_its_end()),
            # What joins later keeps how it is charged; what is served goes by the day.
            "charged_from": self.date_start > day and self.charged_from,
        }
