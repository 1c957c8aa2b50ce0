from itertools import compress

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..decimals import exact
from ..subscriptions.line import MONTHS_IN_UNIT
from ..subscriptions.line_pricing import CHARGE_KINDS

SHARE_BASE_FIELDS = {"product_id", "product_uom_qty", "price_unit", "discount"} | {
    "managed_plan_id"
}
"""What of a line moves the price of those that are a share of the total."""


class SaleOrderLine(models.Model):
    """A product that is sold on a plan: billed each period, not by the order."""

    _inherit = "sale.order.line"

    managed_plan_id = fields.Many2one(
        "subscription.plan",
        "Plan",
        compute="_compute_managed_plan_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="['|', ('company_id', '=', False), ('company_id', '=', company_id)]",
        help="How often it is billed, and at which price; empty for what is sold once.",
    )
    managed_interval_label = fields.Char(
        "Billed", compute="_compute_managed_interval_label"
    )
    managed_charge_kind = fields.Selection(
        CHARGE_KINDS,
        "Charged",
        compute="_compute_managed_charge_kind",
        store=True,
        precompute=True,
    )
    managed_monthly_amount = fields.Monetary(
        "Per Month",
        compute="_compute_managed_monthly_amount",
        help="What the line comes to for one month, without taxes.",
    )
    managed_subscription_line_ids = fields.One2many(
        "subscription.line", "order_line_id", "Subscription Lines"
    )

    @api.depends("product_id")
    def _compute_managed_plan_id(self):
        """Sell on the plan of the lines above, or the first one, that has a price."""
        for line in self:
            offering = line._available_plans()
            if line.managed_plan_id not in offering:
                beside = (line.order_id.order_line - line).managed_plan_id
                line.managed_plan_id = (beside & offering or offering)[:1]

    @api.model_create_multi
    def create(self, vals_list):
        # The host takes a price that is given here for the listed one.
        given = [
            "price_unit" in vals and "technical_price_unit" not in vals
            for vals in vals_list
        ]
        lines = super().create(vals_list)
        lines.browse(compress(lines.ids, given))._note_plan_prices()
        lines.order_id._follow_shares()
        return lines

    def _note_plan_prices(self):
        """Note what the plan asks for, where the price was given with the line.

        Another price is thereby one that was typed, and is agreed.
        """
        planned = self.filtered(lambda line: line._is_sold_on_plan())
        for order, lines in planned.grouped("order_id").items():
            for line, price in order._prices_by_plans(lines):
                noting_line = line.with_context(sale_write_from_compute=True)
                noting_line.technical_price_unit = price

    def write(self, vals):
        result = super().write(vals)
        follows = self.env.context.get("sale_write_from_compute")
        if SHARE_BASE_FIELDS & vals.keys() and not follows:
            self.order_id._follow_shares()
        return result

    def _available_plans(self):
        """Return the plans with a price of the product, the first ones first."""
        self.ensure_one()
        if not self.product_id or self.display_type or self.managed_line_id:
            return self.env["subscription.plan"]
        rules = self.env["subscription.pricing.rule"].sudo()
        company = self.company_id or self.env.company
        offered = rules.search(
            [
                ("product_id", "=", self.product_id.id),
                ("state", "=", "published"),
                ("plan_id.active", "=", True),
                ("company_id", "in", (False, company.id)),
                ("currency_id", "=", (self.currency_id or company.currency_id).id),
            ]
        )
        return offered.plan_id.sorted().sudo(False)

    @api.depends("managed_plan_id", "product_id")
    def _compute_managed_charge_kind(self):
        kinds = self.env["subscription.line"]
        for line in self:
            kind = kinds._kind_by_rule(line._pricing_rule()) or "recurring"
            line.managed_charge_kind = line.managed_plan_id and kind

    def _pricing_rule(self):
        """Return the rule by which what is sold on a plan is priced, if any."""
        self.ensure_one()
        rules = self.env["subscription.pricing.rule"].sudo()
        order = self.order_id
        if not (self.managed_plan_id and self.product_id and order):
            return rules
        return rules._find(
            self.managed_plan_id,
            self.product_id,
            order.currency_id,
            order._service_start_date(),
            order.partner_id,
        )

    def _is_percent_of_total(self):
        """Tell whether the price follows what other lines cost."""
        self.ensure_one()
        return self._pricing_rule().pricing_model == "percent_of_total"

    @api.depends(
        "price_subtotal", "managed_plan_id", "managed_line_id", "managed_charge_kind"
    )
    def _compute_managed_monthly_amount(self):
        for line in self:
            renewed = line.managed_line_id.sudo()
            plan = line.managed_plan_id or renewed.plan_id
            kind = line.managed_charge_kind or renewed.kind
            months = plan.interval_count * MONTHS_IN_UNIT.get(plan.interval_unit, 1)
            is_recurring = kind == "recurring" and months
            line.managed_monthly_amount = (
                line.price_subtotal / months if is_recurring else 0.0
            )

    @api.depends("managed_charge_kind", "managed_plan_id")
    @api.depends_context("lang")
    def _compute_managed_interval_label(self):
        """Say how often what is billed comes again, nothing of what is sold once."""
        for line in self:
            is_once = line.managed_charge_kind == "one_off"
            label = line.managed_plan_id.interval_label
            line.managed_interval_label = not is_once and label

    def _is_recurring(self):
        """Tell whether the line begins something that is paid again each period."""
        self.ensure_one()
        return self._is_sold_on_plan() and self.managed_charge_kind != "one_off"

    def _is_sold_on_plan(self):
        """Tell whether the line begins something that is billed each period."""
        self.ensure_one()
        return bool(
            self.managed_plan_id and not self.display_type and not self.managed_line_id
        )

    def _is_fee(self):
        """Tell whether the line is charged once, on the first invoice of what recurs.

        Goods, and what is invoiced by what was delivered, stay with the order.
        """
        self.ensure_one()
        return bool(
            not (self.managed_plan_id or self.managed_line_id or self.display_type)
            and not (self.is_downpayment or self.combo_item_id or self.is_expense)
            and self.product_id.type == "service"
            and self.product_id.invoice_policy == "order"
            and self.price_subtotal >= 0
            and not (self._is_discount_line() or self._is_delivery())
        )

    def _is_billed_by_subscription(self):
        """Tell whether a subscription invoices the line, and the order never does."""
        self.ensure_one()
        return bool(
            self.managed_line_id
            or self._is_sold_on_plan()
            or self.sudo().managed_subscription_line_ids
        )

    @api.depends("managed_plan_id")
    def _compute_price_unit(self):
        """Price what is sold on a plan by the code that bills it."""
        planned = self.filtered(lambda line: line._is_sold_on_plan())
        for order in planned.order_id:
            order._price_by_plans(planned)
        return super(SaleOrderLine, self - planned)._compute_price_unit()

    @api.depends("managed_plan_id")
    def _compute_discount(self):
        """Leave the pricelist's discounts to the order: a plan's price is its own."""
        planned = self.filtered(lambda line: line._is_sold_on_plan())
        for line in planned:
            line.discount = line.discount or 0.0
        return super(SaleOrderLine, self - planned)._compute_discount()

    def _update_plan_price(self, price):
        """Take the price that the plan has now, unless another one was typed."""
        self.ensure_one()
        is_typed = self.price_unit != self.technical_price_unit
        is_forced = self.env.context.get("force_price_recomputation")
        if (is_forced or not is_typed) and self.technical_price_unit != price:
            line = self.with_context(sale_write_from_compute=True)
            line.update({"price_unit": price, "technical_price_unit": price})

    @api.depends("managed_plan_id", "managed_line_id", "managed_subscription_line_ids")
    def _compute_qty_to_invoice(self):
        """Leave to the subscription what it bills."""
        billed = self.filtered(lambda line: line._is_billed_by_subscription())
        billed.qty_to_invoice = 0.0
        return super(SaleOrderLine, self - billed)._compute_qty_to_invoice()

    @api.depends("managed_plan_id", "managed_line_id", "managed_subscription_line_ids")
    def _compute_untaxed_amount_to_invoice(self):
        billed = self.filtered(lambda line: line._is_billed_by_subscription())
        billed.untaxed_amount_to_invoice = 0.0
        return super(SaleOrderLine, self - billed)._compute_untaxed_amount_to_invoice()

    @api.depends("managed_plan_id", "managed_line_id", "managed_subscription_line_ids")
    def _compute_amount_to_invoice(self):
        billed = self.filtered(lambda line: line._is_billed_by_subscription())
        billed.amount_to_invoice = 0.0
        return super(SaleOrderLine, self - billed)._compute_amount_to_invoice()

    def _prepare_subscription_line_values(self, plan):
        """Return the values of the subscription's line that serves what was ordered."""
        self.ensure_one()
        values = {
            "order_line_id": self._origin.id,
            "sequence": self.sequence,
            "product_id": self.product_id.id,
            "product_uom_id": self.product_uom_id.id,
            "plan_id": (self.managed_plan_id or plan).id,
            "quantity": self.product_uom_qty,
            "name": self._custom_description(),
            "analytic_distribution": self.analytic_distribution,
        }
        if self._is_fee():
            price = self._price_per_product_unit(
                self.price_unit * (1 - self.discount / 100)
            )
            once = {"kind": "one_off", "pricing_model": "per_unit", "price": price}
            return {**values, **once}
        if self.price_unit != self.technical_price_unit:
            values["price"] = self._agreed_price()
        if self.discount:
            day = self.order_id._service_start_date()
            granted = {"percent": self.discount, "date_start": day}
            values["discount_ids"] = [Command.create(granted)]
        return values

    def _agreed_price(self):
        """Return the price in the plan at which a period costs what was typed here."""
        self.ensure_one()
        if self._pricing_rule().pricing_model == "flat":
            return self.price_unit * self.product_uom_qty
        return self._price_per_product_unit(self.price_unit)

    def _price_per_product_unit(self, price):
        """Return what a price for the unit of the line is for the product's own."""
        self.ensure_one()
        units = self.product_id._units_in(self.product_uom_id)
        return float(exact(price) / units)

    def _custom_description(self):
        """Return the text that was typed, False for the product's own."""
        self.ensure_one()
        own = self._get_sale_order_line_multiline_description_sale()
        return self.name if self.name != own else False

    def _check_price_can_be_edited(self, priced):
        """Refuse another price than that of tiers and shares; it has none to change."""
        self.ensure_one()
        is_typed = self.price_unit != self.technical_price_unit
        if is_typed and not priced._has_one_price():
            raise UserError(
                self.env._(
                    "The price of %s follows from its tiers, packages, shares or "
                    "bounds: give a discount in percent instead of another price.",
                    self.product_id.display_name,
                )
            )
