"""How many of the agreed seats are used: what only the sold product knows."""

from odoo import api, fields, models
from odoo.tools import format_date


class SubscriptionLineSeats(models.Model):
    """Seats in use: written by staff, or by the product through the host's interface.

    They are no part of what was agreed and charge nothing, so they may be written on
    what has started. Lines that go on with each other have the same number.
    """

    _inherit = "subscription.line"

    seats_used = fields.Float(
        digits="Product Unit",
        copy=False,
        help="How many of the quantity are in use, as the product or a colleague says. "
        "It changes no invoice; opportunity rules watch it.",
    )
    seats_used_on = fields.Date(
        "Seats Counted On",
        copy=False,
        help="Today, unless another day is given; empty while nobody has counted.",
    )

    _seats_used_not_negative = models.Constraint(
        "CHECK (seats_used >= 0)", "Seats that are used are zero or more."
    )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        for line in lines.filtered(lambda each: each.seats_used):
            line.seats_used_on = line.seats_used_on or line.subscription_id._today()
        return lines

    def write(self, vals):
        if "seats_used" not in vals:
            return super().write(vals)
        before = {line: line.seats_used for line in self}
        result = super().write(vals)
        day = fields.Date.to_date(vals.get("seats_used_on"))
        for line in self:
            counted = {
                "seats_used": line.seats_used,
                "seats_used_on": day or line.subscription_id._today(),
            }
            # Whoever counts may know the line of an earlier quantity or price only.
            super(SubscriptionLineSeats, line._origin_lines()).write(counted)
            if before[line] != line.seats_used:
                line._log_seats(before[line])
        return result

    def _log_seats(self, before):
        """Say on the subscription how many seats are used now."""
        self.ensure_one()
        subscription = self.subscription_id
        subscription._message_log(
            body=self.env._(
                "Seats of %(product)s in use: %(used)s instead of %(before)s, counted "
                "on %(day)s.",
                product=self.product_id.display_name,
                used=subscription._in_figures(self.seats_used),
                before=subscription._in_figures(before),
                day=format_date(self.env, self.seats_used_on),
            )
        )

    def _seats_percent(self):
        """Return the percentage of the quantity in use, or None when not counted."""
        self.ensure_one()
        counted = self._seats_counted()
        if not counted or not self.quantity:
            return None
        return counted[0] * 100 / self.quantity

    def _seats_counted(self):
        """Return how many seats are used and the day of it, None where nobody knows.

        Addons that measure seats extend it.
        """
        self.ensure_one()
        return (self.seats_used, self.seats_used_on) if self.seats_used_on else None
