"""Parts of the payload: numbers as text, dates as ISO 8601."""

from decimal import Decimal

from odoo import models

from odoo.addons.subscription_management.models.changes.undo import TERM_CHANGES
from odoo.addons.subscription_management.models.decimals import exact

LINE_DATES = ("date_start", "date_end")
"""Fields of a line that are sent, but whose change is no event."""


def as_text(value, places=0):
    """Return a number of the host as decimal text, with some decimals at least.

    >>> as_text(10.0), as_text(7.5, 2), as_text(0.00042, 2)
    ('10', '7.50', '0.00042')
    """
    number = exact(value).normalize()
    if -number.as_tuple().exponent < places:
        number = number.quantize(Decimal(1).scaleb(-places))
    return format(number, "f")


def as_day(day):
    """Return a date in ISO 8601, or None without one."""
    return day.isoformat() if day else None


class SubscriptionChangePayload(models.Model):
    _inherit = "subscription.change"

    def _is_new_for_webhooks(self, snapshot):
        """Return whether it took effect, or changed the term, since a snapshot."""
        self.ensure_one()
        is_new = self.id > snapshot["change"]
        day = as_day(self.date_effective)
        if self.undone_by_ids or day > as_day(self.subscription_id._today()):
            is_of_term = (self.undoes_id or self).kind in TERM_CHANGES
            return is_new and is_of_term and not self.undone_by_ids
        return is_new or day > snapshot["day"]


class SubscriptionLinePayload(models.Model):
    _inherit = "subscription.line"

    def _prepare_webhook_line(self):
        """Return the line as products read it."""
        self.ensure_one()
        product = self.product_id
        return {
            "product_code": product.default_code or None,
            "product_name": product.name,
            "kind": self.kind,
            "plan": self.plan_id.name,
            "quantity": as_text(self.quantity),
            "unit": self.product_uom_id.name,
            "price": as_text(self.price, self.currency_id.decimal_places),
            "date_start": as_day(self.date_start),
            "date_end": as_day(self.date_end),
        }
