"""Compare the last periods of a subscription on other plans, and quote one."""

from odoo import api, fields, models
from odoo.fields import Command


class SubscriptionComparePlansWizard(models.TransientModel):
    _name = "subscription.compare.plans.wizard"
    _description = "Compare Plans"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    currency_id = fields.Many2one(
        related="subscription_id.currency_id", related_sudo=False
    )
    periods = fields.Integer(
        "Last Periods",
        required=True,
        default=3,
        help="Past periods of the subscription; other plans are compared over the same "
        "days.",
    )
    first_day = fields.Date("From", readonly=True)
    last_day = fields.Date("Until", readonly=True)
    is_over = fields.Boolean(readonly=True)
    line_ids = fields.One2many(
        "subscription.compare.plans.wizard.line", "wizard_id", "Plans", readonly=True
    )
    chart = fields.Html(compute="_compute_chart", sanitize=False)

    @api.depends("line_ids.amount")
    def _compute_chart(self):
        for wizard in self:
            rows = [
                {
                    "plan": line.plan_id.display_name,
                    "amount": line.amount,
                    "is_present": line.is_present,
                }
                for line in wizard.line_ids
                if line.is_known
            ]
            wizard.chart = wizard.subscription_id._render_plan_chart(rows)

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard._compare()
        return wizards

    def write(self, vals):
        result = super().write(vals)
        if "periods" in vals:
            for wizard in self:
                wizard._compare()
        return result

    def _compare(self):
        """Update the rows; a plan keeps its row, so that its button keeps working."""
        self.ensure_one()
        self.subscription_id.check_access("read")
        comparison = self.subscription_id.sudo()._compare_plans(self.periods)
        known = {line.plan_id.id: line.id for line in self.line_ids}
        commands = []
        for number, row in enumerate(comparison["rows"]):
            values = self._prepare_line_values(number, row)
            line = known.pop(row["plan_id"], None)
            commands.append(
                Command.update(line, values) if line else Command.create(values)
            )
        commands += [Command.delete(line) for line in known.values()]
        self.write(
            {
                "first_day": comparison["first_day"],
                "last_day": comparison["last_day"],
                "is_over": comparison["is_over"],
                "line_ids": commands,
            }
        )

    def _prepare_line_values(self, number, row):
        missing = ", ".join(row["missing"])
        return {
            "sequence": number,
            "plan_id": row["plan_id"],
            "is_present": row["is_present"],
            "is_known": row["amount"] is not None,
            "can_be_chosen": row["can_be_chosen"],
            "amount": row["amount"],
            "difference": row["difference"],
            "percent": (row["percent"] or 0) / 100,
            "monthly": row["monthly"],
            "note": row["problem"]
            or (missing and self.env._("Not available: %s", missing))
            or (row["is_present"] and self.env._("Present plan")),
        }

    def action_compare(self):
        """Show the comparison again; the click has saved the entered periods."""
        return self.subscription_id._show_comparison(self)


class SubscriptionComparePlansWizardLine(models.TransientModel):
    _name = "subscription.compare.plans.wizard.line"
    _description = "Compared Plan"
    _order = "sequence, id"

    wizard_id = fields.Many2one(
        "subscription.compare.plans.wizard",
        required=True,
        ondelete="cascade",
        index=True,
    )
    sequence = fields.Integer()
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    plan_id = fields.Many2one("subscription.plan", required=True, ondelete="cascade")
    interval_label = fields.Char(related="plan_id.interval_label")
    is_present = fields.Boolean()
    is_known = fields.Boolean()
    can_be_chosen = fields.Boolean()
    amount = fields.Monetary()
    difference = fields.Monetary()
    percent = fields.Float("Difference (%)")
    monthly = fields.Monetary("Per Month")
    note = fields.Char()

    def action_quote(self):
        """Create a quotation of the change to the plan."""
        self.ensure_one()
        order = self.wizard_id.subscription_id._quote_plan(self.plan_id)
        return order._get_records_action()
