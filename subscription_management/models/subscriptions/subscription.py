from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import formatLang

from ...billing_core.lifecycle import COMMITTED, State
from ..billing.invoices import SubscriptionInvoices
from ..billing.invoicing import SubscriptionInvoicing
from ..billing.planning import SubscriptionBilling
from ..cancellation.retention_offer import SubscriptionRetentionOffer
from ..changes.actions import SubscriptionChangeActions
from ..changes.apply_change import SubscriptionApplyChange
from ..changes.forecast import SubscriptionForecast
from ..changes.transfer_merge_align import SubscriptionTransfer
from ..decimals import exact
from ..discounts.grant import SubscriptionDiscountGrant
from ..dunning.related_records import SubscriptionDunningCases
from ..dunning.reminders import SubscriptionPaymentReminders
from ..fulfilment.fulfilment import SubscriptionFulfilment
from ..health.score import SubscriptionHealth
from ..payments.payment_method_order import SubscriptionPaymentMethods
from ..plans.plan_comparison import SubscriptionPlanComparison
from ..prices.price_changes import SubscriptionPriceChanges
from ..quotations.subscription import SubscriptionQuotations
from ..renewals.renewal import SubscriptionRenewal
from ..revenue.movement import SubscriptionRevenue
from .billing_day import SubscriptionBillingDay
from .draft import SubscriptionDraft
from .failure import SubscriptionFailure
from .history import SubscriptionHistory
from .lifecycle import SubscriptionLifecycle
from .protected_fields import (
    STARTED_SUBSCRIPTION_FIELDS,
    SUBSCRIPTION_FIELDS,
    ProtectedFields,
)
from .suspension import SubscriptionSuspension
from .trial import SubscriptionTrial

STATES = [
    (State.DRAFT.value, "Draft"),
    (State.TRIAL.value, "Trial"),
    (State.ACTIVE.value, "Active"),
    (State.PAST_DUE.value, "Past Due"),
    (State.SUSPENDED.value, "Suspended"),
    (State.PAUSED.value, "Paused"),
    (State.CANCELLED.value, "Cancelled"),
    (State.EXPIRED.value, "Expired"),
]

COUNTED = COMMITTED | {State.DRAFT}
"""The states with recurring revenue, except for days that are not billed."""


