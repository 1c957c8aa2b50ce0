from odoo import fields, models


class SubscriptionBillingSlice(models.Model):
    """What one transaction of a run did.

    Each worker adds rows of its own; figures of a run are their sums, so workers
    never wait for each other to count.
    """

    _name = "subscription.billing.slice"
    _description = "Slice of a Billing Run"
    _order = "id"

    run_id = fields.Many2one(
        "subscription.billing.run", required=True, ondelete="cascade", index=True
    )
    subscription_count = fields.Integer("Subscriptions")
    invoice_count = fields.Integer("Invoices")
    seconds = fields.Float()
