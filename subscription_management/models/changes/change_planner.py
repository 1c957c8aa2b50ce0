"""The change planner: calculates a change as values, before it is written."""

from dataclasses import replace

from odoo.exceptions import UserError

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
from ..subscriptions.line_snapshot import DAY
from .participants import adopted_values, category_values
from .upgrade import is_upgrade


class ChangePlanner:
    """Plans changes of a subscription from one day, on top of a `ChangePlan`.

    The core decides the lines after a change (`billing_core/changes.py`) and the day
    from which it is charged (`billing_core/charged_days.py`); the participants of
    `participants.py` decide the values of the records.
    """

    def __init__(self, subscription, day, plan=None):
        subscription.ensure_one()
        self.subscription, self.env = subscription, subscription.env
        self.day = max(day, subscription.date_start)
        self.plan = plan or subscription._begin_change_plan()

    def change(self, rows, policy=None):
        """Plan rows, and return the `ChangePlan`; or refuse.

        Rows are (line, values): the values that change, None to end the line; for an
        empty line the values of one that joins. Without a charge policy the plan of
        each line decides.
        """
        effective = self.day
        try:
            for line, values in rows:
                effective = max(effective, self._change_row(line, values, policy))
            bases_first(self.plan.lines)
        except BillingError as error:
            refusal = self.subscription._error_message(error, self.plan.values)
            raise UserError(refusal) from error
        self.plan.effective = min(self.plan.effective or effective, effective)
        self._check_not_transferred()
        return self.plan

    def _change_row(self, line, values, policy):
        """Plan one row; return the first day on which it is served."""
        if not line:
            self.add_line(values)
            return self.day
        day, charged = self._effective_days(line, values, policy)
        if values is None:
            self._end_line(line, day, charged)
        elif set(values) == {"quantity"}:
            self._change_quantity(line, day, values["quantity"], charged)
        else:
            self._change_terms(line, day, values, charged)
        return day

    def _effective_days(self, line, values, policy):
        """Return the first day of service, and of charging where it is another one."""
        upgrades = values is not None and is_upgrade(line, values)
        plan = line.plan_id
        by_plan = plan.increase_policy if upgrades else plan.decrease_policy
        policy = ChangePolicy(policy or by_plan)
        current = line_on(self.plan.lines, line._origin_key(), self.day)
        charged = charged_from(policy, current, self.day)
        if policy is ChangePolicy.NEXT_PERIOD:
            return charged, None
        if values is not None and not upgrades:
            charged = downgrade_charged_from(charged, current)
        return self.day, charged if charged != self.day else None

    def _change_quantity(self, line, day, quantity, charged):
        self._adopt(
            change_quantity(
                self.plan.lines, line._origin_key(), day, exact(quantity), charged
            )
        )

    def _end_line(self, line, day, charged):
        """Plan the end of a line, and of its scheduled follow-up lines."""
        self._adopt(end_line(self.plan.lines, line._origin_key(), day, charged))

    def _change_terms(self, line, day, values, charged):
        """Plan another price, product, plan or discount of a line."""
        origin = line._origin_key()
        current = self.plan.values[line_on(self.plan.lines, origin, day).key]
        values = line._without_increases(values)
        line._check_same_kind({**current, **values})
        values, calendar_of = self._with_calendar(line, current, values, charged or day)

        def adopted(key):
            own = self.plan.values[key]
            return adopted_values(self.subscription, values, own, current)

        edit = change_terms(
            self.plan.lines,
            origin,
            day,
            lambda each: line._terms_of(
                {**self.plan.values[each.key], **adopted(each.key)}
            ),
            calendar_of,
            exact(values["quantity"]) if "quantity" in values else None,
            charged,
        )
        self._adopt(edit, adopted)

    def _with_calendar(self, line, current, values, day):
        """Return the values with their first period, and the calendar of each line.

        The calendar is None where no billing period changes.
        """
        if "calendar_start" in values:
            start = values["calendar_start"]
            # Scheduled follow-up lines may be billed by another plan.
            return values, lambda each: replace(each.calendar, start=start)
        plans = self.env["subscription.plan"]
        before = plans.browse(current["plan_id"])
        after = plans.browse(values.get("plan_id", before.id))
        if before == after:
            return values, None
        start = calendar_start(current, before, after, day)
        calendar = self.subscription._snapshot_calendar(after, start, line.kind)
        return {**values, "calendar_start": start}, lambda _each: calendar

    def add_line(self, values):
        """Plan a line that joins; `values` are those of its record."""
        values = self._prepare_joining_values(values)
        key = min(self.plan.added, default=0) - 1
        plan = self.env["subscription.plan"].browse(values["plan_id"])
        line = Line(
            key,
            self.subscription._snapshot_calendar(
                plan, values["calendar_start"], values["kind"]
            ),
            self.env["subscription.line"]._terms_of(values),
            exact(values["quantity"]),
            values["date_start"],
            values["date_end"] or None,
            ChargeKind(values["kind"]),
            charged_from=values.get("charged_from") or None,
            charged_until=values.get("charged_until") or None,
        )
        self.plan.lines = add_line(self.plan.lines, line).lines
        self.plan.values[key] = values
        self._choose_bases()

    def _prepare_joining_values(self, values):
        """Return the values of a line that joins; in a trial it joins the paid days."""
        subscription, day = self.subscription, self.day
        subscription._check_serves_on(max(day, values.get("date_start") or day))
        rule = self.env["subscription.pricing.rule"].browse(values["pricing_rule_id"])
        by_rule = self.env["subscription.line"]._kind_by_rule(rule)
        kind = by_rule or values.get("kind") or "recurring"
        if subscription.state == "trial" and kind != "one_off":
            day = max(day, subscription.trial_end)
        return {
            **category_values(self.env, values),
            "kind": kind,
            "calendar_start": subscription.trial_end or subscription.date_start,
            "date_start": day,
            "date_end": False,
            **values,
        }

    def _adopt(self, edit, adopted=lambda _key: {}):
        """Take over the lines of an edit of the core, with the values of their records.

        `adopted` returns the values in which a new line differs from its predecessor.
        """
        plan = self.plan
        by_key = {line.key: line for line in edit.lines}
        plan.ended |= edit.ended
        plan.continued |= edit.added
        for key in edit.ended.keys() & plan.added.keys():
            ends = self._prepare_end_values(by_key[key])
            plan.values[key] = {**plan.values[key], **ends}
        for key, source in edit.added.items():
            added = by_key[key]
            plan.values[key] = {
                **plan.values[source],
                **adopted(source),
                "quantity": float(added.quantity),
                "date_start": added.start,
                **self._prepare_end_values(added),
                "charged_from": added.charged_from or False,
                "series_id": added.series if added.series != key else False,
                "origin_id": added.origin,
            }
        plan.lines = edit.lines
        self._choose_bases()

    def _prepare_end_values(self, line):
        lines = self.env["subscription.line"]
        return lines._prepare_end_values(line.end, line.charged_until)

    def _choose_bases(self):
        """Let percent-of-total prices and usage count the planned lines."""
        own = {line.id: line for line in self.subscription.line_ids}
        self.plan.lines = tuple(self._rebased(line, own) for line in self.plan.lines)

    def _rebased(self, line, own):
        values = self.plan.values[line.key]
        rule = self.env["subscription.pricing.rule"].browse(values["pricing_rule_id"])
        if line.kind is ChargeKind.USAGE and line.key not in own:
            origin = own.get(line.origin_key, self.env["subscription.line"])
            return replace(line, used=origin._snapshot_usage(rule))
        if values["pricing_model"] != "percent_of_total":
            return line
        keys = {
            key
            for key, other in self.plan.values.items()
            if key != line.key and rule._includes_in_base(other)
        }
        base = PercentBase(frozenset(keys), rule.base_price == "net")
        return replace(line, base=base)

    def _check_not_transferred(self):
        """Refuse a change that lasts beyond a transfer or a merge.

        Renewals and published prices reach the subscription that continues this one by
        other means.
        """
        if not self.env.context.get("subscription_reaches_both"):
            for until in self._days_affected():
                self.subscription._check_not_transferred(until)

    def _days_affected(self):
        """Yield, for each line that begins or ends, the day after its last one."""
        ended = self.subscription.line_ids.filtered(
            lambda line: line.id in self.plan.ended
        )
        for line in ended:
            # A line that ends on the day of a transfer continues there, as a rule.
            last = line.date_start if line.kind == "one_off" else line.date_end
            yield last and last + DAY
        for values in self.plan.added.values():
            is_once = values["kind"] == "one_off"
            last = values["date_start" if is_once else "date_end"]
            yield last and last + DAY


def calendar_start(values, before, after, day):
    """Return the day from which the periods of another plan are counted.

    The same interval keeps the billing day; another interval begins with the change.
    """
    return values["calendar_start"] if before._has_interval_of(after) else day
