"""Opportunities: what their customer has, and what was quoted to them."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_list

from ..sales.sale_order_line import SHARE_BASE_FIELDS


class CrmLead(models.Model):
    _inherit = "crm.lead"

    managed_subscription_ids = fields.Many2many(
        "subscription.subscription",
        string="Customer's Subscriptions",
        compute="_compute_managed_subscription_ids",
        groups="subscription_management.group_subscription_user",
    )

    @api.depends("partner_id")
    def _compute_managed_subscription_ids(self):
        for lead in self:
            lead.managed_subscription_ids = lead.partner_id._managed_subscriptions()

    def action_upsell(self):
        """Quote more of the only subscription, or of the one that is chosen."""
        self.ensure_one()
        subscriptions = self.managed_subscription_ids
        if not subscriptions:
            raise UserError(
                self.env._(
                    "%s has no running subscription; make a new quotation instead.",
                    self.partner_id.display_name or self.name,
                )
            )
        if len(subscriptions) == 1:
            quoting = subscriptions.with_context(quoted_opportunity_id=self.id)
            return quoting.action_quote_change()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_subscription_action"
        )
        return {
            **action,
            "domain": [("id", "in", subscriptions.ids)],
            "context": {"quoted_opportunity_id": self.id},
        }

    def _follow_quoted_revenue(self):
        """Expect each month what was quoted: the most of what may still be accepted."""
        monthly = self.env.ref("crm.crm_recurring_plan_monthly", False)
        for lead in self:
            quoted = lead.order_ids.filtered(
                lambda order: (
                    order.state != "cancel"
                    and order.managed_purpose != "cancellation"
                    and order.managed_monthly_amount
                )
            )
            if not (quoted and monthly):
                continue
            expected = max(order._monthly_in_currency_of(lead) for order in quoted)
            if lead.recurring_revenue_monthly != expected:
                lead.write(
                    {"recurring_revenue": expected, "recurring_plan": monthly.id}
                )

    def _handle_won_lost(self, old_status_by_lead, new_status_by_lead):
        result = super()._handle_won_lost(old_status_by_lead, new_status_by_lead)
        for lead in self:
            was_won = old_status_by_lead.get(lead.id, {}).get("is_won")
            is_won = new_status_by_lead.get(lead.id, {}).get("is_won")
            if is_won and not was_won:
                lead._confirm_what_was_agreed()
        return result

    def _confirm_what_was_agreed(self):
        """Confirm the quotation of what was won, or leave it to do, and say why."""
        self.ensure_one()
        open_ones = self.order_ids.filtered(
            lambda order: order.state in ("draft", "sent") and order.managed_has_plans
        )
        agreed = self.order_ids.filtered(lambda order: order.state == "sale")
        if not open_ones or agreed:
            return
        if len(open_ones) > 1:
            names = format_list(self.env, open_ones.mapped("name"))
            why = self.env._("Which of %s was agreed? Confirm it.", names)
        else:
            why = self._confirm_or_say_why(open_ones)
        if why:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Confirm what was agreed"),
                note=why,
                user_id=(self.user_id or self.env.user).id,
            )

    def _confirm_or_say_why(self, order):
        """Confirm an order; return why it cannot be, False where it was."""
        try:
            with self.env.cr.savepoint():
                order.action_confirm()
        except UserError as error:
            return self.env._(
                "%(order)s could not be confirmed: %(reason)s",
                order=order.name,
                reason=str(error),
            )
        return False


class SaleOrderOfOpportunity(models.Model):
    _inherit = "sale.order"

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        orders._tell_opportunity()
        return orders

    def write(self, vals):
        result = super().write(vals)
        if {"opportunity_id", "state", "order_line", "currency_id"} & vals.keys():
            self._tell_opportunity()
        return result

    def _tell_opportunity(self):
        """Let the opportunities expect what their orders come to each month."""
        # Whoever may quote need not see the opportunity.
        self.sudo().opportunity_id._follow_quoted_revenue()

    def _monthly_in_currency_of(self, lead):
        self.ensure_one()
        currency = lead.company_currency or self.env.company.currency_id
        return self.currency_id._convert(
            self.managed_monthly_amount,
            currency,
            self.company_id,
            self.date_order or self.company_id._subscription_today(),
        )


class SaleOrderLineOfOpportunity(models.Model):
    _inherit = "sale.order.line"

    def write(self, vals):
        result = super().write(vals)
        if SHARE_BASE_FIELDS & vals.keys():
            self.order_id._tell_opportunity()
        return result


class CrmLeadOfRule(models.Model):
    _inherit = "crm.lead"

    managed_subscription_id = fields.Many2one(
        "subscription.subscription",
        "Subscription",
        index="btree_not_null",
        copy=False,
        ondelete="set null",
    )
    managed_rule_id = fields.Many2one(
        "subscription.opportunity.rule",
        "Made by the Rule",
        index="btree_not_null",
        copy=False,
        readonly=True,
        ondelete="set null",
    )

    def action_upsell(self):
        """Quote more of the subscription that it is about, if it is about one."""
        self.ensure_one()
        about = self.managed_subscription_id & self.managed_subscription_ids
        if not about:
            return super().action_upsell()
        return about.with_context(quoted_opportunity_id=self.id).action_quote_change()

    def _is_still_open(self):
        """Tell whether somebody may be talking with the customer about it."""
        return bool(self and self.active and self.won_status == "pending")

    def _merge_get_fields(self):
        return [
            *super()._merge_get_fields(),
            "managed_subscription_id",
            "managed_rule_id",
        ]

    def _merge_dependences(self, opportunities):
        """Let what rules found lead to the opportunity that goes on."""
        findings = self.env["subscription.opportunity.finding"].sudo()
        findings.search([("lead_id", "in", opportunities.ids)]).lead_id = self
        return super()._merge_dependences(opportunities)
