from datetime import timedelta
from fractions import Fraction

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, formatLang

from ...billing_core.invoice_plan import reopened_from
from ..billing.invoicing import SubscriptionLineInvoicing
from ..billing.planning import SubscriptionLineBilling
from ..changes.line_changes import SubscriptionLineChanges
from ..changes.transfer_merge_align import SubscriptionLineTransfer
from ..decimals import exact
from ..discounts.discount import SubscriptionLineDiscounts
from ..discounts.grant import SubscriptionLineDiscountGrant
from ..fulfilment.fulfilment import SubscriptionLineFulfilment
from ..prices.contracted_price import SubscriptionLineContractedPrice
from ..prices.draft_repricing import SubscriptionLineDraftRepricing
from ..prices.price_simulation import SubscriptionPriceSimulationLine
from ..prices.price_version import SubscriptionPriceVersionLine
from ..quotations.subscription_line import SubscriptionLineSale
from ..renewals.renewal import SubscriptionRenewalLine
from .draft import SubscriptionDraftLine
from .internal_write import internal_write, is_internal_write, would_change
from .line_pricing import SubscriptionLinePricing
from .line_snapshot import SubscriptionLineSnapshot
from .protected_fields import LINE_FIELDS, ProtectedFields
from .trial import SubscriptionTrialLine

AGREED_FIELDS = {
    "date_start",
    "charged_from",
    "calendar_start",
    "product_uom_id",
    "pricing_rule_id",
    "category_path",
}
PRICED_FIELDS = {
    "product_id",
    "quantity",
    "price",
    "uplift_percent",
    "pricing_model",
    "plan_id",
    "kind",
}

STARTED_FIELDS = (
    PRICED_FIELDS
    | AGREED_FIELDS
    | {"date_end", "last_day", "charged_until", "charged_end", "subscription_id"}
)
"""The fields that only actions write once the subscription has started."""


