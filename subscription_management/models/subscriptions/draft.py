"""What is agreed before a subscription starts: steps for later days, discounts."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tools import format_date

from ...billing_core.line import Line
from ..changes.change_planner import ChangePlanner
from .internal_write import internal_write, is_internal_write
from .trial import begins_on

SHARED_BY_STEPS = {"product_id", "plan_id", "kind", "product_uom_id"}


"""What the steps of one line have in common."""


def on_same_boundary(day, before, after):
    """Return the day that is to a calendar what `day` is to the one `before`.

    Boundaries are counted from the first day; any other day stays.
    """
    index = before.index_on(day)
    if before.boundary(index) != day:
        return day
    count = index - before.index_on(before.start)
    return after.boundary(after.index_on(after.start) + count)


class SubscriptionDraft(models.Model):
    _inherit = "subscription.subscription"

    def write(self, vals):
        drafts = self.filtered(lambda each: each.state == "draft")
        vals = drafts._follow_start(vals)
        currencies = {draft: draft.currency_id for draft in drafts}
        result = super().write(vals)
        for draft, currency in currencies.items():
            if draft.currency_id == currency:
                continue
            if draft._has_discount_amounts():
                raise UserError(
                    self.env._(
                        "%(subscription)s has discounts that were agreed in "
                        "%(currency)s; remove them first.",
                        subscription=draft.name,
                        currency=currency.name,
                    )
                )
            if any(line._is_step() for line in draft.line_ids):
                raise UserError(
                    self.env._(
                        "%(subscription)s has steps that were agreed in %(currency)s; "
                        "delete them first.",
                        subscription=draft.name,
                        currency=currency.name,
                    )
                )
        self._spread_grants_over_edited_lines(vals)
        return result

    def _follow_start(self, vals):
        """Move the lines of drafts to another start; return what is left to write.

        Lines that are deleted at the same time are in nobody's way any more.
        """
        start = fields.Date.to_date(vals.get("date_start"))
        if not start or not self:
            return vals
        commands = vals.get("line_ids") or []
        gone = {
            command[1]
            for command in commands
            if command[0] in (Command.DELETE, Command.UNLINK)
        }
        if gone:
            self.line_ids.filtered(lambda line: line.id in gone).unlink()
            kept = [each for each in commands if not gone.intersection(each[1:2])]
            vals = {**vals, "line_ids": kept}
        for draft in self.filtered(lambda each: each.date_start != start):
            draft.line_ids._follow_start(start)
        return vals

    def _first_paid_day(self):
        """Return the first day that is paid for once a draft starts."""
        self.ensure_one()
        return self.date_start + timedelta(days=self.plan_id.trial_days)

    def _term_end_once_paid(self):
        """Return the end of the term that begins with the first paid day of a draft."""
        self.ensure_one()
        trial = self.plan_id.trial_days
        return (
            self.plan_id._term_end(self._first_paid_day()) if trial else self.term_end
        )

    def _plan_start(self, change_plan):
        """Plan what the start of a draft makes of it: the trial comes first."""
        self.ensure_one()
        before, day = self.date_start, self._first_paid_day()
        if day == before:
            return

        def moved(line: Line):
            if line.is_empty:
                return line
            discounts = tuple(
                replace(each, since=each.since and begins_on(each.since, day, before))
                for each in line.terms.discounts
            )
            start = begins_on(line.start, day, before)
            return replace(
                line,
                start=start,
                end=line.end and max(line.end, start),
                calendar=replace(line.calendar, start=day),
                terms=replace(line.terms, discounts=discounts),
            )

        change_plan.lines = tuple(moved(line) for line in change_plan.lines)
        if self.plan_id.trial_product_id:
            # On a copy in memory, so that nothing joins the subscription itself. It has
            # no origin: of one that is being typed it would be that very one.
            copied = ("company_id", "partner_id", "plan_id", "currency_id")
            draft = self.new(
                {"date_start": before, **{name: self[name].id for name in copied}}
            )
            charge = self.line_ids.new(
                {**self._prepare_trial_charge_values(), "subscription_id": draft.id}
            )
            planner = ChangePlanner(self, before, change_plan)
            planner.add_line(charge._prepare_follower_values())


class SubscriptionDraftLine(models.Model):
    _inherit = "subscription.line"

    def _is_step(self):
        """Tell whether the line goes on with another one."""
        self.ensure_one()
        return bool(self.origin_id or self.series_id)

    def _joins_later(self):
        """Tell whether a stored line begins on another day than its subscription."""
        known = self._origin
        return bool(known) and known.date_start != known.subscription_id.date_start

    def _steps(self):
        """Return the lines that go back to the same one, in the order of their days."""
        self.ensure_one()
        key = self._origin_key()
        return self.subscription_id.line_ids.filtered(
            lambda line: line._origin_key() == key
        ).sorted(lambda line: (line.date_start, line.id))

    def _draft_steps(self):
        """Return the steps of each line of a draft that has any, for each just once."""
        found = {}
        for line in self.filtered(lambda each: each.subscription_id.state == "draft"):
            if line._origin_key() not in found:
                found[line._origin_key()] = line._steps()
        return [steps for steps in found.values() if len(steps) > 1]

    def _keep_agreed_price(self):
        """Leave a step the price that was agreed for it.

        One of another quantity only costs what the line costs that it goes on with.
        """
        self.ensure_one()
        agreed = self.series_id or self
        self.pricing_rule_id = agreed.pricing_rule_id
        self.pricing_model, self.price = agreed.pricing_model, agreed.price

    def _overwrite(self, values):
        """Let the line be what was planned to begin on its own first day."""
        self.ensure_one()
        own = {
            name: False
            for name in ("series_id", "origin_id")
            if values.get(name) == self.id
        }
        discounts = [Command.clear(), *values["discount_ids"]]
        self.write({**values, **own, "discount_ids": discounts})

    def write(self, vals):
        if is_internal_write(self.env):
            return super().write(vals)
        guarded = {"date_start", "date_end", *SHARED_BY_STEPS} & vals.keys()
        chains = self._draft_steps() if guarded else []
        for steps in chains:
            (self & steps)._check_steps_agree(vals, steps)
        result = super().write(vals)
        for steps in chains:
            steps._link_days()
        return result

    def _check_steps_agree(self, vals, steps):
        """Refuse what would part steps that belong together."""
        for line in self:
            for name in SHARED_BY_STEPS & vals.keys():
                field = line._fields[name]
                if field.convert_to_write(line[name], line) != vals[name]:
                    raise UserError(
                        self.env._(
                            "%s has steps that were agreed for what it is; delete "
                            "them first.",
                            line.display_name,
                        )
                    )
            following = steps[list(steps).index(line) + 1 :][:1]
            if "date_end" in vals and following:
                end = Date.to_date(vals["date_end"])
                if end not in (line.date_end, following.date_start):
                    raise UserError(
                        self.env._(
                            "%(line)s goes on with the step of %(day)s; set the last "
                            "day of the last step, or delete the steps first.",
                            line=line.display_name,
                            day=format_date(self.env, following.date_start),
                        )
                    )

    def _link_days(self):
        """Let each step, in this order, begin where the one before it ends."""
        for before, after in pairwise(self):
            if after.date_start <= before.date_start:
                raise UserError(
                    self.env._(
                        "The step of %(day)s must come after %(before)s, on which "
                        "another one begins; choose another day.",
                        day=format_date(self.env, after.date_start),
                        before=format_date(self.env, before.date_start),
                    )
                )
        quiet = internal_write(self)
        for before, after in pairwise(quiet):
            if before.date_end != after.date_start:
                before.date_end = after.date_start

    def _follow_start(self, start):
        """Begin a draft's lines with another start of it.

        A step on a boundary of the billing periods stays on it, counted from the
        start; one on another day keeps its day.
        """
        begins = {line: line._begins_with(line.date_start, start) for line in self}
        ends = {}
        for steps in self._draft_steps():
            for before, after in pairwise(steps):
                if begins[after] <= begins[before]:
                    raise UserError(
                        self.env._(
                            "The step of %(day)s would not come after %(before)s any "
                            "more; delete it, or choose another start.",
                            day=format_date(self.env, begins[after]),
                            before=format_date(self.env, begins[before]),
                        )
                    )
                ends[before] = begins[after]
        for line in internal_write(self):
            for discount in line.discount_ids:
                since = line._begins_with(discount.date_start, start)
                discount.date_start = max(since, start)
            begin = begins[line] if line._is_step() else max(begins[line], start)
            values = {"date_start": begin, "calendar_start": start}
            if line in ends:
                values["date_end"] = ends[line]
            line.write(values)

    def _begins_with(self, day, start):
        """Return the day of a line that goes with another start of the subscription."""
        self.ensure_one()
        if day == self.subscription_id.date_start:
            return start
        if self.kind == "one_off":
            return day
        return on_same_boundary(
            day, self._snapshot_calendar(), self._snapshot_calendar(start)
        )

    def unlink(self):
        """Delete lines; in a draft the days of a step go back to the one before it.

        The first line of a draft takes the steps that were agreed for it along.
        """
        drafts = self.filtered(lambda each: each.subscription_id.state == "draft")
        gone = self
        for line in drafts.filtered(lambda each: not each._is_step()):
            gone |= line._steps()
        gone._check_nothing_goes_on()
        for steps in drafts._draft_steps():
            (steps - gone)._take_over(steps)
        return super(SubscriptionDraftLine, gone).unlink()

    def _take_over(self, steps):
        """Serve all days of steps of which only these lines are left."""
        if not self or self == steps:
            return
        quiet = internal_write(self)
        heads = {}
        for line in quiet:
            head = heads.setdefault(line._series_key(), line)
            if line.series_id and line.series_id not in self:
                line.series_id = head != line and head
        ends = [*quiet.mapped("date_start")[1:], steps[-1].date_end]
        for line, end in zip(quiet, ends, strict=True):
            if line.date_end != end:
                line.date_end = end

    def _check_nothing_goes_on(self):
        """Refuse to delete what others go on with once the subscription runs."""
        running = self.filtered(lambda each: each.subscription_id.state != "draft")
        others = running.subscription_id.line_ids - self
        for line in running:
            if any(line in (other.origin_id, other.series_id) for other in others):
                raise UserError(
                    self.env._(
                        "%s goes on as what was agreed for later days and cannot be "
                        "deleted; set its last day.",
                        line.display_name,
                    )
                )
