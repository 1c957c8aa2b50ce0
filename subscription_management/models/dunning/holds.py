"""Holds and steps by users: promise to pay, dispute, hold, resume, skip, run now."""

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...billing_core.dunning import Action
from ..model_part import ModelPart
from .states import BLOCKING


class SubscriptionDunningHolds(ModelPart):
    _register = False

    def _check_may_hold(self):
        """Refuse users who cannot change the subscriptions, and closed cases."""
        self.check_access("read")
        if not self.env.user.has_group("account.group_account_invoice"):
            self.subscription_ids.check_access("write")
        self._check_is_open()

    def _check_may_collect(self):
        """Refuse users who are neither accountants nor see all subscriptions."""
        self.check_access("read")
        user = self.env.user
        if not (
            user.has_group("subscription_management.group_subscription_all")
            or user.has_group("account.group_account_invoice")
        ):
            raise UserError(
                self.env._(
                    "Only accountants and users of all subscriptions can do this; ask "
                    "one of them."
                )
            )

    def _check_is_open(self):
        if closed := self.filtered(lambda case: case.state != "open")[:1]:
            closed._refuse_settled()

    def _refuse_settled(self):
        raise UserError(
            self.env._(
                "%s needs no payment any more; there is nothing to collect.",
                self.move_id.name,
            )
        )

    def _check_is_not_on_hold(self):
        if held := self.filtered("hold")[:1]:
            raise UserError(
                self.env._("%s is on hold; use Resume first.", held.move_id.name)
            )

    def promise(self, until, reason=False):
        """Hold the cases until the day by which the customer promised to pay."""
        until = fields.Date.to_date(until)
        if not until:
            raise UserError(
                self.env._("Choose the day until which the customer promised to pay.")
            )
        for case in self:
            if until < case._today():
                raise UserError(
                    self.env._(
                        "%s has passed: choose the day until which the customer "
                        "promised to pay.",
                        format_date(self.env, until),
                    )
                )
        self._hold("promised", until, reason)

    def dispute(self, reason=False):
        """Hold the cases while the customer disputes the invoice."""
        self._hold("disputed", False, reason)

    def put_on_hold(self, until=False, reason=False):
        """Hold the cases until a day, or until a user resumes them."""
        self._hold("on_hold", fields.Date.to_date(until), reason)

    def _hold(self, hold, until, reason):
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
        """End the hold: charges and steps continue."""
        self._check_may_hold()
        if active := self.filtered(lambda case: not case.hold)[:1]:
            raise UserError(
                self.env._(
                    "%s is not on hold: its steps continue already.",
                    active.move_id.name,
                )
            )
        for case in self.sudo():
            case.write({"hold": False, "hold_until": False, "hold_reason": False})
            case._plan_next()
            case._trigger_run()

    def _end_hold(self, today):
        """Resume after the last day of a hold; leave a to-do for a broken promise."""
        self.ensure_one()
        if not self.hold or not self.hold_until or self.hold_until >= today:
            return
        if self.hold == "promised":
            self._schedule_activity(
                self.env._(
                    "%(customer)s promised to pay %(invoice)s by %(day)s and did not; "
                    "dunning continues.",
                    customer=self.partner_id.display_name,
                    invoice=self.move_id.name,
                    day=format_date(self.env, self.hold_until),
                )
            )
        self.write({"hold": False, "hold_until": False, "hold_reason": False})

    def action_skip_step(self):
        """Skip the next step."""
        self.ensure_one()
        self._check_may_hold()
        case, step = self.sudo(), self._next_step()
        case._record_steps([step], case._today(), "skipped_manually")
        case._plan_next()

    def action_run_now(self):
        """Execute the next step now."""
        self.ensure_one()
        self._check_may_hold()
        case, step = self.sudo(), self._next_step()
        if step.action is Action.CHARGE:
            self._check_may_collect()
        case.lock_for_update(allow_referencing=True)
        case._do_steps([step], case._today())
        case._plan_next()
        case._trigger_run()

    def _next_step(self):
        """Return the next step, or refuse with the reason why there is none."""
        self.ensure_one()
        case = self.sudo()
        case._check_is_not_on_hold()
        if case.outcome in BLOCKING or case.has_unknown_charge:
            case._refuse_while_unresolved()
        step, _day = next(iter(case._upcoming_steps(case._today())), (None, None))
        if step is None:
            raise UserError(
                self.env._(
                    "%s has no step left; use Charge Now, or decide about the "
                    "subscription.",
                    case.move_id.name,
                )
            )
        return step
