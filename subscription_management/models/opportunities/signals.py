"""The facts that opportunity rules watch, in numbers: terms, seats, unpaid invoices.

Each kind of rule has three methods: which subscriptions it may concern, what it says of
one today, and when a fact that it said is over.
"""

from datetime import timedelta
from math import floor

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import float_compare, format_date

from ..decimals import exact
from ..renewals.renewal import RUNNING
from .finder import Signal

UNPAID_STATES = ("past_due", "suspended")


class SubscriptionSignalOfRenewal(models.Model):
    _inherit = "subscription.subscription"

    def _candidates_of_renewal(self, rule):
        ahead = timedelta(days=rule.days_before_end)
        soon = self.env["res.company"]._domain_by_today(
            lambda today: [("term_end", "<=", today + ahead)]
        )
        return soon & Domain("date_end", "=", False)

    def _signal_of_renewal(self, rule):
        """Return that a term ends soon which goes on if nobody, or somebody, acts."""
        end, policy = self.term_end, self.plan_id.renewal_policy
        if self.state not in RUNNING or not end or self.date_end or policy == "expire":
            return None
        days = (end - self._today()).days
        if not 0 <= days <= rule.days_before_end:
            return None
        follows = {
            "renew": self.env._("It is renewed by itself, unless it is cancelled."),
            "ask": self.env._("It ends, unless the customer agrees to a renewal."),
        }
        why = self.env._(
            "The term ends on %(day)s, in %(days)s days; the rule asks from %(limit)s "
            "days before on. %(follows)s",
            day=format_date(self.env, end),
            days=days,
            limit=rule.days_before_end,
            follows=follows[policy],
        )
        return Signal(f"term:{self.id}:{end}", why, self.monthly_amount, end)

    def _end_of_renewal(self, finding):
        day = fields.Date.to_date(finding.fact.split(":")[-1])
        if self.date_end and not self.ends_by_expiry:
            return self.env._(
                "The subscription was cancelled: its last day is %s.",
                format_date(self.env, self.last_day),
            )
        if self.term_end == day:
            return None
        if not self.term_end:
            return self.env._("The subscription goes on without a term.")
        return self.env._(
            "The term goes on until %s now: nothing is to be renewed before.",
            format_date(self.env, self.term_end - timedelta(days=1)),
        )


class SubscriptionSignalOfSeats(models.Model):
    _inherit = "subscription.subscription"

    def _candidates_of_seats(self, rule):
        return Domain("line_ids", "any", [("seats_used_on", "!=", False)])

    def _signal_of_seats(self, rule):
        """Return that the product whose seats are used most is nearly full."""
        full = [
            (line._seats_percent(), line)
            for line in self._lines_on(self._today())
            if line._seats_are_nearly_full(rule.seats_percent)
        ]
        if not full:
            return None
        percent, line = max(full, key=lambda each: each[0])
        used, day = line._seats_counted()
        why = self.env._(
            "%(used)s of %(quantity)s seats of %(product)s are used (%(percent)s %%, "
            "as of %(day)s); the rule asks from %(limit)s %% on.",
            used=self._in_figures(used),
            quantity=self._in_figures(line.quantity),
            product=line.product_id.display_name,
            percent=self._in_figures(round(percent, 1)),
            day=format_date(self.env, day),
            limit=self._in_figures(rule.seats_percent),
        )
        # A seat more is another fact: they were bought, and may be full again.
        fact = f"seats:{line._origin_key()}:{line.quantity:g}"
        return Signal(fact, why, line._worth_of_missing_seats(rule.seats_percent))

    def _end_of_seats(self, finding):
        _kind, origin, quantity = finding.fact.split(":")
        line = self._lines_on(self._today()).filtered(
            lambda each: each._origin_key() == int(origin)
        )[:1]
        if not line:
            return self.env._("These seats are not served any more.")
        words = {
            "quantity": self._in_figures(line.quantity),
            "product": line.product_id.display_name,
        }
        if f"{line.quantity:g}" != quantity:
            return self.env._(
                "%(quantity)s seats of %(product)s are agreed now, instead of "
                "%(before)s.",
                before=self._in_figures(float(quantity)),
                **words,
            )
        if line._seats_are_nearly_full(finding.rule_id.seats_percent):
            return None
        return self.env._(
            "%(used)s of %(quantity)s seats of %(product)s are used now.",
            used=self._in_figures(line.seats_used),
            **words,
        )


