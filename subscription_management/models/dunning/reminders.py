"""Reminders before money is asked for: of yearly invoices, and of cards that expire."""

import logging
from contextlib import closing
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from ..subscriptions.internal_write import internal_write
from .letters import root_of

_logger = logging.getLogger(__name__)

INVOICE_TEMPLATE = "subscription_management.mail_template_upcoming_invoice"
CARD_TEMPLATE = "subscription_management.mail_template_card_expiry"
YEARLY_REMINDER_DAYS = 14


class SubscriptionPlanReminders(models.Model):
    _inherit = "subscription.plan"

    upcoming_reminder_days = fields.Integer(
        "Remind of Invoices Before (Days)",
        compute="_compute_upcoming_reminder_days",
        store=True,
        precompute=True,
        readonly=False,
        help="The customer is told of the next invoice and its amount; 14 days for "
        "plans that are billed by years, 0 for no reminder.",
    )

    _upcoming_reminder_not_negative = models.Constraint(
        "CHECK (upcoming_reminder_days >= 0)",
        "A reminder of an invoice is sent 0 days or more before it.",
    )

    @api.depends("interval_unit")
    def _compute_upcoming_reminder_days(self):
        """Let nobody be surprised by what is billed once a year."""
        for plan in self:
            is_yearly = plan.interval_unit == "year"
            plan.upcoming_reminder_days = YEARLY_REMINDER_DAYS if is_yearly else 0


class SubscriptionPaymentReminders(models.Model):
    _inherit = "subscription.subscription"

    reminded_invoice_date = fields.Date(
        copy=False, readonly=True, help="The invoice of which the customer was told."
    )

    @api.model
    def _cron_remind_of_payments(self):
        """Tell of invoices that come soon, and of cards that expire."""
        [(longest,)] = self.env["subscription.plan"]._read_group(
            [], [], ["upcoming_reminder_days:max"]
        )
        if longest:
            domain = Domain("state", "in", ("trial", "active", "past_due"))
            domain &= Domain("plan_id.upcoming_reminder_days", ">", 0)
            domain &= self.env["res.company"]._domain_by_today(
                lambda today: [
                    ("next_billing_date", ">", today),
                    ("next_billing_date", "<=", today + timedelta(days=longest)),
                ]
            )
            self._run_for_each(domain, lambda each: each._remind_of_invoice())
        self.env["subscription.payment.method"]._remind_of_expiry()

    def _remind_of_invoice(self):
        """Tell the customer once of the invoice that comes next."""
        self.ensure_one()
        day, today = self.next_billing_date, self._today()
        first = day - timedelta(days=self.plan_id.upcoming_reminder_days)
        if not first <= today < day or self.reminded_invoice_date == day:
            return
        internal_write(self).reminded_invoice_date = day
        total = self._total_invoiced_on(day)
        if self.currency_id.compare_amounts(total, 0) <= 0:
            return
        method = self._methods_to_charge()[:1]
        self.env.ref(INVOICE_TEMPLATE).with_context(
            upcoming_day=day, upcoming_total=total, upcoming_method=method.name
        )._send_letter(self)

    def _total_invoiced_on(self, day):
        """Return what would be invoiced on a day as things are, taxes included."""
        run = self.env["subscription.billing.run"].new({"target_date": day})
        # Closing a savepoint takes back all that was written since.
        with closing(self.env.cr.savepoint()):
            moves = run._write([self._prepare_billing(day)])
            return sum(moves.mapped("amount_total_in_currency_signed"))


class ResCompanyReminders(models.Model):
    _inherit = "res.company"

    subscription_card_expiry_days = fields.Integer(
        "Remind of Expiry Before (Days)",
        default=30,
        help="Customers are asked for another card so many days before theirs expires; "
        "0 for no reminder.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    subscription_card_expiry_days = fields.Integer(
        related="company_id.subscription_card_expiry_days", readonly=False
    )


class SubscriptionPaymentMethodExpiry(models.Model):
    _inherit = "subscription.payment.method"

    expiry_notified_on = fields.Date(
        readonly=True, help="When the customer was told that it expires."
    )
    expiry_error = fields.Char(readonly=True)
    expiry_failed_on = fields.Date(
        readonly=True, help="It is tried again on another day."
    )
    expiry_text = fields.Char(compute="_compute_expiry_text")

    @api.depends("expires_on")
    @api.depends_context("lang")
    def _compute_expiry_text(self):
        for method in self:
            day = method.expires_on
            method.expiry_text = day and format_date(
                self.env, day, date_format="MM/yyyy"
            )

    @api.model
    def _remind_of_expiry(self):
        """Ask for another card where the one that is charged expires soon."""
        cron = self.env["ir.cron"]
        for company in self.env["res.company"].search(
            [("subscription_card_expiry_days", ">", 0)]
        ):
            today = company._subscription_today()
            days = timedelta(days=company.subscription_card_expiry_days)
            soon = self.search(
                Domain("company_id", "=", company.id)
                & Domain("expires_on", ">=", today)
                & Domain("expires_on", "<=", today + days)
                & Domain("expiry_notified_on", "=", False)
                & Domain("expiry_failed_on", "!=", today)
                & Domain("is_refused", "=", False)
            )
            for method in soon:
                if method._subscriptions_charged():
                    method._notify_card_expiry(today)
                    cron._commit_progress(1)

    def _notify_card_expiry(self, today):
        """Write to the customer once; what goes wrong is shown beside the card."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self.write({"expiry_notified_on": today, "expiry_error": False})
                self.env.ref(CARD_TEMPLATE)._send_letter(self)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.error("Card %s: not told that it expires", self.id, exc_info=error)
            self.write({"expiry_error": root_of(error), "expiry_failed_on": today})
