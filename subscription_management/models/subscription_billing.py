from collections import defaultdict
from datetime import date

from odoo import models
from odoo.tools import SQL

from ..billing_core.invoice_plan import ChargeKind, Line, plan_invoice
from ..billing_core.price_models import Flat, PerUnit
from .decimals import exact

PRICE_MODELS = {"flat": Flat, "per_unit": PerUnit}
BILLING_ERROR_ACTIVITY = "subscription_management.mail_activity_type_billing_error"
BILLED_STATES = ("active", "past_due", "cancelled", "expired")


class SubscriptionBilling(models.Model):
    _inherit = "subscription.subscription"

    def _plan_billing(self, target, rows=None):
        """Return the core's invoice plan of one subscription for a day."""
        self.ensure_one()
        lines = self.line_ids
        if rows is None:
            rows = lines._open_billed_rows()
        return plan_invoice(
            [line._snapshot_line() for line in lines],
            [row._snapshot() for row in rows],
            self.currency_id._snapshot_currency(),
            target,
        )

    def _open_rows_by_subscription(self):
        """Return the billed rows that may still change, by subscription."""
        rows = defaultdict(lambda: self.env["subscription.billed.period"])
        for row in self.line_ids._open_billed_rows():
            rows[row.subscription_id] |= row
        return rows

    def _schedule_billing(self):
        """Set the day on which the next period becomes due, from the history."""
        rows = self._open_rows_by_subscription()
        for subscription in self:
            subscription.next_billing_date = subscription._next_due(rows[subscription])

    def _lost_fields(self):
        """Return the labels of fields whose record was deleted from the database."""
        self.ensure_one()
        labels = self.fields_get(attributes=["string"])
        return [
            labels[name]["string"]
            for name, field in self._fields.items()
            if field.type == "many2one"
            and field.store
            and self[name]
            and not self[name].exists()
        ]

    def _clear_billing_error(self):
        """Forget an old failure: the subscription bills again."""
        failed = self.filtered("billing_error")
        failed.billing_error = False
        failed.activity_unlink([BILLING_ERROR_ACTIVITY])

    def _next_due(self, rows):
        """Return when something is to be billed next, False when nothing is."""
        if self.state not in BILLED_STATES or not self.date_start:
            return False
        # On the first of all days nothing is due; what is to be credited shows all
        # the same, and is due on the day from which it is credited.
        plan = self._plan_billing(date.min, rows)
        dues = [item.period.start for item in plan.items]
        if plan.next_due:
            dues.append(plan.next_due)
        return min(dues, default=False)


class SubscriptionLineBilling(models.Model):
    _inherit = "subscription.line"

    def _snapshot_line(self):
        """Return the line as the core takes it."""
        self.ensure_one()
        subscription = self.subscription_id
        return Line(
            key=self.id,
            calendar=self.plan_id._snapshot_calendar(
                subscription.date_start, subscription.date_end
            ),
            price=PRICE_MODELS[self.pricing_model](exact(self.price)),
            quantity=exact(self.quantity),
            start=self.date_start,
            end=self.date_end or None,
            kind=ChargeKind(self.kind),
            closed_until=self.closed_until or None,
        )

    def _open_billed_rows(self):
        """Return the active rows that reach beyond what is closed of their line."""
        rows = self.env["subscription.billed.period"]
        if not self.ids:
            return rows
        self.flush_recordset(["closed_until"])
        rows.flush_model(["line_id", "date_end", "active", "credited_period_id"])
        # A long history stays in the database: only its open end is read.
        found = self.env.execute_query(
            SQL(
                """
                SELECT billed.id
                  FROM subscription_billed_period billed
                  JOIN subscription_line line ON line.id = billed.line_id
                 WHERE line.id IN %s
                   AND billed.active
                   AND billed.credited_period_id IS NULL
                   AND (line.closed_until IS NULL
                        OR billed.date_end > line.closed_until)
                 ORDER BY billed.id
                """,
                tuple(self.ids),
            )
        )
        return rows.browse(row_id for (row_id,) in found)
