"""The scheduled action: open → advance → charge → write, each with its own commits."""

import psycopg2.errors

from odoo import api, models
from odoo.tools import SQL

from ..billing_run.pipeline import CHANGED_MEANWHILE as BY_ANOTHER
from .quiet_days import QUIET_DAYS

CHANGED_MEANWHILE = (*BY_ANOTHER, psycopg2.errors.UniqueViolation)
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
            if not self._repeat(step, progress):
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

    @api.model
    def _repeat(self, step, progress):
        """Do a step until nothing is left (True) or the time is up (False)."""
        while True:
            try:
                handled = len(step())
                left = progress(handled)
            except CHANGED_MEANWHILE:
                # Someone changed a row between our look and our lock: look again.
                self.env.cr.rollback()
                continue
            if not handled:
                return True
            if not left:
                return False
