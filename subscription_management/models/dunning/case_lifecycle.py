"""Open and close dunning cases as invoices are posted, paid or un-reconciled."""

from odoo import api, fields
from odoo.fields import Domain
from odoo.tools import SQL

from ...billing_core.lifecycle import UNPAID
from ..model_part import ModelPart
from .states import PAID_STATES

DUNNING_ACTIVITY = "subscription_management.mail_activity_type_dunning"


class SubscriptionDunningCaseLifecycle(ModelPart):
    _register = False

    OPEN_SLICE_SIZE = 500

    @api.model
    def _open_slice(self):
        """Open cases for unpaid invoices of subscriptions; return them."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move.id
                  FROM account_move move
                 WHERE move.move_type = 'out_invoice'
                   AND move.state = 'posted'
                   AND move.payment_state IN ('not_paid', 'partial')
                   AND EXISTS (
                       SELECT FROM subscription_billed_period billed
                        WHERE billed.move_id = move.id)
                   AND NOT EXISTS (
                       SELECT FROM subscription_dunning_case known
                        WHERE known.move_id = move.id)
                 ORDER BY move.id
                 LIMIT %s
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                self.OPEN_SLICE_SIZE,
            )
        )
        moves = self.env["account.move"].browse(row_id for (row_id,) in rows)
        cases = self.create([move._prepare_dunning_case_values() for move in moves])
        cases._run_each(lambda each: each._start())
        return cases

    def _start(self):
        """Start new cases: credits of the customer are used first."""
        self._settle_with_credits()
        for case in self.filtered(lambda each: each.state == "open"):
            case._plan_first_charge()
        self._plan_next()

    def _plan_first_charge(self):
        """Request the first charge, if the customer has a saved payment method."""
        self.ensure_one()
        if self._methods_to_charge():
            self._request_charge(self._announced_day())

    def _announced_day(self):
        """Return the announced day of the first charge, None once it has come."""
        self.ensure_one()
        delay = self.version_id.content["charge_delay_days"] if self.version_id else 0
        posted = self.move_id.invoice_date
        if not delay or not posted:
            return None
        day = fields.Date.add(posted, days=delay)
        return day if day > self._today() else None

    def _request_charge(self, moment=None):
        """Start a round of charges of the saved methods, now or at a later moment."""
        now = fields.Datetime.now()
        for case in self:
            case.write(
                {
                    "charge_at": max(fields.Datetime.to_datetime(moment or now), now),
                    "attempt": case.attempt + 1,
                }
            )
            case._plan_next()

    @api.model
    def _schedule_settled(self):
        """Schedule the cases of settled invoices for today; return them."""
        today = self.env["res.company"]._earliest_today_anywhere()
        settled = self._lock_open(
            SQL(
                """(known.next_date IS NULL OR known.next_date > %s) AND EXISTS (
                    SELECT FROM account_move move
                     WHERE move.id = known.move_id
                       AND (move.state = 'cancel' OR move.payment_state IN
                            ('paid', 'in_payment', 'reversed')))""",
                today,
            ),
            self.OPEN_SLICE_SIZE,
        )
        settled.next_date = today
        return settled

    def _close(self):
        """Close cases, and reactivate the services that they suspended."""
        for each in self:
            case = each._in_responsible_language()
            today = case._today()
            is_paid = (
                case.move_id.state == "posted"
                and case.move_id.payment_state in PAID_STATES
            )
            last = case.step_ids.filtered(lambda row: row.result == "done")
            case.write(
                {
                    "state": "paid" if is_paid else "settled",
                    "closed_on": today,
                    "closed_after": case._last_step_name(last) if is_paid else False,
                    "next_date": False,
                    "charge_at": False,
                    "hold": False,
                    "hold_until": False,
                    "error": False,
                }
            )
            if not case.move_id._unresolved_charges():
                # An unresolved charge may still become a payment: its to-do stays.
                case.activity_ids.action_feedback()
        self._reactivate_services()

    def _last_step_name(self, rows):
        """Return the name of the last step, in the company's language."""
        lang = self.company_id.partner_id.lang or self.env.user.lang
        case = self.with_context(lang=lang)
        last = rows.sorted(lambda row: (row.day, row.id))[-1:]
        if last:
            return case.version_id._labels().get(last.key)
        stages = dict(self._fields["stage"]._description_selection(case.env))
        return stages.get(self.stage, False)

    def _reactivate_services(self):
        """Reactivate subscriptions without another open case in dunning."""
        others = self.search(
            Domain("state", "=", "open")
            & Domain("entered_on", "!=", False)
            & Domain("subscription_ids", "in", self.subscription_ids.ids)
        )
        for subscription in self.subscription_ids - others.subscription_ids:
            suspending = self._cases_suspending(subscription)
            if subscription.state == "suspended" and suspending:
                env = suspending[0]._in_responsible_language().env
                subscription.reactivate(env._("The overdue invoices are paid."))
            elif subscription.state == "past_due":
                subscription._set_state("active")

    @api.model
    def _reactivate_missed(self):
        """Reactivate services after simultaneous payments of two invoices."""
        is_open = Domain("state", "=", "open") & Domain("entered_on", "!=", False)
        missed = self.env["subscription.subscription"].search(
            Domain("state", "in", UNPAID)
            & Domain("dunning_case_ids", "any", Domain("state", "!=", "open"))
            & Domain("dunning_case_ids", "not any", is_open)
        )
        closed = missed.dunning_case_ids.filtered(lambda case: case.state != "open")
        closed._run_each(lambda case: case._reactivate_services())
        return self.browse()

    def _cases_suspending(self, subscription):
        """Return the cases that suspended a subscription."""
        return self.search([("suspended_ids", "in", subscription.ids)])

    @api.model
    def _reopen_reversed(self):
        """Reopen cases after a payment reversal; return them.

        They are on hold: the money may still be there, to be reconciled again.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT known.id
                  FROM subscription_dunning_case known
                  JOIN account_move move ON move.id = known.move_id
                 WHERE known.state <> 'open'
                   AND move.state = 'posted'
                   AND move.payment_state IN ('not_paid', 'partial')
                 LIMIT %s
                   FOR NO KEY UPDATE OF known SKIP LOCKED
                """,
                self.OPEN_SLICE_SIZE,
            )
        )
        cases = self.browse(row_id for (row_id,) in rows)
        return cases._run_each(lambda each: each._reopen())

    def _reopen(self):
        """Reopen cases on hold after a payment reversal, with a to-do."""
        for each in self:
            case = each._in_responsible_language()
            case._reopen_case()
            case.write(
                {
                    "hold": "on_hold",
                    "hold_reason": case.env._("Payment reversal."),
                }
            )
            case._schedule_activity(
                case.env._(
                    "The payment of %s was reversed. Reconcile it again, or use "
                    "Resume: dunning is on hold until then.",
                    case.move_id.name,
                )
            )
        self._plan_next()

    def _restart(self):
        """Repeat all steps by their days; sent letters stay in the case."""
        for case in self:
            case.step_ids.unlink()
            letters = case.letter_ids.filtered(lambda letter: not letter.payment_id)
            waiting = letters.filtered(lambda letter: letter.state == "waiting")
            waiting.unlink()
            for letter in letters - waiting:
                letter.key = f"before:{letter.id}"
            case.write(
                {
                    "entered_on": False,
                    "stage": False,
                    "error": False,
                    "suspend_on_resume_ids": False,
                }
            )

    def _reopen_case(self):
        """Open closed cases; an unresolved charge stays known."""
        for case in self:
            case.write(
                {
                    "state": "open",
                    "closed_on": False,
                    "closed_after": False,
                    "outcome": case.outcome if case._has_unresolved_charge() else False,
                }
            )
        self._restart()

    def _follow_invoice(self):
        """Update the cases of invoices that were corrected and posted again."""
        for case in self:
            move, was_open = case.move_id, case.state == "open"
            if not was_open and case._is_settled():
                continue
            due = move.invoice_date_due or move.invoice_date
            is_moved = due != case.due_date
            case.write({"due_date": due, "amount": move.amount_residual})
            if case.state == "paid":
                # The payment is still there, for a user to reconcile again.
                case._reopen()
            elif not was_open:
                case._reopen_case()
                case._plan_first_charge()
            elif is_moved:
                case._restart()
                case._reactivate_services()
            case._plan_next()

    def _schedule_activity(self, note, user=None):
        """Leave a to-do for a user, by default the responsible one."""
        for case in self:
            case.activity_schedule(
                DUNNING_ACTIVITY,
                note=note,
                user_id=(user or case._responsible_user()).id,
            )

    def _responsible_user(self):
        """Return the salesperson, or a manager if there is no active one."""
        self.ensure_one()
        if self.user_id.active:
            return self.user_id
        managers = self.env.ref("subscription_management.group_subscription_manager")
        company = self.company_id
        users = managers.sudo().all_user_ids.filtered(
            lambda user: user.active and company in user.company_ids
        )
        return users.sorted("id")[:1] or self.env.user
