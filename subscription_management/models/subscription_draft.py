"""What is agreed before a subscription starts: steps for later days, discounts."""

from dataclasses import replace
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..billing_core.line import Line
from .noted_changes import noting
from .subscription_trial import begins_on


class SubscriptionDraft(models.Model):
    _inherit = "subscription.subscription"

    def _agree(self, kind, day, rows, *, reason=False, policy=None):
        """Change what is served from a day on; return the change that is noted."""
        self._check_can_agree()
        amendment = self._plan_amendment(rows, day, policy)
        return self._agree_on(kind, amendment, reason)

    def _agree_on(self, kind, amendment, reason=False):
        """Make a planned change real; return the change that is noted.

        A draft has no history yet: what it is going to serve is written down, and an
        empty change is returned.
        """
        self.ensure_one()
        if self.state != "draft":
            return self._carry_out(kind, amendment, reason)
        self._write_into_draft(amendment)
        return self.env["subscription.change"]

    def _check_can_agree(self):
        """Refuse what is neither a draft nor running."""
        self.ensure_one()
        if self.state != "draft":
            self._check_can_change()

    def _write_into_draft(self, amendment):
        """Make a planned change real; a line of which no day is left is overwritten."""
        lines = noting(self).line_ids
        records = {line.id: line for line in lines}
        for line in lines:
            end = amendment.ended.get(line.id)
            if end and end > line.date_start:
                line.date_end = end
        for key, planned in amendment.added.items():
            linked = {
                name: records[planned[name]].id
                for name in ("series_id", "origin_id")
                if planned.get(name)
            }
            values = {**planned, **linked, "subscription_id": self.id}
            before = amendment.continued.get(key)
            if before and amendment.ended[before] <= records[before].date_start:
                records[key] = records[before]
                records[key]._overwrite(values)
            else:
                records[key] = lines.create(values)

    def _first_day_to_change(self):
        """Return the day whose lines are shown to be changed."""
        self.ensure_one()
        return self.date_start if self.state == "draft" else self._today()

    def write(self, vals):
        drafts = self.filtered(lambda each: each.state == "draft")
        vals = drafts._follow_start(vals)
        currencies = {draft: draft.currency_id for draft in drafts}
        result = super().write(vals)
        for draft, currency in currencies.items():
            if draft.currency_id == currency:
                continue
            if draft._amounts_off():
                raise UserError(
                    self.env._(
                        "%(subscription)s has discounts that were agreed in "
                        "%(currency)s; take them off first.",
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

    def _amend_started(self, amendment):
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

        amendment.lines = tuple(moved(line) for line in amendment.lines)
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
            self._amend_add(amendment, charge._prepare_follower_values(), before)
