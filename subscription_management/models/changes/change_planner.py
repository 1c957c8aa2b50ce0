"""Changes of a running subscription: planned as values, shown, then made real."""

from dataclasses import dataclass, field, replace
from datetime import date

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...billing_core.changes import (
    add_line,
    change_quantity,
    change_terms,
    end_line,
    line_on,
)
from ...billing_core.charged_days import (
    ChangePolicy,
    charged_from,
    downgrade_charged_from,
)
from ...billing_core.errors import BillingError
from ...billing_core.line import ChargeKind, Line, PercentBase
from ...billing_core.percent_base import bases_first
from ..decimals import exact
from ..subscriptions.internal_write import internal_write

AGREED_PRICE_FIELDS = ("pricing_rule_id", "pricing_model", "price", "uplift_percent")
CALENDAR_FIELDS = {"calendar_start"}


@dataclass
class Amendment:
    """Lines after a change, and the records that make it real."""

    lines: tuple[Line, ...]
    values: dict[int, dict]
    """For each line the values of its record; new lines have keys below zero."""
    ended: dict[int, date] = field(default_factory=dict)
    effective: date | None = None
    """The first day on which what is served changes."""
    continued: dict[int, int] = field(default_factory=dict)
    """For each new line that goes on with another one, the key of that."""

    @property
    def added(self):
        return {key: values for key, values in self.values.items() if key < 0}


