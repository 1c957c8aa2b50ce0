from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...billing_core.discounts import Discount
from ...billing_core.errors import BillingError
from ..cancellation.reason import SubscriptionCouponDescription
from ..decimals import exact
from ..error_messages import translated
from .discount import FIXED_AMOUNT_HELP
from .duration import DurationFields


class SubscriptionCoupon(SubscriptionCouponDescription, DurationFields, models.Model):
    """A code that grants a discount, within limits."""

    _name = "subscription.coupon"
    _description = "Subscription Coupon"
    _inherit = ["mail.thread"]
    _rec_name = "code"
    _order = "code"
    _check_company_auto = True

    code = fields.Char(required=True, copy=False, tracking=True)
    description = fields.Char(translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    percent = fields.Float("Discount (%)", digits=(16, 4), tracking=True)
    fixed_amount = fields.Monetary(
        "Discount Amount",
        help=FIXED_AMOUNT_HELP,
    )
    date_from = fields.Date("Valid From")
    date_to = fields.Date(
        "Valid Until", help="The last day on which the code is accepted."
    )
    max_redemptions = fields.Integer("Maximum Redemptions", help="0 for no limit.")
    max_per_customer = fields.Integer(
        "Maximum per Customer", default=1, help="0 for no limit."
    )
    plan_ids = fields.Many2many(
        "subscription.plan", string="Plans", help="Leave empty for every plan."
    )
    discount_ids = fields.One2many("subscription.discount", "coupon_id")
    redemption_count = fields.Integer(
        "Redemptions", compute="_compute_redemption_count", compute_sudo=True
    )

    _code_unique = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))",
        "This code already exists; choose another one.",
    )

    _limits_not_negative = models.Constraint(
        "CHECK (cycles >= 0 AND max_redemptions >= 0 AND max_per_customer >= 0)",
        "The billing periods and limits of a coupon cannot be negative; enter 0 for no "
        "limit.",
    )
    _dates_in_order = models.Constraint(
        "CHECK (date_from IS NULL OR date_to IS NULL OR date_from <= date_to)",
        "A coupon must be valid for at least one day; choose a later last day.",
    )

    def _compute_redemption_count(self):
        for coupon in self:
            coupon.redemption_count = len(coupon._redeemed_on())

    def _redeemed_on(self):
        """Return the subscriptions that redeemed the coupon.

        One that was cancelled before its first paid day releases its redemption.
        """
        counted = self.discount_ids.filtered(
            lambda discount: (
                not discount.line_id.subscription_id._is_cancelled_before_paid()
            )
        )
        return counted.redeemed_on_id

    def action_view_subscriptions(self):
        """Open the subscriptions that redeemed the coupon."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_subscription_action"
        )
        domain = [("line_ids.discount_ids.coupon_id", "=", self.id)]
        return {**action, "domain": domain, "context": {}}

    # Every coupon is created with a code; the other fields may be omitted.
    @api.constrains("code", "percent", "fixed_amount")
    def _check_discount(self):
        for coupon in self:
            if not coupon.percent and not coupon.fixed_amount:
                raise ValidationError(
                    self.env._(
                        "The coupon %s has no discount; enter a percentage or an "
                        "amount.",
                        coupon.code,
                    )
                )
            try:
                Discount(exact(coupon.percent), exact(coupon.fixed_amount))
            except BillingError as error:
                raise ValidationError(translated(self.env, error)) from error

    @api.constrains("code", "company_id")
    def _check_code_is_clear(self):
        """Refuse a code of one company that is also a code of all companies.

        A unique index refuses the same code twice in one company.
        """
        for coupon in self:
            others = Domain("company_id", "=" if coupon.company_id else "!=", False)
            twin = self.with_context(active_test=False).search(
                others & Domain("code", "=", coupon.code), limit=1
            )
            if twin and coupon.company_id:
                raise ValidationError(
                    self.env._(
                        "The coupon %s already exists for all companies; choose "
                        "another code.",
                        coupon.code,
                    )
                )
            if twin:
                raise ValidationError(
                    self.env._(
                        "The coupon %(code)s already exists in %(company)s; choose "
                        "another code, or a company for this coupon.",
                        code=coupon.code,
                        company=twin.company_id.name,
                    )
                )

    @api.model
    def _check_company_domain(self, companies):
        """Allow records of all companies to use a coupon of one company.

        It is accepted for subscriptions of that company only.
        """
        return super()._check_company_domain(companies) if companies else Domain.TRUE

    @api.model
    def _normalized(self, code):
        """Return a code as it is stored: in capitals, without outer spaces."""
        return code.strip().upper()

    @api.model
    def _checked_code(self, code):
        """Return a code as it is stored, or refuse one that is blank."""
        code = self._normalized(code or "")
        if not code:
            raise ValidationError(
                self.env._(
                    "A coupon needs a code; enter the code that customers will use."
                )
            )
        return code

    def copy_data(self, default=None):
        """Copy a coupon with the next free code: SPRING, SPRING-2."""
        vals_list = super().copy_data(default)
        taken = set()
        for coupon, vals in zip(self, vals_list, strict=True):
            if not vals.get("code"):
                vals["code"] = coupon._next_free_code(taken)
            taken.add(vals["code"])
        return vals_list

    def _next_free_code(self, taken):
        """Return the code with the lowest number that no coupon uses."""
        self.ensure_one()
        known = self.sudo().with_context(active_test=False)
        stem, number = self.code, 2
        while (code := f"{stem}-{number}") in taken or known.search_count(
            [("code", "=", code)], limit=1
        ):
            number += 1
        return code

    @api.model_create_multi
    def create(self, vals_list):
        default = self.default_get(["code"]).get("code")
        return super().create(
            [
                {**vals, "code": self._checked_code(vals.get("code", default))}
                for vals in vals_list
            ]
        )

    def write(self, vals):
        if "code" in vals:
            vals = {**vals, "code": self._checked_code(vals["code"])}
        return super().write(vals)

    @api.model
    def _find(self, code, subscription):
        """Return the coupon of a code, one of the company first, or refuse."""
        company = subscription.company_id
        coupon = self.sudo().search(
            [
                ("code", "=", self._normalized(code)),
                ("company_id", "in", (company.id, False)),
            ],
            order="company_id",
            limit=1,
        )
        if not coupon:
            raise UserError(self.env._("There is no coupon %s; check the code.", code))
        return coupon

    def _prepare_discount_values(self):
        """Return the values of the discount that the coupon grants."""
        self.ensure_one()
        return {
            "percent": self.percent,
            "fixed_amount": self.fixed_amount,
            "cycles": self.cycles,
            "coupon_id": self.id,
        }

    def _redeem(self, subscription, day):
        """Redeem the coupon for a subscription from a day, or refuse."""
        self.ensure_one()
        self._lock_redemptions()
        self._check_redeemable(subscription, day)

    def _lock_redemptions(self):
        """Let one transaction at a time count the redemptions.

        The row is written, not only locked: a transaction that waited, or began before
        the other one ended, has not seen its redemption. The database refuses to write
        the row again, and Odoo retries the transaction.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE subscription_coupon SET write_date = write_date WHERE id = %s",
                self.id,
            )
        )

    def _check_redeemable(self, subscription, day):
        if reason := self._reason_against(subscription, day):
            raise UserError(reason)

    def _reason_against(self, subscription, day):
        """Return why the coupon cannot be redeemed, None where it can."""
        self.ensure_one()
        today = subscription._today()
        earlier = self._redeemed_on()
        if (self.date_from and today < self.date_from) or (
            self.date_to and today > self.date_to
        ):
            return self.env._(
                "The coupon %s is not valid today; check its dates.", self.code
            )
        if day < today and subscription.state != "draft":
            return self.env._(
                "A coupon cannot start in the past; choose today or a later day."
            )
        if reason := self._reason_by_limits(subscription, earlier):
            return reason
        if subscription in earlier | self.discount_ids.line_id.subscription_id:
            return self._already_used(subscription)
        return None

    def _reason_against_start(self, draft):
        """Return why a draft cannot start with the coupon, None when it can.

        Its validity dates are not checked again: it was redeemed in time.
        """
        self.ensure_one()
        return self._reason_by_limits(draft, self._redeemed_on() - draft)

    def _already_used(self, subscription):
        return self.env._(
            "%(customer)s has already used the coupon %(code)s; choose another one.",
            customer=subscription.commercial_partner_id.name,
            code=self.code,
        )

    def _reason_by_limits(self, subscription, earlier):
        """Return which condition of the coupon a subscription does not meet, if any.

        `earlier` are the subscriptions that redeemed it before.
        """
        customer = subscription.commercial_partner_id
        own = earlier.filtered(lambda each: each.commercial_partner_id == customer)
        if self.max_redemptions and len(earlier) >= self.max_redemptions:
            return self.env._(
                "The coupon %s has no redemptions left; choose another one.", self.code
            )
        if self.max_per_customer and len(own) >= self.max_per_customer:
            return self._already_used(subscription)
        if not self._is_for_plan(subscription.plan_id):
            return self.env._(
                "The coupon %(code)s is not accepted on the plan %(plan)s; choose "
                "another one.",
                code=self.code,
                plan=subscription.plan_id.name,
            )
        if self.fixed_amount and self.currency_id != subscription.currency_id:
            return self.env._(
                "The coupon %(code)s is for prices in %(currency)s; choose another "
                "one.",
                code=self.code,
                currency=self.currency_id.name,
            )
        return None

    def _is_for_plan(self, plan):
        """Return whether the coupon, if there is one, is accepted on a plan."""
        return not self.plan_ids or plan in self.plan_ids
