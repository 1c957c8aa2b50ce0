from odoo import fields, models


class SubscriptionHealthScore(models.Model):
    """The score of a subscription from a day on, until the next one."""

    _name = "subscription.health.score"
    _description = "Health Score"
    _order = "date desc, id desc"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    date = fields.Date(required=True)
    score = fields.Integer(required=True, aggregator="avg")

    _day_once = models.Constraint(
        "UNIQUE (subscription_id, date)", "A day has one score."
    )
