"""The end of a term: reminder, renewal quotation, renewal or expiry."""

from datetime import timedelta

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ...billing_core.lifecycle import COMMITTED, RENEWABLE
from ...billing_core.money import raised
from ...billing_core.renewal import compounded_percent
from ..decimals import exact
from ..model_part import ModelPart
from ..subscriptions.internal_write import internal_write

RENEWAL_ACTIVITY = "subscription_management.mail_activity_type_renewal"
TERM_FIELDS = (
    "term_start",
    "term_end",
    "term_index",
    "reminded_days",
    "date_end",
    "ends_by_expiry",
)
"""The fields that a renewal replaces, and that undoing it restores."""


class SubscriptionRenewal(ModelPart):
    _register = False

    term_start = fields.Date(copy=False, help="The first day of the current term.")
    term_index = fields.Float(
        "Index at Start of Term",
        digits=(16, 6),
        copy=False,
        help="The index value that prices were raised to when the term started.",
    )
    reminded_days = fields.Integer(
        copy=False, help="Days between the last reminder and the end of the term."
    )
    ends_by_expiry = fields.Boolean(copy=False)

    def action_renew(self):
        """Renew for the next term now."""
        self.check_access("write")
        for subscription in self:
            subscription._check_can_renew()
            subscription._renew(is_early=subscription._is_before_term_end())

    def action_renew_shown(self):
        """Open the wizard that shows the next term with its invoices."""
        self._check_can_renew()
        return self._open_wizard(
            "subscription.renew.wizard", self.env._("Renew Subscription")
        )

    def _check_can_renew(self):
        self.ensure_one()
        if self.state not in RENEWABLE or not self.term_end:
            raise UserError(
                self.env._(
                    "Subscription %s has no term to renew. Only active, past due and "
                    "paused subscriptions of a plan with a term can be renewed.",
                    self.name,
                )
            )

    def _is_before_term_end(self):
        """Return whether a renewal today is an early renewal."""
        self.ensure_one()
        return bool(self.term_end and self.term_end > self._today())

    def _renew(self, rows=None, reason=False, *, is_early=False, replaced=None):
        """Start the next term on the day on which this one ends.

        `rows` are those of the change planner; by default the prices of the plan for an
        early or regular renewal. `replaced` is the previous term, if some of its values
        have changed already.
        """
        self.ensure_one()
        day, replaced = self.term_end, replaced or self._term_as_it_is()
        quotations = self.sudo()._open_renewal_quotations()
        # The prices are part of the renewal, and reach transferred lines too.
        renewing = self.with_context(
            subscription_is_renewing=True, subscription_reaches_both=True
        )
        if self._is_cancelled_for_renewal():
            renewing.action_undo_cancellation()
        rows = self._renewal_rows(is_early=is_early) if rows is None else rows
        if rows:
            renewing._change_lines("price", day, rows, policy="prorate", reason=reason)
        internal_write(self).write(
            {
                "term_start": day,
                "term_end": self._term_end_after(day),
                "term_index": self.plan_id._index_on(day),
                "reminded_days": 0,
            }
        )
        self.activity_unlink([RENEWAL_ACTIVITY])
        renewing._log_change("renewed", day, reason=reason, replaced_term=replaced)
        quotations._cancel_with_reason(self.env._("%s was renewed already.", self.name))

    def _renewal_from(self, day):
        """Return the renewal by which the term of a day started, unless undone."""
        self.ensure_one()
        return self.change_ids.filtered(
            lambda change: (
                change.kind == "renewed"
                and change.date_effective == day
                and not change.undone_by_ids
            )
        )

    def _term_as_it_is(self):
        """Return the values that a renewal replaces, as JSON can store them."""
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
        """Return whether the subscription is cancelled to the end of its term."""
        self.ensure_one()
        return bool(self.date_end and self.date_end <= self.term_end)

    def _renewal_rows(self, *, is_early):
        """Return the rows of the change planner for the next term.

        New price versions apply first, then the uplift, then the early renewal
        discount.
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
        """Return the end of the term that starts on a day, False without one.

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
        """Follow ending terms, then contracted prices that end without a term's end."""
        self._follow_due_terms()
        self._follow_due_contract_ends()

    @api.model
    def _follow_due_terms(self):
        notice = timedelta(days=self._longest_notice())
        domain = Domain("state", "in", COMMITTED)
        domain &= self.env["res.company"]._domain_by_today(
            lambda today: [("term_end", "<=", today + notice)]
        )
        self._run_for_each(domain, lambda each: each._follow_term())

    @api.model
    def _longest_notice(self):
        """Return the largest number of days before a term's end with a step to take."""
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

        One day, plus the days by which plans bill ahead: the renewal is decided before
        the first period of the next term is billed.
        """
        self.ensure_one()
        plans = self.plan_id | self._lines_from(self._today()).plan_id
        return 1 - min(0, *plans.mapped("due_shift_days"))

    def _follow_term(self):
        """Remind, send a quotation, renew or end the term, as its plan says."""
        self.ensure_one()
        days_left = (self.term_end - self._today()).days
        if self.state == "suspended" and self.plan_id.renewal_policy == "renew":
            # Renewed once it is reactivated, from the day on which the term ended.
            return
        if self.state != "suspended":
            self._remind_of_renewal(days_left)
            self._quote_renewal_if_due(days_left)
        if days_left > self._days_decided_ahead() or self._is_cancelled_for_renewal():
            return
        if self.plan_id.pause_policy == "extends" and self._is_paused_indefinitely():
            # The pause will extend the term by its days.
            return
        if self.plan_id.renewal_policy == "renew" or self.date_end:
            # With a notice that was too late for this term, the next one starts.
            self._renew()
            return
        # A quotation that is accepted until that day undoes the end.
        self._end_on(self.term_end, self.env._("The term ended"), expires=True)

    def _remind_of_renewal(self, days_left):
        """Send the due reminder once."""
        due = self.plan_id.renewal_reminder_ids.filtered(
            lambda reminder: reminder.days >= days_left
        )
        nearest = min(due.mapped("days"), default=0)
        if not nearest or self.date_end or 0 < self.reminded_days <= nearest:
            return
        internal_write(self).reminded_days = nearest
        template = self.env.ref("subscription_management.mail_template_renewal")
        template._send_letter(self)


class SubscriptionRenewalLine(ModelPart):
    _register = False

    uplift_percent = fields.Float(
        "Uplift (%)",
        readonly=True,
        help="The percentage by which renewals have raised the tiers and limits.",
    )

    def _renewal_price_values(self, day, percent):
        """Return the changed price values of a term that starts on a day."""
        self.ensure_one()
        values = self._prices_at_renewal(day)
        rule = self.pricing_rule_id
        if "pricing_rule_id" in values:
            rule = rule.browse(values["pricing_rule_id"])
        customer = self.partner_id.commercial_partner_id
        if not percent or rule._is_granted_to(customer, day):
            return values
        if rule._uplift_affects_terms():
            before = 0.0 if values else self.uplift_percent
            values["uplift_percent"] = float(compounded_percent(exact(before), percent))
        if price := exact(values.get("price", self.price)):
            values["price"] = float(raised(price, percent))
        return values

    def _renewal_discount_values(self, day, early_percent):
        """Return the changed discounts of a term that starts on a day.

        Discounts of the previous term end with it.
        """
        self.ensure_one()
        values = {}
        expiring = self.discount_ids.filtered(
            lambda discount: discount.ends_with_term and discount._end_on(self) > day
        )
        if expiring:
            values["discount_ids"] = [
                Command.create(discount._prepare_copy_values())
                for discount in self.discount_ids - expiring
            ]
        end = self.subscription_id._term_end_after(day)
        if early_percent and end and not self._is_percent_of_net_prices():
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

    def _is_percent_of_net_prices(self):
        """Return whether discounts of other lines already lower this line's price."""
        self.ensure_one()
        return (
            self.pricing_model == "percent_of_total"
            and self.pricing_rule_id.base_price == "net"
        )
