"""What movements of revenue are worth in the company's currency, as rates move."""

from odoo import models

from ...billing_core.exchange import exchange_residuals
from ...billing_core.money import ZERO
from ..decimals import exact


class SubscriptionRevenueWorth(models.Model):
    _inherit = "subscription.subscription"

    def _with_worth(self, missing, recorded):
        """Return (key, amount, worth) of the movements that are missing.

        Keys are (customer, day, kind), `recorded` the `MovementSum`s by key. Where
        nothing is left of the revenue, nothing is left of its worth either.
        """
        written = [(each.day, each.amount, each.worth) for each in recorded.values()]
        found = []
        for key in sorted(missing, key=lambda key: key[1]):
            _customer, day, _kind = key
            amount, before = missing[key], recorded.get(key)
            worth = self._worth(day, amount, written, before)
            written.append((day, amount, exact(worth)))
            found.append((key, amount, worth))
        by_day = {key[1]: key for key in [*recorded, *missing]}
        for day, rest in exchange_residuals(written).items():
            found.append((by_day[day], ZERO, -float(rest)))
        return found

    def _worth(self, day, amount, written, recorded=None):
        """Return what a movement is worth.

        What it takes back was worth what was `recorded` of its kind and day, what goes
        its share of all that was `written` until then: (day, amount, worth) each.
        """
        level, worth = _level_on(day, written)
        if recorded and recorded.amount * amount < 0:
            level, worth = recorded.amount, recorded.worth
        if level * amount < 0 and abs(amount) <= abs(level):
            return self._share_of_worth(-amount, level, worth)
        return self._worth_of_new(amount, day)

    def _worth_of_new(self, amount, day):
        """Return what comes is worth: what it was where it comes from, or that day."""
        source = self._goes_on_from()
        if source and amount > 0:
            rows = source._recorded_movements()
            level, worth = _level_on(
                day, [(each.day, each.amount, each.worth) for each in rows]
            )
            if level > 0:
                return -self._share_of_worth(amount, level, worth)
        company, day = self.company_id, min(day, self._today())
        return self.currency_id._convert(
            float(amount), company.currency_id, company, day
        )

    def _share_of_worth(self, gone, level, worth):
        """Return what goes is worth, by what all of it was worth: less than zero."""
        return -self.company_id.currency_id.round(float(worth * gone / level))

    def _goes_on_from(self):
        """Return the subscription of the same customer that goes on as this one."""
        source = self.env.context.get("subscription_goes_on_from")
        found = self.browse(source).filtered(
            lambda each: (
                each != self
                and each.commercial_partner_id == self.commercial_partner_id
                and each.currency_id == self.currency_id
                and each.company_id == self.company_id
            )
        )
        return found


def _level_on(day, written):
    """Return the amount and the worth of what was written until a day."""
    rows = [row for row in written if row[0] <= day]
    return sum((row[1] for row in rows), ZERO), sum((row[2] for row in rows), ZERO)
