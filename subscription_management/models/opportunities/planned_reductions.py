"""Downgrades and cancellations, as opportunity rules find them in the history."""

from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import float_compare, format_date

from ..changes.change import OF_LINES
from .finder import Signal

NOTED_LATELY = timedelta(days=7)
"""How long after it was noted a downgrade is news; the rules look every day."""


class SubscriptionSignalOfReduction(models.Model):
    _inherit = "subscription.subscription"

    def _candidates_of_reduction(self, rule):
        lately = Domain("create_date", ">=", fields.Datetime.now() - NOTED_LATELY)
        lowered = lately & Domain("monthly_difference", "<", 0)
        ending = self.env["res.company"]._domain_by_today(
            lambda today: [("date_end", ">", today)]
        )
        return ending | Domain("change_ids", "any", lowered)

    def _signal_of_reduction(self, rule):
        """Return that the service was cancelled, or the last downgrade."""
        if self._is_cancelled_to_come():
            return self._signal_of_cancellation()
        lowered = self.change_ids.filtered(
            lambda change: (
                change.create_date >= fields.Datetime.now() - NOTED_LATELY
                and not change.undone_by_ids
                and change._is_downgrade()
                and float_compare(change._lowers_by(), rule.reduction_percent, 2) >= 0
            )
        ).sorted("id")[-1:]
        return lowered._signal_of_downgrade(rule) if lowered else None

    def _is_cancelled_to_come(self):
        """Tell whether the service is to end since somebody said so."""
        self.ensure_one()
        return bool(
            self.date_end
            and self.date_end > self._today()
            and not self.ends_by_expiry
            and not self._is_transferred_away()
        )

    def _signal_of_cancellation(self):
        cancelled = self.change_ids.filtered(
            lambda change: change.kind == "cancelled" and not change.undone_by_ids
        ).sorted("id")[-1:]
        monthly = self._monthly_on(self.last_day)
        why = self.env._(
            "%(user)s noted a cancellation: the last day of service is %(day)s, and "
            "%(amount)s a month end with it. %(because)s",
            user=cancelled.user_id.name,
            day=format_date(self.env, self.last_day),
            amount=self.currency_id.format(monthly),
            because=cancelled.cancellation_reason_id.name or cancelled.reason or "",
        )
        return Signal(f"end:{self.id}", why.strip(), monthly, self.date_end)

    def _end_of_reduction(self, finding):
        kind, number = finding.fact.split(":")
        if kind == "end":
            if self._is_cancelled_to_come():
                return None
            return self.env._("The cancellation was taken back.")
        undone = self.change_ids.browse(int(number)).undone_by_ids[:1]
        if not undone:
            return None
        return self.env._(
            "The change was taken back on %s.",
            format_date(
                self.env, self.company_id._subscription_day(undone.create_date)
            ),
        )


class SubscriptionChangeLowering(models.Model):
    _inherit = "subscription.change"

    def _takes_revenue(self):
        """Tell whether a change may be worth a talk with the customer at once."""
        self.ensure_one()
        return self.kind == "cancelled" or self._is_downgrade()

    def _is_downgrade(self):
        """Tell whether the customer pays less for what is served from its day on.

        What follows a renewal or the end of a contract was agreed before, and a
        discount is what the seller gives.
        """
        self.ensure_one()
        return (
            self.kind in OF_LINES
            and self.kind != "discount"
            and not self.is_of_renewal
            and not self.is_of_contract
            and self.currency_id.compare_amounts(self.monthly_difference, 0) < 0
        )

    def _day_lowered(self):
        """Return the first day on which the monthly revenue is lower."""
        self.ensure_one()
        own = self.movement_ids.filtered(
            lambda each: each.subscription_id == self.subscription_id and each.amount
        )
        return min(own.mapped("date"), default=self.date_effective)

    def _monthly_before(self):
        """Return the monthly revenue without what the change took off on its day."""
        self.ensure_one()
        day = self._day_lowered()
        return self.subscription_id._monthly_on(day) - self.monthly_difference

    def _lowers_by(self):
        """Return by how many percent the monthly revenue is lower."""
        before = self._monthly_before()
        return -self.monthly_difference * 100 / before if before > 0 else 0.0

    def _signal_of_downgrade(self, rule):
        self.ensure_one()
        subscription, currency = self.subscription_id, self.currency_id
        before, day = self._monthly_before(), self._day_lowered()
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        why = self.env._(
            "%(user)s noted a change (%(kind)s): from %(day)s on the monthly revenue "
            "is %(after)s instead of %(before)s, %(percent)s %% less. The rule asks "
            "from %(limit)s %% on.",
            user=self.user_id.name,
            kind=kinds[self.kind].lower(),
            day=format_date(self.env, day),
            after=currency.format(before + self.monthly_difference),
            before=currency.format(before),
            percent=subscription._in_figures(round(self._lowers_by(), 1)),
            limit=subscription._in_figures(rule.reduction_percent),
        )
        return Signal(f"change:{self.id}", why, -self.monthly_difference, day)
