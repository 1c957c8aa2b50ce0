from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.errors import BillingError
from ..error_messages import translated
from ..model_part import ModelPart
from .invoice_planner import InvoicePlanner


class SubscriptionInvoices(ModelPart):
    """The invoices of a subscription and its overdue amount."""

    _register = False

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

    @api.depends_context("uid")
    def _compute_overdue_amount(self):
        for subscription in self:
            subscription.overdue_amount = sum(
                invoice._residual_of(subscription)
                for invoice in subscription.invoice_ids.filtered_domain(
                    self._overdue_invoices_domain(subscription.company_id)
                )
            )

    def _search_overdue_amount(self, operator, value):
        if operator not in (">", "!=") or value:
            return NotImplemented
        overdue = Domain.OR(
            self._overdue_invoices_domain(company)
            for company in self.env["res.company"].sudo().search([])
        )
        with_overdue = Domain("billed_period_ids.move_id", "any", overdue)
        # On a shared invoice a subscription may owe nothing.
        sharing = self.sudo().search(
            with_overdue & Domain("shares_invoices", "=", True)
        )
        settled = sharing.filtered(lambda each: not each.overdue_amount)
        return with_overdue & Domain("id", "not in", settled.ids)

    @api.model
    def _overdue_invoices_domain(self, company):
        """Return the domain of a company's unpaid invoices past their due date."""
        return (
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "posted")
            & Domain("move_type", "=", "out_invoice")
            & Domain("invoice_date_due", "<", company._subscription_today())
            & Domain("amount_residual", ">", 0)
        )

    def action_create_invoice(self):
        """Open the preview of the due invoice, from which it can be created."""
        self.ensure_one()
        self.check_access("write")
        today = self._today()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create Invoice"),
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

    next_invoice_preview = fields.Html(
        compute="_compute_next_invoice_preview", sanitize=False
    )

    @api.depends("next_billing_date", "line_ids.price", "line_ids.quantity")
    def _compute_next_invoice_preview(self):
        for subscription in self:
            # Taxes and accounts are not for every salesperson to read.
            subscription.next_invoice_preview = subscription.sudo()._render_preview(
                subscription.next_billing_date
            )

    def _render_preview(self, target):
        """Return the invoices of a day as an HTML table, or why there are none."""
        self.ensure_one()
        invoices, problem = [], False
        if target:
            try:
                invoices = self._invoice_planner().due_on(target)
            except UserError as error:
                problem = str(error)
            except BillingError as error:
                problem = translated(self.env, error)
        return self.env["ir.qweb"]._render(
            "subscription_management.invoice_preview",
            {"invoices": invoices, "target": target, "problem": problem},
        )

    def _invoice_planner(self):
        """Return the planner of this subscription's upcoming invoices."""
        return InvoicePlanner(self)
