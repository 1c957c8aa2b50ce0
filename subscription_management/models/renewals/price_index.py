from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class SubscriptionPriceIndex(models.Model):
    """An index that prices follow at renewal, such as a consumer price index."""

    _name = "subscription.price.index"
    _description = "Price Index"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    value_ids = fields.One2many("subscription.price.index.value", "index_id", "Values")

    def _value_on(self, day):
        """Return the newest value on a day; refuse where none is known."""
        self.ensure_one()
        known = self.value_ids.filtered(lambda each: each.date <= day)
        if not known:
            raise UserError(
                self.env._(
                    "The index %(index)s has no value for %(day)s; enter one in the "
                    "configuration.",
                    index=self.name,
                    day=format_date(self.env, day),
                )
            )
        return known.sorted("date")[-1].value


class SubscriptionPriceIndexValue(models.Model):
    _name = "subscription.price.index.value"
    _description = "Price Index Value"
    _order = "date desc"
    _rec_name = "date"

    index_id = fields.Many2one(
        "subscription.price.index", required=True, ondelete="cascade", index=True
    )
    date = fields.Date("From", required=True)
    value = fields.Float(required=True, digits=(16, 6))

    _above_zero = models.Constraint("CHECK (value > 0)", "An index is above zero.")
    _once_a_day = models.UniqueIndex(
        "(index_id, date)", "The index already has a value on that day."
    )
