"""The measurements of health signals, for many subscriptions at once.

Each kind of signal has two methods: one returns a number by subscription, leaving out
those without a known one; the other describes a number in a sentence.
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..decimals import exact
from ..model_part import ModelPart


class SubscriptionHealthMeasures(ModelPart):
    _register = False

    def _measure(self, subscriptions):
        """Return the measured number by subscription, all of one company.

        Addons extend it by their own kinds.
        """
        self.ensure_one()
        match self.kind:
            case "payment":
                return self._measure_payment(subscriptions)
            case "messages":
                return self._measure_messages(subscriptions)
            case "seats":
                return self._measure_seats(subscriptions)
            case "renewal":
                return self._measure_renewal(subscriptions)

    def _describe(self, measured, subscription):
        """Return a sentence with a measured number; addons extend it by their kinds."""
        self.ensure_one()
        match self.kind:
            case "payment":
                return self._describe_payment(measured)
            case "messages":
                return self._describe_messages(measured)
            case "seats":
                return self._describe_seats(measured)
            case "renewal":
                return self._describe_renewal(measured, subscription)

    def _format_number(self, number):
        """Return a number in the reader's format."""
        return self.env["subscription.subscription"]._in_figures(number)

    def _measure_payment(self, subscriptions):
        """Return the average days by which invoices were or are paid late.

        Credited invoices are left out.
        """
        today = subscriptions.company_id._subscription_today()
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
                subscriptions=tuple(subscriptions.ids),
                since=today - timedelta(days=self.days),
                today=today,
            )
        )
        return {subscriptions.browse(number): Decimal(days) for number, days in rows}

    def _describe_payment(self, measured):
        if not measured:
            return self.env._(
                "All invoices due in the last %s days were paid in time.", self.days
            )
        return self.env._(
            "Invoices due in the last %(window)s days were paid %(days)s days late on "
            "average; unpaid ones count until today.",
            window=self.days,
            days=self._format_number(round(measured, 1)),
        )

    def _measure_messages(self, subscriptions):
        """Return the number of messages of the customer's contacts on any record.

        Customers without a message are left out: silence is neither good nor bad.
        """
        company = subscriptions.company_id
        since = company._subscription_today() - timedelta(days=self.days)
        customers = subscriptions.commercial_partner_id
        domain = (
            Domain("author_id", "child_of", customers.ids)
            & Domain("message_type", "in", ("email", "comment"))
            & Domain("date", ">=", since)
            & Domain("model", "!=", False)
            & Domain("record_company_id", "in", (False, company.id))
        )
        counted = Counter()
        for author, number in self.env["mail.message"]._read_group(
            domain, ["author_id"], ["__count"]
        ):
            counted[author.commercial_partner_id] += number
        return {
            each: Decimal(counted[each.commercial_partner_id])
            for each in subscriptions
            if each.commercial_partner_id in counted
        }

    def _describe_messages(self, measured):
        if measured == 1:
            return self.env._(
                "The customer wrote one message in the last %s days.", self.days
            )
        return self.env._(
            "The customer wrote %(count)s messages in the last %(days)s days.",
            count=self._format_number(measured),
            days=self.days,
        )

    def _measure_seats(self, subscriptions):
        """Return the percentage of seats in use, of lines whose seats are counted."""
        measured = {}
        for subscription in subscriptions:
            counted = [
                (line._seats_counted()[0], line.quantity)
                for line in subscription._lines_on(subscription._today())
                if line.quantity and line._seats_counted()
            ]
            if counted:
                used, seats = (
                    sum(map(exact, each)) for each in zip(*counted, strict=True)
                )
                measured[subscription] = used * 100 / seats
        return measured

    def _describe_seats(self, measured):
        return self.env._(
            "%s %% of the seats are in use.", self._format_number(round(measured, 1))
        )

    def _measure_renewal(self, subscriptions):
        """Return the days until a term ends without automatic renewal.

        A cancelled subscription has 0 days.
        """
        measured = {}
        for subscription in subscriptions:
            is_automatic = subscription.plan_id.renewal_policy == "renew"
            if subscription.date_end:
                measured[subscription] = Decimal(0)
            elif subscription.term_end and not is_automatic:
                days = (subscription.term_end - subscription._today()).days
                measured[subscription] = Decimal(max(days, 0))
        return measured

    def _describe_renewal(self, measured, subscription):
        if subscription.date_end:
            return self.env._(
                "The subscription is cancelled: its last day is %s.",
                format_date(self.env, subscription.last_day),
            )
        if measured == 1:
            return self.env._("The term ends in one day, and no renewal is agreed.")
        return self.env._(
            "The term ends in %s days, and no renewal is agreed.",
            self._format_number(measured),
        )
