"""Lines as values of the core."""

from dataclasses import replace
from datetime import date, timedelta

from odoo import api, fields
from odoo.exceptions import ValidationError

from ...billing_core.errors import BillingError, PriceModelMismatch
from ...billing_core.line import ChargeKind, Line, PercentBase
from ...billing_core.money import ZERO
from ...billing_core.owed import full_price
from ...billing_core.percent_base import with_bases
from ...billing_core.price_models import Flat, PerUnit
from ...billing_core.rating import Terms
from ...billing_core.renewal import raised_terms
from ..decimals import exact
from ..error_messages import translated
from ..model_part import ModelPart

DAY = timedelta(days=1)
AGREED_PRICE = {"flat": Flat, "per_unit": PerUnit}
"""The price models whose whole price is the one on the line."""


def holds(line: Line, day: date):
    return line.start <= day and (line.end is None or day < line.end)


def period_start(line: Line, today: date):
    """Return the first day of the current period, or of the nearest one of the line."""
    day = max(line.start, min(today, line.end - DAY) if line.end else today)
    return line.calendar.boundary(line.calendar.index_on(day))


class SubscriptionLineSnapshot(ModelPart):
    _register = False

    def _snapshot_line(self, keys=None, *, only_open=False):
        """Return the line as a value of the core.

        `keys` are the keys of all lines of the subscription, for a percent of the
        total. With `only_open`, usage of closed days is left out.
        """
        self.ensure_one()
        subscription = self.subscription_id
        keys = keys or {line: line.id for line in subscription.line_ids | self}
        return Line(
            key=keys[self],
            calendar=self._snapshot_calendar(),
            terms=self._snapshot_terms(),
            quantity=exact(self.quantity),
            start=self.date_start,
            end=self.date_end or None,
            kind=ChargeKind(self.kind),
            closed_until=self.closed_until or None,
            series=keys.get(self.series_id, self.series_id.id) or None,
            base=self._base_by(self.pricing_rule_id, self.pricing_model, keys),
            used=self._snapshot_usage(
                self.pricing_rule_id, since=self.closed_until if only_open else None
            ),
            origin=keys.get(self.origin_id, self.origin_id.id) or None,
            charged_from=self.charged_from or None,
            charged_until=self._charged_until_of_its_end(),
        )

    def _base_by(self, rule, pricing_model, keys):
        """Return what the line is a share of by a rule, None for one of no total."""
        if pricing_model != "percent_of_total":
            return None
        counted = (
            line
            for line in keys
            if line != self and rule._includes_in_base(line._prepare_follower_values())
        )
        return PercentBase(
            frozenset(keys[line] for line in counted), rule.base_price == "net"
        )

    def _snapshot_calendar(self, start=None):
        """Return the line's billing calendar, or the one it would have from a day."""
        self.ensure_one()
        subscription = self.subscription_id
        return subscription._snapshot_calendar(
            self.plan_id,
            start or self.calendar_start or subscription.date_start,
            self.kind,
        )

    def _snapshot_terms(self):
        """Return how the line is priced: its own price in the shape of its rule."""
        self.ensure_one()
        return self._terms_of(
            {
                "pricing_rule_id": self.pricing_rule_id.id,
                "pricing_model": self.pricing_model,
                "price": self.price,
                "uplift_percent": self.uplift_percent,
                "product_id": self.product_id.id,
                "product_uom_id": self.product_uom_id.id,
                "discount_ids": self._discount_commands(),
            }
        )

    @api.model
    def _terms_of(self, values):
        """Return the terms of a line with these values."""
        rule = self.env["subscription.pricing.rule"].browse(values["pricing_rule_id"])
        return self._terms_by(rule, values)

    @api.model
    def _terms_by(self, rule, values):
        """Return the terms of a line with these values by a rule, saved or not."""
        price, model = exact(values["price"]), values["pricing_model"]
        if rule and rule.pricing_model == model:
            terms = rule._snapshot_terms(price)
        else:
            terms = Terms(self._agreed_price_model(rule, model)(price))
        if rise := exact(values.get("uplift_percent")):
            terms = raised_terms(terms, rise)
        product = self.env["product.product"].browse(values["product_id"])
        unit = self.env["uom.uom"].browse(values["product_uom_id"])
        discounts = self.env["subscription.discount"]
        return replace(
            terms,
            units_per_quantity=product._units_in(unit),
            discounts=tuple(
                discounts._snapshot_discount(granted)
                for _command, _id, granted in values.get("discount_ids", [])
            ),
        )

    @api.model
    def _agreed_price_model(self, rule, model):
        """Return how a price is counted for which the line itself is enough."""
        if model not in AGREED_PRICE:
            names = {False: self.env._("none"), **dict(rule._pricing_models())}
            raise PriceModelMismatch(names[model], names[rule.pricing_model])
        return AGREED_PRICE[model]

    @api.constrains("pricing_model", "pricing_rule_id")
    def _check_pricing_model(self):
        """Refuse a model whose tiers or shares no rule of the line says."""
        for line in self:
            rule, model = line.pricing_rule_id, line.pricing_model
            if rule.pricing_model != model:
                try:
                    line._agreed_price_model(rule, model)
                except PriceModelMismatch as error:
                    raise ValidationError(translated(self.env, error)) from error

    def _has_one_price(self):
        """Return whether the price on the line is all that its amount follows from."""
        self.ensure_one()
        rule = self.pricing_rule_id
        bounds = (rule.included_quantity, rule.minimum_amount, rule.maximum_amount)
        return self.pricing_model in AGREED_PRICE and not any(bounds)

    def _units_per_quantity(self):
        """Return the product's units in one unit of the line: 12 for a dozen."""
        self.ensure_one()
        return self.product_id._units_in(self.product_uom_id)

    def _next_period_start(self):
        """Return the first day of the period after the one that runs today."""
        self.ensure_one()
        calendar = self._snapshot_calendar()
        return calendar.boundary(calendar.index_on(self._today()) + 1)

    def _full_price(self, *, lasting_only=False):
        """Return what the line costs for a full period, unrounded; 0 where unknown.

        Discounts are those of the period that runs today, or of the line's nearest.
        With `lasting_only` discounts for some periods only are not subtracted, unless
        the company counts them.
        """
        self.ensure_one()
        if not (self.plan_id and self.pricing_model and self.product_id):
            return ZERO
        if self.kind == "usage":
            return ZERO
        siblings = self.subscription_id.line_ids | self
        complete = siblings.filtered(
            lambda line: line.plan_id and line.product_id and line.date_start
        )
        if self not in complete:
            return ZERO
        keys = {line: number for number, line in enumerate(complete, start=1)}
        priced = self._lasting if lasting_only else list
        try:
            if self.pricing_model == "percent_of_total":
                # Before the bases are taken: a share is one of lasting prices too.
                lines = priced([line._snapshot_line(keys) for line in complete])
                parts = [each for each in with_bases(lines) if each.key == keys[self]]
                day = max(self.date_start, self._today())
                line = next((each for each in parts if holds(each, day)), parts[-1])
            else:
                [line] = priced([self._snapshot_line(keys)])
            return full_price(line, period_start(line, self._today()))
        except BillingError:
            # A quantity without a price is refused when the line is saved.
            return ZERO

    def _today(self):
        company = self.subscription_id.company_id or self.env.company
        return company._subscription_today()

    def _lasting(self, lines):
        """Return lines of the core at the prices that are recurring revenue."""
        return self.subscription_id._at_lasting_prices(lines)

    charged_from = fields.Date(
        readonly=True,
        copy=False,
        help="The first day that is charged at this price and quantity, where the plan "
        "does not charge an upgrade or downgrade by the day.",
    )
    charged_until = fields.Date(
        readonly=True,
        copy=False,
        help="The first day that is not charged any more, where the plan does not "
        "credit what leaves by the day.",
    )
    charged_end = fields.Date(
        readonly=True,
        copy=False,
        help='The end for which "Charged Until" was agreed; another end is charged by '
        "the day.",
    )

    def _charged_until_of_its_end(self):
        """Return the first day that is not charged any more, None for the end."""
        self.ensure_one()
        is_of_it = self.charged_until and self.charged_end == self.date_end
        return self.charged_until if is_of_it else None

    def _first_day_charged(self):
        """Return the first day that the line may be charged for."""
        self.ensure_one()
        return min(self.date_start, self.charged_from or self.date_start)

    def _end_charged(self):
        """Return the first day that is charged otherwise at its end, if it has one.

        Without any day of service nothing that it was charged for is its own.
        """
        self.ensure_one()
        end = self.date_end
        if not end or end <= self.date_start:
            return end and self._first_day_charged()
        return min(end, self._charged_until_of_its_end() or end)

    def _charged_ends(self):
        """Return until when lines are charged where that is not until their end."""
        return {
            str(line.id): until.isoformat()
            for line in self
            if (until := line._charged_until_of_its_end())
        }

    def _prepare_end_values(self, end, charged_until):
        """Return the values of a line's end, and of the day until which it charges."""
        return {
            "date_end": end or False,
            "charged_until": charged_until or False,
            "charged_end": (charged_until and end) or False,
        }
