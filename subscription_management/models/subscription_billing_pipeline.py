import logging
import time

import psycopg2
import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..billing_core.errors import BillingError
from .error_messages import translated
from .subscription_billing import BILLING_ERROR_ACTIVITY

_logger = logging.getLogger(__name__)


class SubscriptionBillingPipeline(models.Model):
    """The steps of a run: plan → write → record → post, slice by slice."""

    _inherit = "subscription.billing.run"

    def _work(self, progress):
        """Bill slices until nothing is due (True) or the time is up (False)."""
        self.ensure_one()
        writer = self.env["subscription.invoice.writer"]
        while True:
            try:
                handled = self._bill_slice(writer)
                if not handled:
                    self._finish()
            except psycopg2.errors.SerializationFailure:
                # Someone changed a row between our look and our lock: look again.
                self.env.cr.rollback()
                continue
            seconds_left = progress(handled)
            if not handled:
                return True
            if not seconds_left:
                return False

    def _finish(self):
        """Close the run, unless another worker still holds some of its due ones."""
        if self.state == "running" and not self._count_due():
            self.write({"state": "done", "finished_at": fields.Datetime.now()})

    def _bill_slice(self, writer):
        """Bill the next due subscriptions and return how many were looked at."""
        started = time.monotonic()
        due = self._select_due()
        if not due:
            return 0
        if self.is_dry_run:
            invoice_count = self._forecast(due, writer)
            billed = due
        else:
            billed, moves = self._bill_each_that_can(due, writer)
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

    def _bill_each_that_can(self, due, writer):
        """Bill `due` together and return (billed subscriptions, moves).

        When that fails, halves are tried, down to the one that is wrong: it alone
        is marked with the reason, all others are billed.
        """
        try:
            with self.env.cr.savepoint():
                moves = self._bill_together(due, self.target_date, writer)
            due._clear_billing_error()
            return due, moves
        except psycopg2.OperationalError:
            # The connection or the snapshot is gone: nothing that a record can cure.
            raise
        except Exception as error:
            writer._forget()
            if len(due) == 1:
                self._note_failure(due, error)
                return due.browse(), self.env["account.move"]
        middle = len(due) // 2
        first, first_moves = self._bill_each_that_can(due[:middle], writer)
        second, second_moves = self._bill_each_that_can(due[middle:], writer)
        return first | second, first_moves | second_moves

    def _bill_together(self, subscriptions, target, writer):
        """Bill what is due of all `subscriptions`, or raise; return the moves."""
        plans = self._plan(subscriptions, target)
        invoices = subscriptions._group_into_invoices(plans, target)
        moves = writer._write_invoices(invoices)
        if self.id:
            moves.managed_billing_run_id = self
        self._record_billed_periods(invoices, moves)
        self._close_periods(plans)
        writer._post(
            moves.browse(
                move.id
                for move, invoice in zip(moves, invoices, strict=True)
                if invoice.posts
            )
        )
        self._notify(invoices, moves)
        return moves

    def _plan(self, subscriptions, target):
        """Return {subscription: invoice plan}, having checked that each can bill."""
        rows = subscriptions._open_rows_by_subscription()
        plans = {}
        for subscription in subscriptions:
            plan = subscription._plan_billing(target, rows[subscription])
            if plan.items:
                subscription._check_billable(target)
                subscription._check_products_billable(plan.items)
            plans[subscription] = plan
        return plans

    def _record_billed_periods(self, invoices, moves):
        """Note which invoice line billed which period; the database refuses twins."""
        values = []
        for invoice, move in zip(invoices, moves, strict=True):
            invoice_lines = move.line_ids.filtered("managed_subscription_line_id")
            for (line, item), invoice_line in zip(
                invoice.rows, invoice_lines.sorted("sequence"), strict=True
            ):
                values.append(line._prepare_billed_period_values(item, invoice_line))
        self.env["subscription.billed.period"].create(values)

    def _close_periods(self, plans):
        """Move each line's and subscription's mark behind what is billed now."""
        for subscription, plan in plans.items():
            for line in subscription.line_ids:
                closed = plan.closed_until.get(line.id)
                if closed != (line.closed_until or None):
                    line.closed_until = closed
            subscription.next_billing_date = plan.next_due or False

    def _notify(self, invoices, moves):
        """Hand posted invoices to the host's scheduled sending, where wanted."""
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
        """Mark one subscription with the reason, for people to cure."""
        reason = self._reason(error)
        if isinstance(error, UserError | BillingError):
            _logger.info("Not billed: %s: %s", subscription.name, reason)
        else:
            _logger.exception("Not billed: %s", subscription.name)
        self.env["subscription.billing.failure"].create(
            {"run_id": self.id, "subscription_id": subscription.id, "reason": reason}
        )
        subscription.billing_error = reason
        if not subscription.activity_search([BILLING_ERROR_ACTIVITY]):
            subscription.activity_schedule(
                BILLING_ERROR_ACTIVITY,
                note=reason,
                user_id=(subscription.user_id or self.env.user).id,
            )

    def _reason(self, error):
        """Return one sentence that says what is wrong and what to do."""
        if isinstance(error, BillingError):
            return translated(self.env, error)
        if isinstance(error, UserError):
            return str(error)
        return self.env._(
            "An unexpected error (%(kind)s) stopped the invoice: %(text)s. "
            "Check the subscription's products, prices and addresses; the server's "
            "log has the details.",
            kind=type(error).__name__,
            text=str(error).strip().split("\n")[0],
        )

    @api.model
    def _bill_now(self, subscription, target):
        """Bill one subscription at once, for a person who is waiting."""
        subscription.lock_for_update(allow_referencing=True)
        run = self.new({"target_date": target})
        try:
            moves = run._bill_together(
                subscription, target, self.env["subscription.invoice.writer"]
            )
        except BillingError as error:
            raise UserError(translated(self.env, error)) from error
        subscription._clear_billing_error()
        return moves
