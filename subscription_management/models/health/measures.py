"""The facts that health signals watch, in numbers, for many subscriptions at once.

Each kind of signal has two methods: `_measures_of_<kind>` returns a number by
subscription, without those of which nobody knows it, and `_sentence_of_<kind>` says one
to people.
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..decimals import exact


class SubscriptionHealthMeasures(models.Model):
    _inherit = "subscription.subscription"

    def _measures_of_payment(self, signal):
        """Return how many days late invoices were paid on average, or are by now.

        What was credited was not to be paid.
        """
        today = self.company_id._subscription_today()
        for model, names in (
            ("subscription.billed.period", ["subscription_id", "move_id"]),
            ("account.move", ["state", "payment_state", "invoice_date_due"]),
            ("account.partial.reconcile", ["debit_move_id", "max_date"]),
        ):
            self.env[model].flush_model(names)
        rows = self.env.execute_query(
            SQL(
                """
                WITH due AS (
                    SELECT DISTINCT billed.subscription_id, move.id,
                           move.invoice_date_due AS day,
                           move.payment_state IN ('not_paid', 'partial') AS is_open
                      FROM subscription_billed_period billed
                      JOIN account_move move ON move.id = billed.move_id
                     WHERE billed.subscription_id IN %(subscriptions)s
                       AND move.move_type = 'out_invoice' AND move.state = 'posted'
                       AND move.payment_state <> 'reversed'
                       AND move.invoice_date_due >= %(since)s
                       AND move.invoice_date_due < %(today)s
                )
                SELECT due.subscription_id, AVG(GREATEST(0, paid.day - due.day))
                  FROM due
                 CROSS JOIN LATERAL (
                    SELECT CASE WHEN due.is_open THEN %(today)s
                                ELSE COALESCE(MAX(partial.max_date), due.day)
                           END AS day
                      FROM account_move_line line
                      JOIN account_partial_reconcile partial
                           ON partial.debit_move_id = line.id
                     WHERE line.move_id = due.id
                 ) paid
                 GROUP BY due.subscription_id
                """,
                subscriptions=tuple(self.ids),
                since=today - timedelta(days=signal.days),
                today=today,
            )
        )
        return {self.browse(number): Decimal(days) for number, days in rows}

    def _sentence_of_payment(self, measured, signal):
        if not measured:
            return self.env._(
                "What was due in the last %s days was paid in time.", signal.days
            )
        return self.env._(
            "What was due in the last %(window)s days was paid %(days)s days late on "
            "average, or is late by now.",
            window=signal.days,
            days=self._in_figures(round(measured, 1)),
        )

    def _measures_of_messages(self, signal):
        """Return how often the customer's people wrote, in whatever conversation.

        Of those who did not, silence tells nothing.
        """
        since = self.company_id._subscription_today() - timedelta(days=signal.days)
        customers = self.commercial_partner_id
        domain = (
            Domain("author_id", "child_of", customers.ids)
            & Domain("message_type", "in", ("email", "comment"))
            & Domain("date", ">=", since)
            & Domain("model", "!=", False)
            & Domain("record_company_id", "in", (False, self.company_id.id))
        )
        counted = Counter()
        for author, number in self.env["mail.message"]._read_group(
            domain, ["author_id"], ["__count"]
        ):
            counted[author.commercial_partner_id] += number
        return {
            each: Decimal(counted[each.commercial_partner_id])
            for each in self
            if each.commercial_partner_id in counted
        }

    def _sentence_of_messages(self, measured, signal):
        return self.env._(
            "The customer wrote %(count)s messages in the last %(days)s days.",
            count=self._in_figures(measured),
            days=signal.days,
        )

    def _measures_of_seats(self, signal):
        """Return how many percent of the seats are in use, where they are counted."""
        measured = {}
        for subscription in self:
            counted = [
                (line._seats_counted()[0], line.quantity)
                for line in subscription._lines_on(subscription._today())
                if line._seats_percent() is not None
            ]
            if counted:
                used, seats = (
                    sum(map(exact, each)) for each in zip(*counted, strict=True)
                )
                measured[subscription] = used * 100 / seats
        return measured

    def _sentence_of_seats(self, measured, signal):
        return self.env._(
            "%s %% of the seats are in use.", self._in_figures(round(measured, 1))
        )

    def _measures_of_renewal(self, signal):
        """Return the days until a term ends that somebody must renew.

        None are left where the service was cancelled.
        """
        measured = {}
        for subscription in self:
            goes_on = subscription.plan_id.renewal_policy == "renew"
            if subscription.date_end:
                measured[subscription] = Decimal(0)
            elif subscription.term_end and not goes_on:
                days = (subscription.term_end - subscription._today()).days
                measured[subscription] = Decimal(max(days, 0))
        return measured

    def _sentence_of_renewal(self, measured, signal):
        if self.date_end:
            return self.env._(
                "It was cancelled: the last day is %s.",
                format_date(self.env, self.last_day),
            )
        return self.env._(
            "The term ends in %s days, and no renewal is agreed.",
            self._in_figures(measured),
        )
