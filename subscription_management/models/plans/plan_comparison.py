"""Plan comparison: past periods recalculated on the plans available to the customer."""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.errors import BillingError
from ...billing_core.line import ChargeKind, Line, PercentBase
from ...billing_core.money import HUNDRED, ZERO, as_decimal
from ...billing_core.plan_comparison import comparison_window, costs_in, with_terms_on
from ..changes.change_planner import calendar_start
from ..changes.participants import adopted_values
from ..decimals import exact
from ..model_part import ModelPart

BARS = 12


@dataclass(frozen=True)
class Outcome:
    """The amount of the compared periods on a plan, or why there is none."""

    amount: Decimal | None = None
    missing: tuple[str, ...] = ()
    """The products that the plan does not offer to the customer."""
    problem: str | None = None
    """The error of the calculation."""


class PlanComparison:
    """The lines of a subscription and their prices on other plans, as of today."""

    def __init__(self, subscription, periods):
        self.subscription = subscription
        self.day = max(subscription._today(), subscription.date_start)
        self.lines = subscription._lines_to_change(self.day)
        if not self.lines:
            raise UserError(
                subscription.env._(
                    "%s has nothing that is charged each period; add a product first.",
                    subscription.name,
                )
            )
        plans = self.lines.plan_id
        self.plan = plans & subscription.plan_id or self.lines[0].plan_id
        # Lines with a plan of their own stay on it.
        self.moving = self.lines.filtered(lambda line: line.plan_id == self.plan)
        self.window = self._past_periods(periods)
        self.offered = self._offered_rules()
        self._used = {}

    @property
    def plans(self):
        """The present plan and those that offer at least one product."""
        return self.plan.union(*(plan for plan, _product in self.offered))

    def _past_periods(self, periods):
        """Return the last periods of the moving lines in which they were served."""
        recurring = self.moving.filtered(lambda line: line.kind == "recurring")
        agreed = recurring[:1] or self.moving[0]
        calendar = replace(agreed._snapshot_calendar(), end=None)
        since = min(
            each.date_start for line in self.moving for each in line._origin_lines()
        )
        return comparison_window(calendar, since, self.day, periods)

    def _offered_rules(self):
        """Return the pricing rules that the customer can have, by plan and product."""
        subscription = self.subscription
        return subscription.env["subscription.pricing.rule"]._offered(
            Domain("product_id", "in", self.moving.product_id.ids)
            & Domain("plan_id.active", "=", True)
            & Domain("company_id", "in", (False, subscription.company_id.id)),
            subscription.currency_id,
            self.day,
            subscription.partner_id,
        )

    def rule_of(self, line, plan):
        """Return the pricing rule of a line on a plan, empty if there is none."""
        if plan == self.plan or line.plan_id != self.plan:
            return line.pricing_rule_id
        rule = self.offered.get((plan, line.product_id), line.pricing_rule_id.browse())
        return rule if line._is_priced_alike(rule) else rule.browse()

    def used_of(self, line, rule):
        """Return the usage of a line, as a rule measures it."""
        key = line, line._measured_as(rule)
        if key not in self._used:
            since = self.window.days.start
            self._used[key] = line._snapshot_usage(rule, since=since)
        return self._used[key]

    def missing_on(self, plan):
        """Return the products that the customer cannot have on a plan."""
        if plan == self.plan:
            return self.lines.product_id.browse()
        missing = self.moving.filtered(lambda line: not self.rule_of(line, plan))
        if not missing:
            values = self._values_on(plan)
            # A percentage of nothing is no price.
            missing = self.moving.filtered(
                lambda line: (
                    line.pricing_model != "percent_of_total"
                    and (base := _base_of(line, self.rule_of(line, plan), values))
                    and not base.lines
                )
            )
        return missing.product_id

    def outcome_on(self, plan):
        """Return the `Outcome` of the compared periods on a plan."""
        if missing := self.missing_on(plan):
            return Outcome(missing=tuple(missing.mapped("display_name")))
        subscription, values = self.subscription, self._values_on(plan)
        try:
            amounts = costs_in(
                self.window,
                self._snapshot_on(plan, values),
                subscription.currency_id._snapshot_currency(),
                subscription._snapshot_pauses(),
            )
        except BillingError as error:
            by_key = {line._origin_key(): each for line, each in values.items()}
            return Outcome(problem=subscription._error_message(error, by_key))
        return Outcome(sum(amounts.values(), ZERO))

    def _values_on(self, plan):
        """Return the values of each line as a change of today would write them."""
        return {line: self._prepare_values(line, plan) for line in self.lines}

    def _prepare_values(self, line, plan):
        own = line._prepare_follower_values()
        if plan == self.plan or line.plan_id != self.plan:
            return own
        subscription, rule = self.subscription, self.rule_of(line, plan)
        values = line._without_increases(line._prepare_values_by(rule))
        values["calendar_start"] = calendar_start(own, self.plan, plan, self.day)
        return {**own, **adopted_values(subscription, values, own, own)}

    def _snapshot_on(self, plan, values):
        """Return the core's lines on a plan, with their past quantities and days.

        The past lines of one original line have one key.
        """
        return [
            replace(
                priced,
                start=past.date_start,
                end=past.date_end or None,
                quantity=exact(past.quantity),
            )
            for line in self.lines
            for priced in [self._snapshot_line(line, plan, values)]
            for past in line._origin_lines()
        ]

    def _snapshot_line(self, line, plan, values):
        """Return the core's line at today's price on a plan, with its usage."""
        rule, own = self.rule_of(line, plan), values[line]
        calendar = self.subscription._snapshot_calendar(
            line.plan_id.browse(own["plan_id"]),
            own["calendar_start"] or self.subscription.date_start,
            line.kind,
        )
        priced = Line(
            line._origin_key(),
            replace(calendar, end=None),
            line._terms_by(rule, own),
            exact(line.quantity),
            line.date_start,
            kind=ChargeKind(line.kind),
            base=_base_of(line, rule, values),
            used=self.used_of(line, rule),
        )
        return with_terms_on(priced, self.day)

    def as_values(self):
        """Return the comparison as plain values, the cheapest plan first."""
        outcomes = {plan: self.outcome_on(plan) for plan in self.plans}
        days = self.window.days
        return {
            "first_day": days.start,
            "last_day": days.last_day,
            "periods": self.window.count,
            "months": float(self.window.in_months()),
            "is_over": days.end <= self.day,
            "currency_id": self.subscription.currency_id.id,
            "rows": [
                self._row(plan, outcomes)
                for plan in sorted(outcomes, key=lambda plan: _rank(plan, outcomes))
            ],
        }

    def _row(self, plan, outcomes):
        """Return the values of one plan for display."""
        outcome, present = outcomes[plan], outcomes[self.plan].amount
        amount, months = outcome.amount, self.window.in_months()
        currency = self.subscription.currency_id._snapshot_currency()
        is_known = amount is not None
        difference = amount - present if is_known and present is not None else None
        percent = difference * HUNDRED / present if difference and present else None
        monthly = as_decimal(Fraction(amount) / months) if is_known else None
        return {
            "plan_id": plan.id,
            "plan": plan.display_name,
            "interval": plan.interval_label,
            "is_present": plan == self.plan,
            "can_be_chosen": is_known and plan != self.plan,
            "amount": _plain(amount),
            "difference": _plain(difference),
            "percent": _plain(percent),
            "monthly": _plain(monthly and currency.round(monthly)),
            "missing": list(outcome.missing),
            "problem": outcome.problem,
        }


