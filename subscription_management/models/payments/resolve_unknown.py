"""Resolve charges of unknown outcome: by the provider's record, or by a user."""

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.collection import Decline, Outcome
from ..model_part import ModelPart
from .charge import ChargeAttempt


class SubscriptionDunningResolve(ModelPart):
    _register = False

    provider_response = fields.Text(readonly=True, copy=False)

    can_be_resolved = fields.Boolean(
        compute="_compute_can_be_resolved", compute_sudo=True
    )
    has_unknown_charge = fields.Boolean(
        "Unknown Outcome",
        compute="_compute_can_be_resolved",
        search="_search_has_unknown_charge",
        compute_sudo=True,
    )

    @api.depends(
        "transaction_ids.managed_outcome",
        "transaction_ids.managed_is_reported",
        "move_id.transaction_ids.state",
        "move_id.transaction_ids.managed_outcome",
        "move_id.transaction_ids.managed_is_reported",
    )
    def _compute_can_be_resolved(self):
        for case in self:
            charges = case._charges_to_resolve()
            case.can_be_resolved = bool(charges)
            case.has_unknown_charge = any(charge._is_unknown() for charge in charges)

    @api.model
    def _search_has_unknown_charge(self, operator, value):
        if operator != "in":
            return NotImplemented
        unknown = Domain("managed_outcome", "=", Outcome.UNKNOWN.value)
        found = Domain("transaction_ids", "any!", unknown) | Domain(
            "move_id.transaction_ids",
            "any!",
            # The rule of `_is_unknown` for manual payments.
            unknown
            & Domain("managed_case_id", "=", False)
            & Domain("state", "=", "error"),
        )
        return found if True in value else ~found

    def _charges_to_resolve(self):
        """Return charges of unknown outcome, and those pending for too long."""
        return (self.transaction_ids | self.move_id.transaction_ids).filtered(
            lambda each: (
                each._is_unknown() or (each.managed_is_reported and each._is_pending())
            )
        )

    def _charge_to_resolve(self):
        """Return the charge to resolve, or refuse where there is none."""
        self.ensure_one()
        self._check_may_collect()
        charge = self.sudo()._charges_to_resolve()[:1]
        if not charge:
            raise UserError(
                self.env._(
                    "%s has no charge to resolve; use Charge Now to charge it.",
                    self.move_id.name,
                )
            )
        return charge

    def _request_resolution(self, charge):
        """Leave a to-do to find out the outcome of a charge."""
        self._schedule_activity(
            self.env._(
                "The outcome of charge %(reference)s (%(amount)s) is unknown: the "
                "provider did not respond. It is not retried until you confirm whether "
                "it succeeded.",
                reference=charge.reference,
                amount=charge.currency_id.format(charge.amount),
            )
        )

    def action_check_provider(self):
        """Query the provider about a charge and show its response; charge nothing."""
        charge = self._charge_to_resolve()
        self.sudo().provider_response = charge._query_provider()
        if charge.state == "done":
            charge._post_process()

    def action_mark_succeeded(self):
        """Resolve a charge as made: its payment is registered as any other."""
        charge = self._charge_to_resolve()
        charge._set_done()
        charge._follow_state()
        # Registering the payment may leave a new to-do, such as a refund.
        self._close_activities()
        charge._post_process()

    def action_mark_failed(self):
        """Resolve a charge as not made, and charge the open amount again."""
        charge = self._charge_to_resolve()
        if charge.state == "done":
            raise UserError(
                self.env._(
                    "The provider reports %s as paid; refund it there if the customer "
                    "should get the money back.",
                    charge.reference,
                )
            )
        charge._set_error(self.env._("Marked as failed by a user."))
        charge.managed_is_abandoned = True
        if charge.managed_case_id:
            ChargeAttempt.of(charge).conclude(Outcome.DECLINED, Decline.TEMPORARY)
        else:
            charge.managed_outcome = False
        self._close_activities()
        if self.state == "open":
            self.sudo()._request_charge()
            self.sudo()._trigger_run()

    def _resume_steps(self):
        """Continue the steps if an amount is left after a payment was registered."""
        for case in self:
            if case.state == "open" and not case._is_settled():
                case.outcome = False
                case._plan_next()

    def _close_activities(self):
        self.sudo().activity_ids.action_feedback()
