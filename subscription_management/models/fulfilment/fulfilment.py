"""What is to be delivered or done for each billing period, and when.

What was set in motion for a period is remembered, so that it is once, and a change in
the period sets in motion, or takes back, the difference.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, float_compare

from ..changes.undo import SERVED_STATES

CRON = "subscription_management.ir_cron_fulfil"


DAY = timedelta(days=1)


class SubscriptionFulfilledPeriod(models.Model):
    """How much of what goes back to one line was set in motion for a billing period.

    What is set in motion, a delivery or a task, is an addon's own: it extends the
    methods of the line that say so.
    """

    _name = "subscription.fulfilled.period"
    _description = "Fulfilled Period"
    _order = "date_start desc, id desc"

    line_id = fields.Many2one(
        "subscription.line",
        required=True,
        ondelete="cascade",
        index=True,
        help="The first one of the lines that go on with each other.",
    )
    subscription_id = fields.Many2one(
        related="line_id.subscription_id", store=True, index=True
    )
    company_id = fields.Many2one(related="line_id.company_id", store=True)
    date_start = fields.Date("From", required=True)
    date_end = fields.Date("Next From", required=True)
    quantity = fields.Float(digits="Product Unit", required=True)
    is_waiting = fields.Boolean(
        readonly=True, help="It began, and something holds it back: it is not paid."
    )

    _period_once = models.Constraint(
        "UNIQUE (line_id, date_start)", "A period is fulfilled once."
    )


class SubscriptionPlanFulfilment(models.Model):
    _inherit = "subscription.plan"

    def _init_of_plans_in_use(self, column, value):
        """Let plans that have customers do nothing by themselves from now on.

        For addons that add such a column: nobody shall be surprised because something
        was installed.
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


class SubscriptionFulfilment(models.Model):
    _inherit = "subscription.subscription"

    fulfil_on = fields.Date(
        copy=False,
        index="btree_not_null",
        groups="base.group_system",
        help="The day on which something is to be delivered or done next.",
    )
    fulfilled_from = fields.Date(
        copy=False,
        groups="base.group_system",
        help="Periods that ended before are none of what is set in motion by itself.",
    )
    fulfilled_period_ids = fields.One2many(
        "subscription.fulfilled.period", "subscription_id", copy=False
    )

    def _schedule_fulfilment_after(self, _changes):
        self._fulfil_soon()

    def _fulfil_soon(self):
        """Let the scheduled action look at once: it is never in a change's way."""
        concerned = self.sudo().filtered(
            lambda each: (
                each.fulfilled_period_ids
                or any(line._is_fulfilled() for line in each.line_ids)
            )
        )
        if concerned:
            concerned.fulfil_on = self.env["res.company"]._earliest_today_anywhere()
            self.env.ref(CRON).sudo()._trigger()

    def _fulfil_from_now(self):
        """Begin with the running periods, whatever was left to people before."""
        self.sudo().fulfilled_from = False
        self._fulfil_soon()

    @api.model
    def _cron_fulfil(self):
        """Set in motion what the periods that begin ask for, one after the other."""
        domain = self.env["res.company"]._domain_by_today(
            lambda today: [("fulfil_on", "<=", today)]
        )
        self._run_for_each(domain, lambda each: each._fulfil())

    def _fulfil(self):
        """Set in motion what is due, and note when something is due next."""
        self.ensure_one()
        # Stock and projects are not for every salesperson to write.
        subscription = self.sudo().with_company(self.company_id)
        if subscription.fulfil_on > self._today():
            return
        if not subscription.fulfilled_from:
            subscription.fulfilled_from = self._today()
        fulfilled = subscription.line_ids.filtered(
            lambda line: line.date_start and line._is_fulfilled()
        )
        first_lines = fulfilled.browse(
            {min(line._fulfilled_together().ids) for line in fulfilled}
        )
        first_lines |= subscription.fulfilled_period_ids.line_id
        days = [line._fulfil_periods() for line in first_lines]
        subscription.fulfil_on = min(filter(None, days), default=False)


