from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..billing_core.errors import BillingError
from ..billing_core.recurring_revenue import (
    MovementKind,
    kind_of,
    kind_taken_back,
    level_on,
    movements_to_record,
    revenue_changes,
)
from .decimals import exact
from .subscription_line_terms import without_limited_discounts


class SubscriptionRevenueMovement(models.Model):
    """By how much the monthly recurring revenue moves on a day, and why.

    A record is only added to: what is taken back is moved back. The exchange rate is
    that of the day on which the movement was written.
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
    is_lost_at_rest = fields.Boolean(
        readonly=True,
        help="What rested when the service ended is lost, and not paused any more.",
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
        "Monthly Revenue",
        required=True,
        currency_field="company_currency_id",
        help="In the company's currency, at the rate of the day it was written.",
    )

    def write(self, vals):
        if self:
            raise UserError(
                self.env._("Movements of revenue are only added to, never edited.")
            )
        return super().write(vals)


class SubscriptionRevenue(models.Model):
    _inherit = "subscription.subscription"

    movement_ids = fields.One2many(
        "subscription.revenue.movement", "subscription_id", "Revenue Movements"
    )

    def _record_movements(self, change):
        """Write down how a change moves the revenue of each day."""
        self.ensure_one()
        recorded = {}
        for movement in self.sudo().movement_ids:
            amount = recorded.get(movement.date, 0) + exact(movement.amount)
            recorded[movement.date] = amount
        missing = movements_to_record(
            self._revenue_changes(self._snapshot_pauses()), recorded
        )
        for day, amount in missing.items():
            kind = self._kind_of_movement(day, amount)
            self._create_movement(day, amount, kind, change)
        self._record_losses_at_rest(change)

    def _record_losses_at_rest(self, change):
        """Write down that what rested when the service ended is not paused, but lost.

        It left as a pause before; it comes back as a resumption, and goes as churn.
        """
        self.ensure_one()
        recorded = {}
        for movement in self.sudo().movement_ids.filtered("is_lost_at_rest"):
            if movement.kind == "resumption":
                amount = recorded.get(movement.date, 0) + exact(movement.amount)
                recorded[movement.date] = amount
        missing = movements_to_record(self._revenue_lost_at_rest(), recorded)
        for day, amount in missing.items():
            for moved, kind in (
                (amount, MovementKind.RESUMPTION),
                (-amount, None),
            ):
                self._create_movement(
                    day,
                    moved,
                    kind or self._kind_of_movement(day, moved, at_rest=True),
                    change,
                    is_lost_at_rest=True,
                )

    def _revenue_lost_at_rest(self):
        """Return the monthly revenue that rested as the service ended, by its day."""
        end = self.date_end
        if not end:
            return {}
        served, paid = (
            level_on(end - timedelta(days=1), self._revenue_changes(pauses).items())
            for pauses in ([], self._snapshot_pauses())
        )
        return {end: served - paid} if served != paid else {}

    def _create_movement(self, day, amount, kind, change, **values):
        self.env["subscription.revenue.movement"].sudo().create(
            {**self._prepare_movement_values(day, amount, kind, change), **values}
        )

    def _restate_revenue(self, companies):
        """Move the revenue to where it is by what companies subtract now."""
        limited = self.sudo().search(
            [
                ("company_id", "in", companies.ids),
                ("line_ids.discount_ids.cycles", ">", 0),
            ]
        )
        limited._price_again()
        for subscription in limited:
            subscription._record_movements(self.env["subscription.change"])

    def _revenue_changes(self, pauses):
        """Return by how much the monthly revenue changes on each day."""
        self.ensure_one()
        activated = self.change_ids.filtered(lambda each: each.kind == "activated")
        if self.state == "draft" or not activated:
            return {}
        lines = self._snapshot_lines()
        if not self.company_id.subscription_counts_limited_discounts:
            lines = [without_limited_discounts(line) for line in lines]
        currency = self.currency_id._snapshot_currency()
        try:
            return revenue_changes(lines, pauses, currency)
        except BillingError as error:
            raise UserError(self._refusal(error)) from error

    def _in_company_currency(self, amount, day):
        company, day = self.company_id, min(day, self._today())
        return self.currency_id._convert(
            float(amount), company.currency_id, company, day
        )

    def _prepare_movement_values(self, day, amount, kind, change):
        self.ensure_one()
        company = self.company_id
        return {
            "date": day,
            "kind": kind.value,
            "subscription_id": self.id,
            "change_id": change.id,
            # What a cancellation that is taken back moves back is of its reason too.
            "cancellation_reason_id": (
                change.cancellation_reason_id or change.undoes_id.cancellation_reason_id
            ).id,
            "commercial_partner_id": self.commercial_partner_id.id,
            "plan_id": self.plan_id.id,
            "user_id": self.user_id.id,
            "company_id": company.id,
            "currency_id": self.currency_id.id,
            "amount": float(amount),
            "company_amount": self._in_company_currency(amount, day),
        }

    def _kind_of_movement(self, day, amount, *, at_rest=False):
        """Return what a movement is to the customer on its day.

        With `at_rest` it is no pause, although one begins or ends there.
        """
        same_day = self.sudo().movement_ids.filtered(lambda each: each.date == day)
        if at_rest:
            same_day = same_day.filtered(lambda each: each.kind != "resumption")
        taken_back = kind_taken_back(
            amount,
            [(MovementKind(each.kind), exact(each.amount)) for each in same_day],
        )
        if taken_back:
            return taken_back
        edges = {
            edge
            for pause in self.pause_ids.filtered(lambda pause: not pause.is_billed)
            for edge in (pause.date_start, pause.date_end)
        }
        before, was_customer = self._revenue_of_customer(day)
        return kind_of(
            exact(before),
            exact(self._in_company_currency(amount, day)),
            was_customer=was_customer,
            pauses=day in edges and not at_rest,
        )

    def _revenue_of_customer(self, day):
        """Return the customer's monthly revenue of a day, and whether there was any."""
        movements = self.env["subscription.revenue.movement"].sudo()
        own = Domain("commercial_partner_id", "=", self.commercial_partner_id.id)
        own &= Domain("company_id", "=", self.company_id.id)
        own &= Domain("date", "<=", day)
        [(total, count)] = movements._read_group(
            own, [], ["company_amount:sum", "__count"]
        )
        return self.company_id.currency_id.round(total or 0.0), bool(count)
