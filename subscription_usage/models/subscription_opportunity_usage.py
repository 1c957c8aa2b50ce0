"""Opportunities of what is used: more than is included, or less than before."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.subscription_management.models.decimals import exact
from odoo.addons.subscription_management.models.opportunities.finder import Signal

TWICE = 2
"""How many periods running more is used than is included, before it is told."""


class SubscriptionOpportunityRule(models.Model):
    _inherit = "subscription.opportunity.rule"

    kind = fields.Selection(
        selection_add=[
            ("allowance", "Allowance Exceeded Twice Running"),
            ("fall", "Usage Falling"),
        ],
        ondelete={"allowance": "cascade", "fall": "cascade"},
    )
    allowance_percent = fields.Float("Of the Included Units Used (%)", default=100.0)
    fall_percent = fields.Float("Used Less by (%)", default=30.0)

    _usage_percents_in_bounds = models.Constraint(
        "CHECK (allowance_percent > 0 AND fall_percent > 0 AND fall_percent <= 100)",
        "A percentage that a rule asks for is more than 0; usage falls by at most 100.",
    )

    @api.model
    def _fields_of_the_summary(self):
        return (*super()._fields_of_the_summary(), "allowance_percent", "fall_percent")

    def _describe_fact(self):
        if self.kind == "allowance":
            return self.env._(
                "When more than %s %% of the included units were used in each of the "
                "last two periods",
                f"{self.allowance_percent:g}",
            )
        if self.kind == "fall":
            return self.env._(
                "When %s %% less was used in the last period than in the three before "
                "it on average",
                f"{self.fall_percent:g}",
            )
        return super()._describe_fact()


class SubscriptionSignalOfAllowance(models.Model):
    _inherit = "subscription.subscription"

    def _candidates_of_allowance(self, rule):
        return Domain("line_ids.kind", "=", "usage")

    def _signal_of_allowance(self, rule):
        """Return the first product of which more than is included was used twice."""
        for line in self._lines_used_today():
            limit = self._allowance_limit(line, rule)
            periods = line._usage_of_last_periods(TWICE)
            if limit and periods and all(used > limit for _period, used in periods):
                (_last, newest), (_before, older) = periods
                why = self.env._(
                    "%(older)s and then %(newest)s %(meter)s were used in the last two "
                    "periods, %(included)s are included in each; the rule asks for "
                    "more than %(limit)s %% of these.",
                    older=self._in_figures(older),
                    newest=self._in_figures(newest),
                    meter=line.meter_id.display_name,
                    included=self._in_figures(line.pricing_rule_id.included_quantity),
                    limit=self._in_figures(rule.allowance_percent),
                )
                fact = f"allowance:{line._origin_key()}"
                return Signal(fact, why, self.usage_monthly)
        return None

    def _end_of_allowance(self, finding):
        line = self._line_of_use(finding)
        if not line:
            return self._why_not_used_any_more()
        limit = self._allowance_limit(line, finding.rule_id)
        periods = line._usage_of_last_periods(1)
        if not periods or periods[0][1] > limit > 0:
            return None
        [(period, used)] = periods
        return self.env._(
            "%(used)s %(meter)s were used in the period until %(day)s, %(included)s "
            "are included now.",
            used=self._in_figures(used),
            meter=line.meter_id.display_name,
            day=format_date(self.env, period.last_day),
            included=self._in_figures(line.pricing_rule_id.included_quantity),
        )

    @api.model
    def _allowance_limit(self, line, rule):
        """Return the units above which a rule applies, 0 without an allowance."""
        included = exact(line.pricing_rule_id.included_quantity)
        return included * exact(rule.allowance_percent) / 100

    def _line_of_use(self, finding):
        """Return the line that is served now of those that a fact is about."""
        origin = int(finding.fact.split(":")[-1])
        return self._lines_used_today().filtered(
            lambda line: line._origin_key() == origin
        )[:1]

    def _why_not_used_any_more(self):
        return self.env._("What was used is not served any more.")


class SubscriptionSignalOfFall(models.Model):
    _inherit = "subscription.subscription"

    def _candidates_of_fall(self, rule):
        return Domain("line_ids.kind", "=", "usage")

    def _signal_of_fall(self, rule):
        """Return the first product of which much less was used than before."""
        for line in self._lines_used_today():
            fall = line._usage_drop()
            if fall and fall.percent >= exact(rule.fall_percent):
                why = self.env._(
                    "%(used)s %(meter)s were used from %(start)s on in the last "
                    "period, %(percent)s %% less than the %(average)s of the three "
                    "before it on average; the rule asks from %(limit)s %% on.",
                    limit=self._in_figures(rule.fall_percent),
                    **self._words_of_fall(line, fall),
                )
                monthly = self.monthly_amount + self.usage_monthly
                return Signal(f"fall:{line._origin_key()}", why, monthly)
        return None

    def _end_of_fall(self, finding):
        line = self._line_of_use(finding)
        if not line:
            return self._why_not_used_any_more()
        fall = line._usage_drop()
        if not fall or fall.percent >= exact(finding.rule_id.fall_percent):
            return None
        return self.env._(
            "%(used)s %(meter)s were used again from %(start)s on, %(average)s in the "
            "three periods before on average.",
            **self._words_of_fall(line, fall),
        )

    def _words_of_fall(self, line, fall):
        return {
            "used": self._in_figures(fall.used),
            "meter": line.meter_id.display_name,
            "start": format_date(self.env, fall.period.start),
            "percent": self._in_figures(round(fall.percent, 1)),
            "average": self._in_figures(round(fall.average, 2)),
        }
