from datetime import timedelta

from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.subscription_management.billing_core.lifecycle import UNPAID

from .condition import Condition, Signal

UNPAID_STATES = tuple(state.value for state in UNPAID)


class PaymentCondition(Condition):
    """An invoice is overdue for the days of the rule, or the service is affected."""

    def candidates(self, rule):
        latest = rule.env["res.company"]._latest_today_anywhere()
        last = latest - timedelta(days=rule.overdue_days)
        overdue = Domain("state", "=", "posted") & Domain("amount_residual", ">", 0)
        overdue &= Domain("invoice_date_due", "<=", last)
        return Domain("state", "in", UNPAID_STATES) | Domain(
            "billed_period_ids.move_id", "any", overdue
        )

    def signal(self, subscription, rule):
        overdue = subscription._invoices_overdue_for(rule.overdue_days)
        if overdue:
            reason = self._describe_overdue(subscription, overdue, rule.overdue_days)
            return Signal(
                f"invoice:{overdue[0].id}", reason, subscription.monthly_amount
            )
        if subscription.state not in UNPAID_STATES:
            return None
        reason = subscription.env._(
            "The subscription is %s; the rule includes this state.",
            self._state_label(subscription),
        )
        return Signal(f"state:{subscription.id}", reason, subscription.monthly_amount)

    def _describe_overdue(self, subscription, overdue, limit):
        """Return the sentence about overdue invoices, of which the first is oldest."""
        env, oldest = subscription.env, overdue[0]
        words = {
            "amount": oldest.currency_id.format(sum(overdue.mapped("amount_residual"))),
            "invoice": oldest.name,
            "day": format_date(env, oldest.invoice_date_due),
            "days": (subscription._today() - oldest.invoice_date_due).days,
            "limit": limit,
        }
        if len(overdue) == 1:
            return env._(
                "%(amount)s of invoice %(invoice)s is overdue: it was due on %(day)s "
                "(days overdue: %(days)s; limit of the rule: %(limit)s).",
                **words,
            )
        return env._(
            "%(amount)s of %(count)s invoices is overdue: the oldest, %(invoice)s, was "
            "due on %(day)s (days overdue: %(days)s; limit of the rule: %(limit)s).",
            count=len(overdue),
            **words,
        )

    def cleared(self, subscription, finding):
        kind, number = finding.signal_key.split(":")
        if kind == "invoice":
            invoice = subscription.env["account.move"].browse(int(number)).exists()
            return invoice._describe_settlement()
        if subscription.state in UNPAID_STATES:
            return None
        return subscription.env._(
            "The subscription is %s now.", self._state_label(subscription)
        )

    @staticmethod
    def _state_label(subscription):
        states = subscription._fields["state"]._description_selection(subscription.env)
        return dict(states)[subscription.state].lower()

    def describe(self, rule):
        return rule.env._(
            "When an invoice is overdue (days: %s), or the subscription is past due "
            "or suspended",
            rule.overdue_days,
        )
