"""The saved ways to pay of a customer, in the order in which they are charged."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.collection import Decline

DIRECT_DEBITS = frozenset(
    {"sepa_direct_debit", "ach_direct_debit", "bacs_direct_debit", "becs_direct_debit"}
)
"""The host's payment methods that take days to say whether they pay."""

DECLINES = [
    (Decline.FUNDS.value, "Not Enough Money"),
    (Decline.TEMPORARY.value, "Passing Trouble"),
    (Decline.OTHER.value, "No Reason Given"),
    (Decline.ACTION.value, "Customer Must Agree"),
    (Decline.HARD.value, "Refused for Good"),
]
PAYERS = [
    ("card", "Card or Wallet"),
    ("debit", "Direct Debit"),
    ("manual", "Bank Transfer or Other Manual Payment"),
]


class SubscriptionPaymentMethod(models.Model):
    """A token of the host, with its place among those of its customer."""

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
    sequence = fields.Integer(default=10, help="The first one is charged first.")
    active = fields.Boolean(default=True)
    name = fields.Char(compute="_compute_from_token", compute_sudo=True)
    provider = fields.Char(compute="_compute_from_token", compute_sudo=True)
    payer = fields.Selection(
        PAYERS, "Paid By", compute="_compute_from_token", compute_sudo=True
    )
    expires_on = fields.Date(readonly=True, help="The last day on which it can pay.")
    decline = fields.Selection(
        DECLINES, "Last Decline", readonly=True, help="Empty once it has paid."
    )
    decline_code = fields.Char(readonly=True, help="As the provider calls it.")
    is_refused = fields.Boolean(
        "Not Charged", readonly=True, help="It was refused for good."
    )

    _token_once = models.Constraint(
        "UNIQUE (token_id)", "A saved payment method has one place in the order."
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
        """Find by the digits that customers see; tokens are read by few people."""
        tokens = self.env["payment.token"].sudo()
        found = tokens.search([("payment_details", operator, value)])
        return Domain("token_id", "in", found.ids)

    @api.model
    def _add_missing(self, tokens=None):
        """Give saved payment methods their place, the newest one last.

        Without an argument it is done for all that are saved.
        """
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
        """Return what a customer may be charged with in a company, in its order."""
        # Read by the customer, so that many customers are read at once.
        saved = partner.commercial_partner_id.sudo().managed_payment_method_ids
        return saved.filtered(lambda method: method.company_id in company.parent_ids)

    def _can_charge(self, company, currency):
        """Tell whether it can pay in a company and a currency as things are."""
        self.ensure_one()
        token = self.sudo().token_id
        provider = token.provider_id
        currencies = provider.available_currency_ids
        return (
            token.active
            and not self.is_refused
            and provider.state != "disabled"
            and provider.company_id in company.parent_ids
            and (not currencies or currency in currencies)
        )

    def action_charge_first(self):
        """Let it be the first one of its customer."""
        self.ensure_one()
        self._check_may_arrange()
        others = self.sudo().search(self._domain_of(self.partner_id, self.company_id))
        first = min(others.mapped("sequence"), default=10)
        self.sudo().sequence = first - 1

    def action_allow_again(self):
        """Let a method be charged again that was refused for good."""
        self._check_may_arrange()
        refused = self.sudo().filtered("is_refused")
        refused.write({"is_refused": False, "decline": False, "decline_code": False})
        refused._try_on_open_invoices()

    def action_remove(self):
        """Forget a saved method: it is never charged again."""
        self._check_may_arrange()
        self.sudo().token_id.active = False

    def _check_may_arrange(self):
        if not self.env.user.has_group(
            "subscription_management.group_subscription_all"
        ) and not self.env.user.has_group("account.group_account_invoice"):
            raise UserError(
                self.env._(
                    "Only accountants and users of all subscriptions arrange saved "
                    "payment methods; ask one of them."
                )
            )
        self.check_access("read")

    def _note_decline(self, decline, code):
        self.ensure_one()
        self.write(
            {
                "decline": decline.value,
                "decline_code": code,
                "is_refused": decline is Decline.HARD,
            }
        )

    def _note_success(self):
        self.write({"decline": False, "decline_code": False, "is_refused": False})

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

    def _try_on_open_invoices(self):
        """Charge what is open with a method that is new, but not before its day."""
        for method in self:
            cases = method._open_cases()
            for case in cases:
                case._want_charge(case._announced_day())
            if cases:
                cases._wake()
