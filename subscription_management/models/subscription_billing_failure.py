from odoo import fields, models


class SubscriptionBillingFailure(models.Model):
    _name = "subscription.billing.failure"
    _description = "Billing Error"
    _order = "id desc"
    _rec_name = "subscription_id"

    run_id = fields.Many2one(
        "subscription.billing.run", required=True, ondelete="cascade", index=True
    )
    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    user_id = fields.Many2one(related="subscription_id.user_id")
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    reason = fields.Text(required=True)
    is_retried = fields.Boolean("Retried")
