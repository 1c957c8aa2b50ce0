"""Cancellation reasons, each with a retention offer."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..model_part import ModelPart


class SubscriptionCancellationReason(models.Model):
    """Why a customer cancels, and the offer that is made first."""

    _name = "subscription.cancellation.reason"
    _description = "Cancellation Reason"
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", help="Leave empty to use the reason in every company."
    )
    offer = fields.Selection(
        [("none", "None"), ("coupon", "Coupon"), ("pause", "Pause")],
        string="Retention Offer",
        required=True,
        default="none",
        help="Offered to the customer before the subscription is cancelled.",
    )
    coupon_id = fields.Many2one(
        "subscription.coupon", ondelete="restrict", check_company=True
    )
    pause_days = fields.Integer("Pause (Days)", default=30)
    offer_again_months = fields.Integer(
        "Offer Again After",
        default=12,
        help="Months after an accepted offer until another one of its kind can be "
        "made; 0 to offer it every time.",
    )
    offer_text = fields.Text(
        "Script",
        translate=True,
        help="Shown in the cancellation to the user who talks with the customer.",
    )

    _offer_again_months_not_negative = models.Constraint(
        "CHECK (offer_again_months >= 0)",
        "An offer is made again after 0 months or more.",
    )

    @api.constrains("offer", "coupon_id", "pause_days")
    def _check_offer(self):
        for reason in self:
            if reason.offer == "coupon" and not reason.coupon_id:
                raise ValidationError(
                    self.env._(
                        "Choose the coupon of the retention offer for “%s”, or choose "
                        "no offer.",
                        reason.name,
                    )
                )
            if reason.offer == "pause" and reason.pause_days < 1:
                raise ValidationError(
                    self.env._(
                        "The pause offered for “%s” must last at least one day.",
                        reason.name,
                    )
                )

    def _pause_end(self, day):
        """Return the day on which an offered pause from a day resumes."""
        self.ensure_one()
        return day + timedelta(days=self.pause_days)

    def _describe_offer(self):
        """Return the offer as text, False without an offer."""
        self.ensure_one()
        if self.offer == "coupon":
            return self.coupon_id.sudo()._describe()
        if self.offer == "pause":
            if self.pause_days == 1:
                return self.env._("a pause of one day")
            return self.env._("a pause of %s days", self.pause_days)
        return False


class SubscriptionCouponDescription(ModelPart):
    _register = False

    def _describe(self):
        """Return the discount of the coupon as text."""
        self.ensure_one()
        parts = []
        if self.percent:
            parts.append(f"{self.percent:g} %")
        if self.fixed_amount:
            parts.append(self.currency_id.format(self.fixed_amount))
        if self.cycles == 1:
            return self.env._(
                "%(discount)s off for one period, with the coupon %(code)s",
                discount=" + ".join(parts),
                code=self.code,
            )
        if self.cycles:
            return self.env._(
                "%(discount)s off for %(count)s periods, with the coupon %(code)s",
                discount=" + ".join(parts),
                count=self.cycles,
                code=self.code,
            )
        return self.env._(
            "%(discount)s off forever, with the coupon %(code)s",
            discount=" + ".join(parts),
            code=self.code,
        )
