"""Policy versions: later edits of a policy apply to later cases only."""

from odoo import api, fields, models

from ...billing_core.collection import Decline
from ...billing_core.dunning import Action, Policy, Step
from ..model_part import ModelPart
from .quiet_days import SubscriptionDunningQuiet
from .states import PAST_DUE_KEY

VERSIONED_FIELDS = (
    "charge_delay_days",
    "past_due_day",
    "pending_days",
    "keeps_days_off",
    "hour_from",
    "hour_to",
)
TEMPLATES = ("declined_template_id", "action_template_id", "receipt_template_id")


class SubscriptionDunningVersion(SubscriptionDunningQuiet, models.Model):
    _name = "subscription.dunning.version"
    _description = "Dunning Policy Version"
    _order = "policy_id, number desc"

    policy_id = fields.Many2one(
        "subscription.dunning.policy", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="policy_id.company_id", store=True)
    number = fields.Integer(required=True)
    content = fields.Json(required=True)
    template_ids = fields.Many2many(
        "mail.template",
        "subscription_dunning_version_template_rel",
        ondelete="restrict",
        help="Email templates used by this version cannot be deleted.",
    )

    _number_once = models.Constraint(
        "UNIQUE (policy_id, number)", "Versions of a policy have different numbers."
    )

    @api.depends("policy_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(policy)s, version %(number)s",
                policy=version.policy_id.name,
                number=version.number,
            )

    def _snapshot_policy(self):
        """Return the steps of the version as the core's policy."""
        self.ensure_one()
        content = self.content
        return Policy(
            (
                Step(PAST_DUE_KEY, content["past_due_day"], Action.PAST_DUE),
                *(
                    Step(
                        row["key"],
                        row["day"],
                        Action(row["action"]),
                        Decline(row["decline"]) if row["decline"] else None,
                    )
                    for row in content["steps"]
                ),
            )
        )

    def _row(self, key):
        """Return the stored values of a step."""
        return next(
            (row for row in self.content["steps"] if row["key"] == key),
            {"key": PAST_DUE_KEY, "action": Action.PAST_DUE.value},
        )

    def _template(self, name):
        """Return the template for an event, empty if no letter is sent."""
        found = self.content[name] if self else False
        return self.env["mail.template"].browse(found or ())

    def _labels(self):
        """Return {key: name of the step} in the user's language."""
        steps = self.env["subscription.dunning.step"]
        actions = dict(steps._fields["action"]._description_selection(self.env))
        actions[Action.PAST_DUE.value] = self.env._("Past Due")
        templates = self.env["mail.template"].sudo()
        labels = {PAST_DUE_KEY: actions[Action.PAST_DUE.value]}
        for row in self.content["steps"] if self else ():
            label = actions[row["action"]]
            detail = (
                templates.browse(row["template_id"]).exists().name
                if row["template_id"]
                else row["note"].get(self.env.lang or "en_US")
                or row["note"].get("en_US")
            )
            labels[row["key"]] = f"{label}: {detail}" if detail else label
        return labels


class SubscriptionDunningPolicyVersions(ModelPart):
    _register = False

    version_ids = fields.One2many("subscription.dunning.version", "policy_id")

    def _version(self):
        """Return the version with the current steps, created if they changed."""
        self.ensure_one()
        content = self._prepare_version_content()
        newest = self.version_ids.sorted("number")[-1:]
        if newest.content == content:
            return newest
        used = [content[name] for name in TEMPLATES]
        used += [row["template_id"] for row in content["steps"]]
        return newest.create(
            {
                "policy_id": self.id,
                "number": newest.number + 1,
                "content": content,
                "template_ids": [fields.Command.set([each for each in used if each])],
            }
        )

    def _prepare_version_content(self):
        self.ensure_one()
        return {
            **{name: self[name] for name in VERSIONED_FIELDS},
            **{name: self[name].id for name in TEMPLATES},
            "steps": [step._prepare_version_row() for step in self.step_ids],
        }


class SubscriptionDunningStepVersions(ModelPart):
    _register = False

    def _prepare_version_row(self):
        self.ensure_one()
        snapshot = self._snapshot_step(self.id)
        sends = snapshot.action is Action.EMAIL
        asks = snapshot.action is Action.ACTIVITY
        return {
            "key": self.id,
            "day": self.day,
            "action": self.action,
            "decline": snapshot.decline and snapshot.decline.value,
            "template_id": self.template_id.id if sends else False,
            "note": self._notes() if asks else {},
            "user_id": self.user_id.id if asks else False,
        }

    def _notes(self):
        """Return {language code: instructions} for all installed languages."""
        notes = {}
        for code, _name in self.env["res.lang"].get_installed():
            if note := self.with_context(lang=code).note:
                notes[code] = note
        return notes
