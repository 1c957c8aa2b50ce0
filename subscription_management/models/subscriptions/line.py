from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...billing_core.invoice_plan import reopened_from
from .internal_write import internal_write

MONTHS_IN_UNIT = {
    "day": 12 / 365,
    "week": 12 / 52,
    "month": 1,
    "quarter": 3,
    "half_year": 6,
    "year": 12,
}
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


class SubscriptionLine(models.Model):
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
        # Else a form, which does not show it, would compute it anew with the price.
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
        help="The line that this one goes on with, at another quantity.",
    )
    origin_id = fields.Many2one(
        "subscription.line",
        "Goes Back To",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="What was agreed first, before changes of quantity, price or plan.",
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
            # What joins a draft later is moved once its new start is saved.
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
            plan = line.plan_id
            months = plan.interval_count * MONTHS_IN_UNIT.get(plan.interval_unit, 1)
            recurring = line.kind == "recurring" and months
            lasting = line._full_price(lasting_only=True) if recurring else 0
            line.monthly_amount = float(lasting) / months if recurring else 0.0

    @api.depends("date_end")
    def _compute_last_day(self):
        for line in self:
            line.last_day = line.date_end and line.date_end - timedelta(days=1)

    def _inverse_last_day(self):
        for line in self:
            line.date_end = line.last_day and line.last_day + timedelta(days=1)

    def _prepare_duplicate_values(self):
        """Return the values of the same line on a subscription that begins anew."""
        [values] = self.copy_data()
        for name in ("subscription_id", "date_start", "date_end", "calendar_start"):
            values.pop(name, None)
        return values

    @api.depends("product_id", "subscription_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = (
                f"{line.subscription_id.name}: {line.product_id.display_name}"
            )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        for line in lines:
            line._reopen_from(line._first_day_charged())
        lines.subscription_id._schedule_billing()
        return lines

    def write(self, vals):
        self._check_billed_stays(vals)
        before = {line: line._end_charged() for line in self}
        result = super().write(vals)
        if {"date_start", "date_end"} & vals.keys():
            for line in self:
                ends = [day for day in (before[line], line._end_charged()) if day]
                line._reopen_from(min(ends, default=None))
        if PRICED_FIELDS & vals.keys() or {"date_start", "date_end"} & vals.keys():
            self.subscription_id._schedule_billing()
        return result

    def _check_billed_stays(self, vals):
        """Refuse to rewrite what was billed: a new price or quantity is a new line."""
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
        """Let the days from `day` on be looked at again by the next billing.

        What goes back to one line may be charged for days of each other, and shares of
        the total depend on all.
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
