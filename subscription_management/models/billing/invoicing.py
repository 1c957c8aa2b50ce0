"""Turn the core's invoice plans into values of the host's invoices."""

from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ...billing_core.difference import PlannedItem
from ...billing_core.invoice_plan import InvoicePlan
from ...billing_core.money import ONE
from ..decimals import exact
from ..model_part import ModelPart

INVISIBLE_DIFFERENCE = Decimal("0.00005")
"""The host rounds the total of an invoice, not its lines. A difference as small as this
in each line changes neither the total nor, away from zero, a tax on a half cent."""


def shown_unit_price(amount: Decimal, quantity: Decimal) -> Decimal:
    """Return the unit price with the fewest decimals that yields `amount`.

    >>> shown_unit_price(Decimal("256.67"), Decimal(12))
    Decimal('21.38917')
    """
    price = amount / quantity
    for decimals in range(2, 12):
        shown = price.quantize(Decimal(1).scaleb(-decimals), ROUND_UP)
        if abs(shown * quantity - amount) < INVISIBLE_DIFFERENCE:
            return shown
    return round(price, 12)


@dataclass
class PlannedRow:
    """One invoice line to be written."""

    line: models.Model
    item: PlannedItem
    values: dict


@dataclass
class PlannedBilling:
    """The charges and credits of one subscription, ready to be put on invoices."""

    subscription: models.Model
    plan: InvoicePlan
    header: dict
    rows: list[PlannedRow]


@dataclass
class PlannedInvoice:
    """One invoice or credit note to be written, for one or more subscriptions."""

    header: dict
    posts: bool
    sends: bool
    rows: list[PlannedRow] = field(default_factory=list)

    @property
    def sign(self):
        """-1 for a credit note, whose lines have positive amounts."""
        return -1 if sum(row.item.amount for row in self.rows) < 0 else 1

    @property
    def origins(self):
        """The numbers of the subscriptions on it, each once, in billing order."""
        return list(dict.fromkeys(row.line.subscription_id.name for row in self.rows))

    @property
    def move_type(self):
        return "out_refund" if self.sign < 0 else "out_invoice"

    def line_values(self):
        sign = self.sign
        return [
            {**row.values, "price_unit": sign * row.values["price_unit"]}
            for row in self.rows
        ]


class SubscriptionInvoicing(ModelPart):
    _register = False

    def _prepare_billing(self, target, rows=None):
        """Return the checked invoice lines of billing on `target`."""
        self.ensure_one()
        self._check_can_be_invoiced()
        plan = self._plan_billing(target, rows)
        if self._waits_for_next_invoice(plan):
            plan = InvoicePlan((), plan.next_due, {})
        if not plan.items:
            return PlannedBilling(self, plan, {}, [])
        self._check_billable(target)
        header = self._prepare_invoice_values(target)
        position = self.env["account.fiscal.position"].browse(
            header["fiscal_position_id"]
        )
        lines = self.line_ids.grouped("id")
        prepared = []
        for item in plan.items:
            line = lines[item.line]
            values = line._prepare_invoice_line_values(item, position)
            prepared.append(PlannedRow(line, item, values))
        return PlannedBilling(self, plan, header, prepared)

    def _waits_for_next_invoice(self, plan):
        """Return whether a credit is deducted from the next invoice, not refunded."""
        self.ensure_one()
        return (
            self.plan_id.credit_policy == "next_invoice"
            and plan.is_credit_only
            and plan.next_due is not None
        )

    def _group_into_invoices(self, billings):
        """Return the `PlannedInvoice`s of `PlannedBilling`s.

        Subscriptions of a customer with combined invoices share one when their headers
        are equal. A plan may ask for one invoice per missed period.
        """
        invoices = {}
        grouping = self._invoice_grouping_fields()
        for billing in billings:
            subscription, header = billing.subscription, billing.header
            plan = subscription.plan_id
            posts, sends = plan.invoice_policy == "post", plan.sends_invoices
            sole_subscription = not subscription.shares_invoices and subscription.id
            one_per_period = plan.catch_up_policy == "apart"
            for row in billing.rows:
                due = row.item.due if one_per_period else None
                grouped = tuple(header[name] for name in grouping)
                key = (sole_subscription, due, posts, sends, grouped)
                invoice = invoices.get(key)
                if invoice is None:
                    invoice = PlannedInvoice(dict(header), posts, sends)
                    invoices[key] = invoice
                invoice.rows.append(row)
        for invoice in invoices.values():
            invoice.header["invoice_origin"] = ", ".join(invoice.origins)
        return list(invoices.values())

    def _invoice_grouping_fields(self):
        """Return the header fields that are equal for subscriptions on one invoice."""
        return [
            "company_id",
            "partner_id",
            "partner_shipping_id",
            "currency_id",
            "invoice_payment_term_id",
            "fiscal_position_id",
            "journal_id",
            "ref",
        ]

    def _prepare_invoice_values(self, invoice_date):
        """Return the header of an invoice of this subscription."""
        self.ensure_one()
        subscription = self.with_company(self.company_id)
        # Without payment terms the host would use the server's current date.
        due = {} if self.payment_term_id else {"invoice_date_due": invoice_date}
        return {
            **due,
            "move_type": "out_invoice",
            "company_id": self.company_id.id,
            "journal_id": subscription._billing_journal().id,
            "partner_id": self.partner_invoice_id.id,
            "partner_shipping_id": self.partner_shipping_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": invoice_date,
            "invoice_payment_term_id": self.payment_term_id.id,
            "fiscal_position_id": subscription._billing_fiscal_position().id,
            "invoice_user_id": self.user_id.id,
            "ref": self.client_reference or False,
        }

    def _billing_journal(self):
        """Return the sales journal of new invoices; refuse when there is none."""
        if self.plan_id.journal_id:
            return self.plan_id.journal_id
        # Looked up once per slice.
        known = self.env.context.get("managed_sales_journals", {})
        journal = known.get(self.company_id)
        if journal is None:
            journals = self.env["account.journal"]
            companies = journals._check_company_domain(self.company_id)
            journal = journals.search([*companies, ("type", "=", "sale")], limit=1)
            known[self.company_id] = journal
        if not journal:
            raise UserError(
                self.env._(
                    "%s has no sales journal; create one in the accounting settings.",
                    self.company_id.display_name,
                )
            )
        return journal

    def _billing_fiscal_position(self):
        return self.fiscal_position_id or self.env[
            "account.fiscal.position"
        ]._get_fiscal_position(self.partner_invoice_id, self.partner_shipping_id)

    def _check_billable(self, target):
        """Refuse an archived currency or a missing exchange rate."""
        self.ensure_one()
        currency, company = self.currency_id, self.company_id
        if not currency.active:
            raise UserError(
                self.env._(
                    "The currency %s is archived; activate it in the accounting "
                    "settings.",
                    currency.name,
                )
            )
        if currency != company.currency_id and not currency._has_rate(company, target):
            raise UserError(
                self.env._(
                    "There is no exchange rate for %(currency)s on %(day)s; enter one "
                    "in the accounting settings.",
                    currency=currency.name,
                    day=format_date(self.env, target),
                )
            )

    def _item_taxes(self, item, product, fiscal_position):
        """Return the taxes of an item: for a credit those of the credited invoice."""
        if item.reverses:
            billed = self.env["subscription.billed.period"].browse(item.reverses)
            return billed.invoice_line_id.tax_ids
        return self._product_taxes(product, fiscal_position)

    def _product_taxes(self, product, fiscal_position):
        """Return the taxes that the host would put on an invoice line of a product."""
        product = product.with_company(self.company_id)
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        if not taxes:
            accounts = product.product_tmpl_id.get_product_accounts(fiscal_position)
            taxes = accounts["income"].tax_ids.filtered(
                lambda tax: tax.type_tax_use == "sale"
            )
        return fiscal_position.map_tax(taxes) if fiscal_position else taxes


