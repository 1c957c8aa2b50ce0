from odoo import api, fields, models

from odoo.addons.subscription_management.billing_core.monthly_revenue import (
    average_usage,
)


class SubscriptionSubscription(models.Model):
    _inherit = "subscription.subscription"

    usage_event_ids = fields.One2many("subscription.usage.event", "subscription_id")
    has_usage = fields.Boolean(compute="_compute_usage_monthly")
    usage_monthly = fields.Monetary(
        "Monthly Usage",
        compute="_compute_usage_monthly",
        help="What was used comes to this a month, on average of the last three billed "
        "periods; it is no part of the recurring revenue.",
    )

    @api.depends("line_ids.kind", "line_ids.closed_until")
    def _compute_usage_monthly(self):
        for subscription in self:
            lines = subscription.line_ids.filtered(lambda line: line.kind == "usage")
            subscription.has_usage = bool(lines)
            total = sum(
                average_usage(
                    [line._snapshot_line(only_open=True) for line in series],
                    [row._snapshot() for row in series.billed_period_ids],
                )
                for series in lines.grouped(lambda line: line._series_key()).values()
            )
            subscription.usage_monthly = float(total)

    def action_view_usage(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_usage.subscription_usage_event_action"
        )
        action["domain"] = [("subscription_id", "=", self.id)]
        action["context"] = {"default_subscription_id": self.id}
        return action
