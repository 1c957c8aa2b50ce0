"""Letters on their way: noted with what they are about, written after the commit."""

import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.fields import Command, Domain
from odoo.tools import SQL

from .case import BLOCKING

_logger = logging.getLogger(__name__)

OF_STEP = "step:"
"""How the keys of letters begin that are steps."""

ONE_DAY = timedelta(days=1)

DUE_FIRST = 1000
"""The rank of what has just happened, above that of mere reminders."""


def root_of(error):
    """Return what was wrong first, in one line: the host wraps it in a traceback."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return str(error).strip().split("\n")[0]


class SubscriptionDunningNotice(models.Model):
    """One letter about one invoice; those to one address are sent as one message."""

    _name = "subscription.dunning.notice"
    _description = "Dunning Letter"
    _order = "id desc"

    case_id = fields.Many2one(
        "subscription.dunning.case", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="case_id.company_id", store=True)
    contact_id = fields.Many2one(related="case_id.contact_id", store=True)
    currency_id = fields.Many2one(related="case_id.currency_id", store=True)
    key = fields.Char(required=True, help="The step or the occasion, once for a case.")
    template_id = fields.Many2one(
        "mail.template", required=True, ondelete="restrict", readonly=True
    )
    rank = fields.Integer(help="Of letters sent together, the highest one is written.")
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("sent", "Sent"),
            ("joined", "Sent With Another"),
            ("dropped", "Not Needed Any More"),
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
        """Send the next message and return its letters, none when nothing is due.

        Cases are not locked meanwhile: rendering takes its time.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM subscription_dunning_notice "
                "WHERE state = 'waiting' AND send_after <= %s "
                "ORDER BY send_after, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
                fields.Datetime.now(),
            )
        )
        first = self.browse(row_id for (row_id,) in rows)
        if not first:
            return first
        letters = first if first.payment_id else first._lock_those_beside()
        letters._send()
        return letters

    def _lock_those_beside(self):
        """Return all that wait for the same address, this one among them."""
        beside = self.search(
            Domain("state", "=", "waiting")
            & Domain("send_after", "<=", fields.Datetime.now())
            & Domain("payment_id", "=", False)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("contact_id", "=", self.contact_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
        )
        return beside.try_lock_for_update()

    def _wait_for_hours(self):
        """Return what may be sent now; what is late may have come to a quiet time."""
        now, due = fields.Datetime.now(), self.browse()
        for letter in self:
            after = letter.case_id._written_to_from(now)
            if after > now:
                letter.send_after = after
            else:
                due |= letter
        return due

    def _send(self):
        """Send one message for letters to one address; a failure marks one of them."""
        needed = self.filtered(lambda letter: letter._is_needed())
        for letter in self - needed:
            letter._put_off()
        needed = needed._wait_for_hours()
        if not needed:
            return
        lead = max(needed, key=lambda letter: (letter.rank, letter.id))
        env = lead.case_id._worded().env
        if not lead.contact_id.email:
            lead._note_failure(
                env._(
                    "%s has no e-mail address; add one, then send the letter again.",
                    lead.contact_id.display_name,
                )
            )
            return
        try:
            with self.env.cr.savepoint():
                message = lead._write_message()
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.error("Not written: %s", lead.key, exc_info=error)
            lead._note_failure(
                env._(
                    "The text cannot be made of the template “%(template)s”: "
                    "%(text)s. Cure the template, then send the letter again.",
                    template=lead.template_id.name,
                    text=root_of(error),
                )
            )
            return
        now = fields.Datetime.now()
        # What is due later has a message of its own.
        listed = lead.case_id.letter_case_ids
        told = needed.filtered(lambda letter: letter.case_id in listed)
        told.write({"state": "joined", "sent_at": now, "mail_message_id": message.id})
        lead.state = "sent"

    def _is_needed(self):
        """Tell whether there is still a reason to write."""
        self.ensure_one()
        return self.payment_id or self.case_id._is_asked_for()

    def _put_off(self):
        """Drop what is not needed any more; what waits for something comes after it."""
        self.ensure_one()
        case = self.case_id
        if case.state != "open" or case._is_settled():
            self.state = "dropped"
        elif self.key.startswith(OF_STEP):
            # It has warned nobody: the step is done again, and what follows it waits.
            key = int(self.key.removeprefix(OF_STEP))
            case.step_ids.filtered(lambda row: row.key == key).unlink()
            self.unlink()
            case._plan_next()
        else:
            self.send_after = case._written_to_from(fields.Datetime.now() + ONE_DAY)

    def _write_message(self):
        """Put the message into the host's queue and return it."""
        self.ensure_one()
        record = self.payment_id or self.case_id
        # The text stays with the case after the host has sent it.
        values = {"is_notification": True}
        if self.payment_id:
            # The host writes receipts to the company, invoices to its contact.
            contacts = [Command.set(self.contact_id.ids)]
            values |= {"recipient_ids": contacts, "email_to": False}
        return self.template_id._send_letter(record, **values).mail_message_id

    def _note_failure(self, reason):
        self.write({"state": "failed", "error": reason})
        self.case_id._schedule_activity(reason)

    def action_send_again(self):
        """Let letters that failed be sent with the next run."""
        self.case_id._check_may_collect()
        failed = self.sudo().filtered(lambda letter: letter.state == "failed")
        failed.write(
            {"state": "waiting", "error": False, "send_after": fields.Datetime.now()}
        )
        failed.case_id._wake()


class SubscriptionDunningLetters(models.Model):
    _inherit = "subscription.dunning.case"

    notice_ids = fields.One2many("subscription.dunning.notice", "case_id", "Letters")
    letter_case_ids = fields.Many2many(
        "subscription.dunning.case",
        compute="_compute_letter",
        help="The open invoices of the address, as letters list them.",
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
            # What is due later is asked for later.
            day = max(case.due_date, case._today())
            owed = beside.filtered(
                lambda each, day=day: each.due_date <= day and each._is_asked_for()
            )
            case.letter_case_ids = (owed | case).sorted(lambda each: each.due_date)
            case.letter_amount = sum(case.letter_case_ids.mapped("amount_open"))

    def _is_asked_for(self):
        """Tell whether a customer is to be asked for the money as things are."""
        self.ensure_one()
        case = self.sudo()
        return (
            case.state == "open"
            and not case.hold
            and case.outcome not in BLOCKING
            and not case._charge_comes_first()
            and not case._is_settled()
            and not case._is_not_chased()
            and not case._bank_decides()
        )

    def _compute_payment_url(self):
        for case in self:
            case.payment_url = case.sudo().move_id._dunning_payment_url()

    def _written_to_from(self, moment):
        """Return the first moment from one on at which the customer is written to."""
        self.ensure_one()
        version = self.version_id
        return version._may_write_from(self.company_id, moment) if version else moment

    def _note_letter(self, template, key, rank=DUE_FIRST, **values):
        """Note that a letter is to be sent, in the hours in which it may be."""
        for case in self:
            case.env["subscription.dunning.notice"].create(
                {
                    "case_id": case.id,
                    "key": key,
                    "template_id": template.id,
                    "rank": rank,
                    "send_after": case._written_to_from(fields.Datetime.now()),
                    **values,
                }
            )


class AccountMovePaidOnline(models.Model):
    _inherit = "account.move"

    def _dunning_payment_url(self):
        """Return where a customer pays the invoice at once, without signing in."""
        self.ensure_one()
        return self.get_base_url() + self.get_portal_url(
            query_string="&payment=True", anchor="portal_pay"
        )
