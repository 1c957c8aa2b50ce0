from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionTransferWizard(models.TransientModel):
    """A transfer, merge or alignment, with the upcoming invoices of all involved."""

    _name = "subscription.transfer.wizard"
    _description = "Transfer, Merge or Align Subscription"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    commercial_partner_id = fields.Many2one(
        related="subscription_id.commercial_partner_id", related_sudo=False
    )
    kind = fields.Selection(
        [
            ("transfer", "Transfer to Another Customer"),
            ("merge", "Merge into Another Subscription"),
            ("align", "Align Billing With Another Subscription"),
        ],
        string="Action",
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
    date_effective = fields.Date("Effective Date", required=True)
    reason = fields.Char()
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("kind", "partner_id", "other_id", "date_effective")
    def _compute_preview(self):
        for wizard in self:
            wizard.preview = wizard._is_complete() and wizard._render_preview()

    def _is_complete(self):
        target = self.partner_id if self.kind == "transfer" else self.other_id
        return bool(self.subscription_id and self.date_effective and target)

    def _render_preview(self):
        """Return the upcoming invoices of each customer or subscription by name."""
        (self.subscription_id | self.other_id).check_access("read")
        try:
            planned = self._plan()
        except UserError as error:
            planned, problem = [], str(error)
        else:
            problem = False
        return self.env["ir.qweb"]._render(
            "subscription_management.transfer_preview",
            {
                "problem": problem,
                "forecasts": [
                    (name, subscription._render_forecast(lambda plan=change_plan: plan))
                    for name, subscription, change_plan in planned
                ],
            },
        )

    def _plan(self):
        """Return (name, subscription, `ChangePlan`) of all involved."""
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
        """Transfer, merge or align, and open the subscription that continues."""
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
