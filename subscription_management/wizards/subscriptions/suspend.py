from odoo import api, fields, models


class SubscriptionSuspendWizard(models.TransientModel):
    _name = "subscription.suspend.wizard"
    _description = "Suspend or Reactivate a Subscription"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    is_reactivating = fields.Boolean(readonly=True)
    policy = fields.Selection(
        related="subscription_id.plan_id.suspension_policy", related_sudo=False
    )
    reason = fields.Char()
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("subscription_id", "is_reactivating")
    def _compute_preview(self):
        for wizard in self:
            subscription = wizard.subscription_id
            wizard.preview = False
            if wizard.is_reactivating and subscription.state == "suspended":
                subscription.check_access("read")
                subscription = subscription.sudo()
                wizard.preview = subscription._render_forecast(
                    subscription._begin_change_plan,
                    subscription._pauses_once_reactivated(subscription._today()),
                )

    def action_confirm(self):
        self.ensure_one()
        if self.is_reactivating:
            self.subscription_id.reactivate(self.reason)
        else:
            self.subscription_id.suspend(self.reason)
