"""What somebody asks to take off, read before anything is planned with it."""

import math

from odoo import models
from odoo.exceptions import UserError

from .subscription_discount import REDEEMED_FIELDS

PERCENT_DIGITS = 4


class SubscriptionDiscountValues(models.Model):
    _inherit = "subscription.subscription"

    def _check_coupon_is_redeemed(self, values):
        """Refuse a discount that says by itself whose coupon it is."""
        if REDEEMED_FIELDS & values.keys():
            self.env["subscription.discount"]._check_redemption_is_noted()

    def _check_discount_values(self, values, *, may_be_nothing=False):
        """Refuse what is no number, takes nothing off, or is for less than no period.

        What is too much is refused where discounts are counted.
        """
        self.ensure_one()
        percent, amount, cycles = (
            values.get(name) or 0 for name in ("percent", "fixed_amount", "cycles")
        )
        numbers = (percent, amount, cycles)
        if not all(isinstance(each, int | float) for each in numbers) or not all(
            map(math.isfinite, numbers)
        ):
            raise UserError(
                self.env._(
                    "A discount is a percentage or an amount, for some periods: give "
                    "numbers."
                )
            )
        if cycles < 0 or cycles != int(cycles):
            raise UserError(
                self.env._(
                    "A discount is for a whole number of periods; give 0 for one "
                    "without end."
                )
            )
        is_nothing = not round(percent, PERCENT_DIGITS) and self.currency_id.is_zero(
            amount
        )
        if is_nothing and not may_be_nothing:
            raise UserError(
                self.env._(
                    "The discount takes nothing off; give a percentage, or an amount "
                    "of %s or more.",
                    self.currency_id.format(self.currency_id.rounding),
                )
            )
