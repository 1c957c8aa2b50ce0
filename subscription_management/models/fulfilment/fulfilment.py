"""Deliver goods or create tasks once for each billing period.

The fulfilled quantity of a period is stored, so that each period is fulfilled once and
a change within it fulfils or withdraws the difference.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, float_compare

from ...billing_core.lifecycle import CHANGEABLE
from ..model_part import ModelPart

CRON = "subscription_management.ir_cron_fulfil"


class SubscriptionFulfilledPeriod(models.Model):
    """The quantity of one original line that was fulfilled for a billing period.

    Other addons fulfil it by a delivery or a task: they extend the line's methods.
    """

    _name = "subscription.fulfilled.period"
    _description = "Fulfilled Period"
    _order = "date_start desc, id desc"

    line_id = fields.Many2one(
        "subscription.line",
        required=True,
        ondelete="cascade",
        index=True,
        help="The original line of the lines that continue each other.",
    )
    subscription_id = fields.Many2one(
        related="line_id.subscription_id", store=True, index=True
    )
    company_id = fields.Many2one(related="line_id.company_id", store=True)
    date_start = fields.Date("From", required=True)
    date_end = fields.Date("Next From", required=True)
    quantity = fields.Float(digits="Product Unit", required=True)
    is_on_hold = fields.Boolean(
        readonly=True,
        help="It has started and is not fulfilled before its invoice is paid.",
    )

    _period_once = models.Constraint(
        "UNIQUE (line_id, date_start)", "A period is fulfilled once."
    )


class SubscriptionPlanFulfilment(ModelPart):
    _register = False

    def _init_column_of_plans_in_use(self, column, value):
        """Set a column of plans with subscriptions in progress to a value.

        Addons that add such a column keep fulfilment off for existing customers.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_plan SET %s = %s
                 WHERE id IN (
                    SELECT line.plan_id
                      FROM subscription_line line
                      JOIN subscription_subscription subscription
                           ON subscription.id = line.subscription_id
                     WHERE subscription.state NOT IN ('draft', 'cancelled', 'expired')
                 )
                """,
                SQL.identifier(column),
                value,
            )
        )


class SubscriptionFulfilment(ModelPart):
    _register = False

    next_fulfilment_date = fields.Date(
        copy=False,
        index="btree_not_null",
        groups="base.group_system",
        help="The date of the next delivery or task.",
    )
    fulfilment_start = fields.Date(
        copy=False,
        groups="base.group_system",
        help="Periods that ended before this date are not fulfilled automatically.",
    )
    fulfilled_period_ids = fields.One2many(
        "subscription.fulfilled.period", "subscription_id", copy=False
    )

    def _schedule_fulfilment_after(self, _changes):
        self._schedule_fulfilment()

    def _schedule_fulfilment(self):
        """Trigger the scheduled action, which never blocks a change."""
        concerned = self.sudo().filtered(
            lambda each: (
                each.fulfilled_period_ids
                or any(line._is_fulfilled() for line in each.line_ids)
            )
        )
        if concerned:
            earliest = self.env["res.company"]._earliest_today_anywhere()
            concerned.next_fulfilment_date = earliest
            self.env.ref(CRON).sudo()._trigger()

    def _enable_fulfilment(self):
        """Fulfil from the current periods, whatever was done manually before."""
        self.sudo().fulfilment_start = False
        self._schedule_fulfilment()

    @api.model
    def _cron_fulfil(self):
        """Fulfil the periods that start, one subscription after the other."""
        domain = self.env["res.company"]._domain_by_today(
            lambda today: [("next_fulfilment_date", "<=", today)]
        )
        self._run_for_each(domain, lambda each: each._fulfil())

    def _fulfil(self):
        """Fulfil due periods, and set the date of the next ones."""
        self.ensure_one()
        # Not every salesperson may write deliveries and tasks.
        subscription = self.sudo().with_company(self.company_id)
        if subscription.next_fulfilment_date > self._today():
            return
        if not subscription.fulfilment_start:
            subscription.fulfilment_start = self._today()
        fulfilled = subscription.line_ids.filtered(
            lambda line: line.date_start and line._is_fulfilled()
        )
        first_lines = fulfilled.browse(
            {min(line._fulfilment_lines().ids) for line in fulfilled}
        )
        first_lines |= subscription.fulfilled_period_ids.line_id
        days = [line._fulfil_periods() for line in first_lines]
        subscription.next_fulfilment_date = min(filter(None, days), default=False)


class SubscriptionLineFulfilment(ModelPart):
    _register = False

    def _is_fulfilled(self):
        """Return whether each period of the line is fulfilled."""
        self.ensure_one()
        return False

    def _fulfilment_lead_days(self):
        """Return how many days before its start a period is fulfilled."""
        self.ensure_one()
        return 0

    def _is_period_released(self, day):
        """Return whether the period that starts on a day may be fulfilled now."""
        self.ensure_one()
        return True

    def _quantity_fulfilled_by_order(self, period):
        """Return the quantity of the first period that its sales order fulfilled."""
        self.ensure_one()
        return 0.0

    def _start_fulfilment(self, period, quantity):
        """Fulfil a further quantity of a `subscription.fulfilled.period`."""

    def _stop_fulfilment(self, period, quantity):
        """Withdraw a quantity, and return how much of it was not fulfilled yet."""
        return quantity

    def _fulfilment_lines(self):
        """Return the lines of one original line with the same product and periods.

        A new price is a line of its own and does not need another fulfilment.
        """
        self.ensure_one()
        return self._origin_lines().filtered(
            lambda line: (
                line.date_start
                and line.product_id == self.product_id
                and line.plan_id._has_interval_of(self.plan_id)
            )
        )

    def _fulfil_periods(self):
        """Fulfil the periods that have started; return the date of the next check."""
        self.ensure_one()
        today = self.subscription_id._today()
        periods = self.subscription_id.fulfilled_period_ids.filtered(
            lambda each: each.line_id == self
        )
        following = self._fulfil_new_periods(periods, today)
        for period in periods:
            if period.is_on_hold:
                self._fulfil_if_released(period)
            elif period.date_end > today:
                self._adjust_fulfilment(period, today)
        lines = self._fulfilment_lines()
        edges = {*lines.mapped("date_start"), *lines.mapped("date_end")}
        for pause in self.subscription_id.pause_ids:
            edges |= {pause.date_start, pause.date_end}
        days = [edge for edge in edges if edge and edge > today]
        if following:
            days.append(following)
        if any(self.subscription_id.fulfilled_period_ids.mapped("is_on_hold")):
            # Checked again at the next run: the payment may arrive at any time.
            days.append(today)
        return min(days, default=None)

    def _fulfil_new_periods(self, periods, today):
        """Fulfil each period once, as many days before its start as the lead.

        Return the date of the next one, or None. The current period is the first one;
        later ones are caught up when the scheduled action did not run.
        """
        lines = self._fulfilment_lines()
        first = min(lines.mapped("date_start"))
        # Of the newest line, since an alignment changes the days of its periods.
        calendar = lines.sorted("date_start")[-1]._snapshot_calendar()
        start = self.subscription_id.fulfilment_start
        known = {period.date_start for period in periods}
        if known and max(known) >= start:
            index = calendar.index_on(max(known)) + 1
        else:
            index = calendar.index_on(max(start, first, calendar.start))
        while True:
            regular = calendar.regular_period(index)
            day = max(regular.start, first, calendar.start)
            line = self._fulfilled_on(day)
            lead = timedelta(days=line._fulfilment_lead_days() if line else 0)
            if day - lead > today:
                return day - lead if line else None
            if line and day not in known and self._is_due_on(day):
                self._start_period(line, day, regular.end)
            index += 1

    def _fulfilled_on(self, day):
        """Return the line that continues this one on a day, if it is fulfilled."""
        lines = self._fulfilment_lines() & self.subscription_id._lines_on(day)
        return lines.filtered(
            lambda line: line.kind == "recurring" and line._is_fulfilled()
        )[:1]

    def _is_due_on(self, day):
        """Return whether a period that starts on a day is to be fulfilled.

        Periods of a trial, a pause or a suspension are not.
        """
        subscription = self.subscription_id
        if subscription.state not in CHANGEABLE:
            return False
        is_trial = subscription.trial_end and day < subscription.trial_end
        return not is_trial and not subscription._is_paused_on(day)

    def _start_period(self, line, day, end):
        """Record a period that is to be fulfilled, and fulfil it if it is released."""
        period = self.env["subscription.fulfilled.period"].create(
            {
                "line_id": self.id,
                "date_start": day,
                "date_end": end,
                "quantity": 0.0,
                "is_on_hold": True,
            }
        )
        if day == min(self._fulfilment_lines().mapped("date_start")):
            period.quantity = line._quantity_fulfilled_by_order(period)
        self._fulfil_if_released(period)

    def _fulfil_if_released(self, period):
        day = period.date_start
        line = self._fulfilled_on(day)
        if not line or line._is_period_released(day):
            period.is_on_hold = False
            self._adjust_fulfilment(period, day)

    def _adjust_fulfilment(self, period, today):
        """Fulfil or withdraw the difference to the quantity of a day."""
        day = max(period.date_start, today)
        is_paused = self.subscription_id._is_paused_on(day)
        if is_paused and day > period.date_start:
            # Periods that started before the pause are delivered.
            return
        line = self._fulfilled_on(day)
        target = line.quantity if line and not is_paused else 0.0
        step = float_compare(target, period.quantity, precision_digits=6)
        if step > 0:
            line._start_fulfilment(period, target - period.quantity)
            period.quantity = target
        elif step < 0:
            period.quantity -= self._stop_fulfilment(period, period.quantity - target)
