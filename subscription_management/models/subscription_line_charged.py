"""The days that a line is charged for, where a policy says others than it is served."""

from odoo import fields, models

from ..billing_core.charged_days import as_charged


class SubscriptionLineCharged(models.Model):
    _inherit = "subscription.line"

    charged_from = fields.Date(
        readonly=True,
        copy=False,
        help="The first day that is charged at this price and quantity, where the plan "
        "does not charge an upgrade or downgrade by the day.",
    )
    charged_until = fields.Date(
        readonly=True,
        copy=False,
        help="The first day that is not charged any more, where the plan does not "
        "credit what leaves by the day.",
    )
    charged_end = fields.Date(
        readonly=True,
        copy=False,
        help='The end for which "Charged Until" was agreed; another end is charged by '
        "the day.",
    )

    def _charged_until_of_its_end(self):
        """Return the first day that is not charged any more, None for the end."""
        self.ensure_one()
        is_of_it = self.charged_until and self.charged_end == self.date_end
        return self.charged_until if is_of_it else None

    def _first_day_charged(self):
        """Return the first day that the line may be charged for."""
        self.ensure_one()
        return min(self.date_start, self.charged_from or self.date_start)

    def _end_charged(self):
        """Return the first day that is charged otherwise at its end, if it has one.

        Without any day of service nothing that it was charged for is its own.
        """
        self.ensure_one()
        end = self.date_end
        if not end or end <= self.date_start:
            return end and self._first_day_charged()
        return min(end, self._charged_until_of_its_end() or end)

    def _charged_ends(self):
        """Return until when lines are charged where that is not until their end."""
        return {
            str(line.id): until.isoformat()
            for line in self
            if (until := line._charged_until_of_its_end())
        }

    def _prepare_end_values(self, end, charged_until):
        """Return the values of a line's end, and of the day until which it charges."""
        return {
            "date_end": end or False,
            "charged_until": charged_until or False,
            "charged_end": (charged_until and end) or False,
        }


class SubscriptionCharged(models.Model):
    _inherit = "subscription.subscription"

    def _lines_charged_on(self, day):
        """Return as what the products that are served on a day are charged for it."""
        self.ensure_one()
        served = {line._origin_key() for line in self._lines_on(day)}
        charged = {
            line.key
            for line in as_charged(self._snapshot_lines(), day).lines
            if line.start <= day and (line.end is None or day < line.end)
        }
        return self.line_ids.filtered(
            lambda line: line.id in charged and line._origin_key() in served
        )


class SubscriptionChangeCharged(models.Model):
    _inherit = "subscription.change"

    charged_ends = fields.Json(
        help="For each line that the change ended, the first day that it was not "
        "charged any more before, where that was another one than its end."
    )
