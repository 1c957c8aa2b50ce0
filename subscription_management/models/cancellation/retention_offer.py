"""What customers who want to leave are offered first."""

from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..changes.undo import MOVES


class SubscriptionRetention(models.Model):
    _inherit = "subscription.subscription"

    def accept_offer(self, because, day, comment=False, policy="next_period"):
        """Give what is offered to those who leave `because` of a reason, from a day on.

        `policy` says how a coupon begins, as `grant_discount` takes it. The
        subscription goes on, and its history says what kept the customer.
        """
        self.ensure_one()
        if refusal := self._reason_against_offer(because, day):
            raise UserError(refusal)
        if because.offer == "coupon":
            offered = self._redeem(because.coupon_id.sudo(), day, policy)
        else:
            self.pause(day, because._pause_end(day), reason=because.name)
            offered = self.change_ids.sorted("id")[-1]
        return self._log_change(
            "kept",
            self._today(),
            reason=comment,
            cancellation_reason_id=because.id,
            offer=because.offer,
            offered_change_id=offered.id,
        )

    def _offer_start(self):
        """Return the day from which an offer counts: the next period's, as a rule."""
        self.ensure_one()
        today = max(self._today(), self.date_start)
        first = min(
            (line._next_period_start() for line in self._lines_to_change(today)),
            default=today,
        )
        return max(first, self.date_start)

    def _reason_against_offer(self, because, day):
        """Return why an offer cannot be made from a day on, None when it can."""
        self.ensure_one()
        if not because or because.offer == "none":
            return self.env._("This reason offers nothing; cancel, or keep it.")
        try:
            self._check_can_change()
            self._check_starts_by(day)
        except UserError as error:
            return str(error)
        if self.date_end:
            return self.env._(
                "%s is cancelled already: take the cancellation back first.", self.name
            )
        if day < self._today():
            return self.env._("An offer counts from today on; choose a later day.")
        if not self._lines_to_change(day):
            return self.env._("Nothing is served then any more; choose another day.")
        if because.offer == "coupon":
            return self._reason_against_coupon(because.coupon_id.sudo(), day)
        return self._reason_against_pause(day, because._pause_end(day))

    def _reason_against_coupon(self, coupon, day):
        if not coupon.active or coupon.company_id - self.company_id:
            return self.env._(
                "The coupon %s is archived, or of another company; choose another one "
                "for this reason.",
                coupon.code,
            )
        return coupon._reason_against(self, day)

    def _reason_against_pause(self, day, end):
        if any(pause.date_start < end for pause in self._pauses_beyond(day)):
            return self.env._(
                "%s is paused in these days already; choose a later day.", self.name
            )
        return None


class SubscriptionChangeOffered(models.Model):
    """What kept a customer, as it was then: its reason may offer another one now."""

    _inherit = "subscription.change"

    offer = fields.Char()
    offered_change_id = fields.Many2one(
        "subscription.change", "Brought", index="btree_not_null"
    )

    def _is_offer_called_off(self):
        """Tell whether what the offer brought was taken back before it began."""
        self.ensure_one()
        brought = self.offered_change_id
        # Who resumes before the first day of rest takes the pause back, too.
        is_no_pause = brought.kind == "paused" and not brought._agreed_pause()
        return bool(brought.undone_by_ids or is_no_pause)


class SubscriptionOfferInterval(models.Model):
    _inherit = "subscription.cancellation.reason"

    offer_again_months = fields.Integer(
        "Offer Again After",
        default=12,
        help="Months until a subscription that took such an offer gets another one; 0 "
        "to offer it every time.",
    )

    _offer_again_months_not_negative = models.Constraint(
        "CHECK (offer_again_months >= 0)",
        "An offer is made again after 0 months or more.",
    )


class SubscriptionOffersTaken(models.Model):
    _inherit = "subscription.subscription"

    def _reason_against_offer(self, because, day):
        return super()._reason_against_offer(because, day) or (
            self._reason_against_another(because)
        )

    def _reason_against_another(self, because):
        """Return why an offer is too soon after the last one of its kind, if it is."""
        taken = self._with_those_before().change_ids.filtered(
            lambda change: (
                change.kind == "kept"
                and change.offer == because.offer
                and not change._is_offer_called_off()
            )
        )
        last = max(taken.mapped("date_effective"), default=None)
        if not last:
            return None
        following = last + relativedelta(months=because.offer_again_months)
        if self._today() >= following:
            return None
        return self.env._(
            "%(subscription)s took such an offer on %(day)s, and gets another one from "
            "%(following)s on.",
            subscription=self.name,
            day=format_date(self.env, last),
            following=format_date(self.env, following),
        )

    def _with_those_before(self):
        """Return it, and those that went on as it by a transfer or a merge."""
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
