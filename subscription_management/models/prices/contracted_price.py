"""Prices granted to one customer: their grantor, their end and their extension."""

from datetime import timedelta

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..model_part import ModelPart


class SubscriptionContractedPrice(ModelPart):
    _register = False

    @api.model
    def _with_default_customer(self, vals):
        """Return the values of a new price, with the screen's customer by default."""
        default = self.env.context.get("default_partner_id")
        return self._with_commercial_partner({"partner_id": default, **vals})

    @api.model
    def _with_commercial_partner(self, vals):
        """Return values with the company in place of one of its contacts.

        A contracted price applies to the company and all its contacts.
        """
        if not vals.get("partner_id"):
            return vals
        partner = self.env["res.partner"].browse(vals["partner_id"])
        return {**vals, "partner_id": partner.commercial_partner_id.id}

    def _check_grantor(self, vals_list):
        """Refuse to name another user than the one who decides on the price."""
        if self.env.su:
            return
        for vals in vals_list:
            named = vals.get("granted_by_id")
            known = self.granted_by_id or self.env.user
            if named and set(known.ids) != {named}:
                raise UserError(
                    self.env._(
                        "“Granted By” is the user who saves the terms of the price. "
                        "Leave it out, or let %s save the price.",
                        self.env["res.users"].browse(named).display_name,
                    )
                )

    def _with_grantor(self, vals_list):
        """Return the values of new prices, granted by the user."""
        if self.env.su:
            return vals_list
        return [{**vals, "granted_by_id": self.env.uid} for vals in vals_list]

    def _split_by_grantor(self, vals):
        """Return (prices, values): those whose terms change are granted by the user."""
        if self.env.su:
            return [(self, vals)]
        decided = self.filtered(
            lambda rule: rule._changed_locked_fields(vals) or "tier_ids" in vals
        )
        [granted] = self._with_grantor([vals])
        return [(decided, granted), (self - decided, vals)]

    def _check_contract_end(self, vals):
        """Refuse an end before yesterday of a contracted price that was in use."""
        if not vals.get("date_to"):
            return
        last = fields.Date.to_date(vals["date_to"])
        yesterday = self.env.company._subscription_today() - timedelta(days=1)
        changed = self.filtered(lambda rule: rule.partner_id and rule.date_to != last)
        if last < yesterday and (used := changed._used()):
            raise UserError(
                self.env._(
                    "Subscriptions have had the price %(price)s until today; end it on "
                    "%(day)s or later.",
                    price=used[0].display_name,
                    day=format_date(self.env, yesterday),
                )
            )

    def _contract_ends(self):
        """Return the last day of each contracted price."""
        return {rule: rule.date_to for rule in self if rule.partner_id}

    def _restore_extended_contracts(self, ends_before):
        """Undo scheduled moves to other prices where a contracted price ends later."""
        for rule, end in ends_before.items():
            if end and (not rule.date_to or rule.date_to > end):
                rule.sudo().line_ids.subscription_id._run_isolated(
                    lambda each, rule=rule: each._keep_contracted_price(rule)
                )


class SubscriptionLineContractedPrice(ModelPart):
    _register = False

    contracted_price_label = fields.Char(
        "Contracted Price", compute="_compute_contracted_price_label"
    )

    @api.depends(
        "pricing_rule_id.partner_id",
        "pricing_rule_id.date_to",
        "pricing_rule_id.granted_by_id",
    )
    @api.depends_context("lang")
    def _compute_contracted_price_label(self):
        for line in self:
            # Users who may see the line may see its price.
            rule = line.pricing_rule_id.sudo()
            if not rule.partner_id:
                line.contracted_price_label = False
            elif rule.date_to:
                line.contracted_price_label = self.env._(
                    "Until %(day)s, granted by %(name)s",
                    day=format_date(self.env, rule.date_to),
                    name=rule.granted_by_id.name,
                )
            else:
                line.contracted_price_label = self.env._(
                    "Granted by %s", rule.granted_by_id.name
                )


class ResPartnerContractedPrices(ModelPart):
    _register = False

    managed_contracted_price_count = fields.Integer(
        "Contracted Prices",
        compute="_compute_managed_contracted_price_count",
        groups="subscription_management.group_subscription_user",
    )

    def _compute_managed_contracted_price_count(self):
        rules = self.env["subscription.pricing.rule"]
        for partner in self:
            partner.managed_contracted_price_count = rules.search_count(
                partner._managed_contracted_prices()
            )

    def _managed_contracted_prices(self):
        """Return the domain of the prices granted to the customer."""
        self.ensure_one()
        customer = self.commercial_partner_id
        return Domain("partner_id.commercial_partner_id", "=", customer.id or 0)

    def action_view_managed_contracted_prices(self):
        """Open the customer's contracted prices; new ones are drafts for it."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_pricing_rule_action"
        )
        return {
            **action,
            "name": self.env._("Contracted Prices"),
            "domain": list(self._managed_contracted_prices()),
            # As a draft, its publication asks which subscriptions get it.
            "context": {
                "default_partner_id": self.commercial_partner_id.id,
                "default_state": "draft",
            },
        }


class SubscriptionChangeContractedPrice(ModelPart):
    _register = False

    is_contract_end = fields.Boolean(
        help="The change automatically followed the end of a contracted price."
    )

    def _is_caused_by_end_of(self, rule):
        """Return whether this change moved lines from a contracted price that ended."""
        self.ensure_one()
        left = self.subscription_id.line_ids.filtered(
            lambda line: str(line.id) in (self.ended_lines or {})
        )
        return self.is_contract_end and rule in left.pricing_rule_id