class SubscriptionLine(
    SubscriptionLineInvoicing,
    SubscriptionLineBilling,
    SubscriptionLineChanges,
    SubscriptionLineTransfer,
    SubscriptionLineDiscounts,
    SubscriptionLineDiscountGrant,
    SubscriptionLineFulfilment,
    SubscriptionLineContractedPrice,
    SubscriptionLineDraftRepricing,
    SubscriptionPriceSimulationLine,
    SubscriptionPriceVersionLine,
    SubscriptionLineSale,
    SubscriptionRenewalLine,
    SubscriptionDraftLine,
    SubscriptionLinePricing,
    SubscriptionLineSnapshot,
    SubscriptionTrialLine,
    ProtectedFields,
    models.Model,
):
    _name = "subscription.line"
    _description = "Subscription Line"
    _inherit = ["analytic.mixin"]
    _order = "subscription_id, sequence, id"
    _check_company_auto = True

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="subscription_id.currency_id", store=True)
    partner_id = fields.Many2one(related="subscription_id.partner_id", store=True)
    sequence = fields.Integer(default=10)
    product_id = fields.Many2one(
        "product.product",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
        domain="[('sale_ok', '=', True)]",
    )
    name = fields.Char(
        "Description",
        help="Text of the invoice line; leave empty to use the product's.",
    )
    plan_id = fields.Many2one(
        "subscription.plan",
        "Billed By",
        compute="_compute_plan_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        ondelete="restrict",
        check_company=True,
        help="The plan whose billing interval counts for this line.",
    )
    interval_label = fields.Char("Billed", compute="_compute_interval_label")
    quantity = fields.Float(required=True, default=1.0, digits="Product Unit")
    product_uom_id = fields.Many2one(
        "uom.uom",
        "Unit",
        compute="_compute_product_uom_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        ondelete="restrict",
        domain="[('id', 'in', allowed_uom_ids)]",
    )
    allowed_uom_ids = fields.Many2many("uom.uom", compute="_compute_allowed_uom_ids")
    pricing_rule_id = fields.Many2one(
        "subscription.pricing.rule",
        compute="_compute_price",
        store=True,
        # Otherwise a form without the field would compute it again with the price.
        readonly=False,
        precompute=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    pricing_model = fields.Selection(
        lambda self: self.env["subscription.pricing.rule"]._pricing_models(),
        compute="_compute_price",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    price = fields.Float(
        compute="_compute_price",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        min_display_digits="Product Price",
        help="Agreed price for one full period; later price lists do not touch it.",
    )
    price_label = fields.Char("Price Details", related="pricing_rule_id.price_label")
    period_amount = fields.Monetary(
        "Amount", compute="_compute_amounts", store=True, help="For one full period."
    )
    monthly_amount = fields.Monetary(
        "Monthly", compute="_compute_amounts", store=True, help="Without one-off lines."
    )
    series_id = fields.Many2one(
        "subscription.line",
        "Continues",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The line that this one continues at another quantity.",
    )
    origin_id = fields.Many2one(
        "subscription.line",
        "Original Line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The first line, before changes of quantity, price or plan.",
    )
    calendar_start = fields.Date(
        "Periods Counted From",
        compute="_compute_calendar_start",
        store=True,
        readonly=False,
        precompute=True,
        help="The day from which the billing periods of this line are counted.",
    )
    date_start = fields.Date(
        "From",
        compute="_compute_date_start",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    date_end = fields.Date(help="The first day without this line; empty while open.")
    last_day = fields.Date(
        "Until", compute="_compute_last_day", inverse="_inverse_last_day"
    )
    closed_until = fields.Date(
        "Billed Until",
        readonly=True,
        copy=False,
        help="Every period that ends by this day is billed.",
    )
    billed_period_ids = fields.One2many(
        "subscription.billed.period", "line_id", "Billed Periods"
    )

    seats_used = fields.Float(
        digits="Product Unit",
        copy=False,
        help="How many of the quantity are in use, as counted by the product or a "
        "colleague. It changes no invoice; opportunity rules watch it.",
    )
    seats_used_on = fields.Date(
        "Seats Counted On",
        copy=False,
        help="Today, unless another day is given; empty until the first count.",
    )

    _seats_used_not_negative = models.Constraint(
        "CHECK (seats_used >= 0)",
        "The number of used seats is zero or more; correct the count.",
    )

    _quantity_not_negative = models.Constraint(
        "CHECK (quantity >= 0)",
        "A quantity is zero or more; end the line to take it away.",
    )
    _price_not_negative = models.Constraint(
        "CHECK (price >= 0)", "A price is zero or more."
    )
    _ends_after_start = models.Constraint(
        "CHECK (date_end IS NULL OR date_end >= date_start)",
        "A line cannot end before it starts; set a later last day.",
    )

    @api.depends("subscription_id.plan_id")
    def _compute_plan_id(self):
        for line in self:
            line.plan_id = line.plan_id or line.subscription_id.plan_id

    @api.depends("subscription_id.date_start")
    def _compute_calendar_start(self):
        for line in self:
            if line.subscription_id.state == "draft" or not line.calendar_start:
                line.calendar_start = line.subscription_id.date_start

    @api.depends("product_id")
    def _compute_product_uom_id(self):
        for line in self:
            product_uom = line.product_id.uom_id
            if line.product_uom_id not in product_uom | line.product_id.uom_ids:
                line.product_uom_id = product_uom

    @api.depends("product_id")
    def _compute_allowed_uom_ids(self):
        for line in self:
            line.allowed_uom_ids = line.product_id.uom_id | line.product_id.uom_ids

    @api.depends("subscription_id.date_start")
    def _compute_date_start(self):
        for line in self:
            # A line that joins a draft later moves when the new start is saved.
            is_draft = line.subscription_id.state == "draft"
            if not line.date_start or (is_draft and not line._joins_later()):
                line.date_start = line.subscription_id.date_start

    @api.depends(
        "kind",
        "quantity",
        "product_uom_id",
        "price",
        "pricing_model",
        "pricing_rule_id",
        "plan_id",
        "discount_ids.percent",
        "discount_ids.fixed_amount",
        "discount_ids.cycles",
        "uplift_percent",
        "subscription_id.line_ids.quantity",
        "subscription_id.line_ids.price",
        "subscription_id.line_ids.date_end",
    )
    def _compute_amounts(self):
        for line in self:
            amount = line._full_price()
            line.period_amount = amount
            line.monthly_amount = line._monthly_price()

    def _monthly_price(self):
        """Return the recurring price of a month, 0 for other kinds of charges."""
        months = self.plan_id._months_in_interval()
        if self.kind != "recurring" or not months:
            return 0.0
        return float(Fraction(self._full_price(lasting_only=True)) / months)

    @api.depends("date_end")
    def _compute_last_day(self):
        for line in self:
            line.last_day = line.date_end and line.date_end - timedelta(days=1)

    def _inverse_last_day(self):
        for line in self:
            line.date_end = line.last_day and line.last_day + timedelta(days=1)

    def _prepare_duplicate_values(self):
        """Return the values of the same line on a new subscription."""
        [values] = self.copy_data()
        for name in ("subscription_id", "date_start", "date_end", "calendar_start"):
            values.pop(name, None)
        if not self._is_price_model_offered():
            # The price is found again, by the model that the plan has now.
            del values["pricing_model"], values["price"]
        return values

    def _describe_served(self):
        """Return a short description of the served product and quantity."""
        self.ensure_one()
        product = self.product_id.display_name
        if self._is_quoted_as_one_unit() and self.quantity == 1:
            return product
        return f"{self._shown_units(exact(self.quantity))} × {product}"

    def _shown_units(self, quantity):
        """Return a number of units in the format of the language."""
        decimals = max(0, -quantity.normalize().as_tuple().exponent)
        return formatLang(self.env, float(quantity), digits=decimals)

    @api.depends("product_id", "subscription_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = (
                f"{line.subscription_id.name}: {line.product_id.display_name}"
            )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_protected_create(vals_list)
        lines = super().create(vals_list)
        lines._check_is_by_action()
        lines.filtered("seats_used")._date_seats()
        for line in lines:
            line._reopen_from(line._first_day_charged())
        lines.subscription_id._schedule_billing()
        return lines

    def write(self, vals):
        self._check_protected_write(vals)
        self._check_agreed_stays(vals)
        chains = self._steps_affected_by(vals)
        self._check_billed_stays(vals)
        ends = {line: line._end_charged() for line in self}
        seats = {line: line.seats_used for line in self}
        result = super().write(vals)
        dates = {"date_start", "date_end"} & vals.keys()
        if dates:
            self._reopen_between_ends(ends)
        if dates or PRICED_FIELDS & vals.keys():
            self.subscription_id._schedule_billing()
        for steps in chains:
            steps._link_days()
        if "subscription_id" in vals:
            self._check_is_by_action()
        if "seats_used" in vals:
            for line in self:
                counted = line._prepare_seat_count(vals.get("seats_used_on"))
                # The product may know only the line of an earlier quantity or price.
                super(SubscriptionLine, line._origin_lines()).write(counted)
            self._log_seats(seats)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        self._check_is_by_action()

    @api.model
    def _protected_fields(self):
        return LINE_FIELDS

    def _check_agreed_stays(self, vals):
        """Refuse to edit what was agreed once the subscription has started."""
        agreed = STARTED_FIELDS & vals.keys()
        for line in self if agreed else self.browse():
            if any(would_change(line, name, vals[name]) for name in agreed):
                line._check_is_by_action()

    def _check_is_by_action(self):
        """Refuse to edit the lines of a started subscription, on the server as well.

        Actions change them, each with a date and a place in the history.
        """
        if is_internal_write(self.env):
            return
        for subscription in self.subscription_id:
            if subscription.state != "draft":
                raise UserError(
                    self.env._(
                        "%s has started: its products cannot be edited in the list. "
                        "Use Change, which asks for the effective date and shows what "
                        "is invoiced.",
                        subscription.name,
                    )
                )

    def _reopen_between_ends(self, ends):
        """Reopen the periods between each former charged end and the new one."""
        for line in self:
            known = [day for day in (ends[line], line._end_charged()) if day]
            line._reopen_from(min(known, default=None))

    def _date_seats(self):
        """Date seats that were counted without a day."""
        for line in self:
            line.seats_used_on = line.seats_used_on or line.subscription_id._today()

    def _prepare_seat_count(self, day):
        """Return the values of a count of seats, dated today unless a day is given."""
        self.ensure_one()
        return {
            "seats_used": self.seats_used,
            "seats_used_on": fields.Date.to_date(day) or self._today(),
        }

    def _log_seats(self, before):
        """Post each changed number of used seats in the subscription's chatter."""
        for line in self.filtered(lambda each: each.seats_used != before[each]):
            subscription = line.subscription_id
            subscription._message_log(
                body=self.env._(
                    "Seats of %(product)s in use: %(used)s instead of %(before)s, "
                    "counted on %(day)s.",
                    product=line.product_id.display_name,
                    used=line._shown_units(exact(line.seats_used)),
                    before=line._shown_units(exact(before[line])),
                    day=format_date(self.env, line.seats_used_on),
                )
            )

    def _seats_percent(self):
        """Return the percentage of the quantity in use, or None when not counted."""
        self.ensure_one()
        counted = self._seats_counted()
        if not counted or not self.quantity:
            return None
        return counted[0] * 100 / self.quantity

    def _seats_counted(self):
        """Return (used seats, day), None where they were not counted.

        Addons that measure seats override it.
        """
        self.ensure_one()
        return (self.seats_used, self.seats_used_on) if self.seats_used_on else None

    def _check_billed_stays(self, vals):
        """Refuse to edit billed lines: a new price or quantity is a new line."""
        frozen = (PRICED_FIELDS | AGREED_FIELDS) & vals.keys()
        for line in self.filtered("closed_until") if frozen else self.browse():
            for name in frozen:
                field = line._fields[name]
                if field.convert_to_write(line[name], line) != vals[name]:
                    raise UserError(
                        self.env._(
                            "%(line)s was billed until %(day)s and keeps its "
                            "%(field)s; end the line and add another instead.",
                            line=line.display_name,
                            day=line.closed_until - timedelta(days=1),
                            field=field._description_string(self.env).lower(),
                        )
                    )

    def _reopen_from(self, day):
        """Reopen the periods from `day`: the next billing calculates them again.

        Lines of one original line may be charged for days of each other, and a
        percent of the total depends on all lines.
        """
        if not day:
            return
        for line in self:
            shares = line.subscription_id.line_ids.filtered(
                lambda each: each.pricing_model == "percent_of_total"
            )
            for each in line | line._origin_lines() | shares:
                if each.closed_until and each.closed_until > day:
                    internal_write(each).closed_until = reopened_from(
                        each._snapshot_line(), day
                    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        for line in self.with_context(active_test=False):
            if line.billed_period_ids:
                raise UserError(
                    self.env._(
                        "%s was billed and cannot be deleted; set its last day.",
                        line.display_name,
                    )
                )
