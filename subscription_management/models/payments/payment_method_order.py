"""The payment methods that a subscription and its invoices charge."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..model_part import ModelPart


class PaymentToken(models.Model):
    _inherit = "payment.token"

    managed_method_ids = fields.One2many(
        "subscription.payment.method", "token_id", context={"active_test": False}
    )

    @api.model_create_multi
    def create(self, vals_list):
        tokens = super().create(vals_list)
        methods = self.env["subscription.payment.method"].sudo()
        methods._add_missing(tokens.sudo())
        tokens.sudo().managed_method_ids._charge_open_invoices()
        return tokens

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:
            self.sudo().managed_method_ids.active = bool(vals["active"])
        return result

    def get_linked_records_info(self):
        """List the subscriptions that charge it, before it is deleted."""
        listed = super().get_linked_records_info()
        charged = self.sudo().managed_method_ids._subscriptions_charged()
        return listed + [
            {
                "description": self.env._("Subscription"),
                "id": subscription.id,
                "name": subscription.name,
                "url": False,
            }
            for subscription in charged
        ]


class ResPartnerPaymentMethods(ModelPart):
    _register = False

    managed_payment_method_ids = fields.One2many(
        "subscription.payment.method", "partner_id", "Saved Payment Methods"
    )
    managed_agreement_ids = fields.One2many(
        "subscription.subscription",
        "commercial_partner_id",
        help="Record rules find the customer's salespersons by them.",
    )


class SubscriptionPlanPaymentMethods(ModelPart):
    _register = False

    charges_saved_methods = fields.Boolean(
        "Charge Saved Payment Methods",
        default=True,
        help="Charge invoices when they are posted, if the customer saved a card or a "
        "direct debit.",
    )


class SubscriptionPaymentMethods(ModelPart):
    _register = False

    charges_saved_methods = fields.Boolean(
        "Charge Saved Payment Methods",
        compute="_compute_charges_saved_methods",
        store=True,
        precompute=True,
        readonly=False,
        tracking=True,
    )
    payment_method_id = fields.Many2one(
        "subscription.payment.method",
        copy=False,
        ondelete="set null",
        tracking=True,
        domain="[('partner_id', 'parent_of', partner_invoice_id), "
        "('company_id', 'parent_of', company_id)]",
        help="The method that is charged first, by default the first one of the "
        "customer. The others are backups.",
    )

    @api.depends("plan_id")
    def _compute_charges_saved_methods(self):
        for subscription in self:
            subscription.charges_saved_methods = (
                subscription.plan_id.charges_saved_methods
            )

    @api.constrains(
        "payment_method_id", "partner_id", "partner_invoice_id", "company_id"
    )
    def _check_payment_method_is_own(self):
        """Refuse a method of another customer or company."""
        for subscription in self:
            method = subscription.sudo().payment_method_id
            if not method:
                continue
            own = self.env["subscription.payment.method"]._methods_of(
                subscription.partner_invoice_id, subscription.company_id
            )
            if method not in own:
                raise UserError(
                    self.env._(
                        "%(method)s was not saved by the customer of %(subscription)s "
                        "in %(company)s; choose one of that customer's methods.",
                        method=method.name,
                        subscription=subscription.name,
                        company=subscription.company_id.name,
                    )
                )

    def _methods_to_charge(self, payer=None):
        """Return the methods to charge for an invoice of these subscriptions, in order.

        They belong to `payer`, by default the customer of the next invoice. There is
        none if one of the subscriptions does not charge saved methods.
        """
        methods = self.env["subscription.payment.method"].sudo()
        if not self or not all(each.charges_saved_methods for each in self):
            return methods
        company, currency = self.company_id[:1], self.currency_id[:1]
        chosen = self.sudo().payment_method_id.filtered("active")
        payer = (payer or self.partner_invoice_id[:1]).commercial_partner_id
        for method in chosen | methods._methods_of(payer, company):
            owner = method.token_id.partner_id.commercial_partner_id
            if owner == payer and method._can_charge(company, currency):
                methods |= method
        return methods
