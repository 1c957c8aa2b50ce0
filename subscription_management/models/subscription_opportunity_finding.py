"""What rules found of subscriptions, so that nobody is told of it twice."""

from dateutil.relativedelta import relativedelta

from odoo import fields, models


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
