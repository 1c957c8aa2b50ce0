from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ...billing_core.discounts import Discount
from ...billing_core.errors import BillingError
from ..decimals import exact
from ..error_messages import translated
from ..subscriptions.internal_write import is_internal_write

AMOUNT_OFF_HELP = (
    "Taken off once each period: off the first product, and what that does not cost "
    "off the next ones. A product keeps its share when its price changes, and has it "
    "in periods of its own."
)
CYCLES_HELP = "Counted in each product's own periods; 0 for a discount without end."


REDEEMED_FIELDS = {"coupon_id", "redeemed_on_id", "grant_number"}
"""What only the redemption of a coupon writes."""


class SubscriptionDiscount(models.Model):
    """What is taken off the price of a line, for ever or for some periods."""

    _name = "subscription.discount"
    _description = "Subscription Discount"
    _order = "line_id, id"

    line_id = fields.Many2one(
        "subscription.line", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="line_id.company_id", store=True)
    currency_id = fields.Many2one(related="line_id.currency_id")
    percent = fields.Float("Percent Off", digits=(16, 4))
    fixed_amount = fields.Monetary("Amount Off", help="Taken off each period.")
    cycles = fields.Integer("Number of Periods", help="0 for a discount without end.")
    date_start = fields.Date("Since", required=True)
    coupon_id = fields.Many2one(
        "subscription.coupon", ondelete="restrict", index="btree_not_null"
    )
    ends_with_term = fields.Boolean(
        readonly=True,
        help="Granted for one term: the next one begins without it, whatever is left.",
    )
    redeemed_on_id = fields.Many2one(
        "subscription.subscription",
        compute="_compute_redeemed_on_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="set null",
        help="Where it was first granted; a discount that moves on is redeemed once.",
    )

    _cycles_not_negative = models.Constraint(
        "CHECK (cycles >= 0)",
        "A discount is for some periods; 0 is for one without end.",
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
            discounts._check_redemption_is_noted()
        discounts._check_is_by_change()
        return discounts

    def write(self, vals):
        if REDEEMED_FIELDS & vals.keys():
            self._check_redemption_is_noted()
        self._check_is_by_change()
        result = super().write(vals)
        if "line_id" in vals:
            self._check_is_by_change()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        self._check_is_by_change()

    def _check_redemption_is_noted(self):
        """Refuse to write by hand whose coupon a discount is: a code is redeemed."""
        if not self.env.su and not is_internal_write(self.env):
            raise UserError(
                self.env._(
                    "The coupon of a discount is not written by hand; redeem its code "
                    "with the button Discount, which counts it."
                )
            )

    def _check_is_by_change(self):
        """Refuse what is no change of its own once the subscription has started.

        What was billed is not rewritten by a change either: a line follows it.
        """
        noted = is_internal_write(self.env)
        for line in self.line_id:
            if line.closed_until:
                raise UserError(
                    self.env._(
                        "%s was billed and keeps its discounts; grant one on the "
                        "subscription, from a day on.",
                        line.display_name,
                    )
                )
            if line.subscription_id.state != "draft" and not noted:
                raise UserError(
                    self.env._(
                        "%s has started and keeps its discounts; grant one on the "
                        "subscription, from a day on.",
                        line.display_name,
                    )
                )

    def _prepare_copy_values(self):
        """Return the values of the same discount on a line that goes on."""
        self.ensure_one()
        return {
            "percent": self.percent,
            "fixed_amount": self.fixed_amount,
            "cycles": self.cycles,
            "date_start": self.date_start,
            "coupon_id": self.coupon_id.id,
            "redeemed_on_id": self.redeemed_on_id.id,
            "ends_with_term": self.ends_with_term,
        }

    def _end_on(self, line):
        """Return the first day of a line without the discount, None for no end."""
        self.ensure_one()
        discount = self._snapshot_discount(self._prepare_copy_values())
        return discount.end_on(line._snapshot_calendar(), line.date_start)

    @api.model
    def _snapshot_discount(self, values):
        """Return a discount with these values as the core takes it."""
        return Discount(
            percent=exact(values["percent"]),
            fixed=exact(values["fixed_amount"]),
            cycles=values["cycles"] or None,
            since=fields.Date.to_date(values["date_start"]),
        )


class SubscriptionLineDiscounts(models.Model):
    _inherit = "subscription.line"

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
        """Return the days on which discounts for some periods only end."""
        return [
            discount._end_on(line)
            for line in self
            if line.plan_id and line.date_start
            for discount in line.discount_ids.filtered("cycles")
        ]

    def _count_discounts_from_start(self):
        """Let the discounts of lines that were never billed begin with them.

        Those of a step count on from where the line before it has them.
        """
        for line in self.filtered("discount_ids"):
            if not line._is_step():
                line.discount_ids.date_start = line.date_start

    def _discount_commands(self):
        """Return the commands that give another line the same discounts."""
        self.ensure_one()
        return [
            Command.create(discount._prepare_copy_values())
            for discount in self.discount_ids
        ]
