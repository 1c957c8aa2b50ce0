"""How cases begin and end: with an invoice, with its payment, and when that is lost."""

from odoo import api, fields, models
from odoo.fields import Command, Domain
from odoo.tools import SQL

from .case import PAID_STATES

OPENED_TOGETHER = 500
DUNNING_ACTIVITY = "subscription_management.mail_activity_type_dunning"


class SubscriptionDunningClosing(models.Model):
    _inherit = "subscription.dunning.case"

    @api.model
    def _open_slice(self):
        """Open cases for invoices of subscriptions that are to be paid; return them."""
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
                OPENED_TOGETHER,
            )
        )
        moves = self.env["account.move"].browse(row_id for (row_id,) in rows)
        cases = self.create([move._prepare_dunning_case_values() for move in moves])
        cases._run_each(lambda each: each._begin())
        return cases

    def _begin(self):
        """Look at new cases: what the customer has to its credit is used first."""
        self._set_off_credits()
        for case in self.filtered(lambda each: each.state == "open"):
            case._plan_first_charge()
        self._plan_next()

    def _plan_first_charge(self):
        """Charge what is charged by itself as soon as its policy says."""
        self.ensure_one()
        if self._methods_to_charge():
            self._want_charge(self._announced_day())

    def _announced_day(self):
        """Return the day before which nothing is charged, None once it has come."""
        self.ensure_one()
        delay = self.version_id.content["charge_delay_days"] if self.version_id else 0
        posted = self.move_id.invoice_date
        if not delay or not posted:
            return None
        day = fields.Date.add(posted, days=delay)
        return day if day > self._today() else None

    def _want_charge(self, moment=None):
        """Go through the saved methods, from a moment on or now."""
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
    def _wake_settled(self):
        """Let the cases be looked at today whose invoices need no payment any more."""
        today = self.env["res.company"]._earliest_today_anywhere()
        settled = self._take(
            SQL(
                """(next_date IS NULL OR next_date > %s) AND EXISTS (
                    SELECT FROM account_move move
                     WHERE move.id = move_id
                       AND (move.state = 'cancel' OR move.payment_state IN
                            ('paid', 'in_payment', 'reversed')))""",
                today,
            ),
            OPENED_TOGETHER,
        )
        settled.next_date = today
        return settled

    def _close(self):
        """Close cases, and give back what was taken because of them."""
        for each in self:
            case = each._worded()
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
                    "closed_after": case._name_of_last(last) if is_paid else False,
                    "next_date": False,
                    "charge_at": False,
                    "hold": False,
                    "hold_until": False,
                    "error": False,
                }
            )
            if not case.move_id._unsettled_charges():
                # Otherwise money may come of it that is not owed any more.
                case.activity_ids.action_feedback()
        self._restore_states()

    def _name_of_last(self, rows):
        """Return what the last step is called, in the company's language."""
        lang = self.company_id.partner_id.lang or self.env.user.lang
        case = self.with_context(lang=lang)
        last = rows.sorted(lambda row: (row.day, row.id))[-1:]
        if last:
            return case.version_id._labels().get(last.key)
        stages = dict(self._fields["stage"]._description_selection(case.env))
        return stages.get(self.stage, False)

    def _restore_states(self):
        """Let subscriptions be served again that nothing unpaid holds back."""
        others = self.search(
            Domain("state", "=", "open")
            & Domain("entered_on", "!=", False)
            & Domain("subscription_ids", "in", self.subscription_ids.ids)
        )
        for subscription in self.subscription_ids - others.subscription_ids:
            withheld = self._suspending(subscription)
            if subscription.state == "suspended" and withheld:
                env = withheld[0]._worded().env
                subscription.restore(env._("The overdue invoices are paid."))
            elif subscription.state == "past_due":
                subscription._set_state("active")

    @api.model
    def _restore_forgotten(self):
        """Give back what payments of two invoices at once left withheld."""
        is_open = Domain("state", "=", "open") & Domain("entered_on", "!=", False)
        forgotten = self.env["subscription.subscription"].search(
            Domain("state", "in", ("suspended", "past_due"))
            & Domain("dunning_case_ids", "any", Domain("state", "!=", "open"))
            & Domain("dunning_case_ids", "not any", is_open)
        )
        closed = forgotten.dunning_case_ids.filtered(lambda case: case.state != "open")
        closed._run_each(lambda case: case._restore_states())
        return self.browse()

    def _suspending(self, subscription):
        """Return the cases that withhold the service of a subscription."""
        return self.search([("suspended_ids", "in", subscription.ids)])

    @api.model
    def _reopen_returned(self):
        """Open cases again whose payment was taken back; return them.

        Nothing is done by itself: the money may still be there, to be matched anew.
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
                OPENED_TOGETHER,
            )
        )
        cases = self.browse(row_id for (row_id,) in rows)
        return cases._run_each(lambda each: each._reopen())

    def _reopen(self):
        """Pause cases whose payment was taken back, and ask what is to be done."""
        for each in self:
            case = each._worded()
            case._reopen_case()
            case.write(
                {
                    "hold": "paused",
                    "hold_reason": case.env._("The payment was taken back."),
                }
            )
            case._schedule_activity(
                case.env._(
                    "The payment of %s was taken back. Match it anew, or let the case "
                    "go on: it is paused until then.",
                    case.move_id.name,
                )
            )
        self._plan_next()

    def _restart(self):
        """Let all steps come again by their days; what was sent stays to be read."""
        for case in self:
            case.step_ids.unlink()
            letters = case.notice_ids.filtered(lambda letter: not letter.payment_id)
            waiting = letters.filtered(lambda letter: letter.state == "waiting")
            waiting.unlink()
            for letter in letters - waiting:
                letter.key = f"before:{letter.id}"
            case.write(
                {
                    "entered_on": False,
                    "stage": False,
                    "error": False,
                    "paused_ids": False,
                }
            )

    def _reopen_case(self):
        """Open cases that were closed; what may still be paid is not forgotten."""
        for case in self:
            case.write(
                {
                    "state": "open",
                    "closed_on": False,
                    "closed_after": False,
                    "outcome": case.outcome if case._has_unsettled() else False,
                }
            )
        self._restart()

    def _follow_invoice(self):
        """Bring cases in step with invoices that were corrected and posted again."""
        for case in self:
            move, was_open = case.move_id, case.state == "open"
            if not was_open and case._is_settled():
                continue
            due = move.invoice_date_due or move.invoice_date
            is_moved = due != case.due_date
            case.write({"due_date": due, "amount": move.amount_residual})
            if case.state == "paid":
                # Its money is still there, and is matched anew by a person.
                case._reopen()
            elif not was_open:
                case._reopen_case()
                case._plan_first_charge()
            elif is_moved:
                case._restart()
                case._restore_states()
            case._plan_next()

    def _schedule_activity(self, note, user=None):
        """Leave a to-do for whoever is responsible."""
        for case in self:
            case.activity_schedule(
                DUNNING_ACTIVITY,
                note=note,
                user_id=(user or case._responsible_user()).id,
            )

    def _responsible_user(self):
        """Return the salesperson, or one of the managers where there is none now."""
        self.ensure_one()
        if self.user_id.active:
            return self.user_id
        managers = self.env.ref("subscription_management.group_subscription_manager")
        company = self.company_id
        users = managers.sudo().all_user_ids.filtered(
            lambda user: user.active and company in user.company_ids
        )
        return users.sorted("id")[:1] or self.env.user


class AccountMoveDunned(models.Model):
    _inherit = "account.move"

    def _prepare_dunning_case_values(self):
        self.ensure_one()
        subscriptions = self.sudo().managed_billed_period_ids.subscription_id
        methods = subscriptions._methods_to_charge()
        payer = methods[:1].payer or "manual"
        return {
            "move_id": self.id,
            "company_id": self.company_id.id,
            "partner_id": self.commercial_partner_id.id,
            "subscription_ids": [Command.set(subscriptions.ids)],
            "user_id": subscriptions.user_id[:1].id,
            "amount": self.amount_residual,
            "due_date": self.invoice_date_due or self.invoice_date,
            "payer": payer,
            "version_id": self._dunning_version(subscriptions.plan_id, payer).id,
        }

    def _dunning_version(self, plans, payer):
        """Return the version by which an invoice is chased, empty where by none."""
        policies = self.env["subscription.dunning.policy"]
        fitting = policies._policies_for(self.company_id)._first_for(
            self.commercial_partner_id, plans, payer
        )
        return fitting._version() if fitting else policies.version_ids