def _base_of(line, rule, values):
    """Return the base lines of a percent-of-total line, None for other lines."""
    if values[line]["pricing_model"] != "percent_of_total":
        return None
    keys = {
        other._origin_key()
        for other, each in values.items()
        if other != line and rule._includes_in_base(each)
    }
    return PercentBase(frozenset(keys), rule.base_price == "net")


def _rank(plan, outcomes):
    """Return the sort key of a plan: cheapest first, those without an amount last."""
    amount = outcomes[plan].amount
    return amount is None, amount or ZERO, plan.sequence, plan.name


def _plain(amount):
    return None if amount is None else float(amount)


class SubscriptionPlanComparison(ModelPart):
    _register = False

    def _compare_plans(self, periods=3):
        """Return the amounts of the last periods on each plan, as plain values.

        Quantities, usage and pauses are those of the past, prices and discounts those
        of a change made today; one-time products are left out. Amounts are without
        taxes, and records are read with the user's own rights.
        """
        self.ensure_one()
        if periods < 1:
            raise UserError(self.env._("Compare one period or more."))
        return PlanComparison(self, periods).as_values()

    def _quote_plan(self, plan):
        """Return a new quotation of the change to a plan, at the compared prices."""
        self.ensure_one()
        comparison = PlanComparison(self, periods=1)
        if plan == comparison.plan:
            raise UserError(
                self.env._(
                    "%(subscription)s is on plan %(plan)s already; choose another one.",
                    subscription=self.name,
                    plan=plan.display_name,
                )
            )
        if missing := comparison.missing_on(plan):
            raise UserError(
                self.env._(
                    "Plan %(plan)s does not offer %(products)s; choose another plan, "
                    "or add a price to it.",
                    products=", ".join(missing.mapped("display_name")),
                    plan=plan.display_name,
                )
            )
        return self._quote_change(
            [
                values
                for line in comparison.moving
                for values in line._prepare_quoted_replacement(
                    line.quantity, managed_plan_id=plan.id
                )
            ]
        )

    def action_compare_plans(self):
        """Open the comparison of the last periods on other plans."""
        self.ensure_one()
        self.check_access("read")
        self._check_can_change()
        # The rows are saved, so that their buttons work at once.
        return self._show_comparison(
            self.env["subscription.compare.plans.wizard"].create(
                {"subscription_id": self.id}
            )
        )

    def _show_comparison(self, wizard):
        action = self._open_wizard(
            wizard._name, self.env._("Compare Plans"), dialog_size="extra-large"
        )
        return {**action, "res_id": wizard.id}

    def _render_plan_chart(self, rows):
        """Return the bars of plans with an amount: the cheapest and the present one.

        The bars are an SVG of their own: the host's graph widget shows a stored model
        in a view, not the few unsaved rows of a dialog.
        """
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
