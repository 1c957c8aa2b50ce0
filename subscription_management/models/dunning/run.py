"""The scheduled action of dunning, its locks, and the isolation of failing cases."""

from datetime import timedelta

import psycopg2.errors

from odoo import api, fields
from odoo.tools import SQL

from .. import failure_isolation
from ..model_part import ModelPart
from .quiet_days import QUIET_DAYS

CONCURRENCY_ERRORS = (
    *failure_isolation.CONCURRENCY_ERRORS,
    psycopg2.errors.UniqueViolation,
)
"""Another worker opens cases of the same invoices."""


class SubscriptionDunningRun(ModelPart):
    """A slice is one transaction; the next run continues one that was stopped.

    A step is due until it is recorded, so that a second run does nothing.
    """

    _register = False

    lock_version = fields.Integer(
        default=0,
        readonly=True,
        help="Increases when a payment starts, so that runs with an older view of the "
        "case cannot lock it.",
    )

    @api.model
    def _cron_collect(self):
        """Charge unpaid invoices and execute their dunning steps.

        Any number of workers may run it at the same time.
        """
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=self.search_count([("state", "=", "open")]))
        cases = self.with_context(**{QUIET_DAYS: {}})
        for step in (
            cases._conclude_stale_charges,
            cases._book_stale_charges,
            cases._report_pending_payments,
            cases._reopen_reversed,
            cases._schedule_settled,
            cases._reactivate_missed,
            cases._open_slice,
            cases._advance_slice,
            cases._charge_next,
            # The outcome of a charge may make another step due today.
            cases._advance_slice,
            cases._charge_next,
            cases.env["subscription.dunning.letter"]._send_next,
        ):
            if not failure_isolation.repeat(
                self.env,
                lambda step=step: len(step()),
                progress,
                retried=CONCURRENCY_ERRORS,
            ):
                return

    def _trigger_run(self):
        """Start the scheduled action at once."""
        self.env.ref("subscription_management.ir_cron_collect").sudo()._trigger()

    def _lock(self):
        """Lock these cases; return those that no other worker has locked."""
        return self.try_lock_for_update(allow_referencing=True)

    @api.model
    def _lock_open(self, condition, limit, order=None):
        """Lock open cases and return them, without those that another worker has.

        `condition` and `order` name the case `known`.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT known.id FROM subscription_dunning_case known "
                "WHERE known.state = 'open' AND %s %s "
                "LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
                condition,
                SQL("ORDER BY %s", order) if order else SQL(),
                limit,
            )
        )
        return self.browse(row_id for (row_id,) in rows)

    def _invalidate_other_snapshots(self):
        """Prevent runs that started earlier from locking these cases.

        A transaction cannot lock a row that was written after its snapshot: the run
        starts again and sees the payment.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE subscription_dunning_case "
                "SET lock_version = COALESCE(lock_version, 0) + 1 WHERE id = ANY(%s)",
                list(self.ids),
            )
        )
        self.invalidate_recordset(["lock_version"])

    def _run_each(self, step):
        """Call a step for all cases; return those for which it succeeded."""
        return failure_isolation.run_each(
            self, step, lambda case, error: case._record_failure(error)
        )

    def _record_failure(self, error):
        """Record the reason of a failure, with a to-do if it is new; retry tomorrow."""
        case = self._in_responsible_language()
        failure_isolation.log_unexpected(self, error)
        advice = case.env._("The server's log has the details.")
        reason = failure_isolation.reason_of(case.env, error, advice)
        if case.error != reason:
            case._schedule_activity(reason)
        self.write({"error": reason, "next_date": self._today() + timedelta(days=1)})
