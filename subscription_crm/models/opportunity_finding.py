from dateutil.relativedelta import relativedelta

from odoo import fields, models


class SubscriptionOpportunityFinding(models.Model):
    """A signal of a rule, its opportunity, and when the condition was cleared.

    It is kept when the opportunity is deleted, so that none is created again.
    """

    _name = "subscription.opportunity.finding"
    _description = "Opportunity Rule Finding"
    _order = "date desc, id desc"
    _rec_name = "reason"

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
    signal_key = fields.Char(
        required=True, help="Identifies the signal; a known one is not new."
    )
    reason = fields.Char(required=True)
    cleared_on = fields.Date(help="The day on which the condition no longer held.")

    # Two workers create one opportunity of the same signal.
    _once_a_day = models.UniqueIndex(
        "(rule_id, subscription_id, date)",
        "This rule has already created an opportunity of the subscription today.",
    )
    _signal_once_a_day = models.UniqueIndex(
        "(rule_id, signal_key, date)",
        "This rule has already created an opportunity of the same signal today.",
    )

    def _suppresses(self, signal, today):
        """Return whether it prevents another opportunity of the same rule."""
        self.ensure_one()
        if self.date == today or self.lead_id._is_still_open():
            return True
        if months := self.rule_id.quiet_months:
            return today < self._closed_on() + relativedelta(months=months)
        return self.signal_key == signal.key and not self.cleared_on

    def _closed_on(self):
        """Return the day on which it was closed, or found if it is deleted."""
        self.ensure_one()
        lead = self.lead_id
        moment = lead.date_closed or lead.write_date
        return self.company_id._subscription_day(moment) if moment else self.date

    def _record_cleared(self):
        """Record cleared conditions, and log them on opportunities that are open."""
        for finding in self:
            lead = finding.lead_id
            subscription = finding.subscription_id.with_context(
                lang=finding.rule_id._language_for(
                    lead.user_id, finding.subscription_id
                )
            )
            if cleared := subscription._describe_cleared(finding):
                finding.cleared_on = subscription._today()
                if lead._is_still_open():
                    lead.message_post(body=cleared, subtype_xmlid="mail.mt_note")
