from odoo import api, fields, models
from odoo.exceptions import UserError

from ...billing_core.pauses import Pause


class SubscriptionPauseWizard(models.TransientModel):
    _name = "subscription.pause.wizard"
    _description = "Pause or Resume a Subscription"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    is_resuming = fields.Boolean(readonly=True)
    date_start = fields.Date("From", required=True)
    resume_on = fields.Date(help="Leave empty to pause until you resume it.")
    reason = fields.Char()
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("date_start", "resume_on", "is_resuming")
    def _compute_preview(self):
        for wizard in self:
            subscription = wizard.subscription_id
            wizard.preview = False
            if wizard.date_start and wizard._is_in_order():
                subscription.check_access("read")
                wizard.preview = subscription.sudo()._render_forecast(
                    wizard._plan, wizard._pauses()
                )

    def _is_in_order(self):
        return not self.resume_on or self.resume_on > self.date_start

    def _plan(self):
        """Return the planned change of a pause, or refuse it."""
        subscription = self.subscription_id.sudo()
        if self.is_resuming:
            pause = subscription._pause_to_end(self.date_start)
            subscription._check_not_transferred(pause.date_end)
        else:
            subscription._check_can_pause(self.date_start, self.resume_on)
        change_plan = subscription._begin_change_plan()
        change_plan.reopen_from(self.date_start)
        return change_plan

    def _pauses(self):
        """Return the pauses of the subscription after the action."""
        subscription = self.subscription_id.sudo()
        pauses = subscription._snapshot_pauses()
        if not self.is_resuming:
            billed = subscription.plan_id.pause_policy == "billed"
            return pauses if billed else [*pauses, self._pause()]
        ended = subscription._pauses_beyond(self.date_start).sorted("date_start")[:1]
        if not ended:
            return pauses
        kept = [each for each in pauses if each.start != ended.date_start]
        if ended.is_billed or ended.date_start >= self.date_start:
            return kept
        return [*kept, Pause(ended.date_start, self.date_start)]

    def _pause(self):
        return Pause(self.date_start, self.resume_on or None)

    def action_confirm(self):
        self.ensure_one()
        if self.is_resuming:
            self.subscription_id.resume(self.date_start, self.reason)
            return
        if not self._is_in_order():
            raise UserError(
                self.env._("A pause lasts at least one day; resume on a later date.")
            )
        self.subscription_id.pause(self.date_start, self.resume_on, self.reason)
