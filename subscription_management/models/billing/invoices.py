from odoo import api, fields, models
from odoo.fields import Domain


class SubscriptionInvoices(models.Model):
    """The invoices of a subscription, and the way to the next one."""

    _inherit = "subscription.subscription"

    invoice_ids = fields.Many2many(
        "account.move",
        string="Invoices",
        compute="_compute_invoices",
        compute_sudo=True,
    )
    invoice_count = fields.Integer(compute="_compute_invoices", compute_sudo=True)
    overdue_amount = fields.Monetary(
        compute="_compute_overdue_amount",
        search="_search_overdue_amount",
        compute_sudo=True,
    )

    @api.depends("billed_period_ids.move_id")
    def _compute_invoices(self):
        moves_by_subscription = dict(
            self.env["subscription.billed.period"]
            .with_context(active_test=False)
            ._read_group(
                [("subscription_id", "in", self.ids)],
                ["subscription_id"],
                ["move_id:recordset"],
            )
        )
        for subscription in self:
            moves = moves_by_subscription.get(subscription, self.env["account.move"])
            subscription.invoice_ids = moves
            subscription.invoice_count = len(moves)

    def _compute_overdue_amount(self):
        today = fields.Date.context_today(self)
        for subscription in self:
            overdue = subscription.invoice_ids.filtered(
                lambda move: (
                    move.state == "posted"
                    and move.invoice_date_due
                    and move.invoice_date_due < today
                )
            )
            subscription.overdue_amount = sum(overdue.mapped("amount_residual"))

    def _search_overdue_amount(self, operator, value):
        if operator not in (">", "!=") or value:
            return NotImplemented
        overdue = Domain("state", "=", "posted") & Domain(
            "invoice_date_due", "<", fields.Date.context_today(self)
        )
        overdue &= Domain("amount_residual", ">", 0)
        return Domain("billed_period_ids.move_id", "any", overdue)

    def action_create_invoice(self):
        """Show what is due, to be billed with one more click."""
        self.ensure_one()
        today = self._today()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Bill Now"),
            "res_model": "subscription.create.invoice.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_subscription_id": self.id,
                "default_target_date": today,
            },
        }

    def action_view_invoices(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("id", "in", self.invoice_ids.ids)]
        action["context"] = {"default_move_type": "out_invoice", "create": False}
        if len(self.invoice_ids) == 1:
            action["views"] = [(False, "form")]
            action["res_id"] = self.invoice_ids.id
        return action
