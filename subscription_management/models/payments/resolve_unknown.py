"""A charge of which nobody knows: what the provider says, and what a person decides."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.collection import Decline, Outcome


class SubscriptionDunningSettling(models.Model):
    _inherit = "subscription.dunning.case"

    provider_says = fields.Text(readonly=True, copy=False)

    can_be_settled = fields.Boolean(
        compute="_compute_can_be_settled", compute_sudo=True
    )
    has_unknown = fields.Boolean(
        "Outcome Unknown",
        compute="_compute_can_be_settled",
        search="_search_has_unknown",
        compute_sudo=True,
    )

    @api.depends(
        "transaction_ids.managed_outcome",
        "transaction_ids.managed_is_asked_about",
        "move_id.transaction_ids.state",
        "move_id.transaction_ids.managed_outcome",
        "move_id.transaction_ids.managed_is_asked_about",
    )
    def _compute_can_be_settled(self):
        for case in self:
            charges = case._charges_to_settle()
            case.can_be_settled = bool(charges)
            case.has_unknown = any(charge._is_unknown() for charge in charges)

    @api.model
    def _search_has_unknown(self, operator, value):
        if operator != "in":
            return NotImplemented
        unknown = Domain("managed_outcome", "=", Outcome.UNKNOWN.value)
        found = Domain("transaction_ids", "any!", unknown) | Domain(
            "move_id.transaction_ids",
            "any!",
            # As `_is_unknown` has it of what people began.
            unknown
            & Domain("managed_case_id", "=", False)
            & Domain("state", "=", "error"),
        )
        return found if True in value else ~found

    def _charges_to_settle(self):
        """Return what nobody knows the outcome of, and what is pending for long."""
        return (self.transaction_ids | self.move_id.transaction_ids).filtered(
            lambda each: (
                each._is_unknown()
                or (each.managed_is_asked_about and each._is_undecided())
            )
        )

    def _charge_to_settle(self):
        """Return the charge that is to be settled, or say that there is none."""
        self.ensure_one()
        self._check_may_collect()
        charge = self.sudo()._charges_to_settle()[:1]
        if not charge:
            raise UserError(
                self.env._("No charge of %s waits to be settled.", self.move_id.name)
            )
        return charge

    def action_ask_provider(self):
        """Ask the provider about a charge, and show what it says; charge nothing."""
        charge = self._charge_to_settle()
        answer = charge._ask_provider()
        self.sudo().provider_says = answer
        if charge.state == "done":
            charge._post_process()

    def action_mark_succeeded(self):
        """Settle a charge as made: the payment is written as any other."""
        charge = self._charge_to_settle()
        charge._set_done()
        charge._follow_state()
        # What is left to do, if it was paid otherwise too, is a new to-do.
        self._close_activities()
        charge._post_process()

    def action_mark_failed(self):
        """Settle a charge as not made, and charge what is open once more."""
        charge = self._charge_to_settle()
        if charge.state == "done":
            raise UserError(
                self.env._(
                    "The provider says that %s was paid; refund it there if it is to "
                    "be given back.",
                    charge.reference,
                )
            )
        charge._set_error(self.env._("It was not charged, as a person found out."))
        charge.managed_is_given_up = True
        if charge.managed_case_id:
            charge._note_outcome(Outcome.DECLINED, Decline.TEMPORARY)
        else:
            charge.managed_outcome = False
        self._close_activities()
        if self.state == "open":
            self.sudo()._want_charge()
            self.sudo()._wake()

    def _go_on_with_what_is_left(self):
        """Let the steps go on where a payment was written and something is left."""
        for case in self:
            if case.state == "open" and not case._is_settled():
                case.outcome = False
                case._plan_next()

    def _close_activities(self):
        self.sudo().activity_ids.action_feedback()


class PaymentTransactionAsked(models.Model):
    _inherit = "payment.transaction"

    def _ask_provider(self):
        """Return what the provider says of a charge, one sentence.

        What is certain is noted. Addons of a provider know how it is asked.
        """
        self.ensure_one()
        return self.env._(
            "%(provider)s cannot be asked from here: look for %(reference)s on its own "
            "pages, then say below what became of it.",
            provider=self.provider_id.name,
            reference=self.reference,
        )
