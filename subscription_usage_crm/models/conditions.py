"""Conditions of usage: an exceeded allowance, or less usage than before."""

from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.subscription_crm.models.conditions import Condition, Signal
from odoo.addons.subscription_management.models.decimals import exact

EXCEEDED_PERIODS = 2
"""The number of successive periods in which the allowance must be exceeded."""


class UsageCondition(Condition):
    def candidates(self, rule):
        return Domain("line_ids.kind", "=", "usage")

    def line_of(self, subscription, finding):
        """Return the line in service today that continues the line of a finding."""
        origin = int(finding.signal_key.split(":")[-1])
        return subscription._lines_used_today().filtered(
            lambda line: line._origin_key() == origin
        )[:1]

    def describe_ended(self, subscription):
        return subscription.env._("The measured product is no longer in service.")


class AllowanceCondition(UsageCondition):
    """The allowance of a product was exceeded in successive periods."""

    def signal(self, subscription, rule):
        for line in subscription._lines_used_today():
            limit = self._limit(line, rule)
            periods = line._usage_of_last_periods(EXCEEDED_PERIODS)
            if limit and periods and all(used > limit for _period, used in periods):
                return self._signal_of(subscription, rule, line, periods)
        return None

    def _signal_of(self, subscription, rule, line, periods):
        formatted = subscription._in_figures
        (_last, newest), (_before, older) = periods
        reason = subscription.env._(
            "%(older)s and then %(newest)s %(meter)s were used in the last two "
            "periods; %(included)s are included in each. The limit of the rule is "
            "%(limit)s %% of the included units.",
            older=formatted(older),
            newest=formatted(newest),
            meter=line.meter_id.display_name,
            included=formatted(line.pricing_rule_id.included_quantity),
            limit=formatted(rule.allowance_percent),
        )
        key = f"allowance:{line._origin_key()}"
        return Signal(key, reason, subscription.usage_monthly)

    def cleared(self, subscription, finding):
        env, formatted = subscription.env, subscription._in_figures
        line = self.line_of(subscription, finding)
        if not line:
            return self.describe_ended(subscription)
        limit = self._limit(line, finding.rule_id)
        periods = line._usage_of_last_periods(1)
        if not periods or periods[0][1] > limit > 0:
            return None
        [(period, used)] = periods
        return env._(
            "%(used)s %(meter)s were used in the period until %(day)s; %(included)s "
            "are included now.",
            used=formatted(used),
            meter=line.meter_id.display_name,
            day=format_date(env, period.last_day),
            included=formatted(line.pricing_rule_id.included_quantity),
        )

    @staticmethod
    def _limit(line, rule):
        """Return the number of units up to which a rule is silent, 0 without any."""
        included = exact(line.pricing_rule_id.included_quantity)
        return included * exact(rule.allowance_percent) / 100

    def describe(self, rule):
        return rule.env._(
            "When more than %s %% of the included units were used in each of the last "
            "two periods",
            f"{rule.allowance_percent:g}",
        )


class FallingUsageCondition(UsageCondition):
    """The usage of a product is lower than the average of the periods before."""

    def signal(self, subscription, rule):
        formatted = subscription._in_figures
        for line in subscription._lines_used_today():
            fall = line._usage_drop()
            if fall and fall.percent >= exact(rule.fall_percent):
                reason = subscription.env._(
                    "%(used)s %(meter)s were used in the period from %(start)s, "
                    "%(percent)s %% less than the average of the three periods before "
                    "(%(average)s). The limit of the rule is %(limit)s %%.",
                    limit=formatted(rule.fall_percent),
                    percent=formatted(round(fall.percent, 1)),
                    **self._words(subscription, line, fall),
                )
                monthly = subscription.monthly_amount + subscription.usage_monthly
                return Signal(f"fall:{line._origin_key()}", reason, monthly)
        return None

    def cleared(self, subscription, finding):
        line = self.line_of(subscription, finding)
        if not line:
            return self.describe_ended(subscription)
        fall = line._usage_drop()
        if not fall or fall.percent >= exact(finding.rule_id.fall_percent):
            return None
        return subscription.env._(
            "%(used)s %(meter)s were used in the period from %(start)s; the average of "
            "the three periods before is %(average)s.",
            **self._words(subscription, line, fall),
        )

    @staticmethod
    def _words(subscription, line, fall):
        formatted = subscription._in_figures
        return {
            "used": formatted(fall.used),
            "meter": line.meter_id.display_name,
            "start": format_date(subscription.env, fall.period.start),
            "average": formatted(round(fall.average, 2)),
        }

    def describe(self, rule):
        return rule.env._(
            "When usage of the last period is %s %% lower than the average of the "
            "three periods before",
            f"{rule.fall_percent:g}",
        )
