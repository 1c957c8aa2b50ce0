"""Scheduled actions on subscriptions, and the to-do for one that fails."""

from odoo import api
from odoo.exceptions import MissingError

from .. import failure_isolation
from ..model_part import ModelPart

FAILURE_ACTIVITY = "subscription_management.mail_activity_type_failure"


class SubscriptionFailure(ModelPart):
    _register = False

    @api.model
    def _run_for_each(self, domain, step):
        """Call a step for each subscription of a domain, and commit after each."""
        failure_isolation.run_batches(
            domain, self.search(domain), lambda each: each._run_isolated(step)
        )

    def _run_isolated(self, step):
        """Call a step for each; return those for which it succeeded.

        One that fails gets a to-do with the reason, until a step succeeds.
        """
        done = self.browse()
        for subscription in self:
            done |= failure_isolation.run_each(
                subscription, step, lambda each, error: each._note_step_failure(error)
            )
        done.activity_unlink([FAILURE_ACTIVITY])
        return done

    def _note_step_failure(self, error):
        """Leave a to-do with the reason of the newest failure."""
        self.ensure_one()
        failure_isolation.log_unexpected(self, error)
        self._schedule_failure_activity(FAILURE_ACTIVITY, self._failure_reason(error))

    def _schedule_failure_activity(self, activity_type, reason):
        """Leave a to-do with a reason, or update the reason of the one that is open."""
        self.ensure_one()
        if open_activities := self.activity_search([activity_type]):
            open_activities.note = reason
            return
        self.activity_schedule(
            activity_type, note=reason, user_id=(self.user_id or self.env.user).id
        )

    def _failure_reason(self, error):
        """Return one sentence that says what is wrong and what to do."""
        self.ensure_one()
        if isinstance(error, MissingError) and (missing := self._missing_references()):
            return self.env._(
                "The record chosen as %s has been deleted; open the subscription and "
                "choose another.",
                ", ".join(missing),
            )
        return failure_isolation.reason_of(
            self.env,
            error,
            self.env._(
                "Check the subscription's products, prices and addresses; the "
                "server's log has the details."
            ),
        )
