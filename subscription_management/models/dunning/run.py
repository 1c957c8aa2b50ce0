"""The scheduled action: open → advance → charge → write, each with its own commits."""

import psycopg2.errors

from odoo import api, models
from odoo.tools import SQL

from .. import failure_isolation
from .quiet_days import QUIET_DAYS

CONCURRENCY_ERRORS = (
    *failure_isolation.CONCURRENCY_ERRORS,
    psycopg2.errors.UniqueViolation,
)
"""Another worker opens cases of the same invoices."""


class SubscriptionDunningRun(models.Model):
    """A slice is one transaction; one that was stopped is taken up again.

    What is due is what was not written down as done, so that a second run does nothing.
    """

    _inherit = "subscription.dunning.case"

    @api.model
    def _cron_collect(self):
        """Charge and chase what is to be paid. Any number of workers may."""
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=self.search_count([("state", "=", "open")]))
        self = self.with_context(**{QUIET_DAYS: {}})
        letters = self.env["subscription.dunning.notice"]
        for step in (
            self._find_lost_charges,
            self._finish_lost_charges,
            self._ask_about_pending,
            self._reopen_returned,
            self._wake_settled,
            self._restore_forgotten,
            self._open_slice,
            self._advance_slice,
            self._charge_next,
            # What a charge came to may make a step due that is done today.
            self._advance_slice,
            self._charge_next,
            letters._send_next,
        ):
            if not failure_isolation.repeat(
                self.env,
                lambda step=step: len(step()),
                progress,
                retried=CONCURRENCY_ERRORS,
            ):
                return

    def _retry_by_other_workers(self):
        """Let a run that sees cases as they were before take none of them.

        It cannot lock what was written since it began, and begins anew.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE subscription_dunning_case SET write_date = write_date "
                "WHERE id = ANY(%s)",
                list(self.ids),
            )
        )
