"""Settle invoices with the credit notes of billing before they are charged."""

from odoo import fields
from odoo.tools import SQL

from ..model_part import ModelPart
from .states import BLOCKING


class SubscriptionDunningCredits(ModelPart):
    _register = False

    def _settle_with_credits(self):
        """Reconcile open invoices with credit notes of billing, the oldest first.

        Not while a payment is in progress, whose amount is fixed. Credit notes of users
        are left for users to refund or reconcile, and so are credits of a customer with
        an unreconciled refund.
        """
        credited = self._open_credits_by_case()
        now = fields.Datetime.now()
        for case in self.sorted(lambda each: (each.due_date, each.id)):
            lines = credited.get(case.id)
            if (
                not lines
                or case.outcome in BLOCKING
                or case.hold == "disputed"
                or case._customer_payment_expected_until(now)
            ):
                continue
            for account, notes in lines.grouped("account_id").items():
                owed = case.move_id.line_ids.filtered(
                    lambda line, account=account: line.account_id == account
                )
                left = (owed | notes).filtered(lambda line: not line.reconciled)
                if left & owed and left & notes:
                    left.reconcile()

    def _open_credits_by_case(self):
        """Return {case id: open lines of credit notes} of the cases that have any."""
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT known.id, array_agg(credit.id ORDER BY credit.date, credit.id)
                  FROM subscription_dunning_case known
                  JOIN account_move_line owed
                    ON owed.move_id = known.move_id
                   AND owed.display_type = 'payment_term'
                   AND owed.parent_state = 'posted'
                   AND owed.reconciled IS NOT TRUE
                  JOIN account_move_line credit
                    ON credit.account_id = owed.account_id
                   AND credit.partner_id = owed.partner_id
                   AND credit.company_id = owed.company_id
                   AND credit.currency_id = owed.currency_id
                   AND credit.reconciled IS NOT TRUE
                   AND credit.parent_state = 'posted'
                   AND credit.balance < 0
                  JOIN account_move note
                    ON note.id = credit.move_id
                   AND note.move_type = 'out_refund'
                   AND note.reversed_entry_id IS NULL
                 WHERE known.id = ANY(%s)
                   AND EXISTS (
                       SELECT FROM subscription_billed_period billed
                        WHERE billed.move_id = note.id)
                   AND NOT EXISTS (
                       SELECT FROM account_move_line refunded
                         JOIN account_move given ON given.id = refunded.move_id
                         LEFT JOIN account_payment payment
                           ON payment.move_id = given.id
                        WHERE (payment.payment_type = 'outbound'
                               OR given.statement_line_id IS NOT NULL)
                          AND refunded.balance > 0
                          AND refunded.account_id = credit.account_id
                          AND refunded.partner_id = credit.partner_id
                          AND refunded.company_id = credit.company_id
                          AND refunded.currency_id = credit.currency_id
                          AND refunded.parent_state = 'posted'
                          AND refunded.reconciled IS NOT TRUE)
                 GROUP BY known.id
                """,
                list(self.ids),
            )
        )
        return {
            row_id: self.env["account.move.line"].browse(line_ids)
            for row_id, line_ids in rows
        }
