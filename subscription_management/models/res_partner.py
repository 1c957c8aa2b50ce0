from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    shares_subscription_invoices = fields.Boolean(
        "One Invoice for All Subscriptions",
        help="What is due on the same day goes on one invoice, for all subscriptions "
        "of this customer that agree in currency, address and payment terms.",
    )
    managed_billing_day = fields.Integer(
        "Subscription Billing Day",
        help="The day of the month on which the periods of new subscriptions begin, "
        "where their plan bills on a day of the month: 1 to 31, where 31 is the last "
        "day; 0 follows the plan.",
    )
    managed_subscription_count = fields.Integer(
        "Subscriptions",
        compute="_compute_managed_subscription_count",
        groups="subscription_management.group_subscription_user",
    )

    _managed_billing_day_of_month = models.Constraint(
        "CHECK (managed_billing_day BETWEEN 0 AND 31)",
        "A billing day is 1 to 31, where 31 is the last day of the month, or 0 to "
        "follow the plan; choose one of these.",
    )

    def _compute_managed_subscription_count(self):
        subscriptions = self.env["subscription.subscription"]
        for partner in self:
            partner.managed_subscription_count = subscriptions.search_count(
                [("partner_id", "child_of", partner.id)]
            )

    def _increase_rank(self, field, n=1):
        """Collect the ranks of many invoices, to be raised together."""
        ranks = self.env.context.get("managed_partner_ranks")
        if ranks is None:
            return super()._increase_rank(field, n)
        for partner in self:
            ranks[field][partner.id] += n
        return None

    @api.model
    def _raise_managed_ranks(self, ranks):
        """Raise collected ranks: new customers at once, the others after the commit."""
        for field, counts in ranks.items():
            for count in set(counts.values()):
                same = self.sudo().browse(
                    partner_id for partner_id, each in counts.items() if each == count
                )
                fresh = same.filtered_domain([(field, "=", 0)])
                fresh.write({field: count})
                (same - fresh)._increase_rank(field, count)

    def action_view_managed_subscriptions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_subscription_action"
        )
        action["domain"] = [("partner_id", "child_of", self.id)]
        action["context"] = {"default_partner_id": self.id}
        return action
