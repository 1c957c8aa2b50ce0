from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ...models.plans.plan_policies import CHANGE_POLICIES
from ...models.subscriptions.line_pricing import CHARGE_KINDS


class SubscriptionChangeWizard(models.TransientModel):
    """Changes of products from a day, with the upcoming invoices of the change."""

    _name = "subscription.change.wizard"
    _description = "Change Subscription"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    is_quoted = fields.Boolean(
        help="The wizard creates a quotation that the customer accepts first."
    )
    currency_id = fields.Many2one(
        related="subscription_id.currency_id", related_sudo=False
    )
    date_effective = fields.Date("Effective Date", required=True)
    policy = fields.Selection(
        [("plan", "By the Plan"), *CHANGE_POLICIES],
        "Proration Policy",
        required=True,
        default="plan",
    )
    reason = fields.Char()
    line_ids = fields.One2many(
        "subscription.change.wizard.line", "wizard_id", "Products"
    )
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.model
    def default_get(self, fields_list):
        """Show the products of today, or of the first day."""
        values = super().default_get(fields_list)
        subscription = self.env["subscription.subscription"].browse(
            values.get("subscription_id")
        )
        if subscription:
            today = subscription._today()
            values["date_effective"] = max(today, subscription.date_start)
            values["line_ids"] = [
                Command.create(
                    {
                        "line_id": line.id,
                        "product_id": line.product_id.id,
                        "kind": line.kind,
                        "plan_id": line.plan_id.id,
                        "product_uom_id": line.product_uom_id.id,
                        "quantity": line.quantity,
                        "price": line.price,
                        "pricing_model": line.pricing_model,
                    }
                )
                for line in subscription._lines_to_change(values["date_effective"])
            ]
        return values

    @api.depends(
        "date_effective",
        "policy",
        "line_ids.product_id",
        "line_ids.kind",
        "line_ids.plan_id",
        "line_ids.product_uom_id",
        "line_ids.quantity",
        "line_ids.price",
        "line_ids.is_removed",
    )
    def _compute_preview(self):
        for wizard in self:
            subscription = wizard.subscription_id
            if not (subscription and wizard.date_effective):
                wizard.preview = False
                continue
            subscription.check_access("read")
            wizard.preview = subscription.sudo()._render_forecast(wizard._plan)

    def _plan(self):
        """Return the `ChangePlan` of the wizard's rows."""
        return self.subscription_id.sudo()._plan_change(
            self._rows(), self.date_effective, self._chosen_policy()
        )

    def _chosen_policy(self):
        return None if self.policy == "plan" else self.policy

    def _rows(self):
        """Return the rows of the change planner."""
        own = self.subscription_id.line_ids
        if self.line_ids.line_id - own:
            raise UserError(
                self.env._("Change the lines of each subscription in its own window.")
            )
        return [row for line in self.line_ids for row in line._rows()]

    def action_confirm(self):
        """Apply the change that the preview shows."""
        self.ensure_one()
        rows = self._rows()
        if not rows:
            raise UserError(
                self.env._("Nothing is changed: edit a product, or close the window.")
            )
        kinds = {line._kind() for line in self.line_ids if line._rows()}
        self.subscription_id._change_lines(
            kinds.pop() if len(kinds) == 1 else "changed",
            self.date_effective,
            rows,
            reason=self.reason,
            policy=self._chosen_policy(),
        )

    def action_quote(self):
        """Create a quotation of the change, which is applied once it is confirmed."""
        self.ensure_one()
        subscription, day = self.subscription_id, self.date_effective
        order = subscription._quote_change(
            [values for line in self.line_ids for values in line._prepare_quoted()],
            day=day > subscription._today() and day,
            policy=self._chosen_policy(),
            reason=self.reason,
        )
        return order._get_records_action()


