"""Taking something off what a subscription costs, from a day on."""

import math

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ...billing_core.discounts import spread
from ..decimals import exact
from .discount import REDEEMED_FIELDS

DISCOUNT_POLICIES = [
    ("next_period", "With Each Product's Next Period"),
    ("prorate", "On This Day, by the Day"),
]


DISCOUNT_POLICY_HELP = (
    "With each product's next period: what is billed already stays as it is.\n"
    "On this day, by the day: the rest of what is billed already is credited."
)


NO_DISCOUNT = {"percent": 0.0, "fixed_amount": 0.0, "cycles": 0, "coupon_id": False}


PERCENT_DIGITS = 4


class SubscriptionDiscountGrant(models.Model):
    _inherit = "subscription.subscription"

    def grant_discount(
        self,
        values,
        day,
        lines=None,
        reason=False,
        policy="next_period",
        *,
        replaces=False,
    ):
        """Take something off the price of lines from a day on.

        `values` are those of `subscription.discount`: percent, fixed_amount, cycles,
        coupon_id. A percentage is taken off each line, an amount once: off the first
        line, and what that does not cost off the next ones. It counts for each line
        from its next period on that is not billed yet, or by the day, which credits
        what is paid for already, with the policy `prorate`. With `replaces` whatever
        was taken off before ends there, also where nothing takes its place.
        """
        self.ensure_one()
        self._check_can_agree()
        self._check_coupon_is_redeemed(values)
        amendment = self._plan_discount(values, day, lines, policy, replaces=replaces)
        return self._agree_on("discount", amendment, reason)

    def redeem_coupon(self, code, day, policy="next_period", *, replaces=False):
        """Take off what the coupon of a code promises from a day on, or refuse."""
        self.ensure_one()
        coupon = self.env["subscription.coupon"]._find(code, self)
        return self._redeem(coupon, day, policy, replaces=replaces)

    def _redeem(self, coupon, day, policy="next_period", *, replaces=False):
        """Take off what a coupon promises from a day on, or refuse with the reason."""
        self.ensure_one()
        coupon._redeem(self, day)
        values = coupon._prepare_discount_values()
        return self.grant_discount(
            values, day, reason=coupon.code, policy=policy, replaces=replaces
        )

    def _plan_discount(
        self, values, day, lines=None, policy="next_period", *, replaces=False
    ):
        """Return the `Amendment` of a discount from a day on, or refuse."""
        self.ensure_one()
        self._check_discount_values(values, may_be_nothing=replaces)
        discount = {**NO_DISCOUNT, **values}
        starts = self._discount_starts(day, lines, policy)
        shares = self._discount_shares(discount, starts, replaces)
        rows = [(line, {**discount, "fixed_amount": shares[line]}) for line in starts]
        return self._plan_by_day(self._discount_changes(rows, starts, replaces))

    def _discount_starts(self, day, lines=None, policy="next_period"):
        """Return from which day on each line has a discount, by line, or refuse."""
        lines = lines or self._lines_to_change(day)
        if policy == "prorate":
            starts = {line: max(day, line.date_start) for line in lines}
        else:
            starts = {line: line._next_period_to_bill(day) for line in lines}
        served = {
            line: start for line, start in starts.items() if line._goes_on_at(start)
        }
        if not served:
            raise UserError(
                self.env._(
                    "%(subscription)s has no period from %(day)s on that is not billed "
                    "yet; let the discount begin earlier, or on a day, by the day.",
                    subscription=self.name,
                    day=format_date(self.env, day),
                )
            )
        return served

    def _discount_shares(self, discount, starts, replaces=False):
        """Return what each line bears of the amount of a discount.

        That is what it costs for a full period, after its other discounts and the
        percentage of this one, or less once a step that is agreed makes it cheaper. It
        stays the same when the line costs more one day.
        """
        currency = self.currency_id._snapshot_currency()
        amount = currency.round(exact(discount["fixed_amount"]))
        if not amount:
            return dict.fromkeys(starts, 0.0)
        rows = [(line, {**discount, "fixed_amount": 0.0}) for line in starts]
        planned = self._plan_by_day(self._discount_changes(rows, starts, replaces))
        prices = [
            None
            if line.kind == "usage"
            else currency.round(self._least_price_from(planned, line, start))
            for line, start in starts.items()
        ]
        shares = spread(amount, prices)
        return {line: float(share) for line, share in zip(starts, shares, strict=True)}

    def _least_price_from(self, amendment, line, day):
        """Return the least that a line costs for a period from a day on."""
        key = line._origin_key()
        steps = {
            step.start
            for step in amendment.lines
            if step.origin_key == key and step.start > day and not step.is_empty
        }
        return min(
            self._full_prices_on(amendment, start)[key][1] for start in (day, *steps)
        )

    def _discount_changes(self, rows, starts, replaces=False):
        """Return (line, values) of discounts as the (day, rows) that change lines.

        What takes nothing off changes no line, unless it takes the place of others.
        """
        by_day = {}
        for line, values in rows:
            start, changed = starts[line], {}
            if values["percent"] or values["fixed_amount"]:
                granted = {**values, "date_start": start}
                changed["added_discounts"] = [Command.create(granted)]
            if replaces and line._origin_lines().discount_ids:
                changed["ends_discounts"] = True
            if changed:
                by_day.setdefault(start, []).append((line, changed))
        return sorted(by_day.items())

    def _describe_discount_starts(self, day, policy):
        """Return from when on each product has a discount, False if that is one day."""
        self.ensure_one()
        try:
            starts = self._discount_starts(day, policy=policy)
        except UserError:
            # The preview says why.
            return False
        if len(set(starts.values())) < 2:
            return False
        return "\n".join(
            f"{line.product_id.display_name}: {format_date(self.env, start)}"
            for line, start in starts.items()
        )

    def action_discount(self):
        """Ask what is to be taken off, and from when on."""
        return self._open_wizard(
            "subscription.discount.wizard",
            self.env._("Grant a Discount"),
            default_date_start=self._discount_day(),
        )

    def _discount_day(self):
        """Return the day from which a discount counts as a rule."""
        self.ensure_one()
        if self.state == "draft":
            return self.date_start
        return min(
            (
                line._next_period_to_bill(line._next_period_start())
                for line in self._lines_to_change(self._today())
            ),
            default=self._today(),
        )

    def _check_coupon_is_redeemed(self, values):
        """Refuse a discount that says by itself whose coupon it is."""
        if REDEEMED_FIELDS & values.keys():
            self.env["subscription.discount"]._check_redemption_is_noted()

    def _check_discount_values(self, values, *, may_be_nothing=False):
        """Refuse what is no number, takes nothing off, or is for less than no period.

        What is too much is refused where discounts are counted.
        """
        self.ensure_one()
        percent, amount, cycles = (
            values.get(name) or 0 for name in ("percent", "fixed_amount", "cycles")
        )
        numbers = (percent, amount, cycles)
        if not all(isinstance(each, int | float) for each in numbers) or not all(
            map(math.isfinite, numbers)
        ):
            raise UserError(
                self.env._(
                    "A discount is a percentage or an amount, for some periods: give "
                    "numbers."
                )
            )
        if cycles < 0 or cycles != int(cycles):
            raise UserError(
                self.env._(
                    "A discount is for a whole number of periods; give 0 for one "
                    "without end."
                )
            )
        is_nothing = not round(percent, PERCENT_DIGITS) and self.currency_id.is_zero(
            amount
        )
        if is_nothing and not may_be_nothing:
            raise UserError(
                self.env._(
                    "The discount takes nothing off; give a percentage, or an amount "
                    "of %s or more.",
                    self.currency_id.format(self.currency_id.rounding),
                )
            )


class SubscriptionLineDiscountGrant(models.Model):
    _inherit = "subscription.line"

    def _next_period_to_bill(self, day):
        """Return when the line's next period begins, from a day on, not billed yet.

        What joins in the middle of a period begins with the rest of that.
        """
        self.ensure_one()
        day = max(day, self.date_start, self._billed_until() or day)
        if day == self.date_start and not self._is_step():
            return day
        period = self._snapshot_calendar().period_on(day)
        if period is None or period.service.start == day:
            return day
        return period.service.end

    def _billed_until(self):
        """Return the first day that was not billed yet, None if none was."""
        charges = self.env["subscription.billed.period"].search(
            [
                ("line_id", "in", self._series_lines().ids),
                ("amount", ">=", 0),
                ("credited_period_id", "=", False),
            ],
            order="date_end desc",
            limit=1,
        )
        # A period that cost nothing has no row, and is closed all the same.
        ends = [end for end in (charges.date_end, self.closed_until) if end]
        return max(ends, default=None)

    def _goes_on_at(self, day):
        """Tell whether the line, or what follows it, is served on a day or later."""
        self.ensure_one()
        return self._origin_key() in {
            line._origin_key() for line in self.subscription_id._lines_from(day)
        }