class SubscriptionLineSeatsInPercent(models.Model):
    _inherit = "subscription.line"

    def _seats_percent(self):
        """Return how much of the quantity is in use, None where nobody knows."""
        self.ensure_one()
        counted = self._seats_counted()
        if not counted or not self.quantity:
            return None
        return counted[0] * 100 / self.quantity

    def _seats_are_nearly_full(self, limit):
        percent = self._seats_percent()
        return percent is not None and float_compare(percent, limit, 2) >= 0

    def _worth_of_missing_seats(self, limit):
        """Return what the seats cost a month that would bring the use below a limit."""
        self.ensure_one()
        used, _day = self._seats_counted()
        enough = floor(exact(used) * 100 / exact(limit)) + 1
        return (enough - self.quantity) * self.monthly_amount / self.quantity


class SubscriptionSignalOfPayment(models.Model):
    _inherit = "subscription.subscription"

    def _candidates_of_payment(self, rule):
        latest = self.env["res.company"]._latest_today_anywhere()
        last = latest - timedelta(days=rule.overdue_days)
        late = Domain("state", "=", "posted") & Domain("amount_residual", ">", 0)
        late &= Domain("invoice_date_due", "<=", last)
        return Domain("state", "in", UNPAID_STATES) | Domain(
            "billed_period_ids.move_id", "any", late
        )

    def _signal_of_payment(self, rule):
        """Return which invoices are overdue, or that the service suffers from it."""
        late = self._invoices_overdue_for(rule.overdue_days)
        if not late and self.state not in UNPAID_STATES:
            return None
        if not late:
            states = dict(self._fields["state"]._description_selection(self.env))
            why = self.env._(
                "The subscription is %s; the rule asks for that, whatever is overdue.",
                states[self.state].lower(),
            )
            return Signal(f"state:{self.id}", why, self.monthly_amount)
        why = self._describe_overdue(late, rule.overdue_days)
        return Signal(f"invoice:{late[0].id}", why, self.monthly_amount)

    def _describe_overdue(self, late, limit):
        """Return the sentence of overdue invoices, the oldest of which comes first."""
        oldest = late[0]
        words = {
            "amount": oldest.currency_id.format(sum(late.mapped("amount_residual"))),
            "invoice": oldest.name,
            "day": format_date(self.env, oldest.invoice_date_due),
            "days": (self._today() - oldest.invoice_date_due).days,
            "limit": limit,
        }
        if len(late) == 1:
            return self.env._(
                "%(amount)s of invoice %(invoice)s are overdue: it was due on %(day)s, "
                "%(days)s days ago. The rule asks from %(limit)s days on.",
                **words,
            )
        return self.env._(
            "%(amount)s of %(count)s invoices are overdue: the oldest, %(invoice)s, "
            "was due on %(day)s, %(days)s days ago. The rule asks from %(limit)s "
            "days on.",
            count=len(late),
            **words,
        )

    def _invoices_overdue_for(self, days):
        """Return the unpaid invoices that were due so many days ago, oldest first."""
        self.ensure_one()
        last = min(
            self._today() - timedelta(days=days), self._today() - timedelta(days=1)
        )
        return self.invoice_ids.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.state == "posted"
                and move.invoice_date_due
                and move.invoice_date_due <= last
                and move.currency_id.compare_amounts(move.amount_residual, 0) > 0
            )
        ).sorted(lambda move: (move.invoice_date_due, move.id))

    def _end_of_payment(self, finding):
        kind, number = finding.fact.split(":")
        if kind == "invoice":
            return self.env["account.move"].browse(int(number)).exists()._why_not_late()
        if self.state in UNPAID_STATES:
            return None
        states = dict(self._fields["state"]._description_selection(self.env))
        return self.env._("The subscription is %s now.", states[self.state].lower())


class AccountMoveOverdue(models.Model):
    _inherit = "account.move"

    def _why_not_late(self):
        """Return the sentence that it is not overdue any more, None if it is."""
        if not self or self.state != "posted":
            return self.env._("The invoice was cancelled or deleted.")
        if self.currency_id.compare_amounts(self.amount_residual, 0) > 0:
            return None
        days = self.line_ids.matched_credit_ids.mapped("max_date")
        words = {
            "invoice": self.name,
            "day": format_date(self.env, max(days, default=self.date)),
        }
        if self.payment_state == "reversed":
            return self.env._("Invoice %(invoice)s was credited on %(day)s.", **words)
        return self.env._("Invoice %(invoice)s was paid on %(day)s.", **words)
