import logging
import time
from contextlib import closing

import psycopg2

from odoo import api, fields
from odoo.exceptions import UserError

from ...billing_core.errors import BillingError
from .. import failure_isolation
from ..billing.planning import BILLING_ERROR_ACTIVITY
from ..error_messages import translated
from ..model_part import ModelPart
from ..subscriptions.internal_write import internal_write

_logger = logging.getLogger(__name__)


class SubscriptionBillingPipeline(ModelPart):
    """The steps of a run: plan → write → record → post, slice by slice."""

    _register = False

    def _work(self, progress):
        """Bill slices; return whether nothing is due any more, False at a timeout."""
        self.ensure_one()
        return failure_isolation.repeat(self.env, self._bill_slice, progress)

    def _finish(self):
        """Close the run, unless another worker still holds due subscriptions."""
        if self.state == "running" and not self._count_due():
            self.write({"state": "done", "finished_at": fields.Datetime.now()})

    def _bill_slice(self):
        """Bill the next due subscriptions and return how many were handled."""
        started = time.monotonic()
        due = self._select_due()
        if not due:
            self._finish()
            return 0
        if self.is_dry_run:
            invoice_count = self._forecast(due)
            billed = due
        else:
            billed, moves = self._bill_each(due)
            invoice_count = len(moves)
        self.env["subscription.billing.slice"].create(
            {
                "run_id": self.id,
                "subscription_count": len(billed),
                "invoice_count": invoice_count,
                "seconds": time.monotonic() - started,
            }
        )
        return len(due)

    def _bill_each(self, due):
        """Bill `due` together and return (billed subscriptions, moves).

        A subscription whose invoice cannot be planned fails alone. When the rest
        cannot be written, parts are tried, down to the failing subscription.
        """
        moves, errors = [], {}

        def bill(part):
            billings, unplanned = self._plan_each(part)
            written = self._write(billings)
            # A part whose flush fails is rolled back and does not count.
            self.env.flush_all()
            moves.append(written)
            errors.update(unplanned)

        billed = failure_isolation.run_each(
            due, bill, self._note_failure, parts=self._split
        )
        for subscription, error in errors.items():
            self._note_failure(subscription, error)
        billed = billed.filtered(lambda subscription: subscription not in errors)
        billed._clear_billing_error()
        return billed, self.env["account.move"].union(*moves)

    def _split(self, due):
        """Return smaller parts of `due` that do not split a shared invoice.

        Within one shared invoice, the subscriptions that cannot be billed alone are
        separated from the others.
        """
        invoices = list(
            due.grouped(
                lambda each: (
                    each.shares_invoices or each.id,
                    each.partner_invoice_id,
                    each.company_id,
                )
            ).values()
        )
        if len(invoices) > 1:
            middle = len(invoices) // 2
            return [
                due.browse().union(*invoices[:middle]),
                due.browse().union(*invoices[middle:]),
            ]
        failing = due.filtered(lambda each: not self._can_be_billed(each))
        others = due - failing
        if not others or not failing:
            return list(due)
        return [others, *failing]

    def _can_be_billed(self, subscription):
        """Return whether one subscription can be billed; the attempt is rolled back."""
        try:
            with closing(self.env.cr.savepoint()):
                self._write([subscription._prepare_billing(self.target_date)])
        except psycopg2.OperationalError:
            raise
        except Exception:  # The reason is recorded when its part is billed.
            return False
        return True

    def _plan_each(self, due):
        """Return ([PlannedBilling], {subscription: error})."""
        billings, errors = [], {}
        rows = due._open_rows_by_subscription()
        for subscription in due.with_context(managed_sales_journals={}):
            try:
                billings.append(
                    subscription._prepare_billing(self.target_date, rows[subscription])
                )
            except psycopg2.Error:
                # The transaction is aborted for all: the caller tries smaller parts.
                raise
            except Exception as error:
                errors[subscription] = error
        return billings, errors

    def _write(self, billings):
        """Write the invoices of `PlannedBilling`s and return the moves."""
        writer = self.env["subscription.invoice.writer"]
        invoices = self.env["subscription.subscription"]._group_into_invoices(billings)
        for invoice in invoices:
            invoice.header["managed_billing_run_id"] = self.id or False
        moves = writer._write_invoices(invoices)
        self._record_billed_periods(invoices, moves)
        self._close_periods(billings)
        self._notify(invoices, moves)
        # Posting is last, since it locks the journal's numbering until the commit.
        writer._post(
            moves.browse(
                move.id
                for move, invoice in zip(moves, invoices, strict=True)
                if invoice.posts
            )
        )
        moves._settle_by_prepayments()
        return moves

    def _record_billed_periods(self, invoices, moves):
        """Record the period of each invoice line; the database refuses duplicates."""
        values = []
        for invoice, move in zip(invoices, moves, strict=True):
            invoice_lines = move.line_ids.filtered("managed_subscription_line_id")
            for row, invoice_line in zip(
                invoice.rows, invoice_lines.sorted("sequence"), strict=True
            ):
                values.append(
                    row.line._prepare_billed_period_values(row.item, invoice_line)
                )
        self.env["subscription.billed.period"].create(values)

    def _close_periods(self, billings):
        """Set the closed date of each line and the next billing date."""
        for billing in billings:
            for line in billing.subscription.line_ids:
                closed = billing.plan.closed_until.get(line.id)
                if closed and closed != line.closed_until:
                    internal_write(line).closed_until = closed
            due = billing.plan.next_due or False
            internal_write(billing.subscription).next_billing_date = due

    def _notify(self, invoices, moves):
        """Trigger the collection and the sending of posted invoices."""
        if any(invoice.posts for invoice in invoices):
            self.env.ref("subscription_management.ir_cron_collect")._trigger()
        wanted = moves.browse(
            move.id
            for move, invoice in zip(moves, invoices, strict=True)
            if invoice.sends and invoice.posts
        )
        if wanted:
            author = self.env.user
            wanted.sending_data = {
                "author_user_id": author.id,
                "author_partner_id": author.partner_id.id,
            }
            self.env.ref("account.ir_cron_account_move_send")._trigger()

    def _note_failure(self, subscription, error):
        """Mark a subscription with the reason and schedule an activity."""
        reason = subscription._failure_reason(error)
        if isinstance(error, UserError | BillingError):
            _logger.info("Not billed: %s: %s", subscription.name, reason)
        else:
            _logger.error("Not billed: %s", subscription.name, exc_info=error)
        self.env["subscription.billing.failure"].create(
            {"run_id": self.id, "subscription_id": subscription.id, "reason": reason}
        )
        internal_write(subscription).billing_error = reason
        subscription._schedule_failure_activity(BILLING_ERROR_ACTIVITY, reason)

    @api.model
    def _bill_now(self, subscription, target):
        """Bill one subscription immediately, at a user's request."""
        subscription.lock_for_update(allow_referencing=True)
        run = self.new({"target_date": target})
        try:
            moves = run._write([subscription._prepare_billing(target)])
        except BillingError as error:
            raise UserError(translated(self.env, error)) from error
        subscription._clear_billing_error()
        return moves
