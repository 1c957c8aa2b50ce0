"""Opportunities that create themselves: the daily look at subscriptions."""

from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta
from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import formatLang

from ...billing_core.lifecycle import ENDED
from ..decimals import exact
from ..renewals.renewal import RUNNING

EVALUATED_STATES = (*RUNNING, "suspended")


CRON = "subscription_management.ir_cron_find_opportunities"


@dataclass(frozen=True)
class Signal:
    """A fact that a rule asks for, as it is today."""

    fact: str
    """Its own name: the same fact is told once."""
    why: str
    """The sentence with the numbers."""
    monthly: float
    """What is at stake, per month in the subscription's currency."""
    deadline: date | None = None
    """The day by which the customer will have decided."""


class SubscriptionOpportunity(models.Model):
    _inherit = "subscription.subscription"

    opportunities_checked_on = fields.Date(
        copy=False,
        readonly=True,
        help="The day on which the opportunity rules were asked last; empty to ask "
        "them again with the next run.",
    )
    finding_ids = fields.One2many(
        "subscription.opportunity.finding", "subscription_id", copy=False
    )

    @api.model
    def _cron_find_opportunities(self):
        """Ask the rules about each subscription that they may concern, once a day."""
        not_today = Domain("opportunities_checked_on", "=", False)
        not_today |= self.env["res.company"]._domain_by_today(
            lambda today: [("opportunities_checked_on", "<", today)]
        )
        rules = self.env["subscription.opportunity.rule"].search(
            [("active", "=", True)]
        )
        concerned = [self._candidates_of(rule) for rule in rules]
        unfinished = Domain("finding_ids", "any", [("over_on", "=", False)])
        found = self.search(not_today & Domain.OR([unfinished, *concerned]))
        self._run_for_each(
            not_today & Domain("id", "in", found.ids),
            lambda each: each._find_opportunities(),
        )

    def _find_opportunities(self):
        """Say what is over, and make the opportunities that rules ask for today."""
        self.ensure_one()
        looked_at = self.sudo().with_company(self.company_id)
        looked_at.finding_ids.filtered(lambda each: not each.over_on)._follow()
        if self.state in EVALUATED_STATES:
            rules = looked_at.env["subscription.opportunity.rule"].search(
                [("company_id", "in", [False, self.company_id.id])]
            )
            for rule in rules:
                rule._evaluate(looked_at)
        looked_at.opportunities_checked_on = self._today()

    def _evaluate_opportunities_after(self, changes):
        """Evaluate changed subscriptions again, at once if revenue may be lost.

        The scheduled action does it, so that it never blocks a change.
        """
        looked_at = self.sudo().filtered("opportunities_checked_on")
        looked_at.opportunities_checked_on = False
        if any(change.sudo()._takes_revenue() for change in changes):
            self.env.ref(CRON).sudo()._trigger()

    def _candidates_of(self, rule):
        """Return the domain of the subscriptions that a rule may concern today."""
        domain = getattr(self, f"_candidates_of_{rule.kind}")(rule)
        if rule.company_id:
            domain &= Domain("company_id", "=", rule.company_id.id)
        return domain & Domain("state", "in", EVALUATED_STATES)

    def _signal_of(self, rule):
        """Return the `Signal` of what a rule asks for, None where there is nothing."""
        self.ensure_one()
        return getattr(self, f"_signal_of_{rule.kind}")(rule)

    def _end_of_fact(self, finding):
        """Return the sentence that a fact is over, None while it is not."""
        self.ensure_one()
        if self.state in ENDED:
            return self.env._("The subscription has ended.")
        return getattr(self, f"_end_of_{finding.rule_id.kind}")(finding)

    def _in_figures(self, number):
        """Return a number as people of the language write it, without idle decimals."""
        number = float(number)
        decimals = max(0, -exact(number).normalize().as_tuple().exponent)
        return formatLang(self.env, number, digits=min(decimals, 2))


