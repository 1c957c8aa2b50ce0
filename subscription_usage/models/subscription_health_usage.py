"""The health signal of what is used: as much as before, or less."""

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
            "The last period's usage against the average of the three before: 100 "
            "marks at %(best)s %%, none at %(worst)s %%.",
            best=formatLang(self.env, self.best, digits=0),
            worst=formatLang(self.env, self.worst, digits=0),
        )


class SubscriptionHealthUsage(models.Model):
    _inherit = "subscription.subscription"

    def _measures_of_usage(self, signal):
        """Return by how many percent more was used, of the product that fell most."""
        measured = {}
        for subscription in self:
            falls = [
                fall.percent
                for line in subscription._lines_used_today()
                if (fall := line._fall_of_use())
            ]
            if falls:
                measured[subscription] = -max(falls)
        return measured

    def _sentence_of_usage(self, measured, signal):
        percent = self._in_figures(round(abs(measured), 1))
        if measured < 0:
            return self.env._(
                "%s %% less was used in the last period than in the three before it on "
                "average.",
                percent,
            )
        return self.env._(
            "%s %% more was used in the last period than in the three before it on "
            "average.",
            percent,
        )
