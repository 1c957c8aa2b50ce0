"""The upcoming invoices of a subscription, with taxes, before any is written."""

from dataclasses import dataclass
from datetime import date

from odoo import models

from ...billing_core.period import Period


@dataclass(frozen=True)
class UpcomingLine:
    """One line as it will stand on the document, credit notes with positive amounts."""

    product: models.Model
    name: str
    period: Period
    quantity: float
    unit_price: float
    amount: float
    """Without taxes."""


@dataclass(frozen=True)
class UpcomingInvoice:
    """An invoice or credit note that billing will write on a day."""

    day: date
    currency: models.Model
    is_credit_note: bool
    lines: tuple[UpcomingLine, ...]
    tax_totals: dict
    """The host's summary of the document: base, tax groups and total."""

    @property
    def untaxed(self):
        """The amount without taxes, negative for a credit note."""
        return self._signed("base_amount_currency")

    @property
    def total(self):
        """The amount with taxes, negative for a credit note."""
        return self._signed("total_amount_currency")

    def _signed(self, name):
        return (-1 if self.is_credit_note else 1) * self.tax_totals[name]


class InvoicePlanner:
    """Answers which invoices a subscription gets, by the code that bills it.

    Previews, quotations, reminders and the portal ask here, so that there is one
    answer. Nothing is written: lines come from the values of the invoice lines, totals
    from the host's tax engine.
    """

    def __init__(self, subscription):
        subscription.ensure_one()
        self.subscription = subscription
        self.env = subscription.env

    def due_on(self, day):
        """Return the documents that billing would write on a day.

        Raises `BillingError` or `UserError` where billing would refuse.
        """
        subscription = self.subscription
        planned = subscription._group_into_invoices(
            [subscription._prepare_billing(day)]
        )
        return [
            self._document(
                day,
                invoice.sign < 0,
                [
                    (row.item, values)
                    for row, values in zip(
                        invoice.rows, invoice.line_values(), strict=True
                    )
                ],
            )
            for invoice in planned
        ]

    def next_invoices(self):
        """Return the documents of the next billing date, none where nothing is due."""
        day = self.subscription.next_billing_date
        return self.due_on(day) if day else []

    def after(self, change_plan, until=None, pauses=None, since=None):
        """Return the upcoming documents once a planned change is applied.

        They are those from `since` (today) until `until` (the end of the term, or a
        year); `pauses` replace the subscription's own.
        """
        forecast = self.subscription._forecast_change(change_plan, until, pauses, since)
        return [
            self._document(
                invoice.day,
                invoice.amount < 0,
                [
                    (
                        item,
                        self._planned_values(
                            item,
                            change_plan.values[item.line],
                            -1 if invoice.amount < 0 else 1,
                        ),
                    )
                    for item in invoice.items
                ],
            )
            for invoice in forecast
        ]

    def _planned_values(self, item, line_values, sign):
        """Return the invoice line of an item whose subscription line may be unsaved."""
        product = self.env["product.product"].browse(line_values["product_id"])
        subscription = self.subscription.with_company(self.subscription.company_id)
        taxes = subscription._item_taxes(
            item, product, subscription._billing_fiscal_position()
        )
        return {
            "product_id": product.id,
            "product_uom_id": product.uom_id.id,
            "name": product.display_name,
            "quantity": 1.0,
            "price_unit": sign * float(item.amount),
            "taxes": taxes,
        }

    def _document(self, day, is_credit_note, planned):
        """Return the `UpcomingInvoice` of (item, invoice line values) pairs."""
        subscription, taxes = self.subscription, self.env["account.tax"]
        base_lines = [self._base_line(values) for _item, values in planned]
        taxes._add_tax_details_in_base_lines(base_lines, subscription.company_id)
        taxes._round_base_lines_tax_details(base_lines, subscription.company_id)
        return UpcomingInvoice(
            day=day,
            currency=subscription.currency_id,
            is_credit_note=is_credit_note,
            lines=tuple(
                UpcomingLine(
                    product=base["product_id"],
                    name=values["name"],
                    period=item.period,
                    quantity=values["quantity"],
                    unit_price=values["price_unit"],
                    amount=base["tax_details"]["total_excluded_currency"]
                    + base["tax_details"]["delta_total_excluded_currency"],
                )
                for (item, values), base in zip(planned, base_lines, strict=True)
            ),
            tax_totals=taxes._get_tax_totals_summary(
                base_lines, subscription.currency_id, subscription.company_id
            ),
        )

    def _base_line(self, values):
        """Return what the host's tax engine takes for an invoice line."""
        taxes = values.get("taxes")
        if taxes is None:
            [(_set, _zero, ids)] = values["tax_ids"]
            taxes = self.env["account.tax"].browse(ids)
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            None,
            product_id=self.env["product.product"].browse(values["product_id"]),
            product_uom_id=self.env["uom.uom"].browse(values["product_uom_id"]),
            tax_ids=taxes,
            price_unit=values["price_unit"],
            quantity=values["quantity"],
            currency_id=self.subscription.currency_id,
            partner_id=self.subscription.partner_invoice_id,
            rate=1.0,
        )
