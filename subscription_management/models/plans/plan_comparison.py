"""The next best plan: what the last periods would have cost on every one."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.errors import BillingError
from ...billing_core.line import ChargeKind, Line, PercentBase
from ...billing_core.money import HUNDRED, ZERO, as_decimal
from ...billing_core.plan_comparison import (
    ComparisonWindow,
    comparison_window,
    costs_in,
    with_terms_on,
)
from ..changes.change_planner import calendar_start
from ..changes.participants import adopted_values
from ..decimals import exact


@dataclass(frozen=True)
class Compared:
    """What is served, and what is offered in its place, over some time."""

    day: date
    """The day whose prices count."""
    stretch: ComparisonWindow
    plan: models.Model
    """The plan that the subscription has."""
    lines: models.Model
    offered: dict[tuple[models.Model, models.Model], models.Model]
    """The pricing rule by plan and product."""
    uses: dict = field(default_factory=dict)
    """What was used, as far as it was looked up."""

    @property
    def moving(self):
        """The lines that another plan takes over; those on plans of their own stay."""
        return self.lines.filtered(lambda line: line.plan_id == self.plan)

    def rule_of(self, line, plan):
        """Return by which rule a line is priced once it is on a plan, if any."""
        if plan == self.plan or line.plan_id != self.plan:
            return line.pricing_rule_id
        rule = self.offered.get((plan, line.product_id), line.pricing_rule_id.browse())
        return rule if line._is_priced_alike(rule) else rule.browse()

    def used_of(self, line, rule):
        """Return what was used of a line, as a rule counts it."""
        key = line, line._measured_as(rule)
        if key not in self.uses:
            since = self.stretch.days.start
            self.uses[key] = line._snapshot_usage(rule, since=since)
        return self.uses[key]


@dataclass(frozen=True)
class Outcome:
    """What the time would have cost on a plan; None where that is not known."""

    cost: Decimal | None = None
    missing: tuple[str, ...] = ()
    """The products that cannot be had there."""
    problem: str | None = None
    """Why there is no cost, where nothing is missing."""


def _base_of(line, rule, planned):
    """Return the lines that a share is of, None for what is no share."""
    if planned[line]["pricing_model"] != "percent_of_total":
        return None
    keys = {
        other._origin_key()
        for other, values in planned.items()
        if other != line and rule._counts(values)
    }
    return PercentBase(frozenset(keys), rule.base_price == "net")


def _rank(plan, outcomes):
    """Return the key that sorts plans: cheapest first, those without a cost last."""
    cost = outcomes[plan].cost
    return cost is None, cost or ZERO, plan.sequence, plan.name


def _plain(amount):
    return None if amount is None else float(amount)


BARS = 12


class SubscriptionPlanComparison(models.Model):
    _inherit = "subscription.subscription"

    def _compare_plans(self, periods=3):
        """Return what the last periods would have cost on each plan, as plain values.

        Quantities, use and days of rest are as they were, prices and discounts as a
        change of today would make them; what is charged once is left out. The best plan
        is the first. It reads with the rights of whoever calls it, and amounts are
        without taxes.
        """
        self.ensure_one()
        if periods < 1:
            raise UserError(self.env._("Compare one period, or more."))
        compared = self._begin_comparison(periods)
        plans = compared.plan.union(*(plan for plan, _product in compared.offered))
        outcomes = {plan: self._outcome_on(compared, plan) for plan in plans}
        days = compared.stretch.days
        return {
            "first_day": days.start,
            "last_day": days.last_day,
            "periods": compared.stretch.count,
            "months": float(compared.stretch.in_months()),
            "is_over": days.end <= compared.day,
            "currency_id": self.currency_id.id,
            "rows": [
                self._compared_row(compared, plan, outcomes)
                for plan in sorted(plans, key=lambda plan: _rank(plan, outcomes))
            ],
        }

    def _quote_plan(self, plan):
        """Return a new quotation of the move to a plan, as it is compared."""
        self.ensure_one()
        compared = self._begin_comparison(1)
        if plan == compared.plan:
            raise UserError(
                self.env._(
                    "%(subscription)s is on plan %(plan)s already; choose another one.",
                    subscription=self.name,
                    plan=plan.display_name,
                )
            )
        if missing := self._missing_on(compared, plan):
            raise UserError(
                self.env._(
                    "%(products)s cannot be had on plan %(plan)s; choose another plan, "
                    "or add a price there.",
                    products=", ".join(missing.mapped("display_name")),
                    plan=plan.display_name,
                )
            )
        return self._quote_change(
            [
                values
                for line in compared.moving
                for values in line._prepare_quoted_replacement(
                    line.quantity, managed_plan_id=plan.id
                )
            ]
        )

    def _begin_comparison(self, periods):
        """Return the `Compared` of today, or refuse where nothing recurs."""
        day = max(self._today(), self.date_start)
        lines = self._lines_to_change(day)
        if not lines:
            raise UserError(
                self.env._(
                    "%s has nothing that is charged each period; add a product first.",
                    self.name,
                )
            )
        plan = self.plan_id if self.plan_id in lines.plan_id else lines[0].plan_id
        moving = lines.filtered(lambda line: line.plan_id == plan)
        return Compared(
            day,
            self._stretch_lived(moving, day, periods),
            plan,
            lines,
            self._offered_to(moving.product_id, day),
        )

    def _stretch_lived(self, lines, day, periods):
        """Return the last periods of some lines, on days on which they were served."""
        agreed = lines.filtered(lambda line: line.kind == "recurring")[:1] or lines[0]
        calendar = replace(agreed._snapshot_calendar(), end=None)
        since = min(each.date_start for line in lines for each in line._origin_lines())
        return comparison_window(calendar, since, day, periods)

    def _offered_to(self, products, day):
        """Return the rules by which the customer may have products, on every plan."""
        return self.env["subscription.pricing.rule"]._offered(
            Domain("product_id", "in", products.ids)
            & Domain("plan_id.active", "=", True)
            & Domain("company_id", "in", (False, self.company_id.id)),
            self.currency_id,
            day,
            self.partner_id,
        )

    def _missing_on(self, compared, plan):
        """Return the products that the customer cannot have on a plan."""
        if plan == compared.plan:
            return compared.lines.product_id.browse()
        missing = compared.moving.filtered(
            lambda line: not compared.rule_of(line, plan)
        )
        if not missing:
            planned = self._planned_on(compared, plan)
            # A share of nothing is no price.
            missing = compared.moving.filtered(
                lambda line: (
                    line.pricing_model != "percent_of_total"
                    and (base := _base_of(line, compared.rule_of(line, plan), planned))
                    and not base.lines
                )
            )
        return missing.product_id

    def _outcome_on(self, compared, plan):
        """Return the `Outcome` of the time on a plan."""
        if missing := self._missing_on(compared, plan):
            return Outcome(missing=tuple(missing.mapped("display_name")))
        planned = self._planned_on(compared, plan)
        try:
            costs = costs_in(
                compared.stretch,
                self._snapshot_on(compared, plan, planned),
                self.currency_id._snapshot_currency(),
                self._snapshot_pauses(),
            )
        except BillingError as error:
            by_key = {line._origin_key(): values for line, values in planned.items()}
            return Outcome(problem=self._error_message(error, by_key))
        return Outcome(sum(costs.values(), ZERO))

    def _planned_on(self, compared, plan):
        """Return the values of each line as a change of today would make them."""
        return {
            line: self._prepare_values_on(compared, line, plan)
            for line in compared.lines
        }

    def _prepare_values_on(self, compared, line, plan):
        """Return the values of one line on a plan; on its own one it stays as it is."""
        own = line._prepare_follower_values()
        if plan == compared.plan or line.plan_id != compared.plan:
            return own
        rule = compared.rule_of(line, plan)
        values = line._without_increases(line._prepare_values_by(rule))
        before = line.plan_id
        values["calendar_start"] = calendar_start(own, before, plan, compared.day)
        return {**own, **adopted_values(self, values, own, own)}

    def _snapshot_on(self, compared, plan, planned):
        """Return the lines as they would have been on a plan, as the core takes them.

        Each has the quantities that it had, under one key.
        """
        return [
            replace(
                priced,
                start=lived.date_start,
                end=lived.date_end or None,
                quantity=exact(lived.quantity),
            )
            for line in compared.lines
            for priced in [self._snapshot_line_on(compared, line, plan, planned)]
            for lived in line._origin_lines()
        ]

    def _snapshot_line_on(self, compared, line, plan, planned):
        """Return a line at what it costs on a plan today, with what was used of it."""
        rule, values = compared.rule_of(line, plan), planned[line]
        calendar = self._snapshot_calendar(
            line.plan_id.browse(values["plan_id"]),
            values["calendar_start"] or self.date_start,
            line.kind,
        )
        priced = Line(
            line._origin_key(),
            replace(calendar, end=None),
            line._terms_by(rule, values),
            exact(line.quantity),
            line.date_start,
            kind=ChargeKind(line.kind),
            base=_base_of(line, rule, planned),
            used=compared.used_of(line, rule),
        )
        return with_terms_on(priced, compared.day)

    def _compared_row(self, compared, plan, outcomes):
        """Return what is shown of a plan, in plain values."""
        outcome, present = outcomes[plan], outcomes[compared.plan].cost
        cost, months = outcome.cost, compared.stretch.in_months()
        currency = self.currency_id._snapshot_currency()
        is_known = cost is not None
        difference = cost - present if is_known and present is not None else None
        percent = difference * HUNDRED / present if difference and present else None
        monthly = as_decimal(Fraction(cost) / months) if is_known else None
        return {
            "plan_id": plan.id,
            "plan": plan.display_name,
            "interval": plan.interval_label,
            "is_present": plan == compared.plan,
            "can_be_chosen": is_known and plan != compared.plan,
            "amount": _plain(cost),
            "difference": _plain(difference),
            "percent": _plain(percent),
            "monthly": _plain(monthly and currency.round(monthly)),
            "missing": list(outcome.missing),
            "problem": outcome.problem,
        }

    def action_compare_plans(self):
        """Show what the last periods would have cost on other plans."""
        self.ensure_one()
        # Its rows are saved, so that their buttons can be clicked at once.
        return self._show_comparison(
            self.env["subscription.compare.plans.wizard"].create(
                {"subscription_id": self.id}
            )
        )

    def _show_comparison(self, compare):
        action = self._open_wizard(
            compare._name, self.env._("Compare Plans"), dialog_size="extra-large"
        )
        return {**action, "res_id": compare.id}

    def _render_plan_chart(self, rows):
        """Return compared plans as bars; `rows` are those that have an amount."""
        shown = rows[:BARS]
        shown += [row for row in rows[BARS:] if row["is_present"]]
        highest = max((row["amount"] for row in shown), default=0)
        if not highest:
            return False
        bars = [
            {**row, "length": f"{100 * row['amount'] / highest:.2f}"} for row in shown
        ]
        return self.env["ir.qweb"]._render(
            "subscription_management.plan_comparison_chart",
            {
                "bars": bars,
                "mark": next((bar["length"] for bar in bars if bar["is_present"]), 0),
                "currency": self.currency_id,
            },
        )