class SubscriptionChangeWizardLine(models.TransientModel):
    """A product of the subscription, or one that is added."""

    _name = "subscription.change.wizard.line"
    _description = "Changed Product"

    wizard_id = fields.Many2one(
        "subscription.change.wizard", required=True, ondelete="cascade"
    )
    line_id = fields.Many2one("subscription.line", ondelete="cascade")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    product_id = fields.Many2one(
        "product.product", required=True, domain="[('sale_ok', '=', True)]"
    )
    plan_id = fields.Many2one(
        "subscription.plan",
        required=True,
        compute="_compute_plan_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    kind = fields.Selection(
        CHARGE_KINDS,
        "Charged",
        compute="_compute_kind",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    product_uom_id = fields.Many2one(
        "uom.uom",
        "Unit",
        compute="_compute_product_uom_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        domain="[('id', 'in', allowed_uom_ids)]",
    )
    allowed_uom_ids = fields.Many2many("uom.uom", compute="_compute_allowed_uom_ids")
    quantity = fields.Float(required=True, default=1.0, digits="Product Unit")
    pricing_rule_id = fields.Many2one(
        "subscription.pricing.rule", compute="_compute_pricing_rule_id"
    )
    is_by_usage = fields.Boolean(compute="_compute_is_by_usage")
    pricing_model = fields.Selection(
        lambda self: self.env["subscription.pricing.rule"]._pricing_models(),
        compute="_compute_price",
        store=True,
        precompute=True,
    )
    price = fields.Float(
        compute="_compute_price",
        store=True,
        readonly=False,
        precompute=True,
        min_display_digits="Product Price",
    )
    is_removed = fields.Boolean("Remove")

    @api.depends("wizard_id.subscription_id")
    def _compute_plan_id(self):
        for line in self:
            line.plan_id = line.plan_id or line.wizard_id.subscription_id.plan_id

    def _is_same_offer(self):
        self.ensure_one()
        now = self.line_id
        return now and now.product_id == self.product_id and now.plan_id == self.plan_id

    @api.depends("product_id", "plan_id", "line_id", "wizard_id.date_effective")
    def _compute_pricing_rule_id(self):
        rules = self.env["subscription.pricing.rule"]
        for line in self:
            subscription = line.wizard_id.subscription_id
            company = subscription.company_id or self.env.company
            if line._is_same_offer():
                line.pricing_rule_id = line.line_id.pricing_rule_id
            else:
                line.pricing_rule_id = rules._find(
                    line.plan_id,
                    line.product_id,
                    subscription.currency_id,
                    line.wizard_id.date_effective or company._subscription_today(),
                    subscription.partner_id,
                )

    @api.depends("pricing_rule_id")
    def _compute_kind(self):
        for line in self:
            chosen = line.line_id.kind or (line.kind != "usage" and line.kind)
            by_rule = line.line_id._kind_by_rule(line.pricing_rule_id)
            line.kind = by_rule or chosen or "recurring"

    @api.depends("kind")
    def _compute_is_by_usage(self):
        for line in self:
            line.is_by_usage = line.kind == "usage"

    @api.depends("product_id")
    def _compute_allowed_uom_ids(self):
        for line in self:
            line.allowed_uom_ids = line.product_id.uom_id | line.product_id.uom_ids

    @api.depends("product_id")
    def _compute_product_uom_id(self):
        for line in self:
            if line.product_uom_id not in line.allowed_uom_ids:
                line.product_uom_id = line.line_id._unit_for(line.product_id)

    @api.constrains("kind", "pricing_rule_id", "line_id")
    def _check_kind(self):
        for line in self:
            known = line.line_id.kind or line.kind
            measured = line.line_id._kind_by_rule(line.pricing_rule_id) == "usage"
            if line.kind != known or (
                not line.line_id and measured != line.is_by_usage
            ):
                raise ValidationError(
                    self.env._(
                        "%s is charged by usage only if its price has a meter; choose "
                        "another price, or keep how the product is charged.",
                        line.product_id.display_name,
                    )
                )

    @api.depends("product_id", "plan_id", "line_id")
    def _compute_price(self):
        for line in self:
            rule = line.pricing_rule_id
            if line._is_same_offer():
                line.pricing_model = line.line_id.pricing_model
                line.price = line.line_id.price
            elif rule:
                line.pricing_model, line.price = rule.pricing_model, rule.price
            else:
                line.pricing_model = "per_unit"
                line.price = line._host_price()

    @api.onchange("quantity", "product_uom_id")
    def _onchange_quantity(self):
        """Read the price again, which may depend on quantity and unit."""
        if not self._is_same_offer() and not self.pricing_rule_id:
            self.price = self._host_price()

    def _host_price(self):
        subscription = self.wizard_id.subscription_id
        if not (self.product_id and subscription):
            return 0.0
        return subscription._host_price(
            self.product_id,
            self.quantity,
            self.product_uom_id or self.line_id._unit_for(self.product_id),
            self.wizard_id.date_effective or subscription._today(),
        )

    def _rows(self):
        """Return the row of the change planner, if anything changes."""
        self.ensure_one()
        if not self.line_id:
            return (
                []
                if self.is_removed
                else [(self.line_id, self._prepare_joining_values())]
            )
        if self.is_removed:
            return [(self.line_id, None)]
        changed = self._prepare_changed_values()
        return [(self.line_id, changed)] if changed else []

    def _prepare_changed_values(self):
        now, values = self.line_id, {}
        if not self._is_same_offer():
            values = {
                "plan_id": self.plan_id.id,
                "product_id": self.product_id.id,
                "product_uom_id": self.product_uom_id.id,
                "pricing_rule_id": self.pricing_rule_id.id,
                "pricing_model": self.pricing_model,
                "price": self.price,
            }
        elif now.price != self.price:
            values["price"] = self.price
        if now.quantity != self.quantity:
            values["quantity"] = self.quantity
        return values

    def _prepare_joining_values(self):
        return {
            "product_id": self.product_id.id,
            "product_uom_id": self.product_uom_id.id,
            "kind": self.kind,
            "plan_id": self.plan_id.id,
            "quantity": self.quantity,
            "pricing_rule_id": self.pricing_rule_id.id,
            "pricing_model": self.pricing_model,
            "price": self.price,
        }

    def _kind(self):
        """Return the kind of change of this row."""
        self.ensure_one()
        if not self.line_id:
            return "line_added"
        if self.is_removed:
            return "line_ended"
        if not self._is_same_offer():
            return "plan"
        names = set(self._prepare_changed_values())
        return next(iter(names)) if len(names) == 1 else "changed"

    def _prepare_quoted(self):
        """Return the values of the order lines that quote this row."""
        self.ensure_one()
        served, rows = self.line_id, self._rows()
        if not rows:
            return []
        if not served:
            return [self._prepare_quoted_joining()]
        if self.is_removed:
            return [served._prepare_quoted_removal()]
        changed = set(self._prepare_changed_values())
        if changed == {"quantity"}:
            units = self.quantity - served.quantity
            return [served._prepare_quoted_quantity(units)]
        return served._prepare_quoted_replacement(
            self.quantity, **self._prepare_quoted_joining()
        )

    def _prepare_quoted_joining(self):
        """Return the values of the order line of the product at its price."""
        text = self.product_id.get_product_multiline_description_sale()
        values = {
            "product_id": self.product_id.id,
            "name": text,
            "product_uom_id": self.product_uom_id.id,
            "product_uom_qty": self.quantity,
            "managed_plan_id": self.kind != "one_off" and self.plan_id.id,
        }
        rule = self.pricing_rule_id
        listed = self.line_id.price if self._is_same_offer() else rule.price
        if self.price != listed:
            values["price_unit"] = self.price
        return values
