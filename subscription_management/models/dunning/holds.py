"""What people say about a case: a promise, a dispute, a pause, a step left out."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...billing_core.dunning import Action
from .case import BLOCKING


class SubscriptionDunningHolds(models.Model):
    _inherit = "subscription.dunning.case"

    def _check_may_hold(self):
        """Let those talk about a case who may change its subscriptions."""
        self.check_access("read")
        if not self.env.user.has_group("account.group_account_invoice"):
            self.subscription_ids.check_access("write")
        if closed := self.filtered(lambda case: case.state != "open")[:1]:
            raise UserError(
                self.env._("%s needs no payment any more.", closed.move_id.name)
            )

    def _check_may_collect(self):
        """Let those charge and settle who answer for the money."""
        self.check_access("read")
        user = self.env.user
        if not (
            user.has_group("subscription_management.group_subscription_all")
            or user.has_group("account.group_account_invoice")
        ):
            raise UserError(
                self.env._(
                    "Only accountants and users of all subscriptions do this; ask one "
                    "of them."
                )
            )

    def promise(self, until, reason=False):
        """Do nothing until a customer has paid as promised, or the day has passed."""
        for case in self:
            if until < case._today():
                raise UserError(
                    self.env._(
                        "%s has passed: choose the day until which the customer "
                        "promised to pay.",
                        format_date(self.env, until),
                    )
                )
        self._put_on_hold("promised", until, reason)

    def dispute(self, reason=False):
        """Do nothing while a customer disputes the invoice."""
        self._put_on_hold("disputed", False, reason)

    def pause(self, until=False, reason=False):
        """Do nothing until a day, or until somebody lets it go on."""
        self._put_on_hold("paused", until, reason)

    def _put_on_hold(self, hold, until, reason):
        self._check_may_hold()
        for case in self.sudo():
            case.write(
                {
                    "hold": hold,
                    "hold_until": until,
                    "hold_reason": reason,
                }
            )
            case._plan_next()

    def action_resume(self):
        """Let the steps go on."""
        self._check_may_hold()
        for case in self.sudo():
            case.write({"hold": False, "hold_until": False, "hold_reason": False})
            case._plan_next()
            case._wake()

    def _end_hold(self, today):
        """Go on once the day of a hold has passed; a broken promise is told."""
        self.ensure_one()
        if not self.hold or not self.hold_until or self.hold_until >= today:
            return
        if self.hold == "promised":
            self._schedule_activity(
                self.env._(
                    "%(customer)s promised to pay %(invoice)s until %(day)s and did "
                    "not; the steps go on.",
                    customer=self.partner_id.display_name,
                    invoice=self.move_id.name,
                    day=format_date(self.env, self.hold_until),
                )
            )
        self.write({"hold": False, "hold_until": False, "hold_reason": False})

    def action_skip_step(self):
        """Leave out the step that would come next."""
        self.ensure_one()
        self._check_may_hold()
        case, step = self.sudo(), self._next_step()
        case._write_down([step], case._today(), "skipped")
        case._plan_next()

    def action_run_now(self):
        """Do the step that comes next today."""
        self.ensure_one()
        self._check_may_hold()
        case, step = self.sudo(), self._next_step()
        if step.action is Action.CHARGE:
            self._check_may_collect()
        case.lock_for_update(allow_referencing=True)
        case._carry_out([step], case._today())
        case._plan_next()
        case._wake()

    def _next_step(self):
        """Return the step that comes next, or say why none does."""
        self.ensure_one()
        case = self.sudo()
        if case.hold:
            raise UserError(
                self.env._("%s is on hold: let it go on first.", case.move_id.name)
            )
        if case.outcome in BLOCKING or case.has_unknown:
            case._refuse_beside_unsettled()
        step, _day = next(iter(case._foresee(case._today())), (None, None))
        if step is None:
            raise UserError(
                self.env._("No step of %s is left to be done.", case.move_id.name)
            )
        return step

    def _wake(self):
        """Let the scheduled action begin at once."""
        self.env.ref("subscription_management.ir_cron_collect").sudo()._trigger()
