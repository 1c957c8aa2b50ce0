from odoo import fields, models


class SubscriptionFulfilledPeriod(models.Model):
    """How much of what goes back to one line was set in motion for a billing period.

    What is set in motion, a delivery or a task, is an addon's own: it extends the
    methods of the line that say so.
    """

    _name = "subscription.fulfilled.period"
    _description = "Fulfilled Period"
    _order = "date_start desc, id desc"

    line_id = fields.Many2one(
        "subscription.line",
        required=True,
        ondelete="cascade",
        index=True,
        help="The first one of the lines that go on with each other.",
    )
    subscription_id = fields.Many2one(
        related="line_id.subscription_id", store=True, index=True
    )
    company_id = fields.Many2one(related="line_id.company_id", store=True)
    date_start = fields.Date("From", required=True)
    date_end = fields.Date("Next From", required=True)
    quantity = fields.Float(digits="Product Unit", required=True)
    is_waiting = fields.Boolean(
        readonly=True, help="It began, and something holds it back: it is not paid."
    )

    _period_once = models.Constraint(
        "UNIQUE (line_id, date_start)", "A period is fulfilled once."
    )
