from odoo import fields, models
from odoo.tools import formatLang


class SubscriptionHealthSignal(models.Model):
    _inherit = "subscription.health.signal"

    kind = fields.Selection(
        selection_add=[("usage", "Usage Trend")], ondelete={"usage": "cascade"}
    )

    def _describe_scale(self):
        if self.kind != "usage":
            return super()._describe_scale()
        return self.env._(
            "Usage of the last period against the average of the three before: score "
            "100 at %(best)s %%, 0 at %(worst)s %%.",
            best=formatLang(self.env, self.best, digits=0),
            worst=formatLang(self.env, self.worst, digits=0),
        )

    def _measure(self, subscriptions):
        if self.kind != "usage":
            return super()._measure(subscriptions)
        return self._measure_usage(subscriptions)

    def _describe(self, measured, subscription):
        if self.kind != "usage":
            return super()._describe(measured, subscription)
        return self._describe_usage(measured)

    def _measure_usage(self, subscriptions):
        """Return the usage change in percent of the product with the largest drop."""
        measured = {}
        for subscription in subscriptions:
            drops = [
                drop.percent
                for line in subscription._lines_used_today()
                if (drop := line._usage_drop())
            ]
            if drops:
                measured[subscription] = -max(drops)
        return measured

    def _describe_usage(self, measured):
        percent = self._format_number(round(abs(measured), 1))
        if measured < 0:
            return self.env._(
                "Usage in the last period is %s %% below the average of the three "
                "periods before it.",
                percent,
            )
        return self.env._(
            "Usage in the last period is %s %% above the average of the three periods "
            "before it.",
            percent,
        )
