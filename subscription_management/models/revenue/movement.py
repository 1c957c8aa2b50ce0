from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.errors import BillingError
from ...billing_core.exchange import exchange_residuals
from ...billing_core.line import Line
from ...billing_core.money import ZERO
from ...billing_core.monthly_revenue import revenue_changes
from ...billing_core.movements import (
    PAUSE_MOVEMENTS,
    AgreedChange,
    MovementKind,
    kinds_by_day,
    level_on,
    movements_by_kind,
    movements_to_record,
)
from ..decimals import exact
from ..model_part import ModelPart


class SubscriptionRevenueMovement(models.Model):
    """A change of monthly recurring revenue (MRR) on a day, with its kind and cause.

    Movements are append-only: a correction is an opposite movement. An increase has the
    exchange rate of the day on which it was written; a decrease has the average rate of
    the revenue that it reduces, so that ended revenue leaves no residual.
    """

    _name = "subscription.revenue.movement"
    _description = "Recurring Revenue Movement"
    _order = "date desc, id desc"
    _rec_name = "subscription_id"

    date = fields.Date(required=True, index=True)
    kind = fields.Selection(
        [
            ("new", "New"),
            ("expansion", "Expansion"),
            ("contraction", "Contraction"),
            ("churn", "Churn"),
            ("reactivation", "Reactivation"),
            ("pause", "Pause"),
            ("resumption", "Resumption"),
        ],
        required=True,
    )
    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    change_id = fields.Many2one(
        "subscription.change", "Caused By", ondelete="set null", index=True
    )
    cancellation_reason_id = fields.Many2one(
        "subscription.cancellation.reason", ondelete="restrict", index="btree_not_null"
    )
    commercial_partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, ondelete="restrict", index=True
    )
    plan_id = fields.Many2one("subscription.plan", required=True, ondelete="restrict")
    user_id = fields.Many2one("res.users", "Salesperson")
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(required=True, help="Per month, without taxes.")
    company_currency_id = fields.Many2one(
        "res.currency", "Company Currency", related="company_id.currency_id"
    )
    company_amount = fields.Monetary(
        "MRR",
        required=True,
        currency_field="company_currency_id",
        help="In the company's currency, at the rate of the day of the movement.",
    )

    def write(self, vals):
        if self:
            raise UserError(
                self.env._(
                    "Revenue movements cannot be edited; change the subscription to "
                    "record a new movement."
                )
            )
        return super().write(vals)

    def _move_to_kind(self, recorded, kind, change):
        """Reverse a sum and record it as another kind."""
        self.ensure_one()
        for sign, of_kind in ((-1, recorded.kind), (1, kind)):
            self.copy(
                {
                    "kind": of_kind.value,
                    "change_id": change.id,
                    "amount": float(sign * recorded.amount),
                    "company_amount": float(sign * recorded.company_amount),
                }
            )

    @api.model
    def _sums(self, domain):
        """Return the `MovementSum`s of a domain, one per subscription, day and kind."""
        groups = self.sudo()._read_group(
            domain,
            ["subscription_id", "commercial_partner_id", "date:day", "kind"],
            ["amount:sum", "company_amount:sum", "id:max"],
            order="subscription_id, date:day, kind",
        )
        return [
            MovementSum(
                subscription,
                customer,
                day,
                MovementKind(kind),
                exact(amount),
                exact(company_amount),
                self.sudo().browse(last_id),
            )
            for (
                subscription,
                customer,
                day,
                kind,
                amount,
                company_amount,
                last_id,
            ) in groups
        ]


@dataclass(frozen=True)
class MovementSum:
    """The sum of a subscription's movements of one kind on one day."""

    subscription: models.Model
    customer: models.Model
    day: date
    kind: MovementKind
    amount: Decimal
    company_amount: Decimal
    last: models.Model

    @property
    def key(self):
        return self.customer, self.day, self.kind

    def agreed_change(self):
        return AgreedChange(
            self.subscription.id, self.day, self.amount, self.company_amount
        )


