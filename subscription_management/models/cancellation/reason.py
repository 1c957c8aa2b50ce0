from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SubscriptionCancellationReason(models.Model):
    """Why a customer leaves, and what is offered first to keep one who does."""

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
        [("none", "Nothing"), ("coupon", "A Coupon"), ("pause", "A Pause")],
        string="Offer First",
        required=True,
        default="none",
        help="What the customer is offered before the cancellation is made.",
    )
    coupon_id = fields.Many2one(
        "subscription.coupon", ondelete="restrict", check_company=True
    )
    pause_days = fields.Integer("Days of Pause", default=30)
    offer_text = fields.Text(
        "What to Say",
        translate=True,
        help="Shown to whoever talks with the customer.",
    )

    @api.constrains("offer", "coupon_id", "pause_days")
    def _check_offer(self):
        for because in self:
            if because.offer == "coupon" and not because.coupon_id:
                raise ValidationError(
                    self.env._(
                        "Choose the coupon that is offered for “%s”, or offer nothing.",
                        because.name,
                    )
                )
            if because.offer == "pause" and because.pause_days < 1:
                raise ValidationError(
                    self.env._(
                        "A pause that is offered for “%s” lasts at least one day.",
                        because.name,
                    )
                )

    def _pause_end(self, day):
        """Return the first day of service after a pause from a day on."""
        self.ensure_one()
        return day + timedelta(days=self.pause_days)

    def _describe_offer(self):
        """Return the offer in words, False where there is none."""
        self.ensure_one()
        if self.offer == "coupon":
            return self.coupon_id.sudo()._describe()
        if self.offer == "pause":
            return self.env._("a pause of %s days", self.pause_days)
        return False


class SubscriptionCouponDescription(models.Model):
    _inherit = "subscription.coupon"

    def _describe(self):
        """Return what the coupon takes off, in words."""
        self.ensure_one()
        parts = []
        if self.percent:
            parts.append(f"{self.percent:g} %")
        if self.fixed_amount:
            parts.append(self.currency_id.format(self.fixed_amount))
        if self.cycles:
            return self.env._(
                "%(discount)s off for %(count)s periods, with the coupon %(code)s",
                discount=" + ".join(parts),
                count=self.cycles,
                code=self.code,
            )
        return self.env._(
            "%(discount)s off from now on, with the coupon %(code)s",
            discount=" + ".join(parts),
            code=self.code,
        )
