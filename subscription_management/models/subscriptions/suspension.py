"""Service that is withheld because something is not paid, and given back."""

from odoo import fields, models
from odoo.exceptions import UserError

from ...billing_core.pauses import Pause
from .internal_write import internal_write


class SubscriptionPlanSuspension(models.Model):
    _inherit = "subscription.plan"

    suspension_policy = fields.Selection(
        [("billed", "Billed"), ("waived", "Not Billed")],
        string="Suspended Days Are",
        required=True,
        default="billed",
        help="Nothing is invoiced while a subscription is suspended. Once it is "
        "restored or cancelled, its suspended days are\n"
        "billed: invoiced as if they had been served;\n"
        "not billed: left out, and credited where they were billed before.",
    )


class SubscriptionPauseSuspension(models.Model):
    _inherit = "subscription.pause"

    is_suspension = fields.Boolean(
        "By Suspension", readonly=True, help="It ends with the suspension."
    )

    def _prepare_moved_values(self, day):
        return {
            **super()._prepare_moved_values(day),
            "is_suspension": self.is_suspension,
        }


class SubscriptionSuspension(models.Model):
    _inherit = "subscription.subscription"

    suspended_since = fields.Date(
        readonly=True, copy=False, help="The first day without service."
    )

    def action_suspend(self):
        """Ask why the service is withheld."""
        return self._open_wizard(
            "subscription.suspend.wizard", self.env._("Suspend Subscription")
        )

    def action_restore(self):
        """Ask why the service is given back, and show what is invoiced then."""
        return self._open_wizard(
            "subscription.suspend.wizard",
            self.env._("Restore Subscription"),
            default_is_restoring=True,
        )

    def suspend(self, reason=False):
        """Withhold the service from today on; nothing is invoiced until it ends."""
        for subscription in self:
            today = subscription._today()
            subscription._set_state("suspended")
            internal_write(subscription).suspended_since = today
            if subscription.plan_id.suspension_policy == "waived":
                subscription._pause_while_suspended(today)
            subscription._schedule_billing()
            subscription._log_change("suspended", today, reason=reason)

    def restore(self, reason=False):
        """Give the service back from today on; what was held back is invoiced."""
        for subscription in self:
            subscription._check_is_suspended()
            subscription._set_state("active")
            subscription._log_change("restored", subscription._today(), reason=reason)
            subscription._follow_pause()

    def _check_is_suspended(self):
        self.ensure_one()
        # From other states too a subscription may become active, for other reasons.
        if self.state != "suspended":
            raise UserError(
                self.env._(
                    "%s is not suspended: there is nothing to restore.", self.name
                )
            )

    def _end_suspension_after(self, before):
        """Bill subscriptions again once they are no longer suspended."""
        suspended = self.filtered(lambda each: before[each] == "suspended")
        for subscription in suspended:
            subscription._end_suspension_pause(subscription._today())
        internal_write(suspended).suspended_since = False
        suspended._schedule_billing()

    def _pause_while_suspended(self, day):
        """Let nothing be owed from a day on: rest between the pauses that there are."""
        self.ensure_one()
        stretches, start = [], day
        for pause in self._pauses_beyond(day).sorted("date_start"):
            if pause.date_start > start:
                stretches.append((start, pause.date_start))
            start = pause.date_end
        if start:
            stretches.append((start, False))
        internal_write(self.env["subscription.pause"]).create(
            [
                {
                    "subscription_id": self.id,
                    "date_start": first,
                    "date_end": end,
                    "is_suspension": True,
                }
                for first, end in stretches
            ]
        )

    def _end_suspension_pause(self, day):
        """Let what is served be owed again from a day on."""
        self.ensure_one()
        rests = internal_write(self._pauses_beyond(day)).filtered("is_suspension")
        begun = rests.filtered(lambda pause: pause.date_start < day)
        (rests - begun).unlink()
        begun.date_end = day

    def _pauses_beyond(self, day):
        """Return the pauses that a day lies in, and the later ones."""
        self.ensure_one()
        return self.pause_ids.filtered(
            lambda pause: not pause.date_end or pause.date_end > day
        )

    def _pauses_once_restored(self, day):
        """Return the days that are not billed if the service is restored on a day."""
        self.ensure_one()
        ending = self._pauses_beyond(day).filtered("is_suspension")
        kept = self.pause_ids.filtered(lambda pause: not pause.is_billed) - ending
        return [
            *(pause._snapshot_pause() for pause in kept),
            *(
                Pause(pause.date_start, day)
                for pause in ending
                if pause.date_start < day
            ),
        ]

    def _billed_again_on(self, end):
        """Return the day on which one that ends on a day is invoiced, None for today.

        While it is suspended nothing is invoiced, whatever becomes due.
        """
        self.ensure_one()
        return max(end, self._today()) if self.state == "suspended" else None

    def _is_suspended_on(self, day):
        self.ensure_one()
        last = self.change_ids.filtered(
            lambda change: (
                change.kind in ("suspended", "restored")
                and change.date_effective <= day
            )
        ).sorted("id")[-1:]
        return last.kind == "suspended"

    def _check_can_be_invoiced(self):
        """Refuse a suspended subscription."""
        if self.state == "suspended":
            raise UserError(
                self.env._(
                    "%s is suspended and cannot be invoiced; reactivate or cancel it.",
                    self.name,
                )
            )
