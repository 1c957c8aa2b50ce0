"""Orders that start subscriptions, and quotations about existing ones."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..plans.plan_policies import CHANGE_POLICIES
from ..quotations.cancellation import CancellationQuotation
from ..quotations.change import ChangeQuotation
from ..quotations.purpose import OPEN_QUOTATION
from ..quotations.renewal import RenewalQuotation
from .new_subscriptions import NewSubscriptions

PURPOSES = {
    False: NewSubscriptions,
    "renewal": RenewalQuotation,
    "change": ChangeQuotation,
    "cancellation": CancellationQuotation,
}
"""The strategy of an order by `managed_purpose`."""

REPRICED_FIELDS = {
    "partner_id",
    "managed_start_date",
    "pricelist_id",
    "managed_change_policy",
}
"""Fields of an order on which the prices of its plans depend."""

BASIS_FIELDS = {
    "managed_subscription_id",
    "managed_purpose",
    "managed_base_change_id",
    "managed_renews_from",
}
"""Fields that say on which state of which subscription a quotation is based."""

CONFIRMATION_FIELDS = {"managed_change_id", "managed_move_ids"}
"""Fields that only a confirmation sets."""

EDITABLE_PRICE_FIELDS = ("pricing_model", "price")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    managed_start_date = fields.Date(
        "Start Date",
        copy=False,
        help="The first day of the service, or of the change. Leave empty for the day "
        "that follows from the plan, such as the day of the confirmation.",
    )
    managed_started_ids = fields.One2many(
        "subscription.subscription",
        "order_id",
        "Subscriptions",
        readonly=True,
        groups="subscription_management.group_subscription_user",
    )
    managed_started_count = fields.Integer(
        compute="_compute_managed_started_count", compute_sudo=True
    )
    managed_has_plans = fields.Boolean(compute="_compute_managed_has_plans")
    managed_shows_plans = fields.Boolean(
        compute="_compute_managed_shows_plans",
        help="The order has a product that is or could be sold on a plan.",
    )
    managed_totals = fields.Html(compute="_compute_managed_totals", sanitize=False)
    managed_monthly_amount = fields.Monetary(
        "Monthly Recurring",
        compute="_compute_managed_monthly_amount",
        help="The recurring amount of the order per month, without taxes.",
    )

    managed_subscription_id = fields.Many2one(
        "subscription.subscription",
        "Subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="subscription_management.group_subscription_user",
    )
    managed_purpose = fields.Selection(
        [
            ("renewal", "Renewal"),
            ("change", "Change"),
            ("cancellation", "Cancellation"),
        ],
        "Purpose",
        readonly=True,
        copy=False,
        help="The effect of the confirmation on the subscription.",
    )
    managed_base_change_id = fields.Many2one(
        "subscription.change",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups="subscription_management.group_subscription_user",
        help="The newest change of the subscription when the quotation was made.",
    )
    managed_confirmation_error = fields.Char(
        compute="_compute_managed_confirmation_error",
        help="The reason why the quotation cannot be confirmed.",
    )
    managed_renews_from = fields.Date(
        "Renewed From",
        readonly=True,
        copy=False,
        help="The first day of the offered term.",
    )
    managed_change_policy = fields.Selection(
        CHANGE_POLICIES,
        "Current Period",
        copy=False,
        help="How the change is charged in the current period. Leave empty for the "
        "policy of the plan.",
    )
    managed_change_reason = fields.Char(
        "Reason", copy=False, help="Shown in the history of the subscription."
    )
    managed_cancellation_reason_id = fields.Many2one(
        "subscription.cancellation.reason",
        "Cancellation Reason",
        copy=False,
        readonly=True,
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    managed_change_id = fields.Many2one(
        "subscription.change",
        "Applied Change",
        copy=False,
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        groups="subscription_management.group_subscription_user",
        help="The change that the confirmation made.",
    )
    managed_move_ids = fields.Many2many(
        "account.move",
        "sale_order_managed_move_rel",
        string="Invoices of the Change",
        copy=False,
        readonly=True,
        help="Invoices and credit notes made by the confirmation.",
    )

    _managed_purpose_of_subscription = models.Constraint(
        "CHECK((managed_subscription_id IS NULL) = (managed_purpose IS NULL))",
        "A quotation about a subscription needs a purpose, and only such a quotation "
        "has one.",
    )

    # --- Purpose ---

    @api.model
    def _purposes(self):
        """Return the strategy class by purpose; addons add theirs."""
        return PURPOSES

    def _purpose(self):
        """Return the strategy of the order."""
        self.ensure_one()
        return self._purposes()[self.managed_purpose](self)

    # --- Computed fields ---

    @api.depends("managed_started_ids")
    def _compute_managed_started_count(self):
        for order in self:
            order.managed_started_count = len(order.managed_started_ids)

    @api.depends(
        "managed_purpose", "order_line.managed_plan_id", "order_line.managed_line_id"
    )
    def _compute_managed_has_plans(self):
        for order in self:
            order.managed_has_plans = order._purpose().has_plans()

    @api.depends("managed_has_plans", "order_line.product_id")
    def _compute_managed_shows_plans(self):
        for order in self:
            order.managed_shows_plans = order.managed_has_plans or any(
                line._available_plans() for line in order.order_line
            )

    @api.depends("order_line.managed_monthly_amount")
    def _compute_managed_monthly_amount(self):
        for order in self:
            order.managed_monthly_amount = sum(
                order.order_line.mapped("managed_monthly_amount")
            )

    @api.depends(
        "managed_purpose",
        "managed_start_date",
        "managed_change_policy",
        "partner_id",
        "order_line.managed_plan_id",
        "order_line.discount",
        "order_line.price_subtotal",
        "order_line.price_total",
    )
    @api.depends_context("lang")
    def _compute_managed_totals(self):
        for order in self:
            order.managed_totals = order.managed_has_plans and self.env[
                "ir.qweb"
            ]._render(
                "subscription_management.order_totals",
                {"order": order, "totals": order._totals_by_time()},
            )

    @api.depends(
        "managed_subscription_id",
        "managed_base_change_id",
        "managed_start_date",
        "state",
        "order_line.product_uom_qty",
    )
    def _compute_managed_confirmation_error(self):
        for order in self:
            is_open = order.state in OPEN_QUOTATION
            order.managed_confirmation_error = (
                is_open and order._purpose().shown_error()
            )

    @api.depends("managed_subscription_id")
    def _compute_currency_id(self):
        result = super()._compute_currency_id()
        for order in self.sudo().filtered("managed_subscription_id"):
            order.currency_id = order.managed_subscription_id.currency_id
        return result

    # --- Constraints and writes ---

    @api.constrains("managed_subscription_id", "partner_id", "company_id")
    def _check_customer_of_subscription(self):
        for order in self.sudo().filtered("managed_subscription_id"):
            subscription = order.managed_subscription_id
            if (
                order.company_id != subscription.company_id
                or order.partner_id.commercial_partner_id
                != subscription.commercial_partner_id
            ):
                raise ValidationError(
                    self.env._(
                        "%(order)s is about %(subscription)s, so its customer and "
                        "company cannot change; transfer the subscription instead.",
                        order=order.name,
                        subscription=subscription.name,
                    )
                )

    @api.onchange("order_line")
    def _onchange_order_line_plans(self):
        self._reprice_shares()

    @api.onchange("partner_id", "managed_start_date", "pricelist_id")
    def _onchange_plan_prices(self):
        self._reprice()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_subscription_values(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_subscription_values(vals)
        if BASIS_FIELDS & vals.keys():
            self._check_subscription_rights()
        result = super().write(vals)
        if REPRICED_FIELDS & vals.keys():
            self._reprice()
        return result

    def _check_subscription_values(self, vals):
        """Refuse to quote a subscription that the user may not change.

        A customer's acceptance is applied with all rights.
        """
        if CONFIRMATION_FIELDS & vals.keys() and not self.env.su:
            raise UserError(
                self.env._(
                    "The change and the invoices of an order are set by its "
                    "confirmation and cannot be edited; confirm the quotation instead."
                )
            )
        if subscription_id := vals.get("managed_subscription_id"):
            subscription = self.env["subscription.subscription"].browse(subscription_id)
            subscription.check_access("write")

    def _check_subscription_rights(self):
        """Refuse users who may not change the subscriptions of the quotations."""
        if subscriptions := self.sudo().managed_subscription_id:
            subscriptions.with_env(self.env).check_access("write")

    # --- Prices and totals ---

    def _reprice(self):
        """Update the prices of open orders after customer, date or currency changed."""
        for order in self:
            order._purpose().reprice()

    def _reprice_shares(self):
        """Update the prices of open orders that are a percent of the total."""
        for order in self:
            order._purpose().reprice_shares()

    def _service_start_date(self):
        """Return the first day of the service, or of the change."""
        return self._purpose().start_date()

    def _due_now(self):
        """Return the total of the first day's invoices with taxes, None if unknown."""
        return self._purpose().due_now()

    def _totals_by_time(self):
        """Return the one-time, first and recurring totals."""
        return self._purpose().totals()

    def _get_prepayment_required_amount(self):
        """Require at most the amount due now: later periods are paid when due."""
        required = super()._get_prepayment_required_amount()
        if not (required and self.managed_has_plans):
            return required
        due = self._due_now()
        if due is None:
            return required
        return self.currency_id.round(max(due, 0.0) * self.prepayment_percent)

    # --- Values of new subscriptions ---

    def _prepare_subscription_values(self, plan):
        """Return the values of a new subscription on a plan, without its lines."""
        self.ensure_one()
        return {
            "order_id": self._origin.id,
            "plan_id": plan.id,
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "partner_invoice_id": self.partner_invoice_id.id,
            "partner_shipping_id": self.partner_shipping_id.id,
            "currency_id": self.currency_id.id,
            "user_id": self.user_id.id,
            "client_reference": self.client_order_ref,
            "fiscal_position_id": self.fiscal_position_id.id,
            "payment_term_id": self.payment_term_id.id or plan.payment_term_id.id,
            "date_start": self._service_start_date(),
        }

    def _new_subscription_lines(self, plan, lines, listed=()):
        """Return an unsaved subscription line by order line, in one subscription.

        Edited prices and discounts of `listed` order lines are left out.
        """
        subscription = (
            self.env["subscription.subscription"]
            .sudo()
            .new(self._prepare_subscription_values(plan))
        )
        found = {}
        for line in lines:
            values = line._prepare_subscription_line_values(plan)
            if line in listed:
                values.pop("price", None)
                values.pop("discount_ids", None)
                values["quantity"] = values["quantity"] or 1.0
            values["subscription_id"] = subscription.id
            found[line] = new = subscription.line_ids.new(values)
            # The price is computed first, so that it does not replace an edited one.
            new._compute_price()
            new.update(
                {name: values[name] for name in EDITABLE_PRICE_FIELDS if name in values}
            )
        return found

    def _start_condition(self, plan):
        """Return the event that starts the service on a plan, if any."""
        self.ensure_one()
        is_at_once = self.managed_start_date or plan.start_policy == "order"
        return not is_at_once and plan.start_policy

    def _is_delivered(self):
        """Return whether all goods, or else all recurring services, are delivered."""
        self.ensure_one()
        lines = self.order_line.filtered(
            lambda line: not line.display_type and line.product_uom_qty > 0
        )
        goods = lines.filtered(lambda line: line.product_id.type == "consu")
        expected = goods or lines.filtered(lambda line: line._is_sold_on_plan())
        return bool(expected) and all(
            line.qty_delivered >= line.product_uom_qty for line in expected
        )

    def _served_subscriptions(self):
        """Return the subscriptions that confirmed orders started or changed."""
        confirmed = self.filtered(lambda order: order.state == "sale")
        return confirmed.managed_started_ids | confirmed.managed_subscription_id

    # --- Life of the order ---

    def _confirmation_error_message(self):
        return (
            super()._confirmation_error_message()
            or self._purpose().confirmation_error()
        )

    def _action_confirm(self):
        result = super()._action_confirm()
        for order in self:
            order._purpose().confirm()
        return result

    def _action_cancel(self):
        """Undo the effects of the orders, or refuse where it is too late."""
        for order in self:
            order._purpose().cancel()
        return super()._action_cancel()

    def _cancel_with_reason(self, reason):
        """Cancel the orders and post the reason on each."""
        self._action_cancel()
        for order in self:
            order.message_post(body=reason)

    def _force_lines_to_invoice_policy_order(self):
        """Leave lines to their subscriptions, however the order is invoiced."""
        result = super()._force_lines_to_invoice_policy_order()
        for line in self.order_line:
            if line._is_billed_by_subscription():
                line.qty_to_invoice = 0.0
        return result

    # --- Actions ---

    def action_update_quotation(self):
        """Rebuild open quotations from their subscriptions as they are now."""
        self.check_access("write")
        for order in self:
            order._purpose().update()

    def action_view_subscriptions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_subscription_action"
        )
        action["domain"] = [("order_id", "=", self.id)]
        if self.managed_started_count == 1:
            action["views"] = [(False, "form")]
            action["res_id"] = self.managed_started_ids.id
        return action