class SubscriptionAmendment(models.Model):
    _inherit = "subscription.subscription"

    def _begin_change_plan(self):
        self.ensure_one()
        return Amendment(
            tuple(self._snapshot_lines()),
            {
                key: line._prepare_follower_values()
                for line, key in self._line_keys().items()
            },
        )

    def _amend_quantity(self, amendment, line, day, quantity, charged=None):
        """Plan another quantity of a line from a day on, charged from another one."""
        origin = line._origin_key()
        edit = change_quantity(amendment.lines, origin, day, exact(quantity), charged)
        self._note_edit(amendment, edit)

    def _amend_terms(self, amendment, line, day, values, charged=None):
        """Plan another price, product or plan of a line from a day on.

        `values` are those of `subscription.line` that change, and `added_discounts`,
        which are added to those that it has, unless `ends_discounts`. `charged` is the
        day from which it is charged, where that is another one.
        """
        origin = line._origin_key()
        current = line_on(amendment.lines, origin, day).key
        now = amendment.values[current]
        values = line._without_increases(values)
        agreed = {**now, **values}
        line._check_same_kind(agreed)
        calendar_of = None
        if "calendar_start" in values:
            start = values["calendar_start"]

            # Later steps may be billed by another plan.
            def calendar_of(each):
                return replace(each.calendar, start=start)

        elif agreed["plan_id"] != now["plan_id"]:
            plan = self.env["subscription.plan"].browse(agreed["plan_id"])
            start = self._calendar_start(now, plan, charged or day)
            values = {**values, "calendar_start": start}
            calendar = self._snapshot_calendar(plan, start, line.kind)

            def calendar_of(_each):
                return calendar

        def changed(key):
            return self._changed_values(values, amendment.values[key], now)

        edit = change_terms(
            amendment.lines,
            origin,
            day,
            lambda each: line._terms_of(
                {**amendment.values[each.key], **changed(each.key)}
            ),
            calendar_of,
            exact(values["quantity"]) if "quantity" in values else None,
            charged,
        )
        self._note_edit(amendment, edit, changed)

    def _changed_values(self, values, own, now):
        """Return what of a change a line takes over that may follow the current one.

        A price that was agreed for later days stays, unless the product or the plan
        becomes another one; discounts are granted beside it.
        """
        moves = any(
            values.get(name, now[name]) != now[name]
            for name in ("plan_id", "product_id")
        )
        if moves or all(own[name] == now[name] for name in AGREED_PRICE_FIELDS):
            taken = {**values}
        else:
            taken = {name: values[name] for name in CALENDAR_FIELDS & values.keys()}
        for name in ("quantity", "added_discounts", "ends_discounts"):
            taken.pop(name, None)
        added, ends = values.get("added_discounts"), values.get("ends_discounts")
        if added or ends:
            kept = [] if ends else taken.get("discount_ids", own["discount_ids"])
            taken["discount_ids"] = [*kept, *(added or [])]
        return taken

    def _calendar_start(self, now, new, day):
        """Return from which day the periods of a new plan are counted.

        The same interval keeps the billing day; another one begins with the change.
        """
        old = new.browse(now["plan_id"])
        return now["calendar_start"] if old._has_interval_of(new) else day

    def _amend_end(self, amendment, line, day, charged=None):
        """Plan the end of a line, and of what was agreed for it later."""
        edit = end_line(amendment.lines, line._origin_key(), day, charged)
        self._note_edit(amendment, edit)

    def _amend_add(self, amendment, values, day):
        """Plan a line that joins on a day; `values` are those of its record."""
        self._check_serves_on(max(day, values.get("date_start") or day))
        key = min(amendment.added, default=0) - 1
        plan = self.env["subscription.plan"].browse(values["plan_id"])
        lines = self.env["subscription.line"]
        rule = self.env["subscription.pricing.rule"].browse(values["pricing_rule_id"])
        kind = lines._kind_by_rule(rule) or values.get("kind") or "recurring"
        if self.state == "trial" and kind != "one_off":
            day = max(day, self.trial_end)
        values = {
            "kind": kind,
            "calendar_start": self.trial_end or self.date_start,
            "date_start": day,
            "date_end": False,
            **values,
        }
        line = Line(
            key,
            self._snapshot_calendar(plan, values["calendar_start"], values["kind"]),
            lines._terms_of(values),
            exact(values["quantity"]),
            values["date_start"],
            values["date_end"] or None,
            ChargeKind(values["kind"]),
            charged_from=values.get("charged_from") or None,
            charged_until=values.get("charged_until") or None,
        )
        amendment.lines = add_line(amendment.lines, line).lines
        amendment.values[key] = values
        self._choose_bases(amendment)

    def _check_serves_on(self, day):
        """Refuse what would join when the service has ended: it would never be seen."""
        if self.date_end and day >= self.date_end:
            raise UserError(
                self.env._(
                    "%(subscription)s ends before %(day)s, so nothing can join it "
                    "then; choose an earlier day, or take the cancellation back.",
                    subscription=self.name,
                    day=format_date(self.env, day),
                )
            )

    def _note_edit(self, amendment, edit, changed=lambda _key: {}):
        """Take over what the core made of the lines, with the records it needs.

        `changed` returns the values that differ from those of the line before.
        """
        by_key = {line.key: line for line in edit.lines}
        amendment.ended |= edit.ended
        amendment.continued |= edit.added
        for key in edit.ended.keys() & amendment.added.keys():
            amendment.values[key] = {
                **amendment.values[key],
                **self._prepare_ended_values(by_key[key]),
            }
        for key, source in edit.added.items():
            added = by_key[key]
            amendment.values[key] = {
                **amendment.values[source],
                **changed(source),
                "quantity": float(added.quantity),
                "date_start": added.start,
                **self._prepare_ended_values(added),
                "charged_from": added.charged_from or False,
                "series_id": added.series if added.series != key else False,
                "origin_id": added.origin,
            }
        amendment.lines = edit.lines
        self._choose_bases(amendment)

    def _prepare_ended_values(self, line):
        """Return the values of the end of a line of the core."""
        return self.line_ids._prepare_end_values(line.end, line.charged_until)

    def _choose_bases(self, amendment):
        """Let shares of the total and of use count what a change brought."""
        rules = self.env["subscription.pricing.rule"]
        own = {line.id: line for line in self.line_ids}

        def rebased(line):
            values = amendment.values[line.key]
            if line.kind is ChargeKind.USAGE and line.key not in own:
                origin = own.get(line.origin_key, self.line_ids.browse())
                rule = rules.browse(values["pricing_rule_id"])
                return replace(line, used=origin._snapshot_usage(rule))
            if values["pricing_model"] != "percent_of_total":
                return line
            rule = rules.browse(values["pricing_rule_id"])
            keys = {
                key
                for key, other in amendment.values.items()
                if key != line.key and rule._counts(other)
            }
            return replace(
                line, base=PercentBase(frozenset(keys), rule.base_price == "net")
            )

        amendment.lines = tuple(rebased(line) for line in amendment.lines)

    def _apply_change_plan(self, amendment):
        """Make a planned change real; return the new lines."""
        self.ensure_one()
        quiet = internal_write(self)
        lines = quiet.env["subscription.line"]
        by_key = {line.key: line for line in amendment.lines}
        for line in quiet.line_ids:
            if line.id in amendment.ended:
                line.write(self._prepare_ended_values(by_key[line.id]))
        made = {}
        for key, values in amendment.added.items():
            kept = {
                name: made[values[name]].id if values[name] in made else values[name]
                for name in {"series_id", "origin_id"} & values.keys()
            }
            made[key] = lines.create({**values, **kept, "subscription_id": self.id})
        return self.env["subscription.line"].browse(line.id for line in made.values())

    def _amend(self, kind, day, rows, *, reason=False, policy=None):
        """Change what is served from a day on; return the change that is noted.

        `rows` are (line, values) pairs: values that change, None to end the line; for
        an empty line the values of one that joins.
        """
        self.ensure_one()
        self._check_can_change()
        amendment = self._plan_change(rows, day, policy)
        return self._carry_out(kind, amendment, reason)

    def _carry_out(self, kind, amendment, reason=False, **noted):
        """Make a planned change real and note it; return the change.

        `noted` are more values of the `subscription.change`.
        """
        self.ensure_one()
        ended = self.line_ids.filtered(lambda line: line.id in amendment.ended)
        before = ended._prepare_ends_before()
        added = self._apply_change_plan(amendment)
        self._check_can_be_billed()
        self._schedule_billing()
        [change] = self._log_change(
            kind,
            amendment.effective,
            reason=reason,
            added_line_ids=[(6, 0, added.ids)],
            **before,
            **noted,
        )
        return change

    def _plan_change(self, rows, day, policy=None):
        """Return the `Amendment` of changes of lines from a day on, or refuse."""
        amendment = self._begin_change_plan()
        self._extend_change_plan(amendment, rows, day, policy)
        return amendment

    def _plan_by_day(self, changes):
        """Return the `Amendment` of (day, rows) that change lines, or refuse.

        Each of them is billed by its day.
        """
        amendment = self._begin_change_plan()
        for day, rows in changes:
            self._extend_change_plan(amendment, rows, day, "prorate")
        return amendment

    def _extend_change_plan(self, amendment, rows, day, policy=None):
        """Plan one more change on top of those that are planned, or refuse."""
        effective = day = max(day, self.date_start)
        try:
            for line, values in rows:
                if not line:
                    self._amend_add(amendment, values, day)
                    continue
                agreed = ChangePolicy(policy or self._change_policy(line, values))
                now = line_on(amendment.lines, line._origin_key(), day)
                charged, served = charged_from(agreed, now, day), day
                if agreed is ChangePolicy.NEXT_PERIOD:
                    served = charged
                    effective = max(effective, served)
                elif values is not None and not self._grows(line, values):
                    charged = downgrade_charged_from(charged, now)
                days = (served, charged if charged != served else None)
                self._amend_line(amendment, line, values, *days)
            bases_first(amendment.lines)
            amendment.effective = min(amendment.effective or effective, effective)
        except BillingError as error:
            raise UserError(self._error_message(error, amendment.values)) from error

    def _amend_line(self, amendment, line, values, day, charged):
        """Plan what becomes of a line from a day on, charged from another one, if so.

        `values` are those that change, None to end it.
        """
        if values is None:
            self._amend_end(amendment, line, day, charged)
        elif set(values) == {"quantity"}:
            self._amend_quantity(amendment, line, day, values["quantity"], charged)
        else:
            self._amend_terms(amendment, line, day, values, charged)

    def _change_policy(self, line, values):
        """Return how the plan charges or credits the current period for a change."""
        plan = line.plan_id
        grows = self._grows(line, values)
        return plan.increase_policy if grows else plan.decrease_policy

    def _grows(self, line, values):
        """Tell whether a change makes a line cost more."""
        return values is not None and line._would_cost_more(values)

    def _lines_to_change(self, day):
        """Return the lines but one-off ones that are served on a day, or join later.

        Of what was agreed in steps it is the step of that day.
        """
        self.ensure_one()
        lines = self._lines_from(day)
        first = {}
        for line in lines.sorted("date_start"):
            first.setdefault(line._origin_key(), line)
        return lines & lines.browse().union(*first.values())

    def _lines_from(self, day):
        """Return the lines with days from one on but one-off ones, later steps too."""
        self.ensure_one()
        return self.line_ids.filtered(
            lambda line: (
                line.kind != "one_off"
                and (not line.date_end or line.date_end > max(day, line.date_start))
            )
        )

    def _check_can_change(self):
        if self.state not in ("trial", "active", "past_due", "paused"):
            raise UserError(
                self.env._(
                    "%(subscription)s is not running and cannot be changed; edit it "
                    "while it is a draft, or renew it.",
                    subscription=self.name,
                )
            )
