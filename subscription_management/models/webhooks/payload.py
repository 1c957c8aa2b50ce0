"""What webhooks are told of a subscription: numbers as text, days as dates."""

from decimal import Decimal

from odoo import models

from ...billing_core.lifecycle import ENDED
from ..changes.undo import OF_THE_TERM
from ..decimals import exact

OF_A_DAY = ("date_start", "date_end")
"""What of a line is told, but is no change of what is served."""


def as_text(value, places=0):
    """Return a number of the host as people write it, with some decimals at least.

    >>> as_text(10.0), as_text(7.5, 2), as_text(0.00042, 2)
    ('10', '7.50', '0.00042')
    """
    number = exact(value).normalize()
    if -number.as_tuple().exponent < places:
        number = number.quantize(Decimal(1).scaleb(-places))
    return format(number, "f")


def as_day(day):
    """Return a date as ISO 8601 writes it, None without one."""
    return day.isoformat() if day else None


class SubscriptionWebhookPayload(models.Model):
    _inherit = "subscription.subscription"

    def _prepare_webhook_content(self, served):
        """Return what is told of the subscription as it is now."""
        self.ensure_one()
        customer = self.partner_id
        return {
            "id": self.id,
            "number": self.name,
            "reference": self.client_reference or None,
            "customer": {
                "id": customer.id,
                "name": customer.name,
                "reference": customer.ref or customer.commercial_partner_id.ref or None,
            },
            "currency": self.currency_id.name,
            "date_start": as_day(self.date_start),
            "date_end": as_day(self.date_end),
            "trial_end": as_day(self.trial_end),
            "next_billing_date": as_day(self.next_billing_date),
            **served,
            "lines": [line._prepare_webhook_line() for line in self._lines_told()],
        }

    def _served_now(self):
        """Return that of what is told which is a change once it is another."""
        self.ensure_one()
        return {
            "state": self._state_told(self.state),
            "plan": self.plan_id.name,
            "term": {
                "date_start": as_day(
                    self.term_start or self.trial_end or self.date_start
                ),
                "date_end": as_day(self.term_end),
            },
            "lines": [
                {name: told for name, told in line.items() if name not in OF_A_DAY}
                for line in (
                    each._prepare_webhook_line() for each in self._lines_told()
                )
            ],
        }

    def _state_told(self, state):
        """Return a state as products read it: None while the service has not begun."""
        self.ensure_one()
        begins_later = self.date_start > self._today() and state not in ENDED
        return None if state == "draft" or begins_later else state

    def _lines_told(self):
        """Return what is served today; on trial, what is on trial."""
        self.ensure_one()
        day = self._today()
        if self.state == "trial" and self.trial_end:
            day = max(day, self.trial_end)
        # What goes on with something else keeps its place.
        return self._lines_on(day).sorted(lambda line: (line._origin_key(), line.id))

    def _prepare_changes_told(self, note):
        """Return the changes since a note was made, and those whose day came since."""
        self.ensure_one()
        return [
            {
                "kind": change.kind,
                "effective_on": as_day(change.date_effective),
                "goes_on_as": change.other_id.name or None,
            }
            for change in self.change_ids.sorted("id")
            if change._is_told_after(note)
        ]


class SubscriptionChangeTold(models.Model):
    _inherit = "subscription.change"

    def _is_told_after(self, note):
        """Tell whether it took effect since a note, or moved the term since."""
        self.ensure_one()
        is_new = self.id > note["change"]
        day = as_day(self.date_effective)
        if self.undone_by_ids or day > as_day(self.subscription_id._today()):
            moved_term = (self.undoes_id or self).kind in OF_THE_TERM
            return is_new and moved_term and not self.undone_by_ids
        return is_new or day > note["day"]


class SubscriptionLineTold(models.Model):
    _inherit = "subscription.line"

    def _prepare_webhook_line(self):
        """Return what is told of a line."""
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
