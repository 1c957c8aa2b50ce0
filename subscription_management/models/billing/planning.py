"""Ask the core what a subscription owes, and schedule its next billing date."""

from collections import defaultdict

from odoo.exceptions import UserError
from odoo.tools import SQL

from ...billing_core.errors import BillingError, CircularPercentBase
from ...billing_core.invoice_plan import plan_invoice
from ...billing_core.lifecycle import BILLED
from ...billing_core.line import ChargeKind
from ..error_messages import translated
from ..model_part import ModelPart
from ..subscriptions.internal_write import internal_write

BILLING_ERROR_ACTIVITY = "subscription_management.mail_activity_type_billing_error"


class SubscriptionBilling(ModelPart):
    _register = False

    def _plan_billing(self, target, rows=None):
        """Return the core's invoice plan of a subscription for a target date."""
        self.ensure_one()
        if rows is None:
            rows = self.line_ids._open_billed_rows()
        try:
            return plan_invoice(
                self._billable_lines(),
                [row._snapshot() for row in rows],
                self.currency_id._snapshot_currency(),
                target,
                self._snapshot_pauses(),
            )
        except CircularPercentBase as error:
            raise self._with_product_names(error) from error

    def _billable_lines(self):
        """Return the lines that may be billed: during a trial only one-time ones."""
        lines = self._snapshot_lines(only_open=True)
        if self.state == "trial":
            return [line for line in lines if line.kind is ChargeKind.ONE_OFF]
        return lines

    def _snapshot_lines(self, *, only_open=False):
        """Return the lines as the core's values."""
        self.ensure_one()
        keys = self._line_keys()
        return [
            line._snapshot_line(keys, only_open=only_open) for line in self.line_ids
        ]

    def _line_keys(self):
        """Return the core's key of each line: its id, or its position if unsaved."""
        self.ensure_one()
        if all(line.ids for line in self.line_ids):
            return {line: line.id for line in self.line_ids}
        return {line: number for number, line in enumerate(self.line_ids, start=1)}

    def _snapshot_pauses(self):
        """Return the pauses that are not billed, as the core's values."""
        return [
            pause._snapshot_pause() for pause in self.pause_ids if not pause.is_billed
        ]

    def _with_product_names(self, error, planned=None):
        """Return the error with product names in place of line keys.

        `planned` maps line keys to values while a change is planned.
        """
        known = planned or {
            line.id: {"product_id": line.product_id.id} for line in self.line_ids
        }
        ids = [
            values["product_id"] for key, values in known.items() if key in error.lines
        ]
        products = self.env["product.product"].browse(dict.fromkeys(ids))
        return CircularPercentBase(tuple(products.mapped("display_name")))

    def _error_message(self, error, planned=None):
        """Return the user's message of a `BillingError`.

        `planned` maps line keys to values while a change is planned.
        """
        if isinstance(error, CircularPercentBase):
            error = self._with_product_names(error, planned)
        return translated(self.env, error)

    def _open_rows_by_subscription(self):
        """Return the billed periods that are not closed, by subscription."""
        rows = defaultdict(lambda: self.env["subscription.billed.period"])
        for row in self.line_ids._open_billed_rows():
            rows[row.subscription_id] |= row
        return rows

    def _schedule_billing(self):
        """Compute the next billing date from the history."""
        rows = self._open_rows_by_subscription()
        for subscription in self:
            try:
                next_day = subscription._next_due(rows[subscription])
            except BillingError:
                # The next run reports the error.
                next_day = subscription._today()
            internal_write(subscription).next_billing_date = next_day

    def _check_can_be_billed(self):
        """Refuse a subscription that the core cannot bill."""
        for subscription in self:
            try:
                subscription._plan_billing(subscription._today())
            except BillingError as error:
                raise UserError(translated(self.env, error)) from error

    def _missing_references(self):
        """Return the labels of fields whose record no longer exists."""
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
        """Clear the billing error after a successful billing."""
        failed = self.filtered("billing_error")
        internal_write(failed).billing_error = False
        failed.activity_unlink([BILLING_ERROR_ACTIVITY])

    def _next_due(self, rows):
        """Return the next due date, False when nothing will be due."""
        if self.state not in BILLED or not self.date_start:
            return False
        plan = self._plan_billing(self._today(), rows)
        # A credit is due on its first day, a charge on its due date.
        dues = [
            item.period.start if item.amount < 0 else item.due for item in plan.items
        ]
        if plan.next_due:
            dues.append(plan.next_due)
        return min(dues, default=False)


class SubscriptionLineBilling(ModelPart):
    _register = False

    def _open_billed_rows(self):
        """Return the active billed periods that end after their line's closed date."""
        rows = self.env["subscription.billed.period"]
        if not self.ids:
            return rows
        self.flush_recordset(["closed_until"])
        rows.flush_model(["line_id", "date_end", "active", "credited_period_id"])
        # Only the open end of a long history is read.
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