class SubscriptionLineFulfilment(models.Model):
    _inherit = "subscription.line"

    def _is_fulfilled(self):
        """Tell whether something is delivered, or done, in each period of the line."""
        self.ensure_one()
        return False

    def _fulfilment_lead_days(self):
        """Return how many days before a period begins it is set in motion."""
        self.ensure_one()
        return 0

    def _is_period_free(self, day):
        """Tell whether nothing holds back the period that begins on a day."""
        self.ensure_one()
        return True

    def _fulfilled_by_order(self, period):
        """Return how much of the first period its order has seen to itself."""
        self.ensure_one()
        return 0.0

    def _start_fulfilment(self, period, quantity):
        """Deliver or do so much more in a `subscription.fulfilled.period`."""

    def _stop_fulfilment(self, period, quantity):
        """Deliver or do so much less, and return how much less it could still be."""
        return quantity

    def _fulfilled_together(self):
        """Return the lines of the same product and periods that go back to one line.

        Another price is a line of its own, and asks for nothing more.
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
        """Fulfil the periods that began, and return the day to look at it next."""
        self.ensure_one()
        today = self.subscription_id._today()
        periods = self.subscription_id.fulfilled_period_ids.filtered(
            lambda each: each.line_id == self
        )
        following = self._fulfil_new_periods(periods, today)
        for period in periods:
            if period.is_waiting:
                self._fulfil_if_free(period)
            elif period.date_end > today:
                self._follow_quantity(period, today)
        lines = self._fulfilled_together()
        edges = {*lines.mapped("date_start"), *lines.mapped("date_end")}
        for pause in self.subscription_id.pause_ids:
            edges |= {pause.date_start, pause.date_end}
        days = [edge for edge in edges if edge and edge > today]
        if following:
            days.append(following)
        if any(self.subscription_id.fulfilled_period_ids.mapped("is_waiting")):
            # Asked again with the next run: what it waits for may come any hour.
            days.append(today)
        return min(days, default=None)

    def _fulfil_new_periods(self, periods, today):
        """Fulfil each period once that begins, up to the lead before it.

        Return the day on which the next one is due, None where none follows. The first
        time it is the running period; later ones are made up for where the scheduled
        action did not run.
        """
        lines = self._fulfilled_together()
        first = min(lines.mapped("date_start"))
        # The newest one: what was aligned since is billed by other days.
        calendar = lines.sorted("date_start")[-1]._snapshot_calendar()
        begin = self.subscription_id.fulfilled_from
        known = {period.date_start for period in periods}
        if known and max(known) >= begin:
            index = calendar.index_on(max(known)) + 1
        else:
            index = calendar.index_on(max(begin, first, calendar.start))
        while True:
            regular = calendar.regular_period(index)
            day = max(regular.start, first, calendar.start)
            line = self._fulfilled_on(day)
            lead = timedelta(days=line._fulfilment_lead_days() if line else 0)
            if day - lead > today:
                return day - lead if line else None
            if line and day not in known and self._is_due_on(day):
                self._begin_period(line, day, regular.end)
            index += 1

    def _fulfilled_on(self, day):
        """Return the line that goes on with this one on a day, if it is fulfilled."""
        lines = self._fulfilled_together() & self.subscription_id._lines_on(day)
        return lines.filtered(
            lambda line: line.kind == "recurring" and line._is_fulfilled()
        )[:1]

    def _is_due_on(self, day):
        """Tell whether a period that begins on a day is one to deliver for.

        Not one of a trial, nor one that begins while the service rests.
        """
        subscription = self.subscription_id
        if subscription.state not in SERVED_STATES or subscription.state == "suspended":
            return False
        is_tried = subscription.trial_end and day < subscription.trial_end
        return not is_tried and not subscription._is_paused_on(day)

    def _begin_period(self, line, day, end):
        """Note a period that is to be fulfilled, and do so if nothing holds it."""
        period = self.env["subscription.fulfilled.period"].create(
            {
                "line_id": self.id,
                "date_start": day,
                "date_end": end,
                "quantity": 0.0,
                "is_waiting": True,
            }
        )
        if day == min(self._fulfilled_together().mapped("date_start")):
            period.quantity = line._fulfilled_by_order(period)
        self._fulfil_if_free(period)

    def _fulfil_if_free(self, period):
        day = period.date_start
        line = self._fulfilled_on(day)
        if not line or line._is_period_free(day):
            period.is_waiting = False
            self._follow_quantity(period, day)

    def _follow_quantity(self, period, today):
        """Bring what is in motion for a period in step with the quantity of a day."""
        day = max(period.date_start, today)
        rests = self.subscription_id._is_paused_on(day)
        if rests and day > period.date_start:
            # What began before the rest is delivered.
            return
        line = self._fulfilled_on(day)
        target = line.quantity if line and not rests else 0.0
        step = float_compare(target, period.quantity, precision_digits=6)
        if step > 0:
            line._start_fulfilment(period, target - period.quantity)
            period.quantity = target
        elif step < 0:
            period.quantity -= self._stop_fulfilment(period, period.quantity - target)