class SubscriptionOpportunityRuleAtWork(models.Model):
    _inherit = "subscription.opportunity.rule"

    def _evaluate(self, subscription):
        """Make the opportunity of a subscription, unless it was told before."""
        self.ensure_one()
        owner = self._owner_for(subscription)
        lang = self._language_for(owner, subscription)
        rule, said = (each.with_context(lang=lang) for each in (self, subscription))
        signal = said._signal_of(rule)
        if signal and not rule._was_notified(said, signal):
            rule._create_opportunity(said, signal, owner)

    @api.model
    def _language_for(self, owner, subscription):
        """Return the language of whoever reads it."""
        return owner.lang or subscription.company_id.partner_id.lang or self.env.lang

    def _was_notified(self, subscription, signal):
        """Tell whether the rule made an opportunity that is in the way of another one.

        An invoice that several subscriptions share is one fact.
        """
        findings = self.env["subscription.opportunity.finding"].search(
            Domain("rule_id", "=", self.id)
            & (
                Domain("subscription_id", "=", subscription.id)
                | Domain("fact", "=", signal.fact)
            )
        )
        today = subscription._today()
        return any(each._is_in_the_way_of(signal, today) for each in findings)

    def _create_opportunity(self, subscription, signal, owner):
        """Write down what was found, first, and give its owner something to do."""
        finding = self.env["subscription.opportunity.finding"].create(
            {
                "rule_id": self.id,
                "subscription_id": subscription.id,
                "date": subscription._today(),
                "fact": signal.fact,
                "why": signal.why,
            }
        )
        lead = (
            self.env["crm.lead"]
            # The activity tells the owner.
            .with_context(mail_auto_subscribe_no_notify=True)
            .create(self._prepare_lead_values(subscription, signal, owner))
        )
        finding.lead_id = lead
        lead.message_post(body=signal.why, subtype_xmlid="mail.mt_note")
        if owner:
            lead.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=subscription._today(),
                summary=self.name,
                note=signal.why,
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
        """Return why there is an opportunity, what is at stake and what to do."""
        paragraphs = [
            signal.why,
            self.env._(
                "At stake: %s a month.", subscription.currency_id.format(signal.monthly)
            ),
            *(self.note or "").splitlines(),
        ]
        return Markup().join(
            Markup("<p>%s</p>") % paragraph for paragraph in paragraphs if paragraph
        )

    def _prepare_revenue_values(self, subscription, monthly):
        """Return what is at stake, as the host's pipeline counts it.

        As recurring revenue; where the company's people do not see that, what it is
        in a year is the expected revenue.
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


class SubscriptionOpportunityFinding(models.Model):
    """A fact that a rule found, the opportunity that it made, and when it was over.

    It outlives its opportunity: whoever merges or deletes that is not told again.
    """

    _name = "subscription.opportunity.finding"
    _description = "Finding of an Opportunity Rule"
    _order = "date desc, id desc"
    _rec_name = "why"

    rule_id = fields.Many2one(
        "subscription.opportunity.rule", required=True, ondelete="cascade", index=True
    )
    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True
    )
    lead_id = fields.Many2one(
        "crm.lead", "Opportunity", ondelete="set null", index="btree_not_null"
    )
    date = fields.Date("Found On", required=True)
    fact = fields.Char(
        required=True, help="The fact's own name: what has the same one is not new."
    )
    why = fields.Char(required=True)
    over_on = fields.Date(help="The day on which the fact was seen to be over.")

    # What two workers find at the same moment is told once.
    _once_a_day = models.UniqueIndex(
        "(rule_id, subscription_id, date)",
        "This rule has made an opportunity of the subscription today already.",
    )
    _fact_once_a_day = models.UniqueIndex(
        "(rule_id, fact, date)",
        "This rule has made an opportunity of the same fact today already.",
    )

    def _is_in_the_way_of(self, signal, today):
        """Tell whether a rule has said enough already to keep quiet about a signal."""
        self.ensure_one()
        if self.date == today or self.lead_id._is_still_open():
            return True
        if months := self.rule_id.quiet_months:
            return today < self._closed_on() + relativedelta(months=months)
        return self.fact == signal.fact and not self.over_on

    def _closed_on(self):
        """Return the day on which it was closed, or found if it is gone."""
        self.ensure_one()
        lead = self.lead_id
        moment = lead.date_closed or lead.write_date
        return self.company_id._subscription_day(moment) if moment else self.date

    def _follow(self):
        """Note where a fact is over, and say so on the opportunity while it is open."""
        for finding in self:
            lead = finding.lead_id
            subscription = finding.subscription_id.with_context(
                lang=finding.rule_id._language_for(
                    lead.user_id, finding.subscription_id
                )
            )
            if ended := subscription._end_of_fact(finding):
                finding.over_on = subscription._today()
                if lead._is_still_open():
                    lead.message_post(body=ended, subtype_xmlid="mail.mt_note")
