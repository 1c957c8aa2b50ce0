from odoo import api, fields, models
from odoo.fields import Command


class SubscriptionComparePlansWizard(models.TransientModel):
    """What the last periods would have cost on other plans; one click quotes a plan."""

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
        help="Periods of the subscription that are over; other plans are compared over "
        "the same time.",
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
        for compare in self:
            rows = [
                {
                    "plan": line.plan_id.display_name,
                    "amount": line.amount,
                    "is_present": line.is_present,
                }
                for line in compare.line_ids
                if line.is_known
            ]
            compare.chart = compare.subscription_id._render_plan_chart(rows)

    @api.model_create_multi
    def create(self, vals_list):
        compares = super().create(vals_list)
        for compare in compares:
            compare._compare()
        return compares

    def write(self, vals):
        result = super().write(vals)
        if "periods" in vals:
            for compare in self:
                compare._compare()
        return result

    def _compare(self):
        """Take over what is compared; a plan keeps its row, which may be clicked."""
        self.ensure_one()
        self.subscription_id.check_access("read")
        answer = self.subscription_id.sudo()._compare_plans(self.periods)
        known = {line.plan_id.id: line.id for line in self.line_ids}
        commands = []
        for number, row in enumerate(answer["rows"]):
            values = self._prepare_line_values(number, row)
            line = known.pop(row["plan_id"], None)
            commands.append(
                Command.update(line, values) if line else Command.create(values)
            )
        commands += [Command.delete(line) for line in known.values()]
        self.write(
            {
                "first_day": answer["first_day"],
                "last_day": answer["last_day"],
                "is_over": answer["is_over"],
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
            or (missing and self.env._("Not there: %s", missing))
            or (row["is_present"] and self.env._("The present plan")),
        }

    def action_compare(self):
        """Show the periods that were typed, which were saved with the click."""
        return self.subscription_id._show_comparison(self)


class SubscriptionComparePlansWizardLine(models.TransientModel):
    _name = "subscription.compare.plans.wizard.line"
    _description = "Plan to Compare"
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
    amount = fields.Monetary("Would Have Cost")
    difference = fields.Monetary()
    percent = fields.Float("Difference (%)")
    monthly = fields.Monetary("Per Month")
    note = fields.Char("Remark")

    def action_quote(self):
        """Make the quotation of the move to the plan."""
        self.ensure_one()
        order = self.wizard_id.subscription_id._quote_plan(self.plan_id)
        return order._get_records_action()
