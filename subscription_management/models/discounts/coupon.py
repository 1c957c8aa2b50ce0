from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...billing_core.discounts import Discount
from ...billing_core.errors import BillingError
from ..decimals import exact
from ..error_messages import translated
from .discount import AMOUNT_OFF_HELP, CYCLES_HELP


class SubscriptionCoupon(models.Model):
    """A code that takes something off the price, within limits."""

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
    percent = fields.Float("Percent Off", digits=(16, 4), tracking=True)
    fixed_amount = fields.Monetary(
        "Amount Off",
        help=AMOUNT_OFF_HELP,
    )
    cycles = fields.Integer(
        "Number of Periods",
        help=CYCLES_HELP,
    )
    date_from = fields.Date("Valid From")
    date_to = fields.Date("Valid Until", help="The last day on which it is accepted.")
    max_redemptions = fields.Integer(
        "Times in All", help="Leave at 0 for as often as wanted."
    )
    max_per_customer = fields.Integer(
        "Times per Customer", default=1, help="Leave at 0 for as often as wanted."
    )
    plan_ids = fields.Many2many(
        "subscription.plan", string="Plans", help="Leave empty for every plan."
    )
    discount_ids = fields.One2many("subscription.discount", "coupon_id")
    redemption_count = fields.Integer(
        "Redeemed", compute="_compute_redemption_count", compute_sudo=True
    )

    _code_unique = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))",
        "This code exists already; choose another one.",
    )

    _limits_not_negative = models.Constraint(
        "CHECK (cycles >= 0 AND max_redemptions >= 0 AND max_per_customer >= 0)",
        "The periods and the limits of a coupon are zero or more; 0 is for no limit.",
    )
    _dates_in_order = models.Constraint(
        "CHECK (date_from IS NULL OR date_to IS NULL OR date_from <= date_to)",
        "A coupon must be valid for at least one day: set the last day later.",
    )

    def _compute_redemption_count(self):
        for coupon in self:
            coupon.redemption_count = len(coupon._redeemed_on())

    def _redeemed_on(self):
        """Return the subscriptions that count, each where it was first granted.

        What was cancelled before its first paid day took nothing off.
        """
        counted = self.discount_ids.filtered(
            lambda discount: (
                not discount.line_id.subscription_id._is_cancelled_before_paid()
            )
        )
        return counted.redeemed_on_id

    def action_view_subscriptions(self):
        """Show the subscriptions on which the coupon was redeemed."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_subscription_action"
        )
        domain = [("line_ids.discount_ids.coupon_id", "=", self.id)]
        return {**action, "domain": domain, "context": {}}

    # With the code, which every coupon is made with: the others may be left out.
    @api.constrains("code", "percent", "fixed_amount")
    def _check_discount(self):
        for coupon in self:
            if not coupon.percent and not coupon.fixed_amount:
                raise ValidationError(
                    self.env._(
                        "The coupon %s takes nothing off; give a percentage or an "
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
        """Refuse a code that would mean two coupons in some company.

        Within a company, and among those of all companies, the database does.
        """
        for coupon in self:
            others = Domain("company_id", "=" if coupon.company_id else "!=", False)
            twin = self.with_context(active_test=False).search(
                others & Domain("code", "=", coupon.code), limit=1
            )
            if twin and coupon.company_id:
                raise ValidationError(
                    self.env._(
                        "The coupon %s exists already for all companies; choose "
                        "another code.",
                        coupon.code,
                    )
                )
            if twin:
                raise ValidationError(
                    self.env._(
                        "The coupon %(code)s exists already in %(company)s; choose "
                        "another code, or a company for this coupon.",
                        code=coupon.code,
                        company=twin.company_id.name,
                    )
                )

    @api.model
    def _check_company_domain(self, companies):
        """Let what all companies share name a coupon of one of them.

        It counts for subscriptions of that company only.
        """
        return super()._check_company_domain(companies) if companies else Domain.TRUE

    @api.model
    def _normalized(self, code):
        """Return a code as it is stored: people type it in any case."""
        return code.strip().upper()

    @api.model
    def _given_code(self, code):
        """Return a code as it is stored, or refuse one that is blank."""
        code = self._normalized(code or "")
        if not code:
            raise ValidationError(
                self.env._("A coupon needs a code; write what customers will give.")
            )
        return code

    def copy_data(self, default=None):
        """Copy what a coupon grants, with a code of its own: SPRING, SPRING-2."""
        vals_list = super().copy_data(default)
        taken = set()
        for coupon, vals in zip(self, vals_list, strict=True):
            if not vals.get("code"):
                vals["code"] = coupon._next_free_code(taken)
            taken.add(vals["code"])
        return vals_list

    def _next_free_code(self, taken):
        """Return the code with the lowest number that no coupon of any company has."""
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
        given = self.default_get(["code"]).get("code")
        return super().create(
            [
                {**vals, "code": self._given_code(vals.get("code", given))}
                for vals in vals_list
            ]
        )

    def write(self, vals):
        if "code" in vals:
            vals = {**vals, "code": self._given_code(vals["code"])}
        return super().write(vals)

    @api.model
    def _find(self, code, subscription):
        """Return the coupon of a code, the company's own first, or refuse."""
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
            raise UserError(
                self.env._("There is no coupon %s; check the spelling.", code)
            )
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
        """Let a subscription have the coupon from a day on, or refuse."""
        self.ensure_one()
        self._lock_redemptions()
        self._check_redeemable(subscription, day)

    def _lock_redemptions(self):
        """Let one transaction at a time count how often the coupon was redeemed.

        The row is written, not only locked. Whoever waited, or began before the other
        one ended, has not seen what that redeemed: the database refuses a row that was
        written since, and Odoo begins anew with what is true by then.
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
        """Return why the coupon cannot be redeemed, None when it can."""
        self.ensure_one()
        today = subscription._today()
        earlier = self._redeemed_on()
        if (self.date_from and today < self.date_from) or (
            self.date_to and today > self.date_to
        ):
            return self.env._("The coupon %s is not valid today.", self.code)
        if day < today and subscription.state != "draft":
            return self.env._("A coupon counts from today on, or later; choose a day.")
        if reason := self._reason_by_limits(subscription, earlier):
            return reason
        if subscription in earlier | self.discount_ids.line_id.subscription_id:
            return self._used_already(subscription)
        return None

    def _reason_to_take_off(self, draft):
        """Return why a draft cannot start with the coupon, None when it can.

        The days of the coupon do not count any more: it was redeemed in time.
        """
        self.ensure_one()
        return self._reason_by_limits(draft, self._redeemed_on() - draft)

    def _used_already(self, subscription):
        return self.env._(
            "%(customer)s has used the coupon %(code)s already.",
            customer=subscription.commercial_partner_id.name,
            code=self.code,
        )

    def _reason_by_limits(self, subscription, earlier):
        """Return which limit or what else of the coupon a subscription is beyond.

        `earlier` are the subscriptions on which it was redeemed before.
        """
        customer = subscription.commercial_partner_id
        own = earlier.filtered(lambda each: each.commercial_partner_id == customer)
        if self.max_redemptions and len(earlier) >= self.max_redemptions:
            return self.env._("The coupon %s has been used up.", self.code)
        if self.max_per_customer and len(own) >= self.max_per_customer:
            return self._used_already(subscription)
        if not self._is_for_plan(subscription.plan_id):
            return self.env._(
                "The coupon %(code)s is not for the plan %(plan)s.",
                code=self.code,
                plan=subscription.plan_id.name,
            )
        if self.fixed_amount and self.currency_id != subscription.currency_id:
            return self.env._(
                "The coupon %(code)s is for prices in %(currency)s.",
                code=self.code,
                currency=self.currency_id.name,
            )
        return None
