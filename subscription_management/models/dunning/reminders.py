"""Reminders of upcoming invoices and of cards that expire."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...billing_core.lifecycle import SERVED
from ..billing.invoice_planner import InvoicePlanner
from ..model_part import ModelPart
from ..subscriptions.internal_write import internal_write

INVOICE_TEMPLATE = "subscription_management.mail_template_upcoming_invoice"
YEARLY_REMINDER_DAYS = 14


class SubscriptionPlanReminders(ModelPart):
    _register = False

    upcoming_reminder_days = fields.Integer(
        "Invoice Reminder (Days Before)",
        compute="_compute_upcoming_reminder_days",
        store=True,
        precompute=True,
        readonly=False,
        help="The customer is notified of the upcoming invoice and its amount; by "
        "default 14 days before for yearly plans. 0 for no reminder.",
    )

    _upcoming_reminder_not_negative = models.Constraint(
        "CHECK (upcoming_reminder_days >= 0)",
        "An invoice reminder is sent 0 or more days before the invoice.",
    )

    @api.depends("interval_unit")
    def _compute_upcoming_reminder_days(self):
        """Remind customers of yearly invoices, unless the plan says otherwise."""
        for plan in self:
            is_yearly = plan.interval_unit == "year"
            plan.upcoming_reminder_days = YEARLY_REMINDER_DAYS if is_yearly else 0


class SubscriptionPaymentReminders(ModelPart):
    _register = False

    reminded_invoice_date = fields.Date(
        copy=False,
        readonly=True,
        help="The date of the last invoice that the customer was reminded of.",
    )

    @api.model
    def _cron_remind_of_payments(self):
        """Remind customers of upcoming invoices and of cards that expire."""
        [(longest,)] = self.env["subscription.plan"]._read_group(
            [], [], ["upcoming_reminder_days:max"]
        )
        if longest:
            domain = Domain("state", "in", SERVED)
            domain &= Domain("plan_id.upcoming_reminder_days", ">", 0)
            domain &= self.env["res.company"]._domain_by_today(
                lambda today: [
                    ("next_billing_date", ">", today),
                    ("next_billing_date", "<=", today + timedelta(days=longest)),
                ]
            )
            self._run_for_each(domain, lambda each: each._remind_of_invoice())
        self.env["subscription.payment.method"]._notify_expiring_cards()

    def _remind_of_invoice(self):
        """Remind the customer of the upcoming invoice, once."""
        self.ensure_one()
        day, today = self.next_billing_date, self._today()
        first = day - timedelta(days=self.plan_id.upcoming_reminder_days)
        if not first <= today < day or self.reminded_invoice_date == day:
            return
        internal_write(self).reminded_invoice_date = day
        total = sum(each.total for each in InvoicePlanner(self).due_on(day))
        if self.currency_id.compare_amounts(total, 0) <= 0:
            return
        method = self._methods_to_charge()[:1]
        self.env.ref(INVOICE_TEMPLATE).with_context(
            upcoming_day=day, upcoming_total=total, upcoming_method=method.name
        )._send_letter(self)


class ResCompanyReminders(ModelPart):
    _register = False

    subscription_card_expiry_days = fields.Integer(
        "Card Expiry Reminder (Days Before)",
        default=30,
        help="Customers are asked for another card this many days before theirs "
        "expires. 0 for no reminder.",
    )
