"""Applying changes of a subscription: planned as values, written, recorded."""

from odoo.exceptions import UserError
from odoo.tools import format_date

from ...billing_core.lifecycle import CHANGEABLE
from ..model_part import ModelPart
from ..subscriptions.internal_write import internal_write
from .change_plan import ChangePlan
from .change_planner import ChangePlanner


class SubscriptionApplyChange(ModelPart):
    _register = False

    def _begin_change_plan(self):
        """Return the `ChangePlan` that changes nothing yet."""
        self.ensure_one()
        return ChangePlan(
            tuple(self._snapshot_lines()),
            {
                key: line._prepare_follower_values()
                for line, key in self._line_keys().items()
            },
        )

    def _plan_change(self, rows, day, policy=None):
        """Return the `ChangePlan` of rows from a day, or refuse.

        Rows and policy are those of `ChangePlanner.change`.
        """
        return ChangePlanner(self, day).change(rows, policy)

    def _plan_prorated_changes(self, changes):
        """Return the `ChangePlan` of prorated (day, rows), or refuse."""
        plan = self._begin_change_plan()
        for day, rows in changes:
            ChangePlanner(self, day, plan).change(rows, "prorate")
        return plan

    def _plan_cancellation(self, day):
        """Return the `ChangePlan` of the end of the service on a day."""
        plan = self._begin_change_plan()
        plan.cancel_from(day)
        return plan

    def _change_lines(self, kind, day, rows, *, reason=False, policy=None):
        """Change the service from a day; return the recorded change."""
        self.ensure_one()
        self._check_can_change()
        return self._apply_change(kind, self._plan_change(rows, day, policy), reason)

    def _change_agreed_lines(self, kind, day, rows, *, reason=False, policy=None):
        """Change the service of a draft or a running subscription from a day.

        Return the recorded change; a draft has none.
        """
        self._check_can_agree()
        plan = self._plan_change(rows, day, policy)
        change = self._apply_agreed_change(kind, plan, reason)
        self._spread_draft_grants()
        return change

    def _apply_agreed_change(self, kind, plan, reason=False):
        """Write a planned change of a draft or a running subscription."""
        self.ensure_one()
        if self.state != "draft":
            return self._apply_change(kind, plan, reason)
        self._write_into_draft(plan)
        return self.env["subscription.change"]

    def _apply_change(self, kind, plan, reason=False, **recorded):
        """Write a planned change and record it; return the change.

        `recorded` are further values of the `subscription.change`.
        """
        self.ensure_one()
        ended = self.line_ids.filtered(lambda line: line.id in plan.ended)
        before = ended._prepare_ends_before()
        added = self._write_change_plan(plan)
        self._check_can_be_billed()
        self._schedule_billing()
        [change] = self._log_change(
            kind,
            plan.effective,
            reason=reason,
            added_line_ids=[(6, 0, added.ids)],
            **before,
            **recorded,
        )
        return change

    def _write_change_plan(self, plan):
        """Write the ends and the new lines of a plan; return the new lines."""
        self.ensure_one()
        writable = internal_write(self)
        lines = writable.env["subscription.line"]
        by_key = {line.key: line for line in plan.lines}
        for line in writable.line_ids:
            if line.id in plan.ended:
                planned = by_key[line.id]
                line.write(line._prepare_end_values(planned.end, planned.charged_until))
        made = {}
        for key, values in plan.added.items():
            linked = {
                name: made[values[name]].id if values[name] in made else values[name]
                for name in {"series_id", "origin_id"} & values.keys()
            }
            made[key] = lines.create({**values, **linked, "subscription_id": self.id})
        return self.env["subscription.line"].browse(line.id for line in made.values())

    def _write_into_draft(self, plan):
        """Write a plan into a draft; a line without days left is overwritten."""
        lines = internal_write(self).line_ids
        records = {line.id: line for line in lines}
        for line in lines:
            end = plan.ended.get(line.id)
            if end and end > line.date_start:
                line.date_end = end
        for key, planned in plan.added.items():
            linked = {
                name: records[planned[name]].id
                for name in ("series_id", "origin_id")
                if planned.get(name)
            }
            values = {**planned, **linked, "subscription_id": self.id}
            before = plan.continued.get(key)
            if before and plan.ended[before] <= records[before].date_start:
                records[key] = records[before]
                records[key]._overwrite(values)
            else:
                records[key] = lines.create(values)

    def _check_may_change(self):
        """Refuse users without write access, and subscriptions not in service."""
        self.check_access("write")
        for subscription in self:
            subscription._check_can_change()

    def _check_may_agree(self):
        """Refuse users without write access, and suspended or ended subscriptions."""
        self.check_access("write")
        for subscription in self:
            subscription._check_can_agree()

    def _check_can_agree(self):
        """Refuse unless the subscription is a draft or in service."""
        self.ensure_one()
        if self.state != "draft":
            self._check_can_change()

    def _check_can_change(self):
        """Refuse unless the subscription is in service."""
        if self.state == "suspended":
            raise UserError(
                self.env._(
                    "%s is suspended: reactivate it before you change it, or cancel "
                    "it.",
                    self.name,
                )
            )
        if self.state not in CHANGEABLE:
            raise UserError(
                self.env._(
                    "%(subscription)s is not active and cannot be changed; edit it "
                    "while it is a draft, or renew it.",
                    subscription=self.name,
                )
            )

    def _check_serves_on(self, day):
        """Refuse a product that would join after the end of the service."""
        if self.date_end and day >= self.date_end:
            raise UserError(
                self.env._(
                    "%(subscription)s ends before %(day)s and nothing can be added "
                    "then; choose an earlier day, or undo the cancellation.",
                    subscription=self.name,
                    day=format_date(self.env, day),
                )
            )

    def _check_starts_by(self, day):
        """Refuse a day before the service starts."""
        self.ensure_one()
        if day < self.date_start:
            raise UserError(
                self.env._(
                    "%(subscription)s starts on %(day)s; choose that day or a later "
                    "one.",
                    subscription=self.name,
                    day=format_date(self.env, self.date_start),
                )
            )

    def _lines_to_change(self, day):
        """Return the recurring and usage lines that are served on a day or join later.

        Of scheduled changes it is the line of that day.
        """
        self.ensure_one()
        lines = self._lines_from(day)
        first = {}
        for line in lines.sorted("date_start"):
            first.setdefault(line._origin_key(), line)
        return lines & lines.browse().union(*first.values())

    def _lines_from(self, day):
        """Return the recurring and usage lines with days from one on, scheduled too."""
        self.ensure_one()
        return self.line_ids.filtered(
            lambda line: (
                line.kind != "one_off"
                and (not line.date_end or line.date_end > max(day, line.date_start))
            )
        )

    def _first_day_to_change(self):
        """Return the day whose lines the wizards show."""
        self.ensure_one()
        return self.date_start if self.state == "draft" else self._today()
