"""Opportunity rules: conditions, the opportunities they create and their owners."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .conditions import (
    PaymentCondition,
    ReductionCondition,
    RenewalCondition,
    SeatsCondition,
)
from .subscription import EVALUATED_STATES


class SubscriptionOpportunityRule(models.Model):
    """A condition of subscriptions that creates opportunities, and their owner.

    Other addons add a kind with its `Condition` in `_conditions`.
    """

    _name = "subscription.opportunity.rule"
    _description = "Opportunity Rule"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(
        required=True, translate=True, help="The name of the opportunities."
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(
        default=True,
        help="A disabled rule creates no opportunities; existing ones are kept.",
    )
    kind = fields.Selection(
        [
            ("renewal", "Renewal Due"),
            ("seats", "Seats Nearly Full"),
            ("payment", "Overdue Payment"),
            ("reduction", "Downgrade or Cancellation"),
        ],
        "Condition",
        required=True,
    )
    note = fields.Text(
        "Instructions",
        translate=True,
        help="Shown on the opportunity for its owner.",
    )
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty for all companies."
    )
    team_id = fields.Many2one(
        "crm.team",
        "Sales Team",
        check_company=True,
        ondelete="restrict",
        help="Leave empty for the team of the subscription's salesperson.",
    )
    owner_policy = fields.Selection(
        [
            ("salesperson", "Salesperson of the Subscription"),
            ("leader", "Team Leader"),
            ("team", "Assigned by the Team"),
        ],
        "Owner",
        required=True,
        default="salesperson",
        help="Salesperson of the Subscription: if a member of the team, else its "
        "leader.\nAssigned by the Team: without an owner until the assignment of leads "
        "or a member takes it.",
    )
    days_before_end = fields.Integer("Days Before End of Term", default=60)
    seats_percent = fields.Float("Seats Used (%)", default=90.0)
    overdue_days = fields.Integer("Days Overdue", default=14)
    reduction_percent = fields.Float("MRR Lowered By (%)", default=10.0)
    quiet_months = fields.Integer(
        "Waiting Time (Months)",
        default=3,
        help="Months after an opportunity was won or lost before the rule creates "
        "another one of the subscription. 0: once the condition was cleared and "
        "holds again.",
    )
    lead_ids = fields.One2many("crm.lead", "managed_rule_id", "Opportunities")
    lead_count = fields.Integer(compute="_compute_lead_count")
    summary = fields.Char(compute="_compute_summary")

    _thresholds_not_negative = models.Constraint(
        "CHECK (days_before_end >= 0 AND overdue_days >= 0 AND quiet_months >= 0)",
        "Days and months must be zero or more.",
    )
    _percents_in_bounds = models.Constraint(
        "CHECK (seats_percent > 0 AND seats_percent <= 100 "
        "AND reduction_percent > 0 AND reduction_percent <= 100)",
        "A percentage of a rule must be more than 0 and at most 100.",
    )

    @api.depends("lead_ids")
    def _compute_lead_count(self):
        leads = self.env["crm.lead"].with_context(active_test=False)
        if not leads.has_access("read"):
            self.lead_count = 0
            return
        counts = dict(
            leads._read_group(
                [("managed_rule_id", "in", self.ids)], ["managed_rule_id"], ["__count"]
            )
        )
        for rule in self:
            rule.lead_count = counts.get(rule._origin, 0)

    @api.depends(lambda self: self._summary_fields())
    @api.depends_context("lang")
    def _compute_summary(self):
        for rule in self:
            rule.summary = rule.kind and self.env._(
                "%(condition)s, an opportunity of %(owner)s is created, unless one is "
                "open. Another one follows %(again)s.",
                condition=rule._condition().describe(rule),
                owner=rule._describe_owner(),
                again=rule._describe_waiting_time(),
            )

    @api.model
    def _summary_fields(self):
        """Return the fields that the summary depends on."""
        return (
            "kind",
            "team_id",
            "owner_policy",
            "quiet_months",
            "days_before_end",
            "seats_percent",
            "overdue_days",
            "reduction_percent",
        )

    def _describe_owner(self):
        self.ensure_one()
        team = self.team_id.sudo().display_name
        if self.owner_policy == "leader":
            return self.env._("the leader of the team %s", team or "?")
        if self.owner_policy == "team":
            return self.env._("the team %s", team or "?")
        if not team:
            return self.env._("the subscription's salesperson")
        return self.env._(
            "the subscription's salesperson, or of the leader of the team %s", team
        )

    def _describe_waiting_time(self):
        self.ensure_one()
        if self.quiet_months == 1:
            return self.env._("one month after it was won or lost at the earliest")
        if self.quiet_months:
            return self.env._(
                "%s months after it was won or lost at the earliest", self.quiet_months
            )
        return self.env._("once the condition was cleared and holds again")

    @api.constrains("owner_policy", "team_id")
    def _check_team(self):
        for rule in self:
            if rule.owner_policy != "salesperson" and not rule.team_id:
                raise ValidationError(
                    self.env._(
                        "Choose the sales team that owns the opportunities of “%s”, or "
                        "set the owner to the subscription's salesperson.",
                        rule.name,
                    )
                )

    def write(self, vals):
        for rule in self.filtered(
            lambda each: each.kind != vals.get("kind", each.kind)
        ):
            if rule._findings():
                raise UserError(
                    self.env._(
                        "“%s” has created opportunities and keeps its condition; "
                        "disable it and create another rule.",
                        rule.name,
                    )
                )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for rule in self:
            if rule._findings():
                raise UserError(
                    self.env._(
                        "“%s” has created opportunities that refer to it; disable it "
                        "instead.",
                        rule.name,
                    )
                )

    def _findings(self):
        self.ensure_one()
        findings = self.env["subscription.opportunity.finding"].sudo()
        return findings.search([("rule_id", "=", self.id)])

    def action_view_leads(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm.crm_lead_opportunities"
        )
        action["domain"] = [("managed_rule_id", "=", self.id)]
        action["context"] = {"active_test": False, "create": False}
        return action

    def _owner_for(self, subscription):
        """Return the owner of an opportunity; no user until the team assigns it."""
        self.ensure_one()
        team, seller = self.team_id, subscription.user_id
        is_of_team = not team or seller in team.member_ids | team.user_id
        wanted = {
            "salesperson": seller if is_of_team else team.user_id,
            "leader": team.user_id,
            "team": seller.browse(),
        }[self.owner_policy]
        if not self._may_own(wanted, subscription) and self.owner_policy != "team":
            wanted = team.user_id
        return wanted if self._may_own(wanted, subscription) else wanted.browse()

    @api.model
    def _may_own(self, user, subscription):
        """Return whether a user is of the company and works with opportunities."""
        return bool(
            user
            and user.active
            and subscription.company_id in user.company_ids
            and user.has_group("sales_team.group_sale_salesman")
        )

    # === EVALUATION === #

    @api.model
    def _conditions(self):
        """Return the condition of each kind of rule. Other addons add theirs."""
        return {
            "renewal": RenewalCondition(),
            "seats": SeatsCondition(),
            "payment": PaymentCondition(),
            "reduction": ReductionCondition(),
        }

    def _condition(self):
        self.ensure_one()
        return self._conditions()[self.kind]

    def _candidates(self):
        """Return the domain of the subscriptions that it may concern today."""
        self.ensure_one()
        domain = self._condition().candidates(self)
        if self.company_id:
            domain &= Domain("company_id", "=", self.company_id.id)
        return domain & Domain("state", "in", EVALUATED_STATES)

    def _evaluate(self, subscription):
        """Create the opportunity of a subscription, unless a finding suppresses it."""
        self.ensure_one()
        owner = self._owner_for(subscription)
        lang = self._language_for(owner, subscription)
        rule, subscription = (
            each.with_context(lang=lang) for each in (self, subscription)
        )
        signal = rule._condition().signal(subscription, rule)
        if signal and not rule._is_suppressed(subscription, signal):
            rule._create_opportunity(subscription, signal, owner)

    @api.model
    def _language_for(self, owner, subscription):
        """Return the language of the owner, or else of the company."""
        return owner.lang or subscription.company_id.partner_id.lang or self.env.lang

    def _is_suppressed(self, subscription, signal):
        """Return whether an earlier finding prevents another opportunity.

        An invoice that several subscriptions share is one signal.
        """
        findings = self.env["subscription.opportunity.finding"].search(
            Domain("rule_id", "=", self.id)
            & (
                Domain("subscription_id", "=", subscription.id)
                | Domain("signal_key", "=", signal.key)
            )
        )
        today = subscription._today()
        return any(each._suppresses(signal, today) for each in findings)

    def _create_opportunity(self, subscription, signal, owner):
        """Record the finding, then create the opportunity with a to-do of its owner."""
        finding = self.env["subscription.opportunity.finding"].create(
            {
                "rule_id": self.id,
                "subscription_id": subscription.id,
                "date": subscription._today(),
                "signal_key": signal.key,
                "reason": signal.reason,
            }
        )
        lead = (
            self.env["crm.lead"]
            # The activity notifies the owner.
            .with_context(mail_auto_subscribe_no_notify=True)
            .create(self._prepare_lead_values(subscription, signal, owner))
        )
        finding.lead_id = lead
        lead.message_post(body=signal.reason, subtype_xmlid="mail.mt_note")
        if owner:
            lead.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=subscription._today(),
                summary=self.name,
                note=signal.reason,
                user_id=owner.id,
            )

    def _prepare_lead_values(self, subscription, signal, owner):
        values = {
            "type": "opportunity",
            "name": f"{self.name}: {subscription.display_name}",
            "partner_id": subscription.partner_id.id,
            "company_id": subscription.company_id.id,
            "user_id": owner.id,
            "date_deadline": signal.deadline,
            "description": self._describe_on_lead(subscription, signal),
            "managed_subscription_id": subscription.id,
            "managed_rule_id": self.id,
            **self._prepare_revenue_values(subscription, signal.monthly),
        }
        if self.team_id:
            values["team_id"] = self.team_id.id
        return values

    def _describe_on_lead(self, subscription, signal):
        """Return the reason, the revenue at stake and the instructions."""
        paragraphs = [
            signal.reason,
            self.env._(
                "At stake: %s per month.",
                subscription.currency_id.format(signal.monthly),
            ),
            *(self.note or "").splitlines(),
        ]
        return Markup().join(
            Markup("<p>%s</p>") % paragraph for paragraph in paragraphs if paragraph
        )

    def _prepare_revenue_values(self, subscription, monthly):
        """Return the revenue at stake as the host's pipeline counts it.

        It is recurring revenue; where users do not see that, twelve months of it are
        the expected revenue.
        """
        company = subscription.company_id
        worth = subscription.currency_id._convert(
            monthly, company.currency_id, company, subscription._today()
        )
        plan = self.env["crm.recurring.plan"].search(
            [("number_of_months", ">", 0)], order="number_of_months", limit=1
        )
        recurring = self.env.ref("crm.group_use_recurring_revenues")
        is_shown = plan and recurring in self.env.ref("base.group_user").all_implied_ids
        return {
            "recurring_plan": plan.id,
            "recurring_revenue": worth * plan.number_of_months,
            "expected_revenue": 0.0 if is_shown else worth * 12,
        }
