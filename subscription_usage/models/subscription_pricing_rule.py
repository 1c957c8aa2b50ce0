from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.subscription_management.billing_core.price_models import (
    PercentageOfAmount,
)
from odoo.addons.subscription_management.models.decimals import exact, exact_or_none

PERCENTAGE = "percentage_of_amount"
PERCENTAGE_FIELDS = (
    "fee_per_event",
    "free_events",
    "free_amount",
    "minimum_per_event",
    "maximum_per_event",
)


class SubscriptionPricingRule(models.Model):
    _inherit = "subscription.pricing.rule"

    meter_id = fields.Many2one(
        "subscription.meter",
        "Charge What Is Used",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        tracking=True,
        help="The quantity of a period is what this meter measured in it, and it is "
        "billed after the period. Leave empty for a quantity that is agreed.",
    )
    pricing_model = fields.Selection(
        selection_add=[(PERCENTAGE, "Percentage of Each Amount")],
        ondelete={PERCENTAGE: lambda rules: rules._forget_percentage()},
    )
    fee_per_event = fields.Float(
        "Fee for Each",
        min_display_digits="Product Price",
        tracking=True,
        help="On top of its share.",
    )
    free_events = fields.Integer(
        "First Ones Free",
        tracking=True,
        help="How many of each period cost nothing; 0 for none.",
    )
    free_amount = fields.Monetary(
        "First Amount Free",
        tracking=True,
        help="What of a period's amounts costs nothing, while the first ones are free; "
        "0 for none.",
    )
    # Like the fee, these may be less than a cent.
    minimum_per_event = fields.Float(
        "Each at Least",
        min_display_digits="Product Price",
        tracking=True,
        help="0 for no minimum.",
    )
    maximum_per_event = fields.Float(
        "Each at Most",
        min_display_digits="Product Price",
        tracking=True,
        help="0 for no maximum.",
    )

    _allowance_not_negative = models.Constraint(
        "CHECK (fee_per_event >= 0 AND free_events >= 0 AND free_amount >= 0 "
        "AND minimum_per_event >= 0 AND maximum_per_event >= 0)",
        "What each one costs, and what is free, is zero or more.",
    )

    @api.constrains("meter_id", "pricing_model")
    def _check_meter(self):
        for rule in self:
            if rule.pricing_model == PERCENTAGE and not rule.meter_id:
                raise ValidationError(
                    self.env._(
                        "%s is a share of each amount that is used; choose the meter "
                        "that measures the amounts.",
                        rule.display_name,
                    )
                )
            if rule.pricing_model == "percent_of_total" and rule.meter_id:
                raise ValidationError(
                    self.env._(
                        "%s is a share of what other products cost, which no meter "
                        "measures; leave the meter empty.",
                        rule.display_name,
                    )
                )

    @api.constrains(*PERCENTAGE_FIELDS)
    def _check_percentage(self):
        self._check_terms()

    @api.depends("meter_id", "fee_per_event")
    @api.depends_context("lang")
    def _compute_price_label(self):
        result = super()._compute_price_label()
        for rule in self:
            if rule.pricing_model == PERCENTAGE:
                rule.price_label = self.env._(
                    "%(percent)s %% + %(fee)s each",
                    percent=f"{rule.percent:g}",
                    fee=rule.currency_id.format(rule.fee_per_event),
                )
            elif rule.meter_id:
                rule.price_label = self.env._("%s by usage", rule.price_label)
        return result

    @api.depends(*PERCENTAGE_FIELDS)
    def _compute_calculator(self):
        return super()._compute_calculator()

    @api.depends("meter_id", *PERCENTAGE_FIELDS)
    def _compute_trial(self):
        return super()._compute_trial()

    def _sample_terms(self):
        """One amount is tried, so it is priced as one beyond what is free."""
        terms = super()._sample_terms()
        if self.pricing_model != PERCENTAGE:
            return terms
        return replace(
            terms, price=replace(terms.price, free_events=None, free_amount=None)
        )

    @api.model
    def _locked_fields(self):
        return super()._locked_fields() | {"meter_id", *PERCENTAGE_FIELDS}

    def _rises_beyond_its_price(self):
        return self.pricing_model == PERCENTAGE or super()._rises_beyond_its_price()

    def _snapshot_price_model(self, price):
        if self.pricing_model != PERCENTAGE:
            return super()._snapshot_price_model(price)
        return PercentageOfAmount(
            exact(self.percent),
            exact(self.fee_per_event),
            free_events=self.free_events or None,
            free_amount=exact_or_none(self.free_amount),
            minimum_per_event=exact_or_none(self.minimum_per_event),
            maximum_per_event=exact_or_none(self.maximum_per_event),
        )

    def _forget_percentage(self):
        """Leave prices that nothing measures any more at nothing."""
        for table in ("subscription_pricing_rule", "subscription_line"):
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE %s SET pricing_model = 'per_unit', price = 0
                     WHERE pricing_model = %s
                    """,
                    SQL.identifier(table),
                    PERCENTAGE,
                )
            )
        self.env.invalidate_all(flush=False)
