from datetime import timedelta

from odoo import fields
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.subscription_management.billing_core.lifecycle import RENEWABLE

from .condition import Condition, Signal


class RenewalCondition(Condition):
    """A term that may be renewed ends within the days of the rule."""

    def candidates(self, rule):
        ahead = timedelta(days=rule.days_before_end)
        soon = rule.env["res.company"]._domain_by_today(
            lambda today: [("term_end", "<=", today + ahead)]
        )
        return soon & Domain("date_end", "=", False)

    def signal(self, subscription, rule):
        end, policy = subscription.term_end, subscription.plan_id.renewal_policy
        may_renew = end and not subscription.date_end and policy != "expire"
        if subscription.state not in RENEWABLE or not may_renew:
            return None
        days = (end - subscription._today()).days
        if not 0 <= days <= rule.days_before_end:
            return None
        env = subscription.env
        outlook = {
            "renew": env._("It renews automatically unless it is cancelled."),
            "ask": env._("It ends unless the customer accepts a renewal."),
        }
        reason = env._(
            "The term ends on %(day)s (days left: %(days)s; limit of the rule: "
            "%(limit)s). %(outlook)s",
            day=format_date(env, end),
            days=days,
            limit=rule.days_before_end,
            outlook=outlook[policy],
        )
        key = f"term:{subscription.id}:{end}"
        return Signal(key, reason, subscription.monthly_amount, end)

    def cleared(self, subscription, finding):
        env = subscription.env
        end = fields.Date.to_date(finding.signal_key.split(":")[-1])
        if subscription.date_end and not subscription.ends_by_expiry:
            return env._(
                "The subscription was cancelled: its last day is %s.",
                format_date(env, subscription.last_day),
            )
        if subscription.term_end == end:
            return None
        if not subscription.term_end:
            return env._("The subscription continues without a term.")
        return env._(
            "The term now ends on %s; no renewal is due before.",
            format_date(env, subscription.term_end - timedelta(days=1)),
        )

    def describe(self, rule):
        if rule.days_before_end == 1:
            return rule.env._("One day before the end of a term that may be renewed")
        return rule.env._(
            "%s days before the end of a term that may be renewed", rule.days_before_end
        )
