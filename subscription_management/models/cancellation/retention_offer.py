"""Retention offers: a coupon or a pause in place of a cancellation."""

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..changes.undo import MOVES
from ..model_part import ModelPart


class SubscriptionRetentionOffer(ModelPart):
    _register = False

    def accept_offer(
        self, cancellation_reason, day, comment=False, policy="next_period"
    ):
        """Apply the offer of a cancellation reason from a day; return the change.

        `policy` is how a coupon begins, as `grant_discount` takes it. The subscription
        continues, and its history records the reason and the offer.
        """
        self.ensure_one()
        self.check_access("write")
        if refusal := self._offer_refusal(cancellation_reason, day):
            raise UserError(refusal)
        if cancellation_reason.offer == "coupon":
            offered = self._redeem(cancellation_reason.coupon_id.sudo(), day, policy)
        else:
            end = cancellation_reason._pause_end(day)
            self.pause(day, end, reason=cancellation_reason.name)
            offered = self.change_ids.sorted("id")[-1]
        return self._log_change(
            "kept",
            self._today(),
            reason=comment,
            cancellation_reason_id=cancellation_reason.id,
            offer=cancellation_reason.offer,
            offered_change_id=offered.id,
        )

    def _offer_start(self):
        """Return the day from which an offer applies: the start of the next period."""
        self.ensure_one()
        today = max(self._today(), self.date_start)
        first = min(
            (line._next_period_start() for line in self._lines_to_change(today)),
            default=today,
        )
        return max(first, self.date_start)

    def _offer_refusal(self, cancellation_reason, day):
        """Return why the offer cannot be made from a day, None when it can."""
        self.ensure_one()
        if not cancellation_reason or cancellation_reason.offer == "none":
            return self.env._(
                "This reason has no retention offer; cancel the subscription, or "
                "choose another reason."
            )
        return (
            self._any_offer_refusal(day)
            or self._offer_type_refusal(cancellation_reason, day)
            or self._repeated_offer_refusal(cancellation_reason)
        )

    def _any_offer_refusal(self, day):
        """Return why the subscription gets no offer from a day, if so."""
        try:
            self._check_can_change()
            self._check_starts_by(day)
        except UserError as error:
            return str(error)
        if self.date_end:
            return self.env._(
                "%s is cancelled already; use Undo Cancellation first.", self.name
            )
        if day < self._today():
            return self.env._("An offer cannot start in the past; choose a later day.")
        if not self._lines_to_change(day):
            return self.env._("Nothing is served on this day; choose another day.")
        return None

    def _offer_type_refusal(self, cancellation_reason, day):
        """Return why the coupon or the pause cannot be given from a day, if so."""
        if cancellation_reason.offer == "coupon":
            return self._coupon_offer_refusal(cancellation_reason.coupon_id.sudo(), day)
        return self._pause_offer_refusal(day, cancellation_reason._pause_end(day))

    def _coupon_offer_refusal(self, coupon, day):
        if not coupon.active or coupon.company_id - self.company_id:
            return self.env._(
                "The coupon %s is archived, or of another company; choose another one "
                "for this reason.",
                coupon.code,
            )
        return coupon._reason_against(self, day)

    def _pause_offer_refusal(self, day, end):
        if any(pause.date_start < end for pause in self._pauses_beyond(day)):
            return self.env._(
                "%s is paused on these days already; choose a later day.", self.name
            )
        return None

    def _repeated_offer_refusal(self, cancellation_reason):
        """Return why an offer is too soon after the last one of its kind, if it is."""
        accepted = self._with_predecessors().change_ids.filtered(
            lambda change: (
                change.kind == "kept"
                and change.offer == cancellation_reason.offer
                and not change._is_offer_undone()
            )
        )
        last = max(accepted.mapped("date_effective"), default=None)
        if not last:
            return None
        following = last + relativedelta(months=cancellation_reason.offer_again_months)
        if self._today() >= following:
            return None
        return self.env._(
            "%(subscription)s accepted such an offer on %(day)s; the next one can be "
            "made on %(following)s.",
            subscription=self.name,
            day=format_date(self.env, last),
            following=format_date(self.env, following),
        )

    def _with_predecessors(self):
        """Return the subscription and those that it continues by transfer or merge."""
        found = latest = self.sudo()
        while latest:
            moves = latest.env["subscription.change"].search(
                [
                    ("kind", "in", MOVES),
                    ("other_id", "in", latest.ids),
                    ("undone_by_ids", "=", False),
                ]
            )
            latest = moves.subscription_id - found
            found |= latest
        return found


class SubscriptionChangeRetentionOffer(ModelPart):
    """The accepted offer, stored since the reason may have another offer later."""

    _register = False

    offer = fields.Char()
    offered_change_id = fields.Many2one("subscription.change", index="btree_not_null")

    def _is_offer_undone(self):
        """Return whether the discount or pause of the offer was undone."""
        self.ensure_one()
        offered = self.offered_change_id
        # Resuming before the first paused day removes the pause.
        is_no_pause = offered.kind == "paused" and not offered._agreed_pause()
        return bool(offered.undone_by_ids or is_no_pause)
