from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    subscription_counts_limited_discounts = fields.Boolean(
        related="company_id.subscription_counts_limited_discounts", readonly=False
    )
    subscription_card_expiry_days = fields.Integer(
        related="company_id.subscription_card_expiry_days", readonly=False
    )
