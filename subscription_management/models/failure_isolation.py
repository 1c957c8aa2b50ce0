import logging

import psycopg2

from odoo import api, models
from odoo.exceptions import MissingError, UserError

from ..billing_core.errors import BillingError
from .error_messages import translated

_logger = logging.getLogger(__name__)

STUCK_ACTIVITY = "subscription_management.mail_activity_type_stuck"


class SubscriptionDailySteps(models.Model):
    """What scheduled actions do with one subscription after the other."""

    _inherit = "subscription.subscription"

    @api.model
    def _run_for_each(self, domain, step):
        """Do a step for each subscription of a domain, and commit after each.

        One that fails is taken back and marked with the reason; it stops no other.
        """
        cron = self.env["ir.cron"]
        found = self.search(domain)
        cron._commit_progress(remaining=len(found))
        for subscription in found:
            locked = subscription.try_lock_for_update().filtered_domain(domain)
            if locked:
                locked._run_or_mark(step)
            if not cron._commit_progress(1):
                break

    def _run_or_mark(self, step):
        """Do a step, or take it back and leave a to-do; return whether it was done."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                step(self)
        except psycopg2.OperationalError:
            # The connection or the snapshot is gone: nothing that a record can cure.
            raise
        except Exception as error:
            if not isinstance(error, UserError | BillingError):
                _logger.error("Stuck: %s", self.name, exc_info=error)
            self._mark_as_stuck(error)
            return False
        self.activity_unlink([STUCK_ACTIVITY])
        return True

    def _mark_as_stuck(self, error):
        """Leave a to-do with the reason, once."""
        if self.activity_search([STUCK_ACTIVITY]):
            return
        self.activity_schedule(
            STUCK_ACTIVITY,
            note=self._reason_of(error),
            user_id=(self.user_id or self.env.user).id,
        )

    def _reason_of(self, error):
        """Return one sentence that says what is wrong and what to do."""
        self.ensure_one()
        if isinstance(error, MissingError) and (lost := self._missing_references()):
            return self.env._(
                "What was chosen as %s has been deleted; open the subscription and "
                "choose another.",
                ", ".join(lost),
            )
        if isinstance(error, BillingError):
            return translated(self.env, error)
        if isinstance(error, UserError):
            return str(error)
        return self.env._(
            "An unexpected error (%(kind)s): %(text)s. Check the subscription's "
            "products, prices and addresses; the server's log has the details.",
            kind=type(error).__name__,
            text=str(error).strip().split("\n")[0],
        )