class SubscriptionRevenue(ModelPart):
    _register = False

    movement_ids = fields.One2many(
        "subscription.revenue.movement", "subscription_id", "Revenue Movements"
    )

    def _record_movements(self, change):
        """Record the revenue movements of a change, for each day.

        It may also change the kind of the movements of the customer's other
        subscriptions: the end of one is churn only when no other one continues.
        """
        self.ensure_one()
        agreed, paid = (
            self._revenue_changes(pauses) for pauses in ([], self._snapshot_pauses())
        )
        recorded = {each.key: each for each in self._recorded_movements()}
        others = self._movements_of_others()
        kinds = kinds_by_day(
            [
                *self._agreed_changes(agreed, recorded.values()),
                *(
                    each.agreed_change()
                    for each in others
                    if each.kind not in PAUSE_MOVEMENTS
                ),
            ]
        )
        wanted = {
            (self.commercial_partner_id, *key): amount
            for key, amount in movements_by_kind(agreed, paid, kinds).items()
        }
        amounts = {key: each.amount for key, each in recorded.items()}
        missing = movements_to_record(wanted, amounts)
        for key, amount, company_amount in self._with_company_amounts(
            missing, recorded
        ):
            self._create_movement(key, amount, company_amount, change)
        for each in others:
            kind = kinds.get(each.day, each.kind)
            if each.kind not in PAUSE_MOVEMENTS and each.kind != kind and each.amount:
                each.last._move_to_kind(each, kind, change)

    def _recorded_movements(self):
        """Return the `MovementSum`s recorded for this subscription."""
        own = Domain("subscription_id", "=", self.id)
        return self.env["subscription.revenue.movement"]._sums(own)

    def _movements_of_others(self):
        """Return the `MovementSum`s of the customer's other subscriptions."""
        domain = Domain("commercial_partner_id", "=", self.commercial_partner_id.id)
        domain &= Domain("company_id", "=", self.company_id.id)
        domain &= Domain("subscription_id", "!=", self.id)
        return self.env["subscription.revenue.movement"]._sums(domain)

    def _agreed_changes(self, changes, recorded):
        """Return the `AgreedChange`s of this subscription.

        A recorded change keeps its amount in the company's currency.
        """
        written = {}
        for each in recorded:
            if each.kind not in PAUSE_MOVEMENTS:
                amount, company_amount = written.get(each.day, (ZERO, ZERO))
                written[each.day] = (
                    amount + each.amount,
                    company_amount + each.company_amount,
                )
        found = []
        for day, amount in changes.items():
            before, company_amount = written.get(day, (ZERO, ZERO))
            if before != amount:
                company_amount = exact(self._company_amount_of_increase(amount, day))
            found.append(AgreedChange(self.id, day, amount, company_amount))
        return found

    def _create_movement(self, key, amount, company_amount, change):
        """Create the movement of a (customer, day, kind) key."""
        customer, day, kind = key
        self.env["subscription.revenue.movement"].sudo().create(
            {
                **self._prepare_movement_values(day, amount, kind, change),
                "commercial_partner_id": customer.id,
                "company_amount": company_amount,
            }
        )

    def _restate_revenue(self, companies):
        """Record movements for a new treatment of limited discounts by companies."""
        limited = self.sudo().search(
            [
                ("company_id", "in", companies.ids),
                ("line_ids.discount_ids.cycles", ">", 0),
            ]
        )
        limited._reprice()
        for subscription in limited:
            subscription._record_movements(self.env["subscription.change"])

    def _revenue_changes(self, pauses):
        """Return {day: change of monthly revenue} of a started subscription."""
        self.ensure_one()
        activated = self.change_ids.filtered(lambda each: each.kind == "activated")
        if self.state == "draft" or not activated:
            return {}
        try:
            return self._agreed_revenue_changes(pauses)
        except BillingError as error:
            raise UserError(self._error_message(error)) from error

    def _agreed_revenue_changes(self, pauses):
        """Return {day: change of monthly revenue} of the lines, started or not."""
        if not self.currency_id:
            return {}
        lines = self.line_ids.filtered(
            lambda line: (
                line.kind == "recurring"
                and line.plan_id
                and line.product_id
                and line.date_start
            )
        )
        # Lines in a form may be unsaved.
        keys = {line: line.id or -number for number, line in enumerate(lines, start=1)}
        return revenue_changes(
            self._at_lasting_prices([line._snapshot_line(keys) for line in lines]),
            pauses,
            self.currency_id._snapshot_currency(),
        )

    def _at_lasting_prices(self, lines):
        """Return lines of the core at the prices that count as recurring revenue.

        Discounts of limited duration are deducted if the company is set so.
        """
        company = self.company_id or self.env.company
        if company.subscription_counts_limited_discounts:
            return list(lines)
        return [without_limited_discounts(line) for line in lines]

    def _monthly_on(self, day):
        """Return the monthly revenue on a day, 0.0 during an unbilled pause."""
        self.ensure_one()
        try:
            changes = self._agreed_revenue_changes(self._snapshot_pauses())
        except BillingError:
            # A quantity without a price is refused when the line is saved.
            return 0.0
        return float(level_on(day, changes.items()))

    def _prepare_movement_values(self, day, amount, kind, change):
        self.ensure_one()
        return {
            "date": day,
            "kind": kind.value,
            "subscription_id": self.id,
            "change_id": change.id,
            # An undone cancellation keeps its reason.
            "cancellation_reason_id": (
                change.cancellation_reason_id or change.undoes_id.cancellation_reason_id
            ).id,
            "plan_id": self.plan_id.id,
            "user_id": self.user_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "amount": float(amount),
        }

    # --- Exchange rates ---

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


def without_limited_discounts(line: Line) -> Line:
    """Return a line without the discounts of limited duration."""
    lasting = tuple(each for each in line.terms.discounts if each.cycles is None)
    return replace(line, terms=replace(line.terms, discounts=lasting))
