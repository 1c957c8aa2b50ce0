"""What happens at the end of a term: renewal, question or end."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ...billing_core.money import raised
from ...billing_core.renewal import compounded_percent
from ..decimals import exact
from ..subscriptions.internal_write import internal_write

RUNNING = ("active", "past_due", "paused")
RENEWAL_ACTIVITY = "subscription_management.mail_activity_type_renewal"
TERM_FIELDS = (
    "term_start",
    "term_end",
    "term_index",
    "reminded_days",
    "date_end",
    "ends_by_expiry",
)
"""What a renewal replaces."""


class SubscriptionRenewal(models.Model):
    _inherit = "subscription.subscription"

    term_start = fields.Date(copy=False, help="The first day of the running term.")
    term_index = fields.Float(
        "Index at the Term's Start",
        digits=(16, 6),
        copy=False,
        help="The value of the index that prices were raised to when the term began.",
    )
    reminded_days = fields.Integer(
        copy=False, help="How many days before the end the last reminder was sent."
    )
    ends_by_expiry = fields.Boolean(copy=False)

    def action_renew(self):
        """Agree to the next term now."""
        for subscription in self:
            subscription._check_can_renew()
            subscription._renew(is_early=subscription._is_before_term_end())

    def action_renew_shown(self):
        """Show the next term's invoices, to be agreed to."""
        self._check_can_renew()
        return self._open_wizard(
            "subscription.renew.wizard", self.env._("Renew Subscription")
        )

    def _check_can_renew(self):
        self.ensure_one()
        if self.state not in RUNNING or not self.term_end:
            raise UserError(
                self.env._(
                    "Subscription %s has no term to renew: it is not running, or goes "
                    "on without end.",
                    self.name,
                )
            )

    def _is_before_term_end(self):
        """Tell whether whoever agrees to the next term now does so early."""
        self.ensure_one()
        return bool(self.term_end and self.term_end > self._today())

    def _renew(self, rows=None, reason=False, *, is_early=False, replaced=None):
        """Begin the next term on the day on which this one ends.

        `rows` are those of the change planner, by default the renewal prices of the
        plan. `replaced` is the previous term, where part of it changed already.
        """
        self.ensure_one()
        # The price changes belong to the renewal, and reach a subscription that
        # continues this one.
        self = self.with_context(
            subscription_is_renewing=True, subscription_reaches_both=True
        )
        day, replaced = self.term_end, replaced or self._term_as_it_is()
        quotations = self.sudo()._open_renewal_quotations()
        if self._is_cancelled_for_renewal():
            self.action_undo_cancellation()
        rows = self._renewal_rows(is_early=is_early) if rows is None else rows
        if rows:
            self._change_lines("price", day, rows, policy="prorate", reason=reason)
        internal_write(self).write(
            {
                "term_start": day,
                "term_end": self._term_end_after(day),
                "term_index": self.plan_id._index_on(day),
                "reminded_days": 0,
            }
        )
        self.activity_unlink([RENEWAL_ACTIVITY])
        self._log_change("renewed", day, reason=reason, replaced_term=replaced)
        quotations._cancel_with_reason(self.env._("%s was renewed already.", self.name))

    def _renewal_from(self, day):
        """Return the renewal by which the term of a day began, unless undone."""
        self.ensure_one()
        return self.change_ids.filtered(
            lambda change: (
                change.kind == "renewed"
                and change.date_effective == day
                and not change.undone_by_ids
            )
        )

    def _term_as_it_is(self):
        """Return what a renewal replaces, in a form that the database keeps."""
        self.ensure_one()
        term = self.read(TERM_FIELDS, load="")[0]
        return {
            name: fields.Date.to_string(value)
            if self._fields[name].type == "date"
            else value
            for name, value in term.items()
            if name != "id"
        }

    def _is_cancelled_for_renewal(self):
        """Tell whether the service is to end with the term that would be renewed."""
        self.ensure_one()
        return bool(self.date_end and self.date_end <= self.term_end)

    def _renewal_rows(self, *, is_early):
        """Return the rows of the change planner for the next term.

        New versions of prices come first, then the rise, then what is taken off for
        whoever renews before the end.
        """
        self.ensure_one()
        day, plan = self.term_end, self.plan_id
        percent = plan._uplift_between(
            self.term_start or self.date_start, day, self.term_index
        )
        early = plan.early_renewal_percent if is_early else 0
        rows = []
        for line in self._lines_to_change(day):
            values = {
                **line._renewal_price_values(day, percent),
                **line._renewal_discount_values(day, early),
            }
            if values:
                rows.append((line, values))
        return rows

    def _term_end_after(self, day):
        """Return the end of the term that begins on a day, False without one.

        Terms are counted from the first paid day, so that their ends do not drift.
        """
        self.ensure_one()
        plan, first = self.plan_id, self.trial_end or self.date_start
        if not plan.term_count:
            return False
        terms = plan._term_calendar(first)
        index = terms.index_on(max(day, first))
        if terms.boundary(index) == day:
            return terms.boundary(index + 1)
        return plan._term_end(day)

    def _is_paused_indefinitely(self):
        return any(
            not pause.date_end and pause.date_start <= self.term_end
            for pause in self.pause_ids
        )

    @api.model
    def _cron_renew(self):
        """Remind, ask, renew and end the terms whose day comes."""
        notice = timedelta(days=self._longest_notice())
        domain = Domain("state", "in", (*RUNNING, "suspended"))
        domain &= self.env["res.company"]._domain_by_today(
            lambda today: [("term_end", "<=", today + notice)]
        )
        self._run_for_each(domain, lambda each: each._follow_term())

    @api.model
    def _longest_notice(self):
        """Return how many days before a term's end something may have to be done."""
        [(reminder,)] = self.env["subscription.renewal.reminder"]._read_group(
            [], [], ["days:max"]
        )
        [(quotation,)] = self.env["subscription.plan"]._read_group(
            [("renewal_policy", "=", "ask")], [], ["renewal_quotation_days:max"]
        )
        [(earliest,)] = self.env["subscription.plan"]._read_group(
            [], [], ["due_shift_days:min"]
        )
        return max(reminder or 0, quotation or 0, 1 - min(earliest or 0, 0))

    def _days_decided_ahead(self):
        """Return how many days before its end a term is renewed or ended.

        One day, or as many more as plans bill ahead: the first period of the next term
        is billed as it was agreed, or not at all.
        """
        self.ensure_one()
        plans = self.plan_id | self._lines_from(self._today()).plan_id
        return 1 - min(0, *plans.mapped("due_shift_days"))

    def _follow_term(self):
        """Do what the term's end asks for today: remind, ask, renew or end."""
        self.ensure_one()
        days_left = (self.term_end - self._today()).days
        if self.state == "suspended" and self.plan_id.renewal_policy == "renew":
            # Renewed once it is paid for, from the day on which the term ended.
            return
        if self.state != "suspended":
            self._remind_of_renewal(days_left)
            self._quote_renewal_if_due(days_left)
        if days_left > self._days_decided_ahead() or self._is_cancelled_for_renewal():
            return
        if self.plan_id.pause_policy == "extends" and self._is_paused_indefinitely():
            # The term is as much longer as it will have rested.
            return
        if self.plan_id.renewal_policy == "renew" or self.date_end:
            # Whoever gave notice too late for this term stays for the next one.
            self._renew()
            return
        # Until that day a quotation that is accepted takes the end back.
        self._end_on(self.term_end, self.env._("The term ended"), expires=True)

    def _remind_of_renewal(self, days_left):
        """Send the reminder that is due, once."""
        due = self.plan_id.renewal_reminder_ids.filtered(
            lambda reminder: reminder.days >= days_left
        )
        nearest = min(due.mapped("days"), default=0)
        if not nearest or self.date_end or 0 < self.reminded_days <= nearest:
            return
        internal_write(self).reminded_days = nearest
        template = self.env.ref("subscription_management.mail_template_renewal")
        template._send_letter(self)


