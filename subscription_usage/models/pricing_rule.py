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
        "Charge Usage of",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        tracking=True,
        help="The quantity of a period is measured by this meter and billed after the "
        "period. Leave empty for a fixed quantity.",
    )
    pricing_model = fields.Selection(
        selection_add=[(PERCENTAGE, "Percentage of Each Amount")],
        ondelete={PERCENTAGE: lambda rules: rules._reset_percentage_prices()},
    )
    fee_per_event = fields.Float(
        "Fee per Event",
        min_display_digits="Product Price",
        tracking=True,
        help="Added to the percentage.",
    )
    free_events = fields.Integer(
        tracking=True,
        help="The number of free events in each period; 0 for no free events.",
    )
    free_amount = fields.Monetary(
        tracking=True,
        help="The total amount of each period up to which free events apply; 0 for no "
        "limit.",
    )
    # Like the fee, these may be less than a cent.
    minimum_per_event = fields.Float(
        min_display_digits="Product Price",
        tracking=True,
        help="0 for no minimum.",
    )
    maximum_per_event = fields.Float(
        min_display_digits="Product Price",
        tracking=True,
        help="0 for no maximum.",
    )

    _allowance_not_negative = models.Constraint(
        "CHECK (fee_per_event >= 0 AND free_events >= 0 AND free_amount >= 0 "
        "AND minimum_per_event >= 0 AND maximum_per_event >= 0)",
        "Fees, free events and limits per event must be zero or more.",
    )

    @api.constrains("meter_id", "pricing_model")
    def _check_meter(self):
        for rule in self:
            if rule.pricing_model == PERCENTAGE and not rule.meter_id:
                raise ValidationError(
                    self.env._(
                        "%s is a percentage of metered amounts; choose the meter that "
                        "measures them.",
                        rule.display_name,
                    )
                )
            if rule.pricing_model == "percent_of_total" and rule.meter_id:
                raise ValidationError(
                    self.env._(
                        "%s is a percentage of other products' prices, which is not "
                        "metered; leave the meter empty.",
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
                    "%(percent)s %% + %(fee)s per event",
                    percent=f"{rule.percent:g}",
                    fee=rule.currency_id.format(rule.fee_per_event),
                )
            elif rule.meter_id:
                rule.price_label = self.env._("%s (usage)", rule.price_label)
        return result

    @api.depends(*PERCENTAGE_FIELDS)
    def _compute_calculator(self):
        return super()._compute_calculator()

    @api.depends("meter_id", *PERCENTAGE_FIELDS)
    def _compute_simulation(self):
        return super()._compute_simulation()

    def _sample_terms(self):
        """Return terms without free events, since one event is sampled."""
        terms = super()._sample_terms()
        if self.pricing_model != PERCENTAGE:
            return terms
        return replace(
            terms, price=replace(terms.price, free_events=None, free_amount=None)
        )

    @api.model
    def _locked_fields(self):
        return super()._locked_fields() | {"meter_id", *PERCENTAGE_FIELDS}

    def _uplift_affects_terms(self):
        return self.pricing_model == PERCENTAGE or super()._uplift_affects_terms()

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

    def _reset_percentage_prices(self):
        """Set prices to zero whose price model is uninstalled."""
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
