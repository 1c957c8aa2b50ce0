"""Lines of orders: products sold on a plan, and changes of subscription lines."""

from itertools import compress

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ..decimals import exact
from ..subscriptions.line_pricing import CHARGE_KINDS

SHARE_BASE_FIELDS = {
    "product_id",
    "product_uom_qty",
    "price_unit",
    "discount",
    "managed_plan_id",
}
"""Fields of a line on which prices that are a percent of the total depend."""

EFFECTS = [
    ("quantity", "Quantity Change"),
    ("removed", "Removed"),
    ("replacement", "Replacement"),
    ("share", "Adjusted Share"),
]


class SaleOrderLine(models.Model):
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
        help="How often the product is billed, and at which price. Leave empty for "
        "one-time products.",
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
        help="The recurring amount of the line per month, without taxes.",
    )
    managed_subscription_line_ids = fields.One2many(
        "subscription.line", "order_line_id", "Subscription Lines"
    )
    managed_line_id = fields.Many2one(
        "subscription.line",
        "Subscription Line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The line of the subscription that this one renews, changes or ends.",
    )
    managed_effect = fields.Selection(
        EFFECTS,
        "Effect",
        readonly=True,
        copy=False,
        help="The effect on the line of the subscription.\n"
        "Quantity Change: the quantity here is the difference.\n"
        "Removed: the service of the line ends, or a replacement follows.\n"
        "Replacement: replaces a removed line.\n"
        "Adjusted Share: its price is a percent of changed lines.",
    )

    @api.constrains("managed_line_id", "product_id")
    def _check_line_of_subscription(self):
        for line in self.sudo().filtered("managed_line_id"):
            served = line.managed_line_id
            is_allowed_product = (
                line.display_type
                or line.managed_effect == "replacement"
                or line.product_id == served.product_id
            )
            if (
                served.subscription_id != line.order_id.managed_subscription_id
                or not is_allowed_product
            ):
                raise ValidationError(
                    self.env._(
                        "The product of %s cannot be changed here; change it on the "
                        "subscription first, and update the quotation.",
                        served.product_id.display_name,
                    )
                )

    @api.depends("product_id")
    def _compute_managed_plan_id(self):
        """Propose the plan of the other lines, or the first one, with a price."""
        for line in self:
            offering = line._available_plans()
            if line.managed_plan_id not in offering:
                beside = (line.order_id.order_line - line).managed_plan_id
                line.managed_plan_id = (beside & offering or offering)[:1]

    @api.model_create_multi
    def create(self, vals_list):
        # The host stores a price that is given here as the computed one.
        given = [
            "price_unit" in vals and "technical_price_unit" not in vals
            for vals in vals_list
        ]
        lines = super().create(vals_list)
        lines.browse(compress(lines.ids, given))._store_plan_prices()
        lines.order_id._reprice_shares()
        return lines

    def _store_plan_prices(self):
        """Store the prices of the plans beside prices that were given with the lines.

        A different given price then counts as edited.
        """
        planned = self.filtered(lambda line: line._is_sold_on_plan())
        for order, lines in planned.grouped("order_id").items():
            for line, price in order._purpose().plan_prices(lines):
                computed_line = line.with_context(sale_write_from_compute=True)
                computed_line.technical_price_unit = price

    def write(self, vals):
        result = super().write(vals)
        is_computed = self.env.context.get("sale_write_from_compute")
        if SHARE_BASE_FIELDS & vals.keys() and not is_computed:
            self.order_id._reprice_shares()
        return result

    def unlink(self):
        """Delete removed lines together with their replacements."""
        lines = self | self._replacement_siblings()
        quotations = lines.order_id.filtered("managed_purpose")
        result = super(SaleOrderLine, lines).unlink()
        quotations.exists()._reprice_shares()
        return result

    def _replacement_siblings(self):
        """Return the removed lines and replacements of the same subscription lines."""
        effects = ("removed", "replacement")
        paired = self.filtered(lambda line: line.managed_effect in effects)
        return paired.order_id.order_line.filtered(
            lambda line: (
                line.managed_effect in effects
                and line.managed_line_id in paired.managed_line_id
            )
        )

    def _available_plans(self):
        """Return the plans with a published price of the product, in their order."""
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
        """Return the pricing rule of the product on its plan, if any."""
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
        """Return whether the price is a percent of other lines."""
        self.ensure_one()
        served = self.managed_line_id
        priced = self._pricing_rule() if self.managed_plan_id or not served else served
        return priced.pricing_model == "percent_of_total"

    @api.depends(
        "price_subtotal", "managed_plan_id", "managed_line_id", "managed_charge_kind"
    )
    def _compute_managed_monthly_amount(self):
        for line in self:
            renewed = line.managed_line_id.sudo()
            plan = line.managed_plan_id or renewed.plan_id
            kind = line.managed_charge_kind or renewed.kind
            months = float(plan._months_in_interval())
            is_recurring = kind == "recurring" and months
            line.managed_monthly_amount = (
                line.price_subtotal / months if is_recurring else 0.0
            )

    @api.depends(
        "managed_charge_kind",
        "managed_plan_id",
        "managed_effect",
        "managed_line_id",
        "product_uom_qty",
    )
    @api.depends_context("lang")
    def _compute_managed_interval_label(self):
        """Show the interval of recurring lines, and the effect of changes."""
        for line in self:
            if line.managed_effect:
                plan = line.managed_plan_id or line.managed_line_id.sudo().plan_id
                label = line._describe_effect(plan.interval_label)
            else:
                is_once = line.managed_charge_kind == "one_off"
                label = not is_once and line.managed_plan_id.interval_label
            line.managed_interval_label = label

    def _describe_effect(self, interval):
        """Return the effect of the line as customers read it."""
        self.ensure_one()
        if self.managed_effect == "quantity":
            if self.product_uom_qty < 0:
                return self.env._("%s, fewer units", interval)
            return self.env._("%s, additional units", interval)
        if self.managed_effect == "removed":
            return self.env._("%s, removed", interval)
        if self.managed_effect == "replacement":
            return self.env._("%s, replacement", interval)
        return self.env._("%s, adjusted as a share of the change", interval)

    def _with_effect(self, effect):
        return self.filtered(lambda line: line.managed_effect == effect)

    # --- Kinds of lines ---

    def _is_recurring(self):
        """Return whether the line starts a recurring charge."""
        self.ensure_one()
        return self._is_sold_on_plan() and self.managed_charge_kind != "one_off"

    def _is_sold_on_plan(self):
        """Return whether the line adds a product that a subscription bills."""
        self.ensure_one()
        return bool(
            self.managed_plan_id and not self.display_type and not self.managed_line_id
        )

    def _is_billed_in_plan(self):
        """Return whether the price follows from a plan or a subscription line."""
        self.ensure_one()
        return bool(self.managed_line_id) or self._is_sold_on_plan()

    def _is_same_offer(self):
        """Return whether product and plan are those of the subscription line."""
        self.ensure_one()
        served, plan = self.managed_line_id, self.managed_plan_id
        return served.product_id == self.product_id and plan in (False, served.plan_id)

    def _is_fee(self):
        """Return whether the line is a one-time fee of the first subscription invoice.

        The order itself invoices goods, and services by delivered quantity.
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
        """Return whether a subscription invoices the line, and the order never does."""
        self.ensure_one()
        return bool(
            self.managed_line_id
            or self._is_sold_on_plan()
            or self.sudo().managed_subscription_line_ids
        )

    # --- Prices and invoicing ---

    @api.depends("managed_plan_id", "managed_line_id")
    def _compute_price_unit(self):
        """Price products of plans by the code that bills them."""
        planned = self.filtered(lambda line: line._is_billed_in_plan())
        for order in planned.order_id:
            order._purpose().update_prices(planned)
        return super(SaleOrderLine, self - planned)._compute_price_unit()

    @api.depends("managed_plan_id", "managed_line_id")
    def _compute_discount(self):
        """Apply no discount of the pricelist to prices of plans."""
        planned = self.filtered(lambda line: line._is_billed_in_plan())
        for line in planned:
            line.discount = line.discount or 0.0
        return super(SaleOrderLine, self - planned)._compute_discount()

    def _update_plan_price(self, price):
        """Take the current price of the plan, unless the price was edited."""
        self.ensure_one()
        is_edited = self.price_unit != self.technical_price_unit
        is_forced = self.env.context.get("force_price_recomputation")
        if (is_forced or not is_edited) and self.technical_price_unit != price:
            line = self.with_context(sale_write_from_compute=True)
            line.update({"price_unit": price, "technical_price_unit": price})

    def _has_edited_price(self):
        """Return whether the price differs from the subscription's."""
        self.ensure_one()
        return bool(self.discount) or self.price_unit != self.technical_price_unit

    def _differs_from(self, price):
        """Return whether the amount differs from that of a unit price."""
        self.ensure_one()
        quoted = self.price_unit * (1 - self.discount / 100) * self.product_uom_qty
        return bool(
            self.currency_id.compare_amounts(quoted, price * self.product_uom_qty)
        )

    @api.depends("managed_plan_id", "managed_line_id", "managed_subscription_line_ids")
    def _compute_qty_to_invoice(self):
        """Set no quantity to invoice where a subscription bills the line."""
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
        """Return the values of the subscription line that the order line starts."""
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
        """Return the price in the plan that bills the edited price per period."""
        self.ensure_one()
        if self._pricing_rule().pricing_model == "flat":
            return self.price_unit * self.product_uom_qty
        return self._price_per_product_unit(self.price_unit)

    def _price_per_product_unit(self, price):
        """Return a price per unit of the line as a price per unit of the product."""
        self.ensure_one()
        units = self.product_id._units_in(self.product_uom_id)
        return float(exact(price) / units)

    def _custom_description(self):
        """Return the description if it was edited, False otherwise."""
        self.ensure_one()
        own = self._get_sale_order_line_multiline_description_sale()
        return self.name if self.name != own else False

    def _check_price_can_be_edited(self, priced):
        """Refuse an edited price where no single price can replace the plan's."""
        self.ensure_one()
        is_edited = self.price_unit != self.technical_price_unit
        if is_edited and not priced._has_one_price():
            raise UserError(
                self.env._(
                    "The price of %s is computed from tiers, packages, a percent of "
                    "the total, or limits; enter a discount in percent instead of a "
                    "price.",
                    self.product_id.display_name,
                )
            )
