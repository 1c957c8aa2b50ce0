"""Prices that a customer negotiated: who granted them, and until when."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ...billing_core.errors import BillingError
from ..renewals.renewal import RUNNING


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

    @api.model
    def _cron_renew(self):
        """End contracted prices as well where no term's end does."""
        result = super()._cron_renew()
        notice = timedelta(days=self._longest_notice())
        domain = (
            Domain("state", "in", RUNNING)
            & Domain("term_end", "=", False)
            & Domain("line_ids.pricing_rule_id.partner_id", "!=", False)
        )
        domain &= self.env["res.company"]._domain_by_today(
            lambda today: [
                ("line_ids.pricing_rule_id.date_to", "<", today + notice),
            ]
        )
        self._run_for_each(domain, lambda each: each._follow_contracts())
        return result

    def _follow_contracts(self):
        """Ask what anybody would pay from the day on which a contract is over."""
        self.ensure_one()
        today = self._today()
        soon = today + timedelta(days=self._days_decided_ahead())
        rows = defaultdict(list)
        for line in self._lines_to_change(today):
            rule = line.pricing_rule_id
            if not (rule.partner_id and rule.date_to):
                continue
            # What was billed stays: a day that is over keeps the price that it had.
            day = max(rule.date_to + timedelta(days=1), line.date_start, today)
            if day <= soon and (not line.date_end or day < line.date_end):
                if values := line._prices_at_renewal(day):
                    rows[day].append((line, values))
        if rows:
            self._check_can_change()
        for day, changed in sorted(rows.items()):
            self._apply_change(
                "price",
                self._plan_change(changed, day, policy="prorate"),
                self.env._("The contracted price has ended"),
                is_of_contract=True,
            )

    def _stay_at_contract(self, rule):
        """Take back the changes by which the end of a contract was followed."""
        self.ensure_one()
        changes = self.change_ids.filtered(
            lambda change: change.can_undo and change._follows_end_of(rule)
        )
        try:
            for change in changes.sorted("id", reverse=True):
                change._undo()
        except (UserError, BillingError) as error:
            raise UserError(
                self.env._(
                    "It leaves the price %(price)s, though that counts for longer now: "
                    "%(reason)s Change its price by hand.",
                    price=rule.display_name,
                    reason=self._failure_reason(error),
                )
            ) from error
        if changes and self.state in RUNNING and not self.term_end:
            # Another contract may have ended with it, or this one may end soon again.
            self._follow_contracts()


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


class SubscriptionContractEnd(models.Model):
    _inherit = "subscription.pricing.rule"

    def write(self, vals):
        if vals.get("date_to"):
            self._check_ends_by(fields.Date.to_date(vals["date_to"]))
        ended = {rule: rule.date_to for rule in self if rule.partner_id}
        result = super().write(vals)
        for rule, end in ended.items():
            if end and (not rule.date_to or rule.date_to > end):
                rule._go_on_beyond_its_end()
        return result

    def _check_ends_by(self, last):
        """Refuse to end what was granted before today where it was billed already."""
        yesterday = self.env.company._subscription_today() - timedelta(days=1)
        changed = self.filtered(lambda rule: rule.partner_id and rule.date_to != last)
        if last < yesterday and (used := changed._used()):
            raise UserError(
                self.env._(
                    "Subscriptions had the price %(price)s until today; let it end on "
                    "%(day)s or later.",
                    price=used[0].display_name,
                    day=format_date(self.env, yesterday),
                )
            )

    def _go_on_beyond_its_end(self):
        """Take back that subscriptions leave the price, where that day has not come."""
        self.ensure_one()
        for subscription in self.sudo().line_ids.subscription_id:
            subscription._run_isolated(lambda each: each._stay_at_contract(self))


class SubscriptionChangeOfContract(models.Model):
    _inherit = "subscription.change"

    is_of_contract = fields.Boolean(
        help="It followed the end of a contracted price, by itself."
    )

    def _follows_end_of(self, rule):
        """Tell whether lines leave a price by this change since it has ended."""
        self.ensure_one()
        left = self.subscription_id.line_ids.filtered(
            lambda line: str(line.id) in (self.ended_lines or {})
        )
        return self.is_of_contract and rule in left.pricing_rule_id
