"""A renewal that is taken back as a whole before its term begins."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..quotations.subscription import OPEN_QUOTATION
from ..subscriptions.internal_write import internal_write
from .renewal import TERM_FIELDS


class SubscriptionRenewalTakeBack(models.Model):
    _inherit = "subscription.subscription"

    def _undo_change(self, change):
        if change.kind != "renewed":
            return super()._undo_change(change)
        self.ensure_one()
        self._check_can_undo(change)
        return self._undo_renewal(change)

    def _undo_renewal(self, renewal):
        """Let the term end when it would have, at the prices that it had.

        What the renewal brought with it goes with it: its prices, the cancellation that
        it took back, the order that agreed to it, and quotations of later terms.
        """
        self._check_is_last(renewal)
        self._check_stays_undone(renewal)
        self._call_later_terms_off(renewal)
        for part in renewal._parts_of_renewal():
            if part._is_logged_when_undone():
                self._undo_lines(part)
        term = dict(renewal.replaced_term)
        end, expires = term.pop("date_end"), term.pop("ends_by_expiry")
        internal_write(self).write(term)
        self._log_undo(renewal)
        if end:
            self._end_again_on(fields.Date.to_date(end), self, expires=expires)
        orders = self.sudo().quotation_ids.filtered(
            lambda order: (
                order.state == "sale"
                and order.managed_renews_from == renewal.date_effective
            )
        )
        orders._cancel_with_reason(
            self.env._("The renewal of %s was taken back.", self.name)
        )
        self._request_new_renewal_quotation()

    def _check_stays_undone(self, renewal):
        """Refuse what the scheduled action would renew again the next night."""
        day = renewal.date_effective
        end = fields.Date.to_date(renewal.replaced_term["date_end"])
        if end and end <= day:
            return
        is_decided = (day - self._today()).days <= self._days_decided_ahead()
        if is_decided and (end or self.plan_id.renewal_policy == "renew"):
            raise UserError(
                self.env._(
                    "%(subscription)s renews by itself, and would do so again: the day "
                    "on which that is decided has come. Cancel it with %(last)s as its "
                    "last day instead.",
                    subscription=self.name,
                    last=format_date(self.env, fields.Date.subtract(day, days=1)),
                )
            )

    def _call_later_terms_off(self, renewal):
        """Cancel the quotations of terms that cannot follow without a renewal."""
        quotations = self.sudo().quotation_ids.filtered(
            lambda order: (
                order.state in OPEN_QUOTATION
                and order.managed_renews_from > renewal.date_effective
            )
        )
        quotations._cancel_with_reason(
            self.env._(
                "The renewal of %s was taken back, and with it the term before the "
                "one that was quoted here.",
                self.name,
            )
        )

    def _renewal_from(self, day):
        """Return the renewal by which the term of a day began, while it stands."""
        self.ensure_one()
        return self.change_ids.filtered(
            lambda change: (
                change.kind == "renewed"
                and change.date_effective == day
                and not change.undone_by_ids
            )
        )

    def _term_as_it_is(self):
        """Return what a renewal replaces, in a form that the database keeps."""
        self.ensure_one()
        term = self.read(TERM_FIELDS, load="")[0]
        return {
            name: fields.Date.to_string(value)
            if self._fields[name].type == "date"
            else value
            for name, value in term.items()
            if name != "id"
        }


class SubscriptionRenewalTakenBack(models.Model):
    _inherit = "subscription.change"

    replaced_term = fields.Json(help="The term, and its end, before it was renewed.")

    def _parts_of_renewal(self):
        """Return the changes that a renewal brought with it, the newest first."""
        self.ensure_one()
        changes = self.subscription_id.change_ids
        before = changes.filtered(
            lambda change: change.kind == "renewed" and change.id < self.id
        )
        since = max(before.ids, default=0)
        return changes.filtered(
            lambda change: change.is_of_renewal and since < change.id < self.id
        ).sorted("id", reverse=True)

    def _later_ones_on_it(self):
        building = super()._later_ones_on_it()
        if self.kind == "renewed":
            parts = self._parts_of_renewal()
            for part in parts:
                building |= part._later_ones_on_it()
            building -= parts | self
        return building

    def _undo_blocker_message(self, later):
        if self.kind != "renewed":
            return super()._undo_blocker_message(later)
        day = self.date_effective
        return self.env._(
            "The change of %(later)s builds on the renewal of %(subscription)s, and "
            "cannot be taken back any more. To let the service end with its term after "
            "all, cancel the subscription with %(last)s as its last day; to go on at "
            "other prices, change them from %(day)s on.",
            later=format_date(self.env, later.date_effective),
            subscription=self.subscription_id.name,
            last=format_date(self.env, fields.Date.subtract(day, days=1)),
            day=format_date(self.env, day),
        )

    def _is_undoable(self):
        return super()._is_undoable() or self.kind == "renewed"

    def _is_logged_when_undone(self):
        return super()._is_logged_when_undone() or bool(self.replaced_term)
