from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

PRICING_MODELS = [("flat", "Flat"), ("per_unit", "Per Unit")]


class SubscriptionPricingRule(models.Model):
    _name = "subscription.pricing.rule"
    _description = "Subscription Pricing Rule"
    _order = "plan_id, product_id, date_from desc, id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "subscription.plan", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="plan_id.company_id", store=True)
    product_id = fields.Many2one(
        "product.product",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
        domain="[('sale_ok', '=', True)]",
    )
    pricing_model = fields.Selection(
        PRICING_MODELS,
        required=True,
        default="per_unit",
        help="Flat: one price, whatever the quantity.\n"
        "Per unit: the price of one, times the quantity.",
    )
    # Without fixed digits the database keeps every decimal that people typed.
    price = fields.Float(required=True, min_display_digits="Product Price")
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    date_from = fields.Date("Valid From")
    date_to = fields.Date("Valid Until", help="The last day on which it is offered.")
    interval_label = fields.Char(related="plan_id.interval_label")

    _price_not_negative = models.Constraint(
        "CHECK (price >= 0)", "A price is zero or more; credits are made by changes."
    )
    _dates_in_order = models.Constraint(
        "CHECK (date_from IS NULL OR date_to IS NULL OR date_from <= date_to)",
        "A price must be valid for at least one day: set the last day later.",
    )

    @api.depends("plan_id", "product_id", "date_from")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = self.env._(
                "%(product)s on %(plan)s",
                product=rule.product_id.display_name or "",
                plan=rule.plan_id.display_name or "",
            )

    @api.constrains("plan_id", "product_id", "currency_id", "date_from", "date_to")
    def _check_overlap(self):
        for rule in self:
            others = self.search(
                Domain("id", "!=", rule.id)
                & Domain("plan_id", "=", rule.plan_id.id)
                & Domain("product_id", "=", rule.product_id.id)
                & Domain("currency_id", "=", rule.currency_id.id)
                & rule._valid_during(rule.date_from, rule.date_to),
                limit=1,
            )
            if others:
                raise ValidationError(
                    self.env._(
                        "%(product)s has two prices in %(currency)s on plan %(plan)s "
                        "for the same days; let one end before the other begins.",
                        product=rule.product_id.display_name,
                        currency=rule.currency_id.name,
                        plan=rule.plan_id.display_name,
                    )
                )

    @api.model
    def _valid_during(self, date_from, date_to):
        """Return the domain of rules that are valid on some day of a range."""
        domain = Domain.TRUE
        if date_to:
            domain &= Domain("date_from", "=", False) | Domain(
                "date_from", "<=", date_to
            )
        if date_from:
            domain &= Domain("date_to", "=", False) | Domain("date_to", ">=", date_from)
        return domain

    @api.model
    def _find(self, plan, product, currency, day):
        """Return the rule by which a product is priced on a plan, if any."""
        return self.search(
            Domain("plan_id", "=", plan.id)
            & Domain("product_id", "=", product.id)
            & Domain("currency_id", "=", currency.id)
            & self._valid_during(day, day),
            limit=1,
        )
