"""The quotations about a subscription, and the opportunities they are made for."""

from odoo import api, fields, models


class SubscriptionQuotations(models.Model):
    _inherit = "subscription.subscription"

    quotation_ids = fields.One2many(
        "sale.order",
        "managed_subscription_id",
        "Quotations",
        groups="sales_team.group_sale_salesman",
    )
    quotation_count = fields.Integer(
        "Number of Quotations",
        compute="_compute_quotation_count",
        groups="sales_team.group_sale_salesman",
    )

    @api.depends("quotation_ids")
    def _compute_quotation_count(self):
        for subscription in self:
            subscription.quotation_count = len(subscription.quotation_ids)

    def action_view_quotations(self):
        self.ensure_one()
        return self.quotation_ids._get_records_action(
            name=self.env._("Quotations"), context={"create": False}
        )

    def _open_wizard(self, model, name, **context):
        """Keep in mind for which opportunity something is quoted."""
        lead = self.env.context.get("quoted_opportunity_id")
        if lead:
            context["quoted_opportunity_id"] = lead
        return super()._open_wizard(model, name, **context)

    def _prepare_quotation_values(self):
        """Return the values of any quotation about the subscription."""
        self.ensure_one()
        return {
            **self._prepare_opportunity_values(),
            "partner_id": self.partner_id.id,
            "partner_invoice_id": self.partner_invoice_id.id,
            "partner_shipping_id": self.partner_shipping_id.id,
            "company_id": self.company_id.id,
            "origin": self.name,
            "client_order_ref": self.client_reference,
            "payment_term_id": self.payment_term_id.id,
            "require_signature": True,
            "require_payment": False,
            "managed_subscription_id": self.id,
        }

    def _prepare_opportunity_values(self):
        """Return what a quotation takes from the opportunity that it is made for."""
        lead = self._quoted_opportunity()
        own = {"user_id": (lead.user_id or self.user_id).id}
        if not lead:
            return own
        defaults = lead._prepare_opportunity_quotation_context()
        return {
            **{name.removeprefix("default_"): each for name, each in defaults.items()},
            **own,
        }

    def _quoted_opportunity(self):
        """Return the opportunity from which a quotation is asked for, if any."""
        number = self.env.context.get("quoted_opportunity_id")
        lead = self.env["crm.lead"].browse(number or []).exists()
        lead.check_access("read")
        return lead
