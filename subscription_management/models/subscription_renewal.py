"""What happens at the end of a term: renewal, question or end."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..billing_core.errors import BillingError
from ..billing_core.renewal import Uplift, index_change, raised
from .decimals import exact, exact_or_none
from .error_messages import translated

RUNNING = ("active", "past_due", "paused")
RENEWAL_ACTIVITY = "subscription_management.mail_activity_type_renewal"


class SubscriptionPlanRenewal(models.Model):
    _inherit = "subscription.plan"

    renewal_policy = fields.Selection(
        [
            ("renew", "Renew by Itself"),
            ("ask", "Ask the Salesperson"),
            ("expire", "End"),
        ],
        string="At the Term's End",
        required=True,
        default="renew",
    )
    renewal_reminder_ids = fields.One2many(
        "subscription.renewal.reminder", "plan_id", "Reminders", copy=True
    )
    early_renewal_percent = fields.Float(
        "Early Renewal Discount (%)",
        digits=(16, 4),
        help="Taken off the prices of the next term when it is agreed before this one "
        "ends.",
    )
    uplift_kind = fields.Selection(
        [
            ("none", "Stay as They Are"),
            ("fixed", "Rise by a Fixed Percentage"),
            ("index", "Follow an Index"),
        ],
        string="Prices at Renewal",
        required=True,
        default="none",
    )
    uplift_percent = fields.Float(
        "Percent", digits=(16, 4), help="With an index: percent on top of its rise."
    )
    uplift_index_id = fields.Many2one(
        "subscription.price.index", "Index", ondelete="restrict"
    )
    uplift_floor = fields.Float("At Least (%)", digits=(16, 4))
    uplift_cap = fields.Float(
        "At Most (%)", digits=(16, 4), help="Leave at 0 for no limit."
    )

    @api.constrains("uplift_kind", "uplift_floor", "uplift_cap")
    def _check_uplift(self):
        for plan in self:
            try:
                plan._snapshot_uplift()
            except BillingError as error:
                raise ValidationError(translated(self.env, error)) from error

    def _snapshot_uplift(self):
        """Return how prices rise at renewal, as the core takes it."""
        self.ensure_one()
        if self.uplift_kind == "fixed":
            return Uplift(exact(self.uplift_percent))
        return Uplift(
            exact(self.uplift_percent),
            exact(self.uplift_floor),
            exact_or_none(self.uplift_cap),
        )

    def _uplift_between(self, start, end):
        """Return by how many percent prices rise after a term."""
        self.ensure_one()
        if self.uplift_kind == "none":
            return exact(0)
        if self.uplift_kind == "fixed":
            return self._snapshot_uplift().percent()
        index = self.uplift_index_id
        before, now = index._value_on(start), index._value_on(end)
        return self._snapshot_uplift().percent(index_change(exact(before), exact(now)))


class SubscriptionRenewalReminder(models.Model):
    _name = "subscription.renewal.reminder"
    _description = "Renewal Reminder"
    _order = "days desc"
    _rec_name = "days"

    plan_id = fields.Many2one(
        "subscription.plan", required=True, ondelete="cascade", index=True
    )
    days = fields.Integer("Days Before the End", required=True, default=30)

    _days_once = models.UniqueIndex(
        "(plan_id, days)", "This plan reminds on that day already."
    )
    _days_positive = models.Constraint(
        "CHECK (days > 0)", "A reminder comes at least one day before the end."
    )


class SubscriptionRenewal(models.Model):
    _inherit = "subscription.subscription"

    term_start = fields.Date(copy=False, help="The first day of the running term.")
    reminded_days = fields.Integer(
        copy=False, help="How many days before the end the last reminder was sent."
    )
    ends_by_expiry = fields.Boolean(copy=False)

    def action_renew(self):
        """Agree to the next term now."""
        for subscription in self:
            subscription._check_can_renew()
            subscription._renew(is_early=subscription.term_end > subscription._today())

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

    def _renew(self, *, is_early=False):
        """Begin the next term on the day on which this one ends."""
        self.ensure_one()
        day, plan = self.term_end, self.plan_id
        if self.date_end and self.date_end <= day:
            self.action_undo_cancellation()
        term_start = self.term_start or self.date_start
        percent = plan._uplift_between(term_start, day)
        self._move_to_renewal_prices(day)
        self._raise_prices(percent, day)
        if is_early and plan.early_renewal_percent:
            self._grant_for_term(plan.early_renewal_percent, day)
        self.write(
            {
                "term_start": day,
                "term_end": self._term_end_after(day),
                "reminded_days": 0,
            }
        )
        self.activity_unlink([RENEWAL_ACTIVITY])
        self._log_change(
            "renewed",
            day,
            reason=self.env._("Prices rose by %s %%", f"{float(percent):g}")
            if percent
            else False,
        )

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

    def _rests_without_end(self):
        return any(
            not pause.date_end and pause.date_start <= self.term_end
            for pause in self.pause_ids
        )

    def _raise_prices(self, percent, day):
        """Raise the agreed prices from a day on; shares of the total follow."""
        rows = [
            (line, {"price": float(raised(exact(line.price), percent))})
            for line in self._lines_to_change(day)
            if percent and line.price
        ]
        if rows:
            self._amend("price", day, rows, policy="prorate")

    def _grant_for_term(self, percent, day):
        """Take something off the prices of the term that begins on a day."""
        end = self._term_end_after(day)
        if not end:
            return
        for line in self._lines_to_change(day):
            if line._follows_the_others():
                continue
            calendar = line._snapshot_calendar()
            cycles = calendar.index_on(end - timedelta(days=1)) - calendar.index_on(day)
            self.grant_discount(
                {"percent": percent, "cycles": cycles + 1},
                day,
                lines=line,
                reason=self.env._("Early renewal"),
            )

    @api.model
    def _cron_renew(self):
        """Remind, renew and end the terms whose day comes."""
        today = fields.Date.today()
        longest = self.env["subscription.renewal.reminder"]._read_group(
            [], [], ["days:max"]
        )[0][0]
        horizon = today + timedelta(days=max(longest or 0, 1))
        domain = [
            ("state", "in", RUNNING),
            ("term_end", "!=", False),
            ("term_end", "<=", horizon),
        ]
        self._do_for_each(domain, lambda each: each._follow_term())

    def _follow_term(self):
        """Do what the term's end asks for today: remind, renew, ask or end."""
        self.ensure_one()
        today = self._today()
        self._remind_of_renewal((self.term_end - today).days)
        # A day ahead, so that the first period of the next term is billed as agreed.
        ends = self.date_end and self.date_end <= self.term_end
        if self.term_end > today + timedelta(days=1) or ends:
            return
        if self.plan_id.pause_policy == "extends" and self._rests_without_end():
            # The term is as much longer as it will have rested.
            return
        if self.plan_id.renewal_policy == "renew" or self.date_end:
            # Whoever gave notice too late for this term stays for the next one.
            self._renew()
            return
        self._end_on(self.term_end, self.env._("The term ended"), expires=True)

    def _remind_of_renewal(self, days_left):
        """Send the reminder that is due, once."""
        due = self.plan_id.renewal_reminder_ids.filtered(
            lambda reminder: reminder.days >= days_left
        )
        nearest = min(due.mapped("days"), default=0)
        if not nearest or self.date_end or 0 < self.reminded_days <= nearest:
            return
        self.reminded_days = nearest
        template = self.env.ref("subscription_management.mail_template_renewal")
        template.send_mail(self.id, email_layout_xmlid="mail.mail_notification_light")
        if self.plan_id.renewal_policy == "ask" and not self.activity_search(
            [RENEWAL_ACTIVITY]
        ):
            self.activity_schedule(
                RENEWAL_ACTIVITY,
                date_deadline=self.term_end,
                note=self.env._(
                    "The term ends on %s: renew it, or let it end.",
                    format_date(self.env, self.term_end),
                ),
                user_id=(self.user_id or self.env.user).id,
            )


class SubscriptionRenewalLine(models.Model):
    _inherit = "subscription.line"

    def _follows_the_others(self):
        """Tell whether what the others cost less makes this cost less already."""
        self.ensure_one()
        return (
            self.pricing_model == "percent_of_total"
            and self.pricing_rule_id.base_price == "net"
        )
