from odoo import api, fields, models

from odoo.addons.subscription_management.billing_core.monthly_revenue import (
    average_usage,
)


class Subscription(models.Model):
    _inherit = "subscription.subscription"

    usage_event_ids = fields.One2many("subscription.usage.event", "subscription_id")
    has_usage = fields.Boolean(compute="_compute_usage_monthly")
    usage_monthly = fields.Monetary(
        "Monthly Usage",
        compute="_compute_usage_monthly",
        help="The average monthly amount of the last three billed periods. It is not "
        "part of the recurring revenue.",
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

    def _awaited_start_day(self):
        if self.starts_with != "first_use":
            return super()._awaited_start_day()
        used = self.usage_event_ids.filtered("net_quantity")
        return min(used.mapped("day"), default=False)

    def _lines_used_today(self):
        """Return the usage lines that run today."""
        self.ensure_one()
        return self._lines_on(self._today()).filtered("meter_id")

    def action_view_usage(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_usage.subscription_usage_event_action"
        )
        action["domain"] = [("subscription_id", "=", self.id)]
        action["context"] = {"default_subscription_id": self.id}
        return action
