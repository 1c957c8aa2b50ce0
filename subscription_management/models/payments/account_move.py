"""Invoices that cannot be paid twice: no payment beside an unresolved charge."""

from odoo import fields
from odoo.exceptions import UserError

from ..model_part import ModelPart


class AccountMoveCharges(ModelPart):
    _register = False

    managed_case_ids = fields.One2many("subscription.dunning.case", "move_id")

    def _unresolved_charges(self):
        """Return the charges that may still become a payment."""
        moves = self.sudo()
        charges = moves.managed_case_ids.transaction_ids | moves.transaction_ids
        return charges.filtered(lambda each: each._is_unresolved())

    def _check_no_unresolved_charge(self, by_customer):
        """Refuse a payment while a charge is unresolved or about to be sent."""
        cases = self.sudo().managed_case_ids
        # A worker that has locked a case is about to charge it.
        free = cases.try_lock_for_update(allow_referencing=True)
        free._invalidate_other_snapshots()
        unresolved = (cases - free).move_id | self._unresolved_charges().invoice_ids
        if not unresolved:
            return
        if not by_customer and unresolved.managed_case_ids:
            unresolved.managed_case_ids[:1]._refuse_while_unresolved()
        raise UserError(
            self.env._(
                "A payment of %s is under review. You need not do anything now; we "
                "write to you if it was not made.",
                unresolved[:1].name,
            )
        )

    def _has_to_be_paid(self):
        """Offer no payment while a charge is unresolved."""
        return super()._has_to_be_paid() and not self._unresolved_charges()
