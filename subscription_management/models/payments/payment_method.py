"""Saved payment methods of a customer, in the order in which they are charged."""

import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ...billing_core.collection import Decline
from ...billing_core.lifecycle import SERVED, State
from ..mail_template import root_cause

_logger = logging.getLogger(__name__)

CARD_TEMPLATE = "subscription_management.mail_template_card_expiry"

DIRECT_DEBITS = frozenset(
    {"sepa_direct_debit", "ach_direct_debit", "bacs_direct_debit", "becs_direct_debit"}
)
"""The host's payment methods whose outcome takes days."""

DECLINES = [
    (Decline.FUNDS.value, "Insufficient Funds"),
    (Decline.TEMPORARY.value, "Temporary Failure"),
    (Decline.OTHER.value, "Other Decline"),
    (Decline.ACTION.value, "Authentication Required"),
    (Decline.HARD.value, "Hard Decline"),
]
PAYERS = [
    ("card", "Card or Wallet"),
    ("debit", "Direct Debit"),
    ("manual", "Bank Transfer or Other Manual Payment"),
]


class SubscriptionPaymentMethod(models.Model):
    """A token of the host, with its position among those of its customer."""

    _name = "subscription.payment.method"
    _description = "Saved Payment Method"
    _order = "partner_id, sequence, id"

    token_id = fields.Many2one(
        "payment.token", required=True, ondelete="cascade", index=True, readonly=True
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(
        default=10, help="Methods are charged in ascending order."
    )
    active = fields.Boolean(default=True)
    name = fields.Char(compute="_compute_from_token", compute_sudo=True)
    provider = fields.Char(compute="_compute_from_token", compute_sudo=True)
    payer = fields.Selection(
        PAYERS, "Paid By", compute="_compute_from_token", compute_sudo=True
    )
    expires_on = fields.Date(
        readonly=True, help="The last day on which it can be charged."
    )
    decline = fields.Selection(
        DECLINES,
        "Last Decline",
        readonly=True,
        help="Empty after a charge that succeeded.",
    )
    decline_code = fields.Char(readonly=True, help="The provider's code.")
    is_hard_declined = fields.Boolean(
        "Hard Declined", readonly=True, help="Not charged until a user allows it again."
    )

    expiry_notified_on = fields.Date(
        readonly=True, help="When the customer was notified."
    )
    expiry_error = fields.Char("Expiry Letter Error", readonly=True)
    expiry_failed_on = fields.Date(
        readonly=True, help="The letter is sent again on another day."
    )
    expiry_text = fields.Char(compute="_compute_expiry_text")

    _token_once = models.Constraint(
        "UNIQUE (token_id)", "A saved payment method has one position in the order."
    )

    @api.depends("token_id")
    @api.depends_context("lang")
    def _compute_from_token(self):
        for method in self:
            token = method.token_id
            kind = token.payment_method_id
            codes = {kind.code, kind.primary_payment_method_id.code}
            method.payer = "debit" if codes & DIRECT_DEBITS else "card"
            method.name = f"{kind.name} {token.display_name}".strip()
            method.provider = token.provider_id.name

    @api.depends("name")
    def _compute_display_name(self):
        for method in self:
            method.display_name = method.name

    @api.model
    def _search_display_name(self, operator, value):
        """Find by the visible digits, also for users who cannot read tokens."""
        tokens = self.env["payment.token"].sudo()
        found = tokens.search([("payment_details", operator, value)])
        return Domain("token_id", "in", found.ids)

    @api.model
    def _add_missing(self, tokens=None):
        """Add the given tokens, or all active ones, as the last of their customers."""
        tokens = (
            self.env["payment.token"].sudo().search([("active", "=", True)])
            if tokens is None
            else tokens
        )
        known = self.sudo().with_context(active_test=False)
        known = known.search([("token_id", "in", tokens.ids)]).token_id
        for token in (tokens - known).sorted("id"):
            owner = token.partner_id.commercial_partner_id
            last = self.sudo().search(
                self._domain_of(owner, token.company_id), order="sequence desc", limit=1
            )
            self.sudo().create(
                {
                    "token_id": token.id,
                    "partner_id": owner.id,
                    "company_id": token.company_id.id,
                    "sequence": last.sequence + 10,
                }
            )

    @api.model
    def _domain_of(self, partner, company):
        owner = Domain("partner_id", "=", partner.commercial_partner_id.id)
        return owner & Domain("company_id", "parent_of", company.id)

    @api.model
    def _methods_of(self, partner, company):
        """Return the methods of a customer in a company, in their order."""
        # Read through the customer, so that many customers are read at once.
        saved = partner.commercial_partner_id.sudo().managed_payment_method_ids
        return saved.filtered(lambda method: method.company_id in company.parent_ids)

    def _can_charge(self, company, currency):
        """Return whether it can currently be charged in a company and a currency."""
        self.ensure_one()
        token = self.sudo().token_id
        provider = token.provider_id
        currencies = provider.available_currency_ids
        return (
            token.active
            and not self.is_hard_declined
            and provider.state != "disabled"
            and provider.company_id in company.parent_ids
            and (not currencies or currency in currencies)
        )

    def _subscriptions_charged(self):
        """Return the current subscriptions that charge one of these methods first."""
        current = Domain("state", "in", SERVED | {State.SUSPENDED})
        subscriptions = self.env["subscription.subscription"].sudo()
        same_payer = Domain(
            "partner_invoice_id.commercial_partner_id", "in", self.partner_id.ids
        )
        return subscriptions.search(current & same_payer).filtered(
            lambda each: each._methods_to_charge()[:1] in self
        )

    # === Buttons === #

    def action_charge_first(self):
        """Make it the first one of its customer."""
        self.ensure_one()
        self._check_may_arrange()
        self._check_is_saved()
        self.sudo()._move_first()

    def _move_first(self):
        for method in self:
            others = self.search(self._domain_of(method.partner_id, method.company_id))
            method.sequence = min(others.mapped("sequence"), default=10) - 1

    def action_allow_again(self):
        """Allow charges again after a hard decline, and charge open invoices."""
        self._check_may_arrange()
        self._check_is_saved()
        declined = self.sudo().filtered("is_hard_declined")
        if not declined:
            raise UserError(
                self.env._(
                    "No hard decline stops %s: it is charged when its turn comes.",
                    self[:1].name,
                )
            )
        declined.write(
            {"is_hard_declined": False, "decline": False, "decline_code": False}
        )
        declined._charge_open_invoices()

    def action_remove(self):
        """Archive the token: it is never charged again."""
        self._check_may_arrange()
        self._check_is_saved()
        self.sudo().token_id.active = False

    def _check_may_arrange(self):
        if not self.env.user.has_group(
            "subscription_management.group_subscription_all"
        ) and not self.env.user.has_group("account.group_account_invoice"):
            raise UserError(
                self.env._(
                    "Only accountants and users of all subscriptions can manage saved "
                    "payment methods; ask one of them."
                )
            )
        self.check_access("read")

    def _check_is_saved(self):
        if removed := self.filtered(lambda method: not method.active)[:1]:
            raise UserError(
                self.env._(
                    "%s was removed; the customer can save it again on the payment "
                    "page.",
                    removed.name,
                )
            )

    # === Charges === #

    def _record_decline(self, decline, code):
        self.ensure_one()
        self.write(
            {
                "decline": decline.value,
                "decline_code": code,
                "is_hard_declined": decline is Decline.HARD,
            }
        )

    def _record_success(self):
        self.write({"decline": False, "decline_code": False, "is_hard_declined": False})

    def _open_cases(self):
        """Return the cases of invoices that a method may pay, the oldest first."""
        self.ensure_one()
        return (
            self.env["subscription.dunning.case"]
            .sudo()
            .search(
                Domain("state", "=", "open")
                & Domain("partner_id", "=", self.partner_id.id)
                & Domain("company_id", "child_of", self.company_id.id),
                order="due_date, id",
            )
        )

    def _charge_open_invoices(self):
        """Charge open invoices, but not before their announced day."""
        for method in self:
            cases = method._open_cases()
            for case in cases:
                case._request_charge(case._announced_day())
            if cases:
                cases._trigger_run()

    # === Expiry === #

    @api.depends("expires_on")
    @api.depends_context("lang")
    def _compute_expiry_text(self):
        for method in self:
            day = method.expires_on
            method.expiry_text = day and format_date(
                self.env, day, date_format="MM/yyyy"
            )

    @api.model
    def _notify_expiring_cards(self):
        """Ask customers for another card before the one that is charged expires."""
        cron = self.env["ir.cron"]
        for company in self.env["res.company"].search(
            [("subscription_card_expiry_days", ">", 0)]
        ):
            today = company._subscription_today()
            days = timedelta(days=company.subscription_card_expiry_days)
            expiring = self.search(
                Domain("company_id", "=", company.id)
                & Domain("expires_on", ">=", today)
                & Domain("expires_on", "<=", today + days)
                & Domain("expiry_notified_on", "=", False)
                & Domain("expiry_failed_on", "!=", today)
                & Domain("is_hard_declined", "=", False)
            )
            for method in expiring:
                if method._subscriptions_charged():
                    method._notify_card_expiry(today)
                    cron._commit_progress(1)

    def _notify_card_expiry(self, today):
        """Write to the customer once; a failure is shown beside the card."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self.write({"expiry_notified_on": today, "expiry_error": False})
                self.env.ref(CARD_TEMPLATE)._send_letter(self)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.error("Expiry letter of card %s failed", self.id, exc_info=error)
            self.write({"expiry_error": root_cause(error), "expiry_failed_on": today})
