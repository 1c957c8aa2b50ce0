"""Suspend the service because of non-payment, and reactivate it."""

from odoo import fields
from odoo.exceptions import UserError

from ...billing_core.pauses import Pause
from ..model_part import ModelPart
from .internal_write import internal_write


class SubscriptionPlanSuspension(ModelPart):
    _register = False

    suspension_policy = fields.Selection(
        [("billed", "Billed"), ("waived", "Not Billed")],
        string="Suspended Days",
        required=True,
        default="billed",
        help="Nothing is invoiced during a suspension. After the reactivation or "
        "cancellation, the suspended days are\n"
        "billed: invoiced like served days;\n"
        "not billed: left out, and credited where they were billed before.",
    )


class SubscriptionSuspension(ModelPart):
    _register = False

    suspended_since = fields.Date(
        readonly=True, copy=False, help="The first day without service."
    )

    def action_suspend(self):
        """Open the suspension wizard."""
        self.check_access("write")
        return self._open_wizard(
            "subscription.suspend.wizard", self.env._("Suspend Subscription")
        )

    def action_reactivate(self):
        """Open the reactivation wizard, which previews the invoices."""
        self.check_access("write")
        return self._open_wizard(
            "subscription.suspend.wizard",
            self.env._("Reactivate Subscription"),
            default_is_reactivating=True,
        )

    def suspend(self, reason=False):
        """Suspend the service from today; nothing is invoiced meanwhile."""
        self.check_access("write")
        for subscription in self:
            today = subscription._today()
            subscription._set_state("suspended")
            internal_write(subscription).suspended_since = today
            if subscription.plan_id.suspension_policy == "waived":
                subscription._pause_while_suspended(today)
            subscription._schedule_billing()
            subscription._log_change("suspended", today, reason=reason)

    def reactivate(self, reason=False):
        """Reactivate the service from today; the suspended invoices are created."""
        for subscription in self:
            subscription._check_is_suspended()
            subscription._set_state("active")
            subscription._log_change(
                "reactivated", subscription._today(), reason=reason
            )
            subscription._follow_pause()

    def _check_is_suspended(self):
        self.ensure_one()
        # Other states may become active, too, by other actions.
        if self.state != "suspended":
            raise UserError(
                self.env._(
                    "%s is not suspended; there is nothing to reactivate.", self.name
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
        """Pause the billing from a day, between the existing pauses."""
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
        """End the pauses of the suspension on a day."""
        self.ensure_one()
        pauses = internal_write(self._pauses_beyond(day)).filtered("is_suspension")
        begun = pauses.filtered(lambda pause: pause.date_start < day)
        (pauses - begun).unlink()
        begun.date_end = day

    def _pauses_beyond(self, day):
        """Return the pause that includes a day, and later ones."""
        self.ensure_one()
        return self.pause_ids.filtered(
            lambda pause: not pause.date_end or pause.date_end > day
        )

    def _pauses_once_reactivated(self, day):
        """Return the unbilled pauses after a reactivation on a day."""
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
        """Return the day of the invoices after an end of a suspended subscription.

        None means today. Nothing is invoiced during a suspension.
        """
        self.ensure_one()
        return max(end, self._today()) if self.state == "suspended" else None

    def _is_suspended_on(self, day):
        self.ensure_one()
        last = self.change_ids.filtered(
            lambda change: (
                change.kind in ("suspended", "reactivated")
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
