"""From what the core plans to the values of the host's invoices."""

from dataclasses import dataclass, field

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ..billing_core.money import ONE
from .decimals import exact


@dataclass
class PlannedInvoice:
    """One invoice to be written: its header, and (subscription line, item) rows."""

    header: dict
    posts: bool
    sends: bool
    rows: list = field(default_factory=list)

    @property
    def amount(self):
        return sum(item.amount for _line, item in self.rows)


class SubscriptionInvoicing(models.Model):
    _inherit = "subscription.subscription"

    def _group_into_invoices(self, plans, invoice_date):
        """Return `PlannedInvoice`s for the items of {subscription: plan}.

        Subscriptions share an invoice when the customer wants it and their headers
        are the same; a plan may want one invoice for each missed period.
        """
        invoices = {}
        for subscription, plan in plans.items():
            header = subscription._prepare_invoice_values(invoice_date)
            offer = subscription.plan_id
            alone = not subscription.shares_invoices and subscription.id
            for item in plan.items:
                due = item.due if offer.catch_up_policy == "apart" else None
                key = (
                    alone,
                    due,
                    offer.invoice_policy,
                    offer.sends_invoices,
                    *(header[name] for name in self._invoice_grouping_fields()),
                )
                invoice = invoices.get(key)
                if invoice is None:
                    invoice = invoices[key] = PlannedInvoice(
                        dict(header), offer.invoice_policy == "post", bool(key[3])
                    )
                elif subscription.name not in invoice.header["invoice_origin"]:
                    invoice.header["invoice_origin"] += f", {subscription.name}"
                line = self.env["subscription.line"].browse(item.line)
                invoice.rows.append((line, item))
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
        return {
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
        journals = self.env["account.journal"]
        journal = journals.search(
            [*journals._check_company_domain(self.company_id), ("type", "=", "sale")],
            limit=1,
        )
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

    def _check_products_billable(self, items):
        """Refuse what cannot be sold or booked, with the remedy."""
        lines = self.env["subscription.line"].browse(item.line for item in items)
        for line in lines:
            product = line.product_id
            line._billing_taxes()._check_books_somewhere()
            if not product.active:
                raise UserError(
                    self.env._(
                        "The product %s is archived; unarchive it, or end its line.",
                        product.display_name,
                    )
                )


class SubscriptionLineInvoicing(models.Model):
    _inherit = "subscription.line"

    def _prepare_invoice_line_values(self, item, sign=1):
        """Return one invoice line; quantity × price is the item's amount exactly."""
        self.ensure_one()
        quantity, price = self._invoice_quantity_and_price(item)
        values = {
            "display_type": "product",
            "product_id": self.product_id.id,
            "name": self._invoice_line_name(item),
            "quantity": quantity,
            "product_uom_id": self.product_uom_id.id,
            "price_unit": sign * price,
            "tax_ids": [Command.set(self._billing_taxes().ids)],
            "managed_subscription_line_id": self.id,
            "managed_period_start": item.period.start,
            "managed_period_end": item.period.end,
        }
        if self.analytic_distribution:
            values["analytic_distribution"] = self.analytic_distribution
        return values

    def _billing_taxes(self):
        """Return the taxes that the host would put on an invoice line."""
        subscription = self.subscription_id.with_company(self.company_id)
        product = self.product_id.with_company(self.company_id)
        position = subscription._billing_fiscal_position()
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        if not taxes:
            accounts = product.product_tmpl_id.get_product_accounts(position)
            taxes = accounts["income"].tax_ids.filtered(
                lambda tax: tax.type_tax_use == "sale"
            )
        return position.map_tax(taxes)

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
            "amount": float(item.amount),
            "invoice_line_id": invoice_line.id,
            "move_id": invoice_line.move_id.id,
        }

    def _invoice_quantity_and_price(self, item):
        """Return (quantity, unit price) whose rounded product is the item's amount.

        Units are shown where the price is per unit; a price that does not come out
        to the cent that way is shown as one amount.
        """
        currency = self.currency_id._snapshot_currency()
        if self.pricing_model == "per_unit" and item.quantity:
            if not item.is_prorated and item.amount > 0:
                price = exact(self.price)
            else:
                price = item.amount / item.quantity
            shown = float(round(price, 12))
            if currency.round(exact(shown) * item.quantity) == item.amount:
                return float(item.quantity), shown
        return float(ONE), float(item.amount)

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
