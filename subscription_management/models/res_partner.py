"""The subscriptions of a customer, in figures."""

from odoo import api, fields, models
from odoo.fields import Domain

from ..billing_core.lifecycle import ONGOING, State
from .dunning.related_records import ResPartnerDunning
from .health.bands import BANDS
from .payments.payment_method_order import ResPartnerPaymentMethods
from .prices.contracted_price import ResPartnerContractedPrices

NEVER_SERVED = {State.DRAFT, State.CANCELLED}
"""The states of subscriptions without a start, unless they have an end date."""


class ResPartner(
    ResPartnerDunning,
    ResPartnerPaymentMethods,
    ResPartnerContractedPrices,
    models.Model,
):
    _inherit = "res.partner"

    shares_subscription_invoices = fields.Boolean(
        "One Invoice for All Subscriptions",
        help="Charges due on one day share an invoice, for subscriptions of this "
        "customer with the same currency, address and payment terms.",
    )
    managed_billing_day = fields.Integer(
        "Subscription Billing Day",
        help="The day of the month on which the periods of new subscriptions begin, "
        "where their plan bills on a day of the month: 1 to 31, where 31 is the last "
        "day; 0 follows the plan.",
    )
    managed_subscription_count = fields.Integer(
        "Subscriptions",
        compute="_compute_managed_subscription_count",
        groups="subscription_management.group_subscription_user",
    )

    _managed_billing_day_of_month = models.Constraint(
        "CHECK (managed_billing_day BETWEEN 0 AND 31)",
        "A billing day is 1 to 31, where 31 is the last day of the month, or 0 to "
        "follow the plan; choose one of these.",
    )

    def _compute_managed_subscription_count(self):
        subscriptions = self.env["subscription.subscription"]
        for partner in self:
            partner.managed_subscription_count = subscriptions.search_count(
                [("partner_id", "child_of", partner.id)]
            )

    def _increase_rank(self, field, n=1):
        """Collect the ranks of many invoices, to be raised together."""
        ranks = self.env.context.get("managed_partner_ranks")
        if ranks is None:
            return super()._increase_rank(field, n)
        for partner in self:
            ranks[field][partner.id] += n
        return None

    @api.model
    def _raise_managed_ranks(self, ranks):
        """Raise collected ranks: new customers at once, the others after the commit."""
        for field, counts in ranks.items():
            for count in set(counts.values()):
                same = self.sudo().browse(
                    partner_id for partner_id, each in counts.items() if each == count
                )
                fresh = same.filtered_domain([(field, "=", 0)])
                fresh.write({field: count})
                (same - fresh)._increase_rank(field, count)

    def action_view_managed_subscriptions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_subscription_action"
        )
        action["domain"] = [("partner_id", "child_of", self.id)]
        action["context"] = {"default_partner_id": self.id}
        return action

    managed_subscription_ids = fields.Many2many(
        "subscription.subscription",
        string="Running Subscriptions",
        compute="_compute_managed_subscriptions",
        groups="subscription_management.group_subscription_user",
    )
    managed_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_managed_subscriptions",
        groups="subscription_management.group_subscription_user",
    )
    managed_monthly_amount = fields.Monetary(
        "MRR",
        compute="_compute_managed_subscriptions",
        currency_field="managed_currency_id",
        groups="subscription_management.group_subscription_user",
        help="The MRR of all ongoing subscriptions, without taxes.",
    )
    managed_customer_since = fields.Date(
        "Subscriber Since",
        compute="_compute_managed_subscriptions",
        groups="subscription_management.group_subscription_user",
        help="The first day of the oldest subscription, of those that ended too.",
    )
    managed_next_renewal = fields.Date(
        "Next Renewal",
        compute="_compute_managed_subscriptions",
        groups="subscription_management.group_subscription_user",
    )
    managed_open_amount = fields.Monetary(
        "Open Amount",
        compute="_compute_managed_subscriptions",
        currency_field="managed_currency_id",
        groups="subscription_management.group_subscription_user",
        help="The unpaid amount of subscription invoices, with taxes.",
    )
    managed_health_score = fields.Integer(
        "Health",
        compute="_compute_managed_subscriptions",
        groups="subscription_management.group_subscription_user",
        help="That of the running subscription which is doing worst.",
    )
    managed_health_band = fields.Selection(
        BANDS,
        compute="_compute_managed_subscriptions",
        groups="subscription_management.group_subscription_user",
    )

    def _managed_subscriptions(self, *, ended=False):
        """Return the subscriptions of the whole customer that the user may see."""
        subscriptions = self.env["subscription.subscription"]
        if not self.commercial_partner_id:
            return subscriptions
        domain = Domain(
            "commercial_partner_id", "in", self.commercial_partner_id.ids
        ) & Domain("company_id", "in", self.env.companies.ids)
        if not ended:
            domain &= Domain("state", "in", ONGOING)
        return subscriptions.search(domain)

    @api.depends("commercial_partner_id")
    @api.depends_context("allowed_company_ids")
    def _compute_managed_subscriptions(self):
        currency = self.env.company.currency_id
        today = self.env.company._subscription_today()
        for partner in self:
            running = partner._managed_subscriptions()
            begun = partner._managed_subscriptions(ended=True).filtered(
                lambda each: each.state not in NEVER_SERVED or each.date_end
            )
            terms = running.filtered(lambda each: each.term_end and not each.date_end)
            worst = running.filtered("health_band").sorted("health_score")[:1]
            partner.managed_health_score = worst.health_score
            partner.managed_health_band = worst.health_band
            partner.managed_subscription_ids = running
            partner.managed_currency_id = currency
            partner.managed_monthly_amount = sum(
                each.currency_id._convert(
                    each.monthly_amount, currency, each.company_id, today
                )
                for each in running
            )
            partner.managed_customer_since = min(
                begun.mapped("date_start"), default=False
            )
            partner.managed_next_renewal = min(terms.mapped("term_end"), default=False)
            partner.managed_open_amount = sum(
                move.currency_id._convert(
                    move.amount_residual, currency, move.company_id, today
                )
                * (-move.direction_sign)
                for move in begun.invoice_ids
                if move.state == "posted"
            )
