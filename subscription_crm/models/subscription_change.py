from odoo import models

from odoo.addons.subscription_management.models.changes.undo import LINE_CHANGES


class SubscriptionChange(models.Model):
    _inherit = "subscription.change"

    def _may_reduce_revenue(self):
        """Return whether opportunity rules are evaluated at once."""
        self.ensure_one()
        return self.kind == "cancelled" or self._is_downgrade()

    def _is_downgrade(self):
        """Return whether the customer chose a lower price for the service.

        Changes of a renewal or of the end of a contracted price were agreed before, and
        a discount is granted by the seller.
        """
        self.ensure_one()
        return (
            self.kind in LINE_CHANGES
            and self.kind != "discount"
            and not self.is_of_renewal
            and not self.is_contract_end
            and self.currency_id.compare_amounts(self.monthly_difference, 0) < 0
        )

    def _day_lowered(self):
        """Return the first day on which the MRR is lower."""
        self.ensure_one()
        own = self.movement_ids.filtered(
            lambda each: each.subscription_id == self.subscription_id and each.amount
        )
        return min(own.mapped("date"), default=self.date_effective)

    def _monthly_before(self):
        """Return the MRR of the effective date without this change."""
        self.ensure_one()
        day = self._day_lowered()
        return self.subscription_id._monthly_on(day) - self.monthly_difference

    def _lowered_percent(self):
        """Return by how many percent the change lowers the MRR."""
        before = self._monthly_before()
        return -self.monthly_difference * 100 / before if before > 0 else 0.0
