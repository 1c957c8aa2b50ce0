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
