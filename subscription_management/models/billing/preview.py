from odoo import api, fields, models
from odoo.exceptions import UserError

from ...billing_core.errors import BillingError
from ..error_messages import translated


class SubscriptionPreview(models.Model):
    """The next invoice before it is made, by the code that makes it."""

    _inherit = "subscription.subscription"

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
        """Return the invoices of a day as a table for people."""
        self.ensure_one()
        invoices, problem = [], False
        if target:
            try:
                invoices = self._preview_invoices(target)
            except UserError as error:
                problem = str(error)
            except BillingError as error:
                problem = translated(self.env, error)
        return self.env["ir.qweb"]._render(
            "subscription_management.invoice_preview",
            {"invoices": invoices, "target": target, "problem": problem},
        )

    def _preview_invoices(self, target):
        """Return, for each invoice that billing on `target` makes, what it shows.

        Nothing is written: lines come from the same values and totals from the same
        tax engine as those of the invoice.
        """
        self.ensure_one()
        invoices = self._group_into_invoices([self._prepare_billing(target)])
        return [self._preview_invoice(invoice) for invoice in invoices]

    def _preview_invoice(self, invoice):
        values = invoice.line_values()
        taxes = self.env["account.tax"]
        base_lines = [self._prepare_base_line(each) for each in values]
        taxes._add_tax_details_in_base_lines(base_lines, self.company_id)
        taxes._round_base_lines_tax_details(base_lines, self.company_id)
        return {
            "is_credit_note": invoice.sign < 0,
            "lines": [
                {
                    **each,
                    "amount": base["tax_details"]["total_excluded_currency"]
                    + base["tax_details"]["delta_total_excluded_currency"],
                }
                for each, base in zip(values, base_lines, strict=True)
            ],
            "totals": taxes._get_tax_totals_summary(
                base_lines, self.currency_id, self.company_id
            ),
            "currency": self.currency_id,
        }

    def _prepare_base_line(self, values):
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            None,
            product_id=self.env["product.product"].browse(values["product_id"]),
            product_uom_id=self.env["uom.uom"].browse(values["product_uom_id"]),
            tax_ids=self.env["account.tax"].browse(values["tax_ids"][0][2]),
            price_unit=values["price_unit"],
            quantity=values["quantity"],
            currency_id=self.currency_id,
            partner_id=self.partner_invoice_id,
            rate=1.0,
        )
