"""Timelines of policies and cases, and the next step as a sentence."""

from odoo import api, fields
from odoo.tools import format_date

from ...billing_core.collection import Outcome
from ...billing_core.dunning import Action
from ..model_part import ModelPart
from .states import PAST_DUE_KEY, SENDING

ICONS = {
    Action.PAST_DUE: "fa-clock-o",
    Action.CHARGE: "fa-credit-card",
    Action.EMAIL: "fa-envelope-o",
    Action.ACTIVITY: "fa-phone",
    Action.SUSPEND: "fa-pause-circle",
    Action.CANCEL: "fa-times-circle",
}
COLOURS = {
    Action.PAST_DUE: "text-warning",
    Action.SUSPEND: "text-danger",
    Action.CANCEL: "text-danger",
}


class SubscriptionDunningPolicyTimeline(ModelPart):
    _register = False

    timeline = fields.Html(compute="_compute_timeline", sanitize=False)
    case_ids = fields.One2many("subscription.dunning.case", "policy_id")
    open_case_count = fields.Integer(compute="_compute_open_case_count")

    @api.depends(
        "past_due_day",
        "charge_delay_days",
        "payer",
        "step_ids.day",
        "step_ids.action",
        "step_ids.decline",
        "step_ids.template_id.name",
        "step_ids.note",
    )
    @api.depends_context("lang")
    def _compute_timeline(self):
        for policy in self:
            by_key = policy._steps_by_key()
            rows = [
                {
                    "when": policy._day_name(step.day),
                    "icon": ICONS[step.action],
                    "colour": COLOURS.get(step.action, ""),
                    **policy._step_texts(by_key.get(step.key)),
                }
                for step in policy._snapshot_policy().steps
            ]
            policy.timeline = self.env["ir.qweb"]._render(
                "subscription_management.dunning_timeline",
                {"rows": [*policy._first_charge_rows(), *rows]},
            )

    def _first_charge_rows(self):
        """Return the row of the first charge, which follows the invoice."""
        if self.payer == "manual":
            return []
        delay = self.charge_delay_days
        return [
            {
                "when": self.env._("%s days after the invoice", delay)
                if delay
                else self.env._("With the invoice"),
                "icon": ICONS[Action.CHARGE],
                "colour": "",
                "name": self.env._("Charge the saved payment methods in their order"),
                "detail": "",
            }
        ]

    def _day_name(self, day):
        if day < 0:
            return self.env._("%s days before", -day)
        return self.env._("Day %s", day) if day else self.env._("Due date")

    def _step_texts(self, step):
        """Return name and detail of a step; None is the past due day."""
        if step is None:
            return {
                "name": self.env._("The subscription is past due"),
                "detail": "",
            }
        names = {
            field: dict(step._fields[field]._description_selection(self.env))
            for field in ("action", "decline")
        }
        detail = step.note
        if step.action == Action.EMAIL.value:
            detail = step.template_id.sudo().name
        elif step.action == Action.CHARGE.value:
            detail = step.decline and self.env._(
                "Only after: %s", names["decline"][step.decline]
            )
        return {"name": names["action"].get(step.action, ""), "detail": detail or ""}

    def _compute_open_case_count(self):
        counts = dict(
            self.env["subscription.dunning.case"]._read_group(
                [("policy_id", "in", self.ids), ("state", "=", "open")],
                ["policy_id"],
                ["__count"],
            )
        )
        for policy in self:
            policy.open_case_count = counts.get(policy._origin, 0)

    def action_view_open_cases(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_dunning_case_action"
        )
        action["domain"] = [("policy_id", "=", self.id)]
        action["context"] = {"search_default_open": 1}
        return action


class SubscriptionDunningCaseTimeline(ModelPart):
    _register = False

    timeline = fields.Html(compute="_compute_timeline", sanitize=False)
    next_step = fields.Char("Next", compute="_compute_next_step")
    will_be_retried = fields.Boolean(
        compute="_compute_will_be_retried",
        help="Whether a letter may announce another charge.",
    )

    def _compute_will_be_retried(self):
        for case in self:
            steps = case.sudo()._upcoming_steps(case._today())
            case.will_be_retried = any(
                step.action is Action.CHARGE for step, _day in steps
            )

    @api.depends_context("lang")
    def _compute_next_step(self):
        for case in self:
            case.next_step = case.sudo()._describe_next_step()

    def _describe_next_step(self):
        """Return the next step and its day as a sentence."""
        self.ensure_one()
        if self.state != "open":
            return False
        if reason := self._blocking_reason():
            return reason
        step, day = next(iter(self._upcoming_steps(self._today())), (None, None))
        if step is None:
            return self.env._("No step left: decide about the subscription.")
        return self.env._(
            "%(step)s on %(day)s",
            step=self.version_id._labels()[step.key],
            day=format_date(self.env, day),
        )

    def _blocking_reason(self):
        """Return why the steps are blocked, as a sentence, False if they are not."""
        if self.has_unknown_charge:
            return self.env._("Resolve the unknown outcome of the last charge.")
        if self.outcome in (SENDING, Outcome.PENDING.value):
            return self.env._("Waiting for the outcome of the last charge.")
        if self.outcome == Outcome.PAID.value:
            return self.env._("The payment of the last charge is being registered.")
        if self.hold == "disputed":
            return self.env._("Disputed: on hold until it is resumed.")
        if self.hold and self.hold_until:
            return self.env._(
                "On hold until %s.", format_date(self.env, self.hold_until)
            )
        if self.hold:
            return self.env._("On hold until it is resumed.")
        if self._is_excluded_from_dunning():
            return self.env._(
                "No steps while the invoice is a draft, blocked or excluded from "
                "follow-ups."
            )
        if self._has_pending_payment():
            return self.env._("A payment of the customer is pending.")
        if self.charge_at:
            day = self.company_id._subscription_day(self.charge_at)
            return self.env._("Charge on %s", format_date(self.env, day))
        return False

    @api.depends("step_ids", "state", "hold", "outcome", "charge_at", "next_date")
    @api.depends_context("lang")
    def _compute_timeline(self):
        for case in self:
            rows = case.sudo()._done_rows() + case.sudo()._upcoming_rows()
            case.timeline = self.env["ir.qweb"]._render(
                "subscription_management.dunning_timeline", {"rows": rows}
            )

    def _done_rows(self):
        results = dict(self.step_ids._fields["result"]._description_selection(self.env))
        return [
            {
                "when": format_date(self.env, row.day),
                "icon": ICONS[Action(row.action)],
                "colour": "text-muted",
                "name": row.label,
                "detail": results[row.result],
                "is_done": True,
            }
            for row in self.step_ids.sorted(lambda row: (row.day, row.id))
            if row.result != "skipped"
        ]

    def _upcoming_rows(self):
        if self.state != "open" or not self.version_id:
            return []
        labels = self.version_id._labels()
        reason = self._blocking_reason()
        first = {
            "when": self.env._("First"),
            "icon": "fa-hourglass-half",
            "colour": "text-info",
            "name": reason,
            "detail": "",
        }
        return [first] * bool(reason) + [
            {
                "when": format_date(self.env, day),
                "icon": ICONS[step.action],
                "colour": COLOURS.get(step.action, ""),
                "name": labels[step.key],
                "detail": self.env._("if not paid") if step.key != PAST_DUE_KEY else "",
            }
            for step, day in self._upcoming_steps(self._today())
        ]
