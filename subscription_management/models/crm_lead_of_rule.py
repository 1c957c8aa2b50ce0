"""Opportunities: which subscription they are about, and which rule made them."""

from odoo import fields, models


class CrmLead(models.Model):
    _inherit = "crm.lead"

    managed_subscription_id = fields.Many2one(
        "subscription.subscription",
        "Subscription",
        index="btree_not_null",
        copy=False,
        ondelete="set null",
    )
    managed_rule_id = fields.Many2one(
        "subscription.opportunity.rule",
        "Made by the Rule",
        index="btree_not_null",
        copy=False,
        readonly=True,
        ondelete="set null",
    )

    def action_upsell(self):
        """Quote more of the subscription that it is about, if it is about one."""
        self.ensure_one()
        about = self.managed_subscription_id & self.managed_subscription_ids
        if not about:
            return super().action_upsell()
        return about.with_context(quoted_opportunity_id=self.id).action_quote_change()

    def _is_still_open(self):
        """Tell whether somebody may be talking with the customer about it."""
        return bool(self and self.active and self.won_status == "pending")

    def _merge_get_fields(self):
        return [
            *super()._merge_get_fields(),
            "managed_subscription_id",
            "managed_rule_id",
        ]

    def _merge_dependences(self, opportunities):
        """Let what rules found lead to the opportunity that goes on."""
        findings = self.env["subscription.opportunity.finding"].sudo()
        findings.search([("lead_id", "in", opportunities.ids)]).lead_id = self
        return super()._merge_dependences(opportunities)
