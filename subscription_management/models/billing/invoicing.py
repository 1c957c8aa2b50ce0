"""From what the core plans to the values of the host's invoices."""

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

UNSEEN = Decimal("0.00005")
"""The host rounds the sum of an invoice, not its lines: so little in each does not move
the sum by a cent, nor, away from zero, a tax that is just between two."""


def shown_unit_price(amount: Decimal, quantity: Decimal) -> Decimal:
    """Return the unit price with the fewest decimals that comes to an amount.

    >>> shown_unit_price(Decimal("256.67"), Decimal(12))
    Decimal('21.38917')
    """
    price = amount / quantity
    for decimals in range(2, 12):
        shown = price.quantize(Decimal(1).scaleb(-decimals), ROUND_UP)
        if abs(shown * quantity - amount) < UNSEEN:
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
    """What one subscription is billed, ready to be put on invoices."""

    subscription: models.Model
    plan: InvoicePlan
    header: dict
    rows: list[PlannedRow]


@dataclass
class PlannedInvoice:
    """One invoice to be written, for one or more subscriptions."""

    header: dict
    posts: bool
    sends: bool
    rows: list[PlannedRow] = field(default_factory=list)

    @property
    def sign(self):
        """-1 for a credit note, whose lines are shown the other way round."""
        return -1 if sum(row.item.amount for row in self.rows) < 0 else 1

    @property
    def move_type(self):
        return "out_refund" if self.sign < 0 else "out_invoice"

    def line_values(self):
        sign = self.sign
        return [
            {**row.values, "price_unit": sign * row.values["price_unit"]}
            for row in self.rows
        ]


class SubscriptionInvoicing(models.Model):
    _inherit = "subscription.subscription"

    def _prepare_billing(self, target, rows=None):
        """Return what billing on `target` puts on invoices, having checked it."""
        self.ensure_one()
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
        """Tell whether a credit comes off a later invoice instead of being paid out."""
        self.ensure_one()
        return (
            self.plan_id.credit_policy == "next_invoice"
            and plan.is_credit_only
            and plan.next_due is not None
        )

    def _group_into_invoices(self, billings):
        """Return `PlannedInvoice`s for `PlannedBilling`s.

        Subscriptions share an invoice when the customer wants it and their headers
        are the same; a plan may want one invoice for each missed period.
        """
        invoices = {}
        grouping = self._invoice_grouping_fields()
        for billing in billings:
            subscription, header = billing.subscription, billing.header
            offer = subscription.plan_id
            posts, sends = offer.invoice_policy == "post", offer.sends_invoices
            alone = not subscription.shares_invoices and subscription.id
            apart = offer.catch_up_policy == "apart"
            for row in billing.rows:
                due = row.item.due if apart else None
                agreed = tuple(header[name] for name in grouping)
                key = (alone, due, posts, sends, agreed)
                invoice = invoices.get(key)
                if invoice is None:
                    invoice = PlannedInvoice(dict(header), posts, sends)
                    invoices[key] = invoice
                elif subscription.name not in invoice.header["invoice_origin"]:
                    invoice.header["invoice_origin"] += f", {subscription.name}"
                invoice.rows.append(row)
        return list(invoices.values())

    def _invoice_grouping_fields(self):
        """Return the header fields that subscriptions on one invoice agree in."""
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
        # Without payment terms the host takes the day that it is for the server.
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
            "invoice_origin": self.name,
            "ref": self.client_reference or False,
        }

    def _billing_journal(self):
        """Return the journal of new invoices, or refuse with the remedy."""
        if self.plan_id.journal_id:
            return self.plan_id.journal_id
        # Looked up once for the subscriptions that are billed together.
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
        """Refuse, with the remedy, what would make a wrong invoice."""
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
                    "There is no exchange rate of %(currency)s on %(day)s; enter one "
                    "in the accounting settings.",
                    currency=currency.name,
                    day=format_date(self.env, target),
                )
            )


class SubscriptionLineInvoicing(models.Model):
    _inherit = "subscription.line"

    def _prepare_invoice_line_values(self, item, fiscal_position):
        """Return one invoice line; quantity × price is the item's amount exactly.

        Refuses, with the remedy, what cannot be sold or booked.
        """
        self.ensure_one()
        if not self.product_id.active:
            raise UserError(
                self.env._(
                    "The product %s is archived; unarchive it, or end its line.",
                    self.product_id.display_name,
                )
            )
        if item.reverses:
            taxes = self._credited_taxes(item)
        else:
            taxes = self._billing_taxes(fiscal_position)
        taxes._check_books_somewhere()
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

    def _credited_taxes(self, item):
        """Return the taxes of the invoice line that a credit takes back."""
        billed = self.env["subscription.billed.period"].browse(item.reverses)
        return billed.invoice_line_id.tax_ids

    def _billing_taxes(self, fiscal_position):
        """Return the taxes that the host would put on an invoice line."""
        product = self.product_id.with_company(self.company_id)
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        if not taxes:
            accounts = product.product_tmpl_id.get_product_accounts(fiscal_position)
            taxes = accounts["income"].tax_ids.filtered(
                lambda tax: tax.type_tax_use == "sale"
            )
        return fiscal_position.map_tax(taxes) if fiscal_position else taxes

    def _prepare_billed_period_values(self, item, invoice_line):
        """Return the row that remembers what an invoice line billed."""
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

        Units are shown where the price is per unit, any other price as one amount.
        """
        if self.pricing_model != "per_unit" or not item.quantity:
            return float(ONE), float(item.amount)
        price = exact(self.price) * self._units_per_quantity()
        if price * item.quantity != item.amount:
            if self.kind == "usage":
                # Units that cost nothing are among them.
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
