from odoo import api, fields
from odoo.exceptions import UserError

from ...billing_core.errors import BillingError
from ..error_messages import translated
from ..model_part import ModelPart
from .invoice_planner import InvoicePlanner


class SubscriptionPreview(ModelPart):
    """The next invoice as people see it before it is written."""

    _register = False

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
        """Return the invoices of a day as an HTML table, or the reason against them."""
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
