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
        lang = self.env["res.lang"]._get_data(code=self.env.lang or "en_US")
        present = next((row for row in rows if row["is_present"]), None)
        shown = [row for row in rows[:BARS] if row is not present]
        if present:
            shown = [row for row in rows if row is present or row in shown]
        highest = max((row["amount"] for row in shown), default=0)
        if not highest:
            return False
        is_rtl = lang.direction == "rtl"

        def place(amount):
            """Return the length of a bar, and where its end lies, in per cent."""
            length = 100 * amount / highest
            return length, 100 - length if is_rtl else length

        bars = []
        for row in shown:
            length, end = place(row["amount"])
            bars.append({**row, "length": length, "start": end if is_rtl else 0})
        return self.env["ir.qweb"]._render(
            "subscription_management.plan_comparison_chart",
            {
                "bars": bars,
                "mark": present and place(present["amount"])[1],
                "currency": self.currency_id,
            },
        )
