from datetime import timedelta

from odoo import fields
from odoo.fields import Domain
from odoo.tools import float_compare, format_date

from .condition import Condition, Signal

RECENT = timedelta(days=7)
"""How long after it was made a downgrade makes an opportunity."""


class ReductionCondition(Condition):
    """A downgrade lowers the MRR by the rule's percentage, or a cancellation is due."""

    def candidates(self, rule):
        recently = Domain("create_date", ">=", fields.Datetime.now() - RECENT)
        lowered = recently & Domain("monthly_difference", "<", 0)
        ending = rule.env["res.company"]._domain_by_today(
            lambda today: [("date_end", ">", today)]
        )
        return ending | Domain("change_ids", "any", lowered)

    def signal(self, subscription, rule):
        if subscription._is_cancellation_scheduled():
            return self._cancellation_signal(subscription)
        recent = subscription.change_ids.filtered(
            lambda change: (
                change.create_date >= fields.Datetime.now() - RECENT
                and not change.undone_by_ids
                and change._is_downgrade()
                and float_compare(change._lowered_percent(), rule.reduction_percent, 2)
                >= 0
            )
        ).sorted("id")[-1:]
        return self._downgrade_signal(recent, rule) if recent else None

    def _cancellation_signal(self, subscription):
        env = subscription.env
        cancelled = subscription.change_ids.filtered(
            lambda change: change.kind == "cancelled" and not change.undone_by_ids
        ).sorted("id")[-1:]
        monthly = subscription._monthly_on(subscription.last_day)
        reason = env._(
            "Cancelled by %(user)s: the last day of service is %(day)s; %(amount)s per "
            "month ends with it. %(because)s",
            user=cancelled.user_id.name,
            day=format_date(env, subscription.last_day),
            amount=subscription.currency_id.format(monthly),
            because=cancelled.cancellation_reason_id.name or cancelled.reason or "",
        )
        key = f"end:{subscription.id}"
        return Signal(key, reason.strip(), monthly, subscription.date_end)

    def _downgrade_signal(self, change, rule):
        env, currency = change.env, change.currency_id
        formatted = change.subscription_id._in_figures
        before, day = change._monthly_before(), change._day_lowered()
        kinds = dict(change._fields["kind"]._description_selection(env))
        reason = env._(
            "Changed by %(user)s (%(kind)s): from %(day)s the MRR is %(after)s instead "
            "of %(before)s, %(percent)s %% less. The limit of the rule is %(limit)s "
            "%%.",
            user=change.user_id.name,
            kind=kinds[change.kind].lower(),
            day=format_date(env, day),
            after=currency.format(before + change.monthly_difference),
            before=currency.format(before),
            percent=formatted(round(change._lowered_percent(), 1)),
            limit=formatted(rule.reduction_percent),
        )
        return Signal(f"change:{change.id}", reason, -change.monthly_difference, day)

    def cleared(self, subscription, finding):
        env = subscription.env
        kind, number = finding.signal_key.split(":")
        if kind == "end":
            if subscription._is_cancellation_scheduled():
                return None
            return env._("The cancellation was undone.")
        undone = subscription.change_ids.browse(int(number)).undone_by_ids[:1]
        if not undone:
            return None
        day = subscription.company_id._subscription_day(undone.create_date)
        return env._("The change was undone on %s.", format_date(env, day))

    def describe(self, rule):
        return rule.env._(
            "When a change lowers the MRR by %s %% or more, or a cancellation is "
            "scheduled",
            f"{rule.reduction_percent:g}",
        )
