from odoo import fields, models


class SubscriptionRegroup(models.TransientModel):
    _name = "subscription.regroup"
    _description = "Transfer, Merge or Align a Subscription"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    commercial_partner_id = fields.Many2one(
        related="subscription_id.commercial_partner_id", related_sudo=False
    )
    kind = fields.Selection(
        [
            ("transfer", "Move to Another Customer"),
            ("merge", "Join to Another Subscription"),
            ("align", "Bill on the Days of Another Subscription"),
        ],
        string="What to Do",
        required=True,
        default="transfer",
    )
    partner_id = fields.Many2one("res.partner", "New Customer")
    other_id = fields.Many2one(
        "subscription.subscription",
        "Other Subscription",
        domain="[('commercial_partner_id', '=', commercial_partner_id), "
        "('id', '!=', subscription_id), "
        "('state', 'in', ('trial', 'active', 'past_due', 'paused'))]",
    )
    date_effective = fields.Date("From", required=True)
    reason = fields.Char()

    def action_confirm(self):
        self.ensure_one()
        subscription, day = self.subscription_id, self.date_effective
        if self.kind == "transfer":
            shown = subscription.transfer(self.partner_id, day, self.reason)
        elif self.kind == "merge":
            subscription.merge_into(self.other_id, day, self.reason)
            shown = self.other_id
        else:
            subscription.align_with(self.other_id, day, self.reason)
            shown = subscription
        return {
            "type": "ir.actions.act_window",
            "res_model": "subscription.subscription",
            "view_mode": "form",
            "res_id": shown.id,
        }
