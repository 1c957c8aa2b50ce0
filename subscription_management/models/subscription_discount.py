from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ..billing_core.discounts import Discount
from ..billing_core.errors import BillingError
from .decimals import exact
from .error_messages import translated


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
        discounts._check_unbilled()
        return discounts

    def write(self, vals):
        self._check_unbilled()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        self._check_unbilled()

    def _check_unbilled(self):
        """Refuse to rewrite what was billed: a discount is granted by a change."""
        if billed := self.line_id.filtered("closed_until"):
            raise UserError(
                self.env._(
                    "%s was billed and keeps its discounts; grant one on the "
                    "subscription, from a day on.",
                    billed[0].display_name,
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


class SubscriptionDiscounts(models.Model):
    _inherit = "subscription.subscription"

    def grant_discount(self, values, day, lines=None, reason=False):
        """Take something off the price of lines from a day on.

        `values` are those of `subscription.discount`: percent, fixed_amount, cycles,
        coupon_id. An amount off is taken once, off the first of the lines.
        """
        self.ensure_one()
        rows = self._discount_rows(values, day, lines)
        return self._agree("discount", day, rows, reason=reason, policy="prorate")

    def _discount_rows(self, values, day, lines=None):
        """Return what a discount from a day on changes, as `_amend` takes it."""
        lines = lines or self._lines_to_change(day)
        discount = {
            "percent": 0.0,
            "fixed_amount": 0.0,
            "cycles": 0,
            "coupon_id": False,
            **values,
        }
        rows = []
        for line in lines if discount["percent"] else lines[:1]:
            granted = {**discount, "date_start": max(day, line.date_start)}
            if line != lines[:1]:
                granted["fixed_amount"] = 0.0
            rows.append((line, {"added_discounts": [Command.create(granted)]}))
        return rows

    def redeem_coupon(self, code, day):
        """Take off what the coupon of a code promises from a day on, or refuse."""
        self.ensure_one()
        return self._redeem(self.env["subscription.coupon"]._find(code, self), day)

    def _redeem(self, coupon, day):
        """Take off what a coupon promises from a day on, or refuse with the reason."""
        self.ensure_one()
        coupon._redeem(self, day)
        values = coupon._prepare_discount_values()
        return self.grant_discount(values, day, reason=coupon.code)

    def action_grant_discount(self):
        """Ask what is to be taken off, and from when on."""
        first = min(
            (
                line._next_period_start()
                for line in self._lines_to_change(self._today())
            ),
            default=self._today(),
        )
        return self._open_wizard(
            "subscription.grant",
            self.env._("Grant a Discount"),
            default_date_start=self.date_start if self.state == "draft" else first,
        )
