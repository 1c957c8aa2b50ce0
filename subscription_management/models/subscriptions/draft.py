"""Drafts: lines, ramps and discounts that are agreed before the start."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tools import format_date

from ...billing_core.line import Line
from ..changes.change_planner import ChangePlanner
from ..model_part import ModelPart
from .internal_write import internal_write, is_internal_write
from .trial import begins_on

SHARED_BY_STEPS = {"product_id", "plan_id", "kind", "product_uom_id"}
"""The fields that the steps of a ramp have in common."""


def on_same_boundary(day, before, after):
    """Return a period boundary of `before` moved to the same boundary of `after`.

    Boundaries are counted from the first day; any other day is returned unchanged.
    """
    index = before.index_on(day)
    if before.boundary(index) != day:
        return day
    count = index - before.index_on(before.start)
    return after.boundary(after.index_on(after.start) + count)


class SubscriptionDraft(ModelPart):
    _register = False

    @api.model
    def _check_currency_stays(self, currencies):
        """Refuse another currency for drafts with amounts in the former one."""
        for draft, currency in currencies.items():
            if draft.currency_id == currency:
                continue
            if draft._has_discount_amounts():
                raise UserError(
                    self.env._(
                        "%(subscription)s has discounts in %(currency)s; remove them "
                        "first.",
                        subscription=draft.name,
                        currency=currency.name,
                    )
                )
            if any(line._is_follow_up_line() for line in draft.line_ids):
                raise UserError(
                    self.env._(
                        "%(subscription)s has scheduled changes in %(currency)s; "
                        "delete them first.",
                        subscription=draft.name,
                        currency=currency.name,
                    )
                )

    def _follow_start(self, vals):
        """Move the lines of drafts to another start; return the values left to write.

        Lines that are deleted in the same write are deleted before the move.
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
        """Return the first paid day of a draft: its start, or the end of its trial."""
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
        """Plan the start of a draft: its trial comes before the paid days."""
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
            # A copy in memory, so that no line is added to the subscription. It has no
            # origin: that of a record in a form would be the record itself.
            copied = ("company_id", "partner_id", "plan_id", "currency_id")
            draft = self.new(
                {"date_start": before, **{name: self[name].id for name in copied}}
            )
            charge = self.line_ids.new(
                {**self._prepare_trial_charge_values(), "subscription_id": draft.id}
            )
            planner = ChangePlanner(self, before, change_plan)
            planner.add_line(charge._prepare_follower_values())


