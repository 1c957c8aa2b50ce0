from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class SubscriptionCreateInvoiceWizard(models.TransientModel):
    _name = "subscription.create.invoice.wizard"
    _description = "Create Invoice"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    target_date = fields.Date("Billing Date", required=True)
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("target_date", "subscription_id")
    def _compute_preview(self):
        for wizard in self:
            wizard.subscription_id.check_access("read")
            wizard.preview = wizard.subscription_id.sudo()._render_preview(
                wizard.target_date
            )

    def action_bill(self):
        """Create the invoice of the preview and open it."""
        self.ensure_one()
        subscription = self.subscription_id
        subscription.check_access("write")
        if self.target_date > subscription._today():
            raise UserError(
                self.env._(
                    "%s is in the future. An invoice can be created on its due date or "
                    "later; use a dry run to see future invoices.",
                    format_date(self.env, self.target_date),
                )
            )
        run = self.env["subscription.billing.run"].sudo()
        moves = run._bill_now(subscription.sudo(), self.target_date)
        if not moves:
            raise UserError(
                self.env._(
                    "Nothing is due for %(subscription)s on %(day)s.",
                    subscription=subscription.name,
                    day=format_date(self.env, self.target_date),
                )
            )
        return subscription.action_view_invoices()