class SubscriptionLineInvoicing(ModelPart):
    _register = False

    def _prepare_invoice_line_values(self, item, fiscal_position):
        """Return the values of one invoice line.

        Quantity × unit price is exactly the item's amount. Refuses an archived product
        and a tax without an account.
        """
        self.ensure_one()
        if not self.product_id.active:
            raise UserError(
                self.env._(
                    "The product %s is archived; unarchive it, or end its line.",
                    self.product_id.display_name,
                )
            )
        taxes = self.subscription_id._item_taxes(item, self.product_id, fiscal_position)
        taxes._check_has_accounts()
        quantity, price = self._invoice_quantity_and_price(item)
        values = {
            "display_type": "product",
            "product_id": self.product_id.id,
            "name": self._invoice_line_name(item),
            "quantity": quantity,
            "product_uom_id": self.product_uom_id.id,
            "price_unit": price,
            "tax_ids": [Command.set(taxes.ids)],
            "managed_subscription_line_id": self.id,
            "managed_period_start": item.period.start,
            "managed_period_end": item.period.end,
        }
        if self.analytic_distribution:
            values["analytic_distribution"] = self.analytic_distribution
        return values

    def _prepare_billed_period_values(self, item, invoice_line):
        """Return the billed period of an invoice line."""
        return {
            "line_id": self.id,
            "subscription_id": self.subscription_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "kind": item.kind.value,
            "date_start": item.period.start,
            "date_end": item.period.end,
            "revision": item.revision,
            "quantity": float(item.quantity),
            "amount": float(item.amount),
            "reverses_id": item.reverses,
            "invoice_line_id": invoice_line.id,
            "move_id": invoice_line.move_id.id,
        }

    def _invoice_quantity_and_price(self, item):
        """Return (quantity, unit price) whose rounded product is the item's amount.

        Units are shown for a price per unit; every other price is one amount.
        """
        if self.pricing_model != "per_unit" or not item.quantity:
            return float(ONE), float(item.amount)
        price = exact(self.price) * self._units_per_quantity()
        if price * item.quantity != item.amount:
            if self.kind == "usage":
                # Included units have no price of their own.
                return float(ONE), float(item.amount)
            price = shown_unit_price(item.amount, item.quantity)
        return float(item.quantity), float(price)

    def _invoice_line_name(self, item):
        """Return the text of an invoice line, in the customer's language."""
        lang = self.subscription_id.partner_invoice_id.lang or self.env.lang
        line = self.with_context(lang=lang)
        text = line.name or line.product_id.get_product_multiline_description_sale()
        if item.kind == "one_off":
            return text
        days = line.env._(
            "%(first)s to %(last)s",
            first=format_date(line.env, item.period.start, lang_code=lang),
            last=format_date(line.env, item.period.last_day, lang_code=lang),
        )
        if item.amount < 0:
            days = line.env._("Credit for %s", days)
        return f"{text}\n{days}"
