from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

PRICED = ("pricing_model", "price")


class SaleOrder(models.Model):
    """An order that begins subscriptions."""

    _inherit = "sale.order"

    managed_start_date = fields.Date(
        "Service Starts",
        copy=False,
        help="Leave empty to start as the plan says: when the order is confirmed, for "
        "instance.",
    )
    managed_started_ids = fields.One2many(
        "subscription.subscription",
        "order_id",
        "Subscriptions",
        readonly=True,
        groups="subscription_management.group_subscription_user",
    )
    managed_started_count = fields.Integer(
        compute="_compute_managed_begun_count", compute_sudo=True
    )
    managed_has_plans = fields.Boolean(compute="_compute_managed_has_plans")
    managed_shows_plans = fields.Boolean(
        compute="_compute_managed_shows_plans",
        help="There is a product that is, or could be, sold on a plan.",
    )

    @api.depends("managed_started_ids")
    def _compute_managed_begun_count(self):
        for order in self:
            order.managed_started_count = len(order.managed_started_ids)

    @api.depends("order_line.managed_plan_id", "order_line.managed_line_id")
    def _compute_managed_has_plans(self):
        for order in self:
            order.managed_has_plans = any(
                line._is_sold_on_plan() for line in order.order_line
            )

    @api.depends("managed_has_plans", "order_line.product_id")
    def _compute_managed_shows_plans(self):
        for order in self:
            order.managed_shows_plans = order.managed_has_plans or any(
                line._available_plans() for line in order.order_line
            )

    def _service_start_date(self):
        """Return the day from which what the order begins is served."""
        self.ensure_one()
        company = self.company_id or self.env.company
        return self.managed_start_date or company._subscription_today()

    def _lines_by_plan_terms(self, joining=None):
        """Return the lines of each subscription that the order begins, by its plan.

        Plans of one term and one trial share a subscription, whatever their intervals;
        it is on the first of them. What is charged once joins the first one. Lines
        that are offered and not chosen are left out, but those that are `joining`.
        """
        self.ensure_one()
        if self.managed_purpose:
            # What is sold joins the subscription that it is about.
            return []
        chosen = self.order_line.filtered("product_uom_qty")
        lines = (chosen | (joining or chosen)).sorted("sequence")
        by_terms = lines.filtered(lambda line: line._is_sold_on_plan()).grouped(
            lambda line: line.managed_plan_id._subscription_terms()
        )
        groups = [(own[0].managed_plan_id, own) for own in by_terms.values() if own]
        if groups and groups[0][0].fee_policy == "subscription":
            plan, own = groups[0]
            groups[0] = plan, own | lines.filtered(lambda line: line._is_fee())
        return groups

    def _prepare_subscription_values(self, plan):
        """Return the values of a subscription on a plan, without its lines."""
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

    def _price_by_plans(self, lines):
        """Price lines that are sold on plans as the subscriptions would bill them."""
        self.ensure_one()
        for line, price in self._prices_by_plans(lines):
            line._update_plan_price(price)

    def _prices_by_plans(self, lines):
        """Yield (line, unit price) of lines that are sold on plans, shares last.

        Shares are of what the others really cost, with what was typed there.
        """
        self.ensure_one()
        for plan, own in self._lines_by_plan_terms(lines):
            asked = (own & lines).filtered(lambda line: line._is_sold_on_plan())
            shares = asked.filtered(lambda line: line._is_percent_of_total())
            for listed in filter(None, (asked - shares, shares)):
                served = self._in_memory(plan, own, listed)
                for line in listed:
                    amount = served[line]._full_price()
                    units = line.product_uom_qty or 1.0
                    yield line, self.currency_id._unit_price_of(amount, units)

    def _reprice(self):
        """Bring what is sold on plans in step with customer, day and currency."""
        for order in self.filtered(lambda each: each.state in ("draft", "sent")):
            lines = order.order_line.filtered(lambda line: line._is_sold_on_plan())
            if lines:
                lines._compute_managed_charge_kind()
                order._price_by_plans(lines)

    def _follow_shares(self):
        """Let shares of the total follow what they are a share of."""
        for order in self.filtered(lambda each: each.state in ("draft", "sent")):
            lines = order.order_line.filtered(
                lambda line: line._is_sold_on_plan() and line._is_percent_of_total()
            )
            if lines:
                order._price_by_plans(lines)

    @api.onchange("order_line")
    def _onchange_shares_of_the_total(self):
        self._follow_shares()

    @api.onchange("partner_id", "managed_start_date", "pricelist_id")
    def _onchange_prices_of_plans(self):
        self._reprice()

    def write(self, vals):
        result = super().write(vals)
        if {"partner_id", "managed_start_date", "pricelist_id"} & vals.keys():
            self._reprice()
        return result

    def _in_memory(self, plan, lines, listed=()):
        """Return the line of a subscription that is not saved for each order line.

        Of `listed` ones, prices and discounts that were typed are left out.
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
            found[line] = made = subscription.line_ids.new(values)
            # First what is found, so that it is not found later in place of what
            # was agreed.
            made._compute_price()
            made.update({name: values[name] for name in PRICED if name in values})
        return found

    def _confirmation_error_message(self):
        return super()._confirmation_error_message() or self._why_not_on_plans()

    def _why_not_on_plans(self):
        """Return why subscriptions cannot begin as ordered, False where they can."""
        self.ensure_one()
        for plan, lines in self._lines_by_plan_terms():
            if taken := lines.filtered(lambda line: line.product_uom_qty < 0)[:1]:
                return self.env._(
                    "%s is sold on a plan, so fewer than none cannot be ordered; "
                    "change the customer's subscription instead.",
                    taken.product_id.display_name,
                )
            try:
                for line, served in self._in_memory(plan, lines).items():
                    line._check_price_can_be_edited(served)
            except UserError as error:
                return str(error)
        return False

    def _action_cancel(self):
        """End what was ordered with the order, or refuse once it was invoiced."""
        for order in self.sudo():
            for subscription in order.managed_started_ids:
                subscription._cancel_with_order()
        return super()._action_cancel()

    def _action_confirm(self):
        result = super()._action_confirm()
        for order in self:
            order._begin_subscriptions()
        return result

    def _begin_subscriptions(self):
        """Begin what was ordered on plans; the customer accepts it without rights."""
        self.ensure_one()
        begun = self.env["subscription.subscription"].sudo()
        for plan, lines in self._lines_by_plan_terms():
            commands = [
                Command.create(line._prepare_subscription_line_values(plan))
                for line in lines
            ]
            values = {
                **self._prepare_subscription_values(plan),
                "starts_with": self._start_condition(plan),
                "line_ids": commands,
            }
            begun |= begun.with_company(self.company_id).create(values)
        for subscription in begun.filtered(lambda each: not each.starts_with):
            subscription._begin_as_ordered(subscription.date_start)
        return begun

    def _start_condition(self, plan):
        """Return what the service on a plan waits for to start, False for nothing."""
        self.ensure_one()
        is_at_once = self.managed_start_date or plan.start_policy == "order"
        return not is_at_once and plan.start_policy

    def _is_delivered(self):
        """Tell whether all goods were delivered; of an order without, what recurs."""
        self.ensure_one()
        lines = self.order_line.filtered(
            lambda line: not line.display_type and line.product_uom_qty > 0
        )
        goods = lines.filtered(lambda line: line.product_id.type == "consu")
        expected = goods or lines.filtered(lambda line: line._is_sold_on_plan())
        return bool(expected) and all(
            line.qty_delivered >= line.product_uom_qty for line in expected
        )

    def _force_lines_to_invoice_policy_order(self):
        """Leave to the subscriptions what they bill, however the order is invoiced."""
        result = super()._force_lines_to_invoice_policy_order()
        for line in self.order_line:
            if line._is_billed_by_subscription():
                line.qty_to_invoice = 0.0
        return result

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
