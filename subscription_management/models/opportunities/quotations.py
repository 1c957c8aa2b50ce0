"""Quotations of subscriptions that are made for an opportunity."""

from odoo import models


class SubscriptionOpportunityQuotation(models.Model):
    _inherit = "subscription.subscription"

    def _open_wizard(self, model, name, **context):
        """Pass on the opportunity for which the quotation is made."""
        lead = self.env.context.get("quoted_opportunity_id")
        if lead:
            context["quoted_opportunity_id"] = lead
        return super()._open_wizard(model, name, **context)

    def _prepare_quotation_values(self):
        """Add the values that a quotation takes from its opportunity."""
        values = super()._prepare_quotation_values()
        lead = self._quoted_opportunity()
        if not lead:
            return values
        defaults = lead._prepare_opportunity_quotation_context()
        return {
            **{name.removeprefix("default_"): each for name, each in defaults.items()},
            **values,
            "user_id": (lead.user_id or self.user_id).id,
        }

    def _current_renewal_quotation(self):
        """Link the quotation to the opportunity for which it is opened."""
        order = super()._current_renewal_quotation()
        if not order.opportunity_id and (lead := self._quoted_opportunity()):
            order.opportunity_id = lead
        return order

    def _quoted_opportunity(self):
        """Return the opportunity for which a quotation is made, if any."""
        number = self.env.context.get("quoted_opportunity_id")
        lead = self.env["crm.lead"].browse(number or []).exists()
        lead.check_access("read")
        return lead
