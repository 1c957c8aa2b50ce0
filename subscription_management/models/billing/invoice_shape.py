"""Invoices that are equal in everything from which the host derives its rows."""

from dataclasses import dataclass

from odoo.fields import Command

OWN_MOVE_FIELDS = (
    "partner_id",
    "partner_shipping_id",
    "managed_billing_run_id",
    "invoice_user_id",
    "invoice_origin",
    "ref",
)
"""Header values that differ from invoice to invoice and decide no amount."""

CLONED_MOVE_FIELDS = (
    "move_type",
    "company_id",
    "journal_id",
    "currency_id",
    "invoice_currency_rate",
    "date",
    "invoice_date",
    "invoice_date_due",
    "invoice_payment_term_id",
    "fiscal_position_id",
    "partner_bank_id",
    "invoice_incoterm_id",
    "invoice_cash_rounding_id",
    "narration",
    "auto_post",
)
OWN_LINE_FIELDS = (
    "name",
    "managed_subscription_line_id",
    "managed_period_start",
    "managed_period_end",
)
CLONED_LINE_FIELDS = (
    "display_type",
    "sequence",
    "account_id",
    "currency_id",
    "product_id",
    "product_uom_id",
    "name",
    "quantity",
    "price_unit",
    "discount",
    "tax_ids",
    "tax_tag_ids",
    "tax_repartition_line_id",
    "group_tax_id",
    "tax_base_amount",
    "balance",
    "amount_currency",
    "date_maturity",
    "analytic_distribution",
    "extra_tax_data",
)
DERIVED_TYPES = ("tax", "payment_term")


@dataclass
class InvoiceShape:
    """The rows of an invoice created by the host, from which others are cloned."""

    header: dict
    products: list
    """Values of the product lines, in order."""
    derived: list
    """Values of the tax and payment term lines."""

    @classmethod
    def key(cls, env, values):
        """Return the hashable key that invoices of one shape share."""
        partner = env["res.partner"].browse(values["partner_id"])
        partner = partner.with_company(values["company_id"])
        return (
            *(values[name] for name in sorted(values) if name in CLONED_MOVE_FIELDS),
            partner.lang,
            partner.property_account_receivable_id.id,
            partner.property_inbound_payment_method_line_id.id,
            *(
                tuple(
                    _hashable(line[name])
                    for name in sorted(line)
                    if name not in OWN_LINE_FIELDS
                )
                for _command, _id, line in values["invoice_line_ids"]
            ),
        )

    @classmethod
    def of(cls, move):
        """Return the shape of a move, None where the host must create each one."""
        if not cls.is_known(move):
            return None
        rows = move.line_ids.grouped("display_type")
        products = rows["product"]
        derived = move.line_ids - products
        return cls(
            _values(move, CLONED_MOVE_FIELDS),
            [_values(row, CLONED_LINE_FIELDS) for row in products.sorted("sequence")],
            [_values(row, CLONED_LINE_FIELDS) for row in derived],
        )

    @staticmethod
    def is_known(move):
        """Return whether the rows of such a move depend on its shape only."""
        types = move.line_ids.mapped("display_type")
        terms = move.line_ids.filtered(lambda row: row.display_type == "payment_term")
        return (
            len(terms) == 1
            and set(types) <= {"product", *DERIVED_TYPES}
            and not move.invoice_cash_rounding_id
            and not terms.discount_date
            and not any(tax.amount_type == "code" for tax in move.line_ids.tax_ids)
        )

    def clone(self, env, values):
        """Return the complete values of another move of this shape."""
        partner = env["res.partner"].browse(values["partner_id"])
        payer = {"partner_id": partner.commercial_partner_id.id}
        lines = [
            {**shape, **line, **payer}
            for shape, (_command, _id, line) in zip(
                self.products, values["invoice_line_ids"], strict=True
            )
        ]
        lines += [{**shape, **payer} for shape in self.derived]
        return {
            **self.header,
            **{name: values[name] for name in OWN_MOVE_FIELDS if name in values},
            "line_ids": [Command.create(line) for line in lines],
        }


def _values(record, names):
    """Return the values of a record's stored fields as `create` takes them."""
    return {
        name: record._fields[name].convert_to_write(record[name], record)
        for name in names
        if name in record._fields
    }


def _hashable(value):
    return repr(value) if isinstance(value, dict | list) else value
