from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionTransferWizard(models.TransientModel):
    _name = "subscription.transfer.wizard"
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
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("kind", "partner_id", "other_id", "date_effective")
    def _compute_preview(self):
        for regroup in self:
            regroup.preview = regroup._is_complete() and regroup._render_preview()

    def _is_complete(self):
        target = self.partner_id if self.kind == "transfer" else self.other_id
        return bool(self.subscription_id and self.date_effective and target)

    def _render_preview(self):
        """Return the invoices to come of each who is concerned, under their names."""
        (self.subscription_id | self.other_id).check_access("read")
        try:
            planned = self._plan()
        except UserError as error:
            planned, problem = [], str(error)
        else:
            problem = False
        return self.env["ir.qweb"]._render(
            "subscription_management.regroup_preview",
            {
                "problem": problem,
                "forecasts": [
                    (name, subscription._render_forecast(lambda plan=amendment: plan))
                    for name, subscription, amendment in planned
                ],
            },
        )

    def _plan(self):
        """Return (name, subscription, `Amendment`) of each who is concerned."""
        own, other = self.subscription_id.sudo(), self.other_id.sudo()
        day = self.date_effective
        if self.kind == "transfer":
            ended, begun = own._plan_transfer(day)
            return [
                (own.partner_id.display_name, own, ended),
                (self.partner_id.display_name, own, begun),
            ]
        if self.kind == "merge":
            ended, joined = own._plan_merge(other, day)
            return [
                (own.display_name, own, ended),
                (other.display_name, other, joined),
            ]
        return [(own.display_name, own, own._plan_align(other, day))]

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
