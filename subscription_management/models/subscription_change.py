from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionChange(models.Model):
    _name = "subscription.change"
    _description = "Subscription Change"
    _order = "date_effective desc, id desc"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    kind = fields.Selection(
        [
            ("new", "Created"),
            ("activated", "Activated"),
            ("line_added", "Line Added"),
            ("line_ended", "Line Ended"),
            ("cancelled", "Cancelled"),
            ("cancellation_undone", "Cancellation Undone"),
            ("expired", "Expired"),
        ],
        required=True,
    )
    line_id = fields.Many2one("subscription.line", ondelete="set null", index=True)
    date_effective = fields.Date("Effective", required=True)
    reason = fields.Char()
    monthly_difference = fields.Monetary(
        "Monthly Effect", help="By how much the monthly revenue changes."
    )
    user_id = fields.Many2one(
        "res.users", "By", required=True, default=lambda self: self.env.user
    )

    @api.depends("kind", "date_effective")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for change in self:
            change.display_name = f"{kinds.get(change.kind)} {change.date_effective}"

    def write(self, vals):
        if self:
            raise UserError(
                self.env._(
                    "The history of a subscription is only added to, never edited."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        if any(change.subscription_id.state != "draft" for change in self):
            raise UserError(
                self.env._("The history of a subscription cannot be deleted.")
            )
