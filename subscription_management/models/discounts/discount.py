from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ...billing_core.discounts import Discount
from ...billing_core.errors import BillingError
from ..decimals import exact
from ..error_messages import translated
from ..model_part import ModelPart
from ..subscriptions.internal_write import is_internal_write
from .duration import DurationFields

FIXED_AMOUNT_HELP = (
    "Deducted once per billing period: from the first product, and the rest from the "
    "next ones. A product keeps its share when its price changes, in its own billing "
    "periods."
)

REDEMPTION_FIELDS = {"coupon_id", "redeemed_on_id", "grant_number"}
"""The fields that only the redemption of a coupon writes."""

GRANTED_FIELDS = {"percent", "fixed_amount", "cycles", "date_start", "line_id"}
"""The fields that the grants of a draft write again when its lines change."""


class SubscriptionDiscount(DurationFields, models.Model):
    """A discount on the price of a line."""

    _name = "subscription.discount"
    _description = "Subscription Discount"
    _order = "line_id, id"

    line_id = fields.Many2one(
        "subscription.line", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="line_id.company_id", store=True)
    currency_id = fields.Many2one(related="line_id.currency_id")
    percent = fields.Float("Discount (%)", digits=(16, 4))
    fixed_amount = fields.Monetary(
        "Discount Amount", help="Deducted in each billing period."
    )
    date_start = fields.Date("From", required=True)
    coupon_id = fields.Many2one(
        "subscription.coupon", ondelete="restrict", index="btree_not_null"
    )
    ends_with_term = fields.Boolean(
        readonly=True,
        help="Granted for one term: it ends with the term, even before its duration.",
    )
    redeemed_on_id = fields.Many2one(
        "subscription.subscription",
        compute="_compute_redeemed_on_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="set null",
        help="The subscription that redeemed the coupon; a discount that moves to "
        "another subscription is counted once.",
    )

    grant_number = fields.Integer(
        readonly=True, help="Discounts granted to a draft together share a number."
    )

    _cycles_not_negative = models.Constraint(
        "CHECK (cycles >= 0)",
        "The billing periods of a discount cannot be negative; enter 0 for forever.",
    )

    @api.depends("line_id")
    def _compute_redeemed_on_id(self):
        for discount in self:
            discount.redeemed_on_id = (
                discount.redeemed_on_id or discount.line_id.subscription_id
            )

    @api.constrains("percent", "fixed_amount", "cycles")
    def _check_discount(self):
        for discount in self:
            try:
                discount._snapshot_discount(discount._prepare_copy_values())
            except BillingError as error:
                raise ValidationError(translated(self.env, error)) from error

    @api.model_create_multi
    def create(self, vals_list):
        discounts = super().create(vals_list)
        if any(
            discount.coupon_id
            or discount.grant_number
            or discount.redeemed_on_id != discount.line_id.subscription_id
            for discount in discounts
        ):
            discounts._check_redemption_is_internal()
        discounts._check_is_by_change()
        return discounts

    def write(self, vals):
        if GRANTED_FIELDS & vals.keys():
            self._forget_grants()
        if REDEMPTION_FIELDS & vals.keys():
            self._check_redemption_is_internal()
        self._check_is_by_change()
        result = super().write(vals)
        if "line_id" in vals:
            self._check_is_by_change()
        return result

    def unlink(self):
        self._forget_grants()
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        self._check_is_by_change()

    def _forget_grants(self):
        """Keep discounts of a draft that users edit as they were edited."""
        if is_internal_write(self.env):
            return
        for discount in self.filtered("grant_number"):
            draft = discount.line_id.subscription_id.sudo()
            forgotten = str(discount.grant_number)
            if forgotten in (draft.draft_grants or {}):
                draft.draft_grants = {
                    number: values
                    for number, values in draft.draft_grants.items()
                    if number != forgotten
                }

    def _check_redemption_is_internal(self):
        """Refuse to edit the coupon of a discount; a code is redeemed."""
        if not self.env.su and not is_internal_write(self.env):
            raise UserError(
                self.env._(
                    "The coupon of a discount cannot be edited; redeem its code with "
                    "the button Grant Discount, which counts the redemption."
                )
            )

    def _check_is_by_change(self):
        """Refuse edits once the subscription has started.

        Billed lines are not edited by a change either, but by a follow-up line.
        """
        is_internal = is_internal_write(self.env)
        for line in self.line_id:
            if line.closed_until:
                raise UserError(
                    self.env._(
                        "%s was billed and keeps its discounts; grant a discount on "
                        "the subscription instead.",
                        line.display_name,
                    )
                )
            if line.subscription_id.state != "draft" and not is_internal:
                raise UserError(
                    self.env._(
                        "%s has started and keeps its discounts; grant a discount on "
                        "the subscription instead.",
                        line.display_name,
                    )
                )

    def _prepare_copy_values(self):
        """Return the values of the same discount on another line."""
        self.ensure_one()
        return {
            "percent": self.percent,
            "fixed_amount": self.fixed_amount,
            "cycles": self.cycles,
            "date_start": self.date_start,
            "coupon_id": self.coupon_id.id,
            "redeemed_on_id": self.redeemed_on_id.id,
            "ends_with_term": self.ends_with_term,
            "grant_number": self.grant_number,
        }

    def _end_on(self, line):
        """Return the first day of a line without the discount, None for forever."""
        self.ensure_one()
        discount = self._snapshot_discount(self._prepare_copy_values())
        return discount.end_on(line._snapshot_calendar(), line.date_start)

    @api.model
    def _snapshot_discount(self, values):
        """Return a discount with these values as a value of the core."""
        return Discount(
            percent=exact(values["percent"]),
            fixed=exact(values["fixed_amount"]),
            cycles=values["cycles"] or None,
            since=fields.Date.to_date(values["date_start"]),
        )


class SubscriptionLineDiscounts(ModelPart):
    _register = False

    discount_ids = fields.One2many("subscription.discount", "line_id", "Discounts")
    discount_label = fields.Char("Discount", compute="_compute_discount_label")

    @api.depends("discount_ids.percent", "discount_ids.fixed_amount")
    def _compute_discount_label(self):
        for line in self:
            parts = []
            for discount in line.discount_ids:
                if discount.percent:
                    parts.append(f"{discount.percent:g} %")
                if discount.fixed_amount:
                    parts.append(line.currency_id.format(discount.fixed_amount))
            line.discount_label = " + ".join(parts)

    def _discount_ends(self):
        """Return the days on which the limited discounts of the lines end."""
        return [
            discount._end_on(line)
            for line in self
            if line.plan_id and line.date_start
            for discount in line.discount_ids.filtered("cycles")
        ]

    def _count_discounts_from_start(self):
        """Start the discounts of lines that were never billed with the lines.

        Those of a follow-up line count from the start of its predecessor.
        """
        for line in self.filtered("discount_ids"):
            if not line._is_follow_up_line():
                line.discount_ids.date_start = line.date_start

    def _discount_commands(self):
        """Return the commands that give another line the same discounts."""
        self.ensure_one()
        return [
            Command.create(discount._prepare_copy_values())
            for discount in self.discount_ids
        ]
