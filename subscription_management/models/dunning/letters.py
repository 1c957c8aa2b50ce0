"""Outbox of dunning letters: queued in the transaction, sent after the commit."""

import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from ..mail_template import root_cause
from ..model_part import ModelPart
from .states import BLOCKING

_logger = logging.getLogger(__name__)

STEP_KEY_PREFIX = "step:"
"""The prefix of the keys of letters that are steps."""

ONE_DAY = timedelta(days=1)

EVENT_RANK = 1000
"""The rank of a letter about an event, above that of reminders."""


class SubscriptionDunningLetter(models.Model):
    """One letter about one invoice; letters to one address are sent as one message."""

    _name = "subscription.dunning.letter"
    _description = "Dunning Letter"
    _order = "id desc"

    case_id = fields.Many2one(
        "subscription.dunning.case", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    contact_id = fields.Many2one(related="case_id.contact_id", store=True)
    currency_id = fields.Many2one(related="case_id.currency_id", store=True)
    key = fields.Char(required=True, help="The step or event, once for each case.")
    template_id = fields.Many2one(
        "mail.template", required=True, ondelete="restrict", readonly=True
    )
    rank = fields.Integer(
        help="Of combined letters the one with the highest rank is sent."
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("sent", "Sent"),
            ("combined", "Combined"),
            ("dropped", "Not Needed"),
            ("failed", "Failed"),
        ],
        required=True,
        default="waiting",
    )
    send_after = fields.Datetime(required=True)
    sent_at = fields.Datetime()
    mail_message_id = fields.Many2one("mail.message", "Message", ondelete="set null")
    payment_id = fields.Many2one("account.payment", ondelete="cascade")
    error = fields.Text()

    _once = models.Constraint(
        "UNIQUE (case_id, key)", "A letter about an invoice is sent once."
    )
    _waiting = models.Index("(send_after, id) WHERE state = 'waiting'")

    @api.model
    def _send_next(self):
        """Send the next message and return its letters, empty if none is due.

        Cases are not locked meanwhile, since rendering takes long.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM subscription_dunning_letter "
                "WHERE state = 'waiting' AND send_after <= %s "
                "ORDER BY send_after, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
                fields.Datetime.now(),
            )
        )
        first = self.browse(row_id for (row_id,) in rows)
        if not first:
            return first
        letters = first if first.payment_id else first._lock_combinable()
        letters._send()
        return letters

    def _lock_combinable(self):
        """Lock and return the letters that wait for the same address."""
        beside = self.search(
            Domain("state", "=", "waiting")
            & Domain("send_after", "<=", fields.Datetime.now())
            & Domain("payment_id", "=", False)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("contact_id", "=", self.contact_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
        )
        return beside.try_lock_for_update()

    def _postpone_to_letter_hours(self):
        """Return the letters that may be sent now; postpone the others."""
        now, due = fields.Datetime.now(), self.browse()
        for letter in self:
            after = letter.case_id._letters_allowed_from(now)
            if after > now:
                letter.send_after = after
            else:
                due |= letter
        return due

    def _send(self):
        """Send one message for letters to one address; a failure marks one of them."""
        needed = self.filtered(lambda letter: letter._is_needed())
        for letter in self - needed:
            letter._postpone()
        needed = needed._postpone_to_letter_hours()
        if not needed:
            return
        lead = max(needed, key=lambda letter: (letter.rank, letter.id))
        env = lead.case_id._in_responsible_language().env
        if not lead.contact_id.email:
            lead._record_failure(
                env._(
                    "%s has no email address; add one, then use Send Again.",
                    lead.contact_id.display_name,
                )
            )
            return
        try:
            with self.env.cr.savepoint():
                message = lead._create_message()
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.error("Letter %s failed", lead.key, exc_info=error)
            lead._record_failure(
                env._(
                    "The template “%(template)s” cannot be rendered: %(text)s. "
                    "Correct the template, then use Send Again.",
                    template=lead.template_id.name,
                    text=root_cause(error),
                )
            )
            return
        now = fields.Datetime.now()
        # An invoice that is due later has a message of its own.
        listed = lead.case_id.letter_case_ids
        combined = needed.filtered(lambda letter: letter.case_id in listed)
        combined.write(
            {"state": "combined", "sent_at": now, "mail_message_id": message.id}
        )
        lead.state = "sent"

    def _is_needed(self):
        """Return whether the letter is still valid."""
        self.ensure_one()
        return self.payment_id or self.case_id._is_collectible()

    def _postpone(self):
        """Drop the letter of a closed case; postpone one whose case has to wait."""
        self.ensure_one()
        case = self.case_id
        if case.state != "open" or case._is_settled():
            self.state = "dropped"
        elif self.key.startswith(STEP_KEY_PREFIX):
            # No customer was warned: the step is repeated, and the following ones wait.
            key = int(self.key.removeprefix(STEP_KEY_PREFIX))
            case.step_ids.filtered(lambda row: row.key == key).unlink()
            self.unlink()
            case._plan_next()
        else:
            self.send_after = case._letters_allowed_from(
                fields.Datetime.now() + ONE_DAY
            )

    def _create_message(self):
        """Put the message into the host's queue and return it."""
        self.ensure_one()
        record = self.payment_id or self.case_id
        # The text stays in the case's history after the host has sent it.
        values = {"is_notification": True}
        if self.payment_id:
            # The host sends receipts to the company, invoices to its contact.
            contacts = [Command.set(self.contact_id.ids)]
            values |= {"recipient_ids": contacts, "email_to": False}
        return self.template_id._send_letter(record, **values).mail_message_id

    def _record_failure(self, reason):
        self.write({"state": "failed", "error": reason})
        self.case_id._schedule_activity(reason)

    def action_send_again(self):
        """Send failed letters with the next run, which starts at once."""
        self.case_id._check_may_collect()
        failed = self.sudo().filtered(lambda letter: letter.state == "failed")
        if not failed:
            raise UserError(
                self.env._("None of these letters failed; there is nothing to send.")
            )
        failed.write(
            {"state": "waiting", "error": False, "send_after": fields.Datetime.now()}
        )
        failed.case_id._trigger_run()


