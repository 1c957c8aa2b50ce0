"""Prices that a customer negotiated: who granted them, and until when."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date


class SubscriptionContractedPrice(models.Model):
    _inherit = "subscription.pricing.rule"

    @api.model_create_multi
    def create(self, vals_list):
        asked = self.env.context.get("default_partner_id")
        vals_list = [
            self._for_the_whole_customer({"partner_id": asked, **vals})
            for vals in vals_list
        ]
        if not self.env.su:
            for vals in vals_list:
                self._check_granted_by(vals)
            noted = {"granted_by_id": self.env.uid}
            vals_list = [{**vals, **noted} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        vals = self._for_the_whole_customer(vals)
        if self.env.su:
            return super().write(vals)
        self._check_granted_by(vals)
        decided = self.filtered(
            lambda rule: rule._changed_by(vals) or "tier_ids" in vals
        )
        noted = {**vals, "granted_by_id": self.env.uid}
        result = super(SubscriptionContractedPrice, decided).write(noted)
        return super(SubscriptionContractedPrice, self - decided).write(vals) and result

    @api.model
    def _for_the_whole_customer(self, vals):
        """Return values with the company in place of one of its contacts.

        What is granted counts for the company and all its contacts.
        """
        if not vals.get("partner_id"):
            return vals
        partner = self.env["res.partner"].browse(vals["partner_id"])
        return {**vals, "partner_id": partner.commercial_partner_id.id}

    def _check_granted_by(self, vals):
        """Refuse to say that somebody else granted a price."""
        named = vals.get("granted_by_id")
        known = self.granted_by_id or self.env.user
        if named and set(known.ids) != {named}:
            raise UserError(
                self.env._(
                    "Whoever decides on a price is noted as who granted it. Leave "
                    "“Granted By” out, or let %s save the price.",
                    self.env["res.users"].browse(named).display_name,
                )
            )


class SubscriptionLineContract(models.Model):
    _inherit = "subscription.line"

    contract_label = fields.Char("Contracted", compute="_compute_contract_label")

    @api.depends(
        "pricing_rule_id.partner_id",
        "pricing_rule_id.date_to",
        "pricing_rule_id.granted_by_id",
    )
    @api.depends_context("lang")
    def _compute_contract_label(self):
        for line in self:
            # Who may see the line may see by what it is priced.
            rule = line.pricing_rule_id.sudo()
            if not rule.partner_id:
                line.contract_label = False
            elif rule.date_to:
                line.contract_label = self.env._(
                    "Until %(day)s, granted by %(name)s",
                    day=format_date(self.env, rule.date_to),
                    name=rule.granted_by_id.name,
                )
            else:
                line.contract_label = self.env._(
                    "Granted by %s", rule.granted_by_id.name
                )


class SubscriptionContract(models.Model):
    _inherit = "subscription.subscription"

    contract_label = fields.Text("Contracted Prices", compute="_compute_contract_label")

    @api.depends("line_ids.contract_label", "line_ids.date_end")
    def _compute_contract_label(self):
        for subscription in self:
            today = subscription._today()
            contracted = subscription.line_ids.filtered(
                lambda line, today=today: (
                    line.contract_label and (not line.date_end or line.date_end > today)
                )
            )
            subscription.contract_label = "\n".join(
                f"{line.product_id.display_name}: {line.contract_label}"
                for line in contracted
            )


class PartnerContract(models.Model):
    _inherit = "res.partner"

    managed_contract_count = fields.Integer(
        "Contracted Prices",
        compute="_compute_managed_contract_count",
        groups="subscription_management.group_subscription_user",
    )

    def _compute_managed_contract_count(self):
        rules = self.env["subscription.pricing.rule"]
        for partner in self:
            partner.managed_contract_count = rules.search_count(
                partner._managed_contracts()
            )

    def _managed_contracts(self):
        self.ensure_one()
        customer = self.commercial_partner_id
        return Domain("partner_id.commercial_partner_id", "=", customer.id or 0)

    def action_view_managed_contracts(self):
        """Show the prices of the customer, or begin to grant one."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_pricing_rule_action"
        )
        return {
            **action,
            "name": self.env._("Contracted Prices"),
            "domain": list(self._managed_contracts()),
            # A draft, so that publishing asks for whom it counts.
            "context": {
                "default_partner_id": self.commercial_partner_id.id,
                "default_state": "draft",
            },
        }
