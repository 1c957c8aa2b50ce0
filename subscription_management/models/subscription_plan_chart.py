"""Compared plans: the window that shows them, and their bars."""

from odoo import models

BARS = 12


class SubscriptionPlanChart(models.Model):
    _inherit = "subscription.subscription"

    def action_compare_plans(self):
        """Show what the last periods would have cost on other plans."""
        self.ensure_one()
        # Its rows are saved, so that their buttons can be clicked at once.
        return self._show_comparison(
            self.env["subscription.plan.compare"].create({"subscription_id": self.id})
        )

    def _show_comparison(self, compare):
        action = self._open_wizard(
            compare._name, self.env._("Compare Plans"), dialog_size="extra-large"
        )
        return {**action, "res_id": compare.id}

    def _render_plan_chart(self, rows):
        """Return compared plans as bars; `rows` are those that have an amount."""
        shown = rows[:BARS]
        shown += [row for row in rows[BARS:] if row["is_present"]]
        highest = max((row["amount"] for row in shown), default=0)
        if not highest:
            return False
        bars = [
            {**row, "length": f"{100 * row['amount'] / highest:.2f}"} for row in shown
        ]
        return self.env["ir.qweb"]._render(
            "subscription_management.plan_comparison_chart",
            {
                "bars": bars,
                "mark": next((bar["length"] for bar in bars if bar["is_present"]), 0),
                "currency": self.currency_id,
            },
        )