class SubscriptionRenewalLine(models.Model):
    _inherit = "subscription.line"

    uplift_percent = fields.Float(
        "Raised By (%)",
        readonly=True,
        help="By how much renewals have raised the tiers and bounds of the price.",
    )

    @api.depends("uplift_percent")
    def _compute_amounts(self):
        return super()._compute_amounts()

    def _renewal_price_values(self, day, percent):
        """Return what changes of the price with the term that begins on a day."""
        self.ensure_one()
        values = self._prices_at_renewal(day)
        rule = self.pricing_rule_id
        if "pricing_rule_id" in values:
            rule = rule.browse(values["pricing_rule_id"])
        customer = self.partner_id.commercial_partner_id
        if not percent or rule._is_granted_to(customer, day):
            return values
        if rule._rises_beyond_its_price():
            before = 0.0 if values else self.uplift_percent
            values["uplift_percent"] = float(compounded_percent(exact(before), percent))
        if price := exact(values.get("price", self.price)):
            values["price"] = float(raised(price, percent))
        return values

    def _renewal_discount_values(self, day, early_percent):
        """Return what changes of the discounts with the term that begins on a day.

        What was taken off for the term before ends with it.
        """
        self.ensure_one()
        values = {}
        outlived = self.discount_ids.filtered(
            lambda discount: discount.ends_with_term and discount._end_on(self) > day
        )
        if outlived:
            values["discount_ids"] = [
                Command.create(discount._prepare_copy_values())
                for discount in self.discount_ids - outlived
            ]
        end = self.subscription_id._term_end_after(day)
        if early_percent and end and not self._follows_the_others():
            granted = self._term_discount(early_percent, day, end)
            values["added_discounts"] = [Command.create(granted)]
        return values

    def _term_discount(self, percent, day, end):
        """Return the values of a discount for a term."""
        self.ensure_one()
        calendar = self._snapshot_calendar()
        last = calendar.index_on(end - timedelta(days=1))
        return {
            "percent": percent,
            "fixed_amount": 0.0,
            "cycles": last - calendar.index_on(day) + 1,
            "coupon_id": False,
            "date_start": max(day, self.date_start),
            "ends_with_term": True,
        }

    def _follows_the_others(self):
        """Tell whether what the others cost less makes this cost less already."""
        self.ensure_one()
        return (
            self.pricing_model == "percent_of_total"
            and self.pricing_rule_id.base_price == "net"
        )
