from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_list


class CrmLead(models.Model):
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
        "Opportunity Rule",
        index="btree_not_null",
        copy=False,
        readonly=True,
        ondelete="set null",
    )
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
        """Quote a change of the opportunity's subscription, or of a chosen one."""
        self.ensure_one()
        subscriptions = self.managed_subscription_ids
        if not subscriptions:
            raise UserError(
                self.env._(
                    "%s has no subscription in progress; create a new quotation "
                    "instead.",
                    self.partner_id.display_name or self.name,
                )
            )
        quoted = self.managed_subscription_id & subscriptions or subscriptions
        if len(quoted) == 1:
            return quoted.with_context(
                quoted_opportunity_id=self.id
            ).action_quote_change()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_subscription_action"
        )
        return {
            **action,
            "domain": [("id", "in", subscriptions.ids)],
            "context": {"quoted_opportunity_id": self.id},
        }

    def _update_quoted_revenue(self):
        """Expect the highest MRR of the quotations that may still be accepted."""
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
                lead._confirm_won_quotation()
        return result

    def _confirm_won_quotation(self):
        """Confirm the only open quotation, or schedule a to-do with the reason."""
        self.ensure_one()
        open_quotations = self.order_ids.filtered(
            lambda order: order.state in ("draft", "sent") and order.managed_has_plans
        )
        confirmed = self.order_ids.filtered(lambda order: order.state == "sale")
        if not open_quotations or confirmed:
            return
        if len(open_quotations) > 1:
            names = format_list(self.env, open_quotations.mapped("name"))
            problem = self.env._(
                "Several quotations are open: %s. Confirm the accepted one.", names
            )
        else:
            problem = self._confirm_or_describe_problem(open_quotations)
        if problem:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Confirm the accepted quotation"),
                note=problem,
                user_id=(self.user_id or self.env.user).id,
            )

    def _confirm_or_describe_problem(self, order):
        """Confirm a quotation; return why it cannot be confirmed, or False."""
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

    def _is_still_open(self):
        """Return whether it is neither won, lost nor deleted."""
        return bool(self and self.active and self.won_status == "pending")

    def _merge_get_fields(self):
        return [
            *super()._merge_get_fields(),
            "managed_subscription_id",
            "managed_rule_id",
        ]

    def _merge_dependences(self, opportunities):
        """Move the findings of merged opportunities to the remaining one."""
        findings = self.env["subscription.opportunity.finding"].sudo()
        findings.search([("lead_id", "in", opportunities.ids)]).lead_id = self
        return super()._merge_dependences(opportunities)
