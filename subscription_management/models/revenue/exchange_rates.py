"""Value revenue movements in the company's currency as exchange rates change."""

from ...billing_core.exchange import exchange_residuals
from ...billing_core.money import ZERO
from ..decimals import exact
from ..model_part import ModelPart


class SubscriptionRevenueExchange(ModelPart):
    _register = False

    def _with_company_amounts(self, missing, recorded):
        """Return (key, amount, company amount) of the missing movements.

        Keys are (customer, day, kind); `recorded` maps them to `MovementSum`s. When the
        revenue falls to zero, an exchange residual brings the company amount to zero.
        """
        written = [
            (each.day, each.amount, each.company_amount) for each in recorded.values()
        ]
        found = []
        for key in sorted(missing, key=lambda key: key[1]):
            _customer, day, _kind = key
            amount, before = missing[key], recorded.get(key)
            company_amount = self._company_amount(day, amount, written, before)
            written.append((day, amount, exact(company_amount)))
            found.append((key, amount, company_amount))
        by_day = {key[1]: key for key in [*recorded, *missing]}
        for day, residual in exchange_residuals(written).items():
            found.append((by_day[day], ZERO, -float(residual)))
        return found

    def _company_amount(self, day, amount, written, recorded=None):
        """Return a movement's amount in the company's currency.

        A movement that reverses a recorded one of its kind and day has that one's rate.
        A decrease has the average rate of everything `written` until the day, as (day,
        amount, company amount). An increase has the rate of the day.
        """
        level, company_level = _level_on(day, written)
        if recorded and recorded.amount * amount < 0:
            level, company_level = recorded.amount, recorded.company_amount
        if level * amount < 0 and abs(amount) <= abs(level):
            return self._decrease_at_average_rate(-amount, level, company_level)
        return self._company_amount_of_increase(amount, day)

    def _company_amount_of_increase(self, amount, day):
        """Return an increase at the rate of its transferred revenue, or of the day."""
        source = self._transferred_from()
        if source and amount > 0:
            rows = source._recorded_movements()
            level, company_level = _level_on(
                day, [(each.day, each.amount, each.company_amount) for each in rows]
            )
            if level > 0:
                return -self._decrease_at_average_rate(amount, level, company_level)
        company, day = self.company_id, min(day, self._today())
        return self.currency_id._convert(
            float(amount), company.currency_id, company, day
        )

    def _decrease_at_average_rate(self, amount, level, company_level):
        """Return the negative company amount of a decrease, a share of the level."""
        return -self.company_id.currency_id.round(float(company_level * amount / level))

    def _transferred_from(self):
        """Return the same customer's subscription that continues as this one."""
        source = self.env.context.get("subscription_transferred_from")
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
    """Return the sums of amounts and company amounts written until a day."""
    rows = [row for row in written if row[0] <= day]
    return sum((row[1] for row in rows), ZERO), sum((row[2] for row in rows), ZERO)
