"""How often a customer who wants to leave is offered the same again."""

from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.tools import format_date

from .subscription_change import MOVES


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


class SubscriptionOfferCalledOff(models.Model):
    _inherit = "subscription.change"

    def _is_offer_called_off(self):
        """Tell whether what the offer brought was taken back before it began."""
        self.ensure_one()
        brought = self.offered_change_id
        # Who resumes before the first day of rest takes the pause back, too.
        is_no_pause = brought.kind == "paused" and not brought._agreed_pause()
        return bool(brought.undone_by_ids or is_no_pause)