class SubscriptionSubscription(
    SubscriptionInvoices,
    SubscriptionInvoicing,
    SubscriptionBilling,
    SubscriptionRetentionOffer,
    SubscriptionChangeActions,
    SubscriptionApplyChange,
    SubscriptionForecast,
    SubscriptionTransfer,
    SubscriptionDiscountGrant,
    SubscriptionDunningCases,
    SubscriptionPaymentReminders,
    SubscriptionFulfilment,
    SubscriptionHealth,
    SubscriptionPaymentMethods,
    SubscriptionPlanComparison,
    SubscriptionPriceChanges,
    SubscriptionQuotations,
    SubscriptionRenewal,
    SubscriptionRevenue,
    SubscriptionBillingDay,
    SubscriptionDraft,
    SubscriptionFailure,
    SubscriptionHistory,
    SubscriptionLifecycle,
    SubscriptionSuspension,
    SubscriptionTrial,
    ProtectedFields,
    models.Model,
):
    _name = "subscription.subscription"
    _description = "Subscription"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
    ]
    _rec_names_search = ["name", "partner_id.name", "client_reference"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(
        "Number", required=True, readonly=True, copy=False, default="/", index="trigram"
    )
    state = fields.Selection(
        STATES, required=True, readonly=True, copy=False, default="draft", tracking=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id", store=True, index=True
    )
    partner_invoice_id = fields.Many2one(
        "res.partner",
        "Invoice Address",
        compute="_compute_addresses",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    partner_shipping_id = fields.Many2one(
        "res.partner",
        "Delivery Address",
        compute="_compute_addresses",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        ondelete="restrict",
        check_company=True,
    )
    shares_invoices = fields.Boolean(
        compute="_compute_shares_invoices",
        store=True,
        help="Billed on one invoice with the customer's other subscriptions.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Salesperson",
        default=lambda self: self.env.user,
        index=True,
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    plan_id = fields.Many2one(
        "subscription.plan",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        compute="_compute_payment_term_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        check_company=True,
        help="Leave empty to let the customer's address decide at each invoice.",
    )
    client_reference = fields.Char("Customer Reference")
    note = fields.Html("Terms and Conditions")

    date_start = fields.Date(
        "Start",
        required=True,
        default=lambda self: self.env.company._subscription_today(),
        copy=False,
        tracking=True,
    )
    date_end = fields.Date(
        "Service Ends",
        copy=False,
        tracking=True,
        help="The first day without service; empty while the subscription is open.",
    )
    last_day = fields.Date(compute="_compute_last_day", inverse="_inverse_last_day")
    term_end = fields.Date(
        "Renewal",
        compute="_compute_term_end",
        store=True,
        precompute=True,
        readonly=False,
        help="The first day after the agreed term.",
    )
    next_billing_date = fields.Date(
        "Next Invoice",
        readonly=True,
        copy=False,
        help="The day on which the next period becomes due.",
    )
    billing_error = fields.Text(
        readonly=True,
        copy=False,
        help="Why the last attempt to bill failed; it is retried daily.",
    )

    line_ids = fields.One2many(
        "subscription.line", "subscription_id", "Lines", copy=True
    )
    change_ids = fields.One2many(
        "subscription.change", "subscription_id", "Changes", copy=False
    )
    pause_ids = fields.One2many(
        "subscription.pause", "subscription_id", "Pauses", copy=False
    )
    billed_period_ids = fields.One2many(
        "subscription.billed.period", "subscription_id", "Billed Periods", copy=False
    )
    product_ids = fields.Many2many(
        "product.product", compute="_compute_product_ids", search="_search_product_ids"
    )
    monthly_amount = fields.Monetary(
        "MRR",
        compute="_compute_monthly_amount",
        store=True,
        help="Recurring amount per month, without taxes (MRR).",
    )
    next_change_date = fields.Date(
        "Next Change",
        compute="_compute_monthly_amount",
        store=True,
        help="The next day on which a line, a discount or a pause begins or ends.",
    )
    color = fields.Integer(related="plan_id.color")
    served_summary = fields.Char(
        "Serves",
        compute="_compute_served_summary",
        help="The products served today, with their quantities.",
    )

    _name_unique = models.UniqueIndex(
        "(company_id, name) WHERE name <> '/'",
        "A subscription with this number exists already; use another number.",
    )
    _due = models.Index("(next_billing_date, id) WHERE next_billing_date IS NOT NULL")
    _ends_after_start = models.Constraint(
        "CHECK (date_end IS NULL OR date_end >= date_start)",
        "A subscription cannot end before it starts; set a later last day.",
    )

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for subscription in self:
            customer = subscription.sudo().partner_id.name
            subscription.display_name = (
                f"{subscription.name} · {customer}" if customer else subscription.name
            )

    @api.depends("partner_id")
    def _compute_addresses(self):
        for subscription in self:
            found = subscription.partner_id.address_get(["invoice", "delivery"])
            subscription.partner_invoice_id = found["invoice"]
            subscription.partner_shipping_id = found["delivery"]

    @api.depends(
        "partner_invoice_id.commercial_partner_id.shares_subscription_invoices"
    )
    def _compute_shares_invoices(self):
        for subscription in self:
            payer = subscription.partner_invoice_id.commercial_partner_id
            subscription.shares_invoices = payer.shares_subscription_invoices

    @api.depends("partner_id", "plan_id", "company_id")
    def _compute_payment_term_id(self):
        for subscription in self:
            partner = subscription.partner_id.with_company(subscription.company_id)
            subscription.payment_term_id = (
                subscription.plan_id.payment_term_id or partner.property_payment_term_id
            )

    @api.depends("date_end")
    def _compute_last_day(self):
        for subscription in self:
            end = subscription.date_end
            subscription.last_day = end and end - timedelta(days=1)

    def _inverse_last_day(self):
        for subscription in self:
            last = subscription.last_day
            subscription.date_end = last and last + timedelta(days=1)

    # Not by the plan's fields: editing a plan does not change agreed terms.
    @api.depends("date_start", "plan_id")
    def _compute_term_end(self):
        for subscription in self:
            plan, start = subscription.plan_id, subscription.date_start
            subscription.term_end = plan._term_end(start) if plan and start else False

    def copy_data(self, default=None):
        """Copy the lines served today, without history and scheduled changes."""
        vals_list = super().copy_data(default)
        for subscription, vals in zip(self, vals_list, strict=True):
            if "line_ids" in (default or {}):
                continue
            today = subscription._today()
            lines = subscription.line_ids
            if subscription.state != "draft":
                lines = subscription._lines_on(today).filtered(
                    lambda line: line.kind != "one_off"
                )
                vals["date_start"] = today
            else:
                lines = lines.filtered(lambda line: not line._is_follow_up_line())
            vals["line_ids"] = [
                Command.create(line._prepare_duplicate_values()) for line in lines
            ]
        return vals_list

    @api.depends("line_ids.product_id")
    def _compute_product_ids(self):
        for subscription in self:
            subscription.product_ids = subscription.line_ids.product_id

    def _search_product_ids(self, operator, value):
        return Domain("line_ids.product_id", operator, value)

    @api.depends(
        "state",
        "date_start",
        "date_end",
        "line_ids.monthly_amount",
        "line_ids.date_start",
        "line_ids.date_end",
        "line_ids.discount_ids.cycles",
        "line_ids.discount_ids.date_start",
        "pause_ids.date_start",
        "pause_ids.date_end",
        "pause_ids.is_billed",
    )
    def _compute_monthly_amount(self):
        for subscription in self:
            today = subscription._today()
            is_draft = subscription.state == "draft"
            day = (is_draft and subscription.date_start) or today
            subscription.monthly_amount = (
                subscription._monthly_on(day) if subscription.state in COUNTED else 0.0
            )
            dated = [*subscription.line_ids, *subscription.pause_ids]
            edges = {edge for row in dated for edge in (row.date_start, row.date_end)}
            edges.update(subscription.line_ids._discount_ends())
            subscription.next_change_date = min(
                (edge for edge in edges if edge and edge > today), default=False
            )

    @api.depends("line_ids.quantity", "line_ids.date_start", "line_ids.date_end")
    def _compute_served_summary(self):
        for subscription in self:
            today = max(subscription._today(), subscription.date_start)
            served = subscription._lines_on(today).filtered(
                lambda line: line.kind != "one_off"
            )
            subscription.served_summary = ", ".join(
                line._describe_served() for line in served
            )

    @api.depends("company_id", "plan_id", "partner_id")
    def _compute_currency_id(self):
        for subscription in self:
            if subscription.state != "draft" and subscription.currency_id:
                continue
            priced_in = subscription._currencies_offered()
            company_currency = subscription.company_id.currency_id
            if subscription.currency_id and (
                not priced_in or subscription.currency_id in priced_in
            ):
                continue
            if not priced_in or company_currency in priced_in:
                subscription.currency_id = company_currency
            else:
                subscription.currency_id = priced_in[0]

    def _currencies_offered(self):
        """Return the currencies in which the plan has prices for the customer.

        Contracted prices of the customer come first.
        """
        self.ensure_one()
        published = self.plan_id.pricing_rule_ids.filtered(
            lambda rule: rule.active and rule.state == "published"
        )
        customer, day = self.partner_id.commercial_partner_id, self.date_start
        own = published.filtered(
            lambda rule: rule._is_granted_to(customer, day or self._today())
        )
        everybodys = published.filtered(lambda rule: not rule.partner_id)
        return (own or everybodys).currency_id

    def _host_price(self, product, quantity, unit, day):
        """Return the price of the customer's pricelist, else the product's own.

        It is that of one of the product's own units, in the subscription's currency,
        where `quantity` of a unit are bought.
        """
        self.ensure_one()
        customer = self.partner_id.with_company(self.company_id)
        pricelist = customer.property_product_pricelist
        if pricelist:
            units = (quantity or 1.0) * float(product._units_in(unit))
            return pricelist._get_product_price(
                product,
                units,
                uom=product.uom_id,
                currency=self.currency_id,
                date=day,
            )
        return product.currency_id._convert(
            product.lst_price, self.currency_id, self.company_id, day, round=False
        )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_protected_create(vals_list)
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                company = vals.get("company_id") or self.env.company.id
                vals["name"] = (
                    self.env["ir.sequence"]
                    .with_company(company)
                    .next_by_code("subscription.subscription")
                ) or "/"
        return super().create(vals_list)

    def write(self, vals):
        self._check_protected_write(vals)
        drafts = self.filtered(lambda each: each.state == "draft")
        vals = drafts._follow_start(vals)
        self._check_billing_day_stays(vals)
        self._check_calendar_stays(vals)
        ends = {subscription: subscription.date_end for subscription in self}
        currencies = {draft: draft.currency_id for draft in drafts}
        result = super().write(vals)
        if "date_end" in vals:
            self._reopen_between_ends(ends)
        if {"plan_id", "date_start", "date_end"} & vals.keys():
            self._schedule_billing()
        self._check_currency_stays(currencies)
        self._spread_grants_over_edited_lines(vals)
        return result

    @api.model
    def _protected_fields(self):
        return SUBSCRIPTION_FIELDS

    def _fields_protected_once_started(self):
        return {} if self.state == "draft" else STARTED_SUBSCRIPTION_FIELDS

    def _reopen_between_ends(self, ends):
        """Reopen the periods between each former end of service and the new one."""
        for subscription in self:
            known = [end for end in (ends[subscription], subscription.date_end) if end]
            subscription.line_ids._reopen_from(min(known, default=None))

    def _check_calendar_stays(self, vals):
        """Refuse another start date once a period was billed."""
        if "date_start" not in vals:
            return
        start = fields.Date.to_date(vals["date_start"])
        for subscription in self.filtered(lambda each: each.date_start != start):
            if any(subscription.line_ids.mapped("closed_until")):
                raise UserError(
                    self.env._(
                        "%s was billed and keeps its start date; cancel it and create "
                        "another subscription instead.",
                        subscription.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        for subscription in self.with_context(active_test=False):
            if subscription.state != "draft" or subscription.billed_period_ids:
                raise UserError(
                    self.env._(
                        "Subscription %s has a history and cannot be deleted; "
                        "cancel it instead.",
                        subscription.name,
                    )
                )

    def action_cancel(self):
        """Open the cancellation wizard."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel Subscription"),
            "res_model": "subscription.cancel.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_subscription_id": self.id},
        }

    def action_view_customer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "view_mode": "form",
            "res_id": self.partner_id.id,
        }

    def _in_figures(self, number):
        """Return a number in the reader's format, without trailing zeros."""
        number = float(number)
        decimals = max(0, -exact(number).normalize().as_tuple().exponent)
        return formatLang(self.env, number, digits=min(decimals, 2))