class SubscriptionDraftLine(ModelPart):
    _register = False

    def _is_follow_up_line(self):
        """Return whether the line continues another one."""
        self.ensure_one()
        return bool(self.origin_id or self.series_id)

    def _joins_later(self):
        """Return whether a stored line starts on another day than its subscription."""
        known = self._origin
        return bool(known) and known.date_start != known.subscription_id.date_start

    def _steps(self):
        """Return the lines of the same original line, ordered by date."""
        self.ensure_one()
        key = self._origin_key()
        return self.subscription_id.line_ids.filtered(
            lambda line: line._origin_key() == key
        ).sorted(lambda line: (line.date_start, line.id))

    def _draft_steps(self):
        """Return the steps of each original line of a draft that has several."""
        found = {}
        for line in self.filtered(lambda each: each.subscription_id.state == "draft"):
            if line._origin_key() not in found:
                found[line._origin_key()] = line._steps()
        return [steps for steps in found.values() if len(steps) > 1]

    def _keep_agreed_price(self):
        """Keep the agreed price of a step.

        A step that differs in quantity only has the price of the line it continues.
        """
        self.ensure_one()
        agreed = self.series_id or self
        self.pricing_rule_id = agreed.pricing_rule_id
        self.pricing_model, self.price = agreed.pricing_model, agreed.price

    def _overwrite(self, values):
        """Overwrite the line with the values planned for its first day."""
        self.ensure_one()
        own = {
            name: False
            for name in ("series_id", "origin_id")
            if values.get(name) == self.id
        }
        discounts = [Command.clear(), *values["discount_ids"]]
        self.write({**values, **own, "discount_ids": discounts})

    def _steps_affected_by(self, vals):
        """Return the steps of drafts that values affect; refuse to separate them.

        Internal writes keep the steps together.
        """
        affected = {"date_start", "date_end", *SHARED_BY_STEPS} & vals.keys()
        if not affected or is_internal_write(self.env):
            return []
        chains = self._draft_steps()
        for steps in chains:
            (self & steps)._check_steps_agree(vals, steps)
        return chains

    def _check_steps_agree(self, vals, steps):
        """Refuse values that would separate the steps of one line."""
        for line in self:
            for name in SHARED_BY_STEPS & vals.keys():
                field = line._fields[name]
                if field.convert_to_write(line[name], line) != vals[name]:
                    raise UserError(
                        self.env._(
                            "%s has scheduled changes that depend on this value; "
                            "delete them first.",
                            line.display_name,
                        )
                    )
            following = steps[list(steps).index(line) + 1 :][:1]
            if "date_end" in vals and following:
                end = Date.to_date(vals["date_end"])
                if end not in (line.date_end, following.date_start):
                    raise UserError(
                        self.env._(
                            "%(line)s is continued by the scheduled change of "
                            "%(day)s; set the last day of the last one, or delete "
                            "the scheduled changes first.",
                            line=line.display_name,
                            day=format_date(self.env, following.date_start),
                        )
                    )

    def _link_days(self):
        """Start each step, in this order, where the one before it ends."""
        for before, after in pairwise(self):
            if after.date_start <= before.date_start:
                raise UserError(
                    self.env._(
                        "The scheduled change of %(day)s must be later than "
                        "%(before)s, on which another one starts; choose another "
                        "date.",
                        day=format_date(self.env, after.date_start),
                        before=format_date(self.env, before.date_start),
                    )
                )
        quiet = internal_write(self)
        for before, after in pairwise(quiet):
            if before.date_end != after.date_start:
                before.date_end = after.date_start

    def _follow_start(self, start):
        """Move the lines of a draft to another start.

        A step on a period boundary moves with it, counted from the start; a step on
        another day keeps its day.
        """
        begins = {line: line._begins_with(line.date_start, start) for line in self}
        ends = {}
        for steps in self._draft_steps():
            for before, after in pairwise(steps):
                if begins[after] <= begins[before]:
                    raise UserError(
                        self.env._(
                            "The scheduled change of %(day)s would not be later than "
                            "%(before)s; delete it, or choose another start.",
                            day=format_date(self.env, begins[after]),
                            before=format_date(self.env, begins[before]),
                        )
                    )
                ends[before] = begins[after]
        for line in internal_write(self):
            for discount in line.discount_ids:
                since = line._begins_with(discount.date_start, start)
                discount.date_start = max(since, start)
            begin = (
                begins[line] if line._is_follow_up_line() else max(begins[line], start)
            )
            values = {"date_start": begin, "calendar_start": start}
            if line in ends:
                values["date_end"] = ends[line]
            line.write(values)

    def _begins_with(self, day, start):
        """Return a day of the line moved to another start of the subscription."""
        self.ensure_one()
        if day == self.subscription_id.date_start:
            return start
        if self.kind == "one_off":
            return day
        return on_same_boundary(
            day, self._snapshot_calendar(), self._snapshot_calendar(start)
        )

    def unlink(self):
        """Delete lines; in a draft the step before serves the days of a deleted one.

        With an original line its steps are deleted.
        """
        drafts = self.filtered(lambda each: each.subscription_id.state == "draft")
        gone = self
        for line in drafts.filtered(lambda each: not each._is_follow_up_line()):
            gone |= line._steps()
        gone._check_not_continued()
        for steps in drafts._draft_steps():
            (steps - gone)._take_over(steps)
        return super(SubscriptionDraftLine, gone).unlink()

    def _take_over(self, steps):
        """Serve all days of the steps of which only these lines are left."""
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

    def _check_not_continued(self):
        """Refuse to delete a line of a started subscription that others continue."""
        running = self.filtered(lambda each: each.subscription_id.state != "draft")
        others = running.subscription_id.line_ids - self
        for line in running:
            if any(line in (other.origin_id, other.series_id) for other in others):
                raise UserError(
                    self.env._(
                        "%s is continued by a later line and cannot be deleted; "
                        "set its last day.",
                        line.display_name,
                    )
                )