class SubscriptionDunningLetters(ModelPart):
    _register = False

    letter_ids = fields.One2many("subscription.dunning.letter", "case_id", "Letters")
    letter_case_ids = fields.Many2many(
        "subscription.dunning.case",
        compute="_compute_letter",
        help="The open invoices of the address that a letter lists.",
    )
    letter_amount = fields.Monetary(compute="_compute_letter")
    payment_url = fields.Char(compute="_compute_payment_url")

    @api.depends("contact_id")
    def _compute_letter(self):
        for case in self:
            beside = self.search(
                Domain("state", "=", "open")
                & Domain("company_id", "=", case.company_id.id)
                & Domain("contact_id", "=", case.contact_id.id)
                & Domain("currency_id", "=", case.currency_id.id)
            )
            # An invoice that is due later is not listed yet.
            day = max(case.due_date, case._today())
            owed = beside.filtered(
                lambda each, day=day: each.due_date <= day and each._is_collectible()
            )
            case.letter_case_ids = (owed | case).sorted(lambda each: each.due_date)
            case.letter_amount = sum(case.letter_case_ids.mapped("amount_open"))

    def _is_collectible(self):
        """Return whether a letter may currently ask for the open amount."""
        self.ensure_one()
        case = self.sudo()
        return (
            case.state == "open"
            and not case.hold
            and case.outcome not in BLOCKING
            and not case._charge_precedes_steps()
            and not case._is_settled()
            and not case._is_excluded_from_dunning()
            and not case._has_pending_payment()
        )

    def _compute_payment_url(self):
        for case in self:
            case.payment_url = case.sudo().move_id._dunning_payment_url()

    def _letters_allowed_from(self, moment):
        """Return the first moment, not before `moment`, at which letters are sent."""
        self.ensure_one()
        version = self.version_id
        return (
            version._first_letter_time(self.company_id, moment) if version else moment
        )

    def _queue_letter(self, template, key, rank=EVENT_RANK, **values):
        """Queue a letter for the first hours in which letters are sent."""
        for case in self:
            case.env["subscription.dunning.letter"].create(
                {
                    "case_id": case.id,
                    "key": key,
                    "template_id": template.id,
                    "rank": rank,
                    "send_after": case._letters_allowed_from(fields.Datetime.now()),
                    **values,
                }
            )
