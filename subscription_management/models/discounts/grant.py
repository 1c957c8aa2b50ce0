"""Granting discounts and redeeming coupons, on drafts and in service.

A discount granted to a whole draft is remembered until the draft starts
(`draft_grants`), and spread over its lines again whenever these change: a deleted or
cheaper line loses nothing of it, and a new product has its share.
"""

import math

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS, Command
from odoo.tools import format_date

from ...billing_core.discounts import spread
from ..decimals import exact
from ..model_part import ModelPart
from ..subscriptions.internal_write import internal_write, is_internal_write
from .discount import REDEMPTION_FIELDS

DISCOUNT_POLICIES = [
    ("next_period", "From Each Product's Next Billing Period"),
    ("prorate", "From This Date, Prorated"),
]

DISCOUNT_POLICY_HELP = (
    "From each product's next billing period: billed periods stay as they are.\n"
    "From this date, prorated: the remaining days of billed periods are credited."
)

NO_DISCOUNT = {"percent": 0.0, "fixed_amount": 0.0, "cycles": 0, "coupon_id": False}

PERCENT_DIGITS = 4


class SubscriptionDiscountGrant(ModelPart):
    _register = False

    draft_grants = fields.Json(
        copy=False,
        groups=NO_ACCESS,
        help="The values of each discount of the whole draft, by its number.",
    )
    has_discounts = fields.Boolean(compute="_compute_has_discounts", compute_sudo=True)

    @api.depends("line_ids.discount_ids", "draft_grants")
    def _compute_has_discounts(self):
        for subscription in self:
            discounts = subscription.line_ids.discount_ids
            subscription.has_discounts = discounts or subscription.draft_grants

    def action_discount(self):
        """Open the wizard that grants a discount or redeems a coupon."""
        self._check_may_agree()
        return self._open_wizard(
            "subscription.discount.wizard",
            self.env._("Grant Discount"),
            default_date_start=self._discount_day(),
        )

    def action_remove_discounts(self):
        """Remove all discounts of a draft; its coupons can be redeemed again."""
        self.check_access("write")
        for draft in self:
            if draft.state != "draft":
                raise UserError(
                    self.env._(
                        "%s has started and keeps its discounts; grant a discount "
                        "that replaces them instead.",
                        draft.name,
                    )
                )
            draft.line_ids.discount_ids.unlink()
            draft.sudo().draft_grants = False

    def redeem_coupon(self, code, day, policy="next_period", *, replaces=False):
        """Grant the discount of a coupon from a day, or refuse."""
        self.ensure_one()
        self._check_may_agree()
        coupon = self.env["subscription.coupon"]._find(code, self)
        return self._redeem(coupon, day, policy, replaces=replaces)

    def _redeem(self, coupon, day, policy="next_period", *, replaces=False):
        """Redeem a coupon, or refuse with the reason; return the recorded change."""
        self.ensure_one()
        # A line that was deleted no longer uses the coupon.
        self._spread_draft_grants()
        subscription = internal_write(self)
        coupon._redeem(subscription, day)
        values = coupon._prepare_discount_values()
        change = subscription.grant_discount(
            values, day, reason=coupon.code, policy=policy, replaces=replaces
        )
        return change.with_env(self.env)

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
        """Grant a discount on lines from a day; return the recorded change.

        `values` are those of `subscription.discount`: percent, fixed_amount, cycles,
        coupon_id. A percentage applies to each line, an amount once: to the first line,
        and the rest to the next ones. It starts with the next unbilled period of each
        line or, with the policy `prorate`, on the day, which credits billed days. With
        `replaces` earlier discounts end there, even if no other takes their place.
        """
        self.ensure_one()
        self._check_may_agree()
        self._check_coupon_is_redeemed(values)
        is_for_draft = self.state == "draft" and not lines and day <= self.date_start
        if is_for_draft:
            self._grant_to_draft(values, day, policy, replaces=replaces)
            return self.env["subscription.change"]
        plan = self._plan_discount(values, day, lines, policy, replaces=replaces)
        return self._apply_agreed_change("discount", plan, reason)

    def _grant_to_draft(self, values, day, policy, *, replaces):
        """Grant a discount to a whole draft, and remember it until the draft starts."""
        if replaces:
            self.action_remove_discounts()
        self._spread_draft_grants()
        number = self._next_grant_number()
        draft = internal_write(self)
        numbered = {**values, "grant_number": number}
        plan = draft._plan_discount(numbered, day, policy=policy, replaces=replaces)
        draft._write_into_draft(plan)
        if values.get("percent") or values.get("fixed_amount"):
            known = self.sudo()
            known.draft_grants = {**(known.draft_grants or {}), str(number): values}

    def _next_grant_number(self):
        self.ensure_one()
        known = map(int, self.sudo().draft_grants or {})
        used = self.line_ids.discount_ids.mapped("grant_number")
        return max([0, *known, *used]) + 1

    def _spread_grants_over_edited_lines(self, vals):
        """Spread the grants of drafts again when users have written their lines."""
        if "line_ids" not in vals or is_internal_write(self.env):
            return
        for draft in self.filtered(lambda each: each.state == "draft"):
            try:
                with self.env.cr.savepoint():
                    draft._spread_draft_grants()
            except UserError:
                # An incomplete draft may be saved; its start reports the error.
                continue

    def _spread_draft_grants(self):
        """Spread the grants of drafts over the lines that they have now."""
        for draft in internal_write(self).filtered(lambda each: each.state == "draft"):
            grants = draft._grants_to_spread()
            if not grants or not draft.line_ids:
                continue
            draft.line_ids.discount_ids.filtered(
                lambda each, grants=grants: str(each.grant_number) in grants
            ).unlink()
            for number, values in grants.items():
                numbered = {**values, "grant_number": int(number)}
                plan = draft._plan_discount(numbered, draft.date_start)
                draft._write_into_draft(plan)

    def _grants_to_spread(self):
        """Return the grants of a draft, without those of deleted coupons."""
        self.ensure_one()
        coupons = self.env["subscription.coupon"].sudo()
        return {
            number: values
            for number, values in (self.sudo().draft_grants or {}).items()
            if coupons.browse(values.get("coupon_id") or []).exists()
            or not values.get("coupon_id")
        }

    def _check_discounts_at_start(self):
        """Spread the grants of drafts over their lines, and check their coupons."""
        self._spread_draft_grants()
        self._check_coupons_at_start()

    def _forget_draft_grants(self):
        """Forget the grants of drafts that have started: their lines have them."""
        self.sudo().draft_grants = False

    def _check_coupons_at_start(self):
        """Refuse to start a draft with a coupon that no longer fits it."""
        for draft in self:
            redeemed = draft.line_ids.discount_ids.filtered(
                lambda each, draft=draft: each.redeemed_on_id == draft
            )
            for coupon in redeemed.sudo().coupon_id:
                coupon._lock_redemptions()
                if reason := coupon._reason_against_start(draft):
                    raise UserError(
                        self.env._(
                            "%(subscription)s cannot start with its coupon: "
                            "%(reason)s Remove the discounts, and choose another "
                            "coupon.",
                            subscription=draft.name,
                            reason=reason,
                        )
                    )

    def _has_discount_amounts(self):
        """Return whether a draft has discounts that are amounts of its currency."""
        self.ensure_one()
        known = self.sudo()
        grants = (known.draft_grants or {}).values()
        return any(known.line_ids.discount_ids.mapped("fixed_amount")) or any(
            values.get("fixed_amount") for values in grants
        )

    def _plan_discount(
        self, values, day, lines=None, policy="next_period", *, replaces=False
    ):
        """Return the `ChangePlan` of a discount from a day, or refuse."""
        self.ensure_one()
        self._check_discount_values(values, may_be_nothing=replaces)
        discount = {**NO_DISCOUNT, **values}
        starts = self._discount_starts(day, lines, policy)
        shares = self._discount_shares(discount, starts, replaces)
        rows = [(line, {**discount, "fixed_amount": shares[line]}) for line in starts]
        return self._plan_prorated_changes(
            self._discount_changes(rows, starts, replaces)
        )

    def _discount_starts(self, day, lines=None, policy="next_period"):
        """Return the first day of a discount by line, or refuse."""
        lines = lines or self._lines_to_change(day)
        if policy == "prorate":
            starts = {line: max(day, line.date_start) for line in lines}
        else:
            starts = {line: line._next_period_to_bill(day) for line in lines}
        served = {
            line: start for line, start in starts.items() if line._is_served_from(start)
        }
        if not served:
            raise UserError(
                self.env._(
                    "%(subscription)s has no unbilled period after %(day)s. Choose an "
                    "earlier start, or a discount prorated from a date.",
                    subscription=self.name,
                    day=format_date(self.env, day),
                )
            )
        return served

    def _discount_shares(self, discount, starts, replaces=False):
        """Return the share of each line in the amount of a discount.

        It is at most the lowest price for a full period that is scheduled for the line,
        after its other discounts and the percentage of this one. It stays the same when
        the price rises later.
        """
        currency = self.currency_id._snapshot_currency()
        amount = currency.round(exact(discount["fixed_amount"]))
        if not amount:
            return dict.fromkeys(starts, 0.0)
        rows = [(line, {**discount, "fixed_amount": 0.0}) for line in starts]
        planned = self._plan_prorated_changes(
            self._discount_changes(rows, starts, replaces)
        )
        prices = [
            None
            if line.kind == "usage"
            else currency.round(self._least_price_from(planned, line, start))
            for line, start in starts.items()
        ]
        shares = spread(amount, prices)
        return {line: float(share) for line, share in zip(starts, shares, strict=True)}

    def _least_price_from(self, change_plan, line, day):
        """Return the lowest scheduled price of a line for a period, from a day."""
        key = line._origin_key()
        steps = {
            step.start
            for step in change_plan.lines
            if step.origin_key == key and step.start > day and not step.is_empty
        }
        return min(
            self._full_prices_on(change_plan, start)[key][1] for start in (day, *steps)
        )

    def _discount_changes(self, rows, starts, replaces=False):
        """Return the (day, rows) that grant discounts, given as (line, values).

        A discount of nothing changes no line, unless it replaces others.
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
        """Return the first day of a discount by product, False where it is one day."""
        self.ensure_one()
        try:
            starts = self._discount_starts(day, policy=policy)
        except UserError:
            # The preview shows the reason.
            return False
        if len(set(starts.values())) < 2:
            return False
        return "\n".join(
            f"{line.product_id.display_name}: {format_date(self.env, start)}"
            for line, start in starts.items()
        )

    def _discount_day(self):
        """Return the default start of a discount."""
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
        """Refuse a discount that names a coupon without redeeming its code."""
        if REDEMPTION_FIELDS & values.keys():
            self.env["subscription.discount"]._check_redemption_is_internal()

    def _check_discount_values(self, values, *, may_be_nothing=False):
        """Refuse values that are no numbers, no discount, or a negative duration.

        The core refuses discounts that exceed the price.
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
                    "The percentage, amount and duration of a discount are numbers; "
                    "enter numbers."
                )
            )
        if cycles < 0 or cycles != int(cycles):
            raise UserError(
                self.env._(
                    "The duration of a discount is a whole number of billing periods; "
                    "enter 0 for forever."
                )
            )
        is_nothing = not round(percent, PERCENT_DIGITS) and self.currency_id.is_zero(
            amount
        )
        if is_nothing and not may_be_nothing:
            raise UserError(
                self.env._(
                    "The discount is zero; enter a percentage, or an amount of %s or "
                    "more.",
                    self.currency_id.format(self.currency_id.rounding),
                )
            )


class SubscriptionLineDiscountGrant(ModelPart):
    _register = False

    def _next_period_to_bill(self, day):
        """Return the start of the line's next unbilled period, from a day.

        For a line that joins within a period it is the day on which it joins.
        """
        self.ensure_one()
        day = max(day, self.date_start, self._billed_until() or day)
        if day == self.date_start and not self._is_follow_up_line():
            return day
        period = self._snapshot_calendar().period_on(day)
        if period is None or period.service.start == day:
            return day
        return period.service.end

    def _billed_until(self):
        """Return the first unbilled day, None if no day was billed."""
        charges = self.env["subscription.billed.period"].search(
            [
                ("line_id", "in", self._series_lines().ids),
                ("amount", ">=", 0),
                ("credited_period_id", "=", False),
            ],
            order="date_end desc",
            limit=1,
        )
        # A period without amount has no billed period, but is closed.
        ends = [end for end in (charges.date_end, self.closed_until) if end]
        return max(ends, default=None)

    def _is_served_from(self, day):
        """Return whether the line or a follow-up line is served on a day or later."""
        self.ensure_one()
        return self._origin_key() in {
            line._origin_key() for line in self.subscription_id._lines_from(day)
        }
