from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command, Domain

from ..model_part import ModelPart
from .internal_write import internal_write


def begins_on(was, day, before):
    """Return a start after the first paid day moved from `before` to `day`.

    A later start is kept.
    """
    return day if was == before else max(was, day)


class SubscriptionPlanTrial(ModelPart):
    _register = False

    trial_days = fields.Integer(
        "Trial (Days)", help="Days before the first paid one; 0 for no trial."
    )
    trial_conversion = fields.Selection(
        [
            ("converts", "Becomes a Paid Subscription"),
            ("with_payment_method", "Becomes a Paid One With a Saved Payment Method"),
            ("ends", "Ends Unless Activated"),
        ],
        string="After the Trial It",
        required=True,
        default="converts",
    )
    trial_product_id = fields.Many2one(
        "product.product",
        ondelete="restrict",
        check_company=True,
        domain="[('sale_ok', '=', True)]",
        help="Charged once at the start of the trial, at the plan's price; leave empty "
        "for a free trial.",
    )
    trial_reminder_days = fields.Integer(
        "Remind Before (Days)", help="0 for no reminder before the trial's end."
    )

    _trial_not_negative = models.Constraint(
        "CHECK (trial_days >= 0 AND trial_reminder_days >= 0)",
        "The days of a trial and of its reminder are 0 or more; correct them.",
    )


class SubscriptionTrial(ModelPart):
    """The trial before the first paid period, free or at a one-time price."""

    _register = False

    trial_end = fields.Date(copy=False, readonly=True, help="The first paid day.")
    is_reminded_of_trial = fields.Boolean(copy=False)

    def _end_trial_today(self):
        """End trials early: the paid days begin today."""
        for subscription in self:
            subscription._pay_from(max(subscription._today(), subscription.date_start))

    def _start_trial(self):
        for subscription in self:
            subscription._check_can_be_billed()
            days = timedelta(days=subscription.plan_id.trial_days)
            subscription._set_state("trial")
            subscription._log_change("trial", subscription.date_start)
            subscription._pay_from(subscription.date_start + days)
            subscription._charge_trial()

    def _charge_trial(self):
        """Add the one-time charge of the trial."""
        self.ensure_one()
        if self.plan_id.trial_product_id:
            internal_write(self).line_ids = [
                Command.create(self._prepare_trial_charge_values())
            ]

    def _prepare_trial_charge_values(self):
        return {
            "product_id": self.plan_id.trial_product_id.id,
            "kind": "one_off",
            "date_start": self.date_start,
        }

    def _lines_after_trial(self):
        """Return the lines that start after the trial."""
        return self.line_ids.filtered(
            lambda line: (
                line.kind != "one_off"
                or not self.trial_end
                or line.date_start >= self.trial_end
            )
        )

    def _pay_from(self, day):
        """Start the paid days on a day: periods and term count from it."""
        self.ensure_one()
        lines, before = self._lines_after_trial(), self.trial_end or self.date_start
        quiet = internal_write(self)
        quiet.trial_end = day
        for line in internal_write(lines):
            line._begin_on(day, before)
        quiet.term_start, quiet.term_end = day, self.plan_id._term_end(day)
        for pause in self.pause_ids:
            self._extend_term(pause.date_start, pause.date_end)

    @api.model
    def _cron_convert_trials(self):
        """Remind of trials that end soon, and convert or end those that ended."""
        domain = [("state", "=", "trial"), ("trial_end", "!=", False)]
        self._run_for_each(domain, lambda each: each._follow_trial())

    def _follow_trial(self):
        self.ensure_one()
        plan, today = self.plan_id, self._today()
        if self.date_end and self.date_end <= min(today, self.trial_end):
            self._close_if_ended()
            return
        reminder = self.trial_end - timedelta(days=plan.trial_reminder_days)
        if plan.trial_reminder_days and not self.is_reminded_of_trial:
            if reminder <= today < self.trial_end:
                internal_write(self).is_reminded_of_trial = True
                template = self.env.ref("subscription_management.mail_template_trial")
                template._send_letter(self)
        if self.trial_end > today:
            return
        if self._converts_after_trial():
            self._convert_trial()
        else:
            self._end_trial()

    def _converts_after_trial(self):
        """Return whether the trial converts to a paid subscription."""
        self.ensure_one()
        conversion = self.plan_id.trial_conversion
        if conversion == "with_payment_method":
            return self._has_payment_method()
        return conversion == "converts"

    def _has_payment_method(self):
        """Return whether the customer has a saved payment method in the company."""
        self.ensure_one()
        tokens = self.env["payment.token"].sudo()
        return bool(
            tokens.search_count(
                Domain("partner_id", "child_of", self.commercial_partner_id.id)
                & Domain("company_id", "parent_of", self.company_id.id),
                limit=1,
            )
        )

    def _convert_trial(self):
        self._set_state("active")
        self._log_change("activated", self._paid_start_date())
        self._follow_pause()
        self._follow_dunning()
        self._schedule_billing()

    def _end_trial(self):
        lines = self._lines_after_trial()
        for line in internal_write(lines):
            line.date_end = line.date_start
        internal_write(self).date_end = self.trial_end
        self._set_state("expired")
        self._log_change("expired", self.trial_end)


class SubscriptionTrialLine(ModelPart):
    _register = False

    def _begin_on(self, day, before):
        """Count periods from a day; a line that started on `before` starts on it."""
        self.ensure_one()
        values = {"calendar_start": day}
        if self.date_end != self.date_start:
            start = begins_on(self.date_start, day, before)
            values["date_start"] = start
            if self.date_end:
                values["date_end"] = max(self.date_end, start)
        self.write(values)
        for discount in self.discount_ids:
            discount.date_start = begins_on(discount.date_start, day, before)
