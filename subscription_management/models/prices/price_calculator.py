"""A price calculator with amount, tiers and curve, by the code that bills.

The curve is an SVG of its own: the host's graph widget groups stored records, and
these points are calculated from the unsaved values of the form.
"""

from decimal import Decimal

from odoo import api, fields

from ...billing_core.errors import BillingError
from ...billing_core.rating import rate
from ..decimals import exact
from ..error_messages import translated
from ..model_part import ModelPart

CURVE_POINTS = 120
WIDTH, HEIGHT = 480, 200  # of the SVG, in its own units


class SubscriptionPriceCalculator(ModelPart):
    _register = False

    sample_quantity = fields.Float(
        default=10.0,
        store=False,
        digits="Product Unit",
        help="The quantity of the calculation below; it is not saved.",
    )
    calculator = fields.Html(compute="_compute_calculator", sanitize=False)

    @api.depends(
        "sample_quantity",
        "pricing_model",
        "price",
        "currency_id",
        "percent",
        "package_size",
        "overage_price",
        "included_quantity",
        "minimum_amount",
        "maximum_amount",
        "tier_ids.sequence",
        "tier_ids.up_to",
        "tier_ids.unit_price",
        "tier_ids.flat_fee",
    )
    def _compute_calculator(self):
        for rule in self:
            rule.calculator = self.env["ir.qweb"]._render(
                "subscription_management.price_calculator", rule._calculation()
            )

    def _calculation(self):
        """Return the amount, its parts and the curve, or the problem instead."""
        self.ensure_one()
        quantity = exact(self.sample_quantity)
        shown = {
            "rule": self,
            "quantity": self.sample_quantity,
            "currency": self.currency_id or self.env.company.currency_id,
            "is_share": self.pricing_model == "percent_of_total",
            "rating": None,
            "problem": None,
            "curve": None,
        }
        try:
            terms = self._sample_terms()
            shown["rating"] = self._shown_rating(rate(terms, quantity))
            shown["curve"] = self._curve(terms, quantity)
        except BillingError as error:
            shown["problem"] = translated(self.env, error)
        return shown

    def _sample_terms(self):
        """Return the terms by which the sample quantity is rated."""
        return self._snapshot_terms()

    def _shown_rating(self, rating):
        """Return a rating as numbers for the host's widgets."""
        average = rating.average_unit_price
        return {
            "amount": float(rating.amount),
            "average": None if average is None else float(average),
            "above_maximum": float(rating.above_maximum),
            "true_up": float(rating.true_up),
            "parts": [
                {
                    "tier": part.tier,
                    "quantity": float(part.quantity),
                    "unit_price": float(part.unit_price),
                    "fee": float(part.fee),
                    "amount": float(part.amount),
                }
                for part in rating.parts
            ],
        }

    def _curve(self, terms, quantity):
        """Return the curve of amounts from 0 to above the quantity and all tiers."""
        bounds = [exact(tier.up_to) for tier in self.tier_ids if tier.up_to]
        top = max([quantity * 2, *(bound * 5 / 4 for bound in bounds), Decimal(10)])
        points = []
        for step in range(CURVE_POINTS + 1):
            units = top * step / CURVE_POINTS
            try:
                points.append((units, rate(terms, units).amount))
            except BillingError:
                # No price beyond the last tier: the curve ends there.
                break
        highest = max((amount for _units, amount in points), default=0) or Decimal(1)

        def place(units, amount):
            return (
                float(units / top * WIDTH),
                float(HEIGHT - amount / highest * (HEIGHT - 10)),
            )

        path = " ".join(
            f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points)
        )
        here = place(quantity, rate(terms, quantity).amount)
        return {
            "path": path,
            "here": here,
            "bounds": [place(bound, Decimal(0))[0] for bound in bounds],
            "top": float(top),
            "highest": float(highest),
            "width": WIDTH,
            "height": HEIGHT,
        }
