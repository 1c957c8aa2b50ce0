"""Subscriptions as orders start them and quotations renew, change and cancel them."""

import logging

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import format_date

from ...billing_core.errors import BillingError
from ...billing_core.lifecycle import ENDED
from ...billing_core.line import ChargeKind
from ...billing_core.money import ZERO
from ...billing_core.owed import full_price
from ...billing_core.percent_base import with_bases
from ..changes.change_planner import ChangePlanner
from ..model_part import ModelPart
from ..renewals.renewal import RENEWAL_ACTIVITY
from .purpose import OPEN_QUOTATION

_logger = logging.getLogger(__name__)


class SubscriptionQuotations(ModelPart):
    _register = False

    order_id = fields.Many2one(
        "sale.order",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="sales_team.group_sale_salesman",
    )
    quotation_ids = fields.One2many(
        "sale.order",
        "managed_subscription_id",
        "Quotations",
        groups="sales_team.group_sale_salesman",
    )
    quotation_count = fields.Integer(
        "Number of Quotations",
        compute="_compute_quotation_count",
        groups="sales_team.group_sale_salesman",
    )

    @api.depends("quotation_ids")
    def _compute_quotation_count(self):
        for subscription in self:
            subscription.quotation_count = len(subscription.quotation_ids)

    def action_view_quotations(self):
        self.ensure_one()
        return self.quotation_ids._get_records_action(
            name=self.env._("Quotations"), context={"create": False}
        )

    def _prepare_quotation_values(self):
        """Return the values of each quotation about the subscription."""
        self.ensure_one()
        return {
            "user_id": self.user_id.id,
            "partner_id": self.partner_id.id,
            "partner_invoice_id": self.partner_invoice_id.id,
            "partner_shipping_id": self.partner_shipping_id.id,
            "company_id": self.company_id.id,
            "origin": self.name,
            "client_order_ref": self.client_reference,
            "payment_term_id": self.payment_term_id.id,
            "require_signature": True,
            "require_payment": False,
            "managed_subscription_id": self.id,
        }

    def action_quote_renewal(self):
        """Open the quotation of the next term; create it where there is none."""
        self.ensure_one()
        self.check_access("write")
        self._check_can_renew()
        self._check_not_cancelled_for_renewal()
        return self._current_renewal_quotation()._get_records_action()

    def _current_renewal_quotation(self):
        """Return the open quotation of the next term, or a new one."""
        return self._open_renewal_quotations()[:1] or self._create_renewal_quotation()

    def _renewal_quotations(self):
        """Return all quotations of the next term."""
        self.ensure_one()
        return self.env["sale.order"].search(
            Domain("managed_subscription_id", "=", self.id)
            & Domain("managed_renews_from", "=", self.term_end)
        )

    def _open_renewal_quotations(self):
        return self._renewal_quotations().filtered(
            lambda order: order.state in OPEN_QUOTATION
        )

    def _quote_renewal_if_due(self, days_left):
        """Create the renewal quotation that is due, once, and send or assign it."""
        plan = self.plan_id
        is_due = 0 < days_left <= plan.renewal_quotation_days
        if plan.renewal_policy != "ask" or not is_due or self.date_end:
            return
        if self._renewal_quotations():
            return
        order = self._create_renewal_quotation()
        if plan.renewal_quotation_to == "customer":
            order.action_quotation_sent()
            order._send_order_notification_mail(order._find_mail_template())
            return
        self._schedule_renewal_activity(
            self.env._(
                "The term ends on %(day)s, and the subscription with it unless the "
                "customer accepts quotation %(quotation)s. Check and send it.",
                day=format_date(self.env, self.term_end),
                quotation=order.name,
            )
        )

    def _request_new_renewal_quotation(self):
        """Remind the salesperson to quote again: the plan quotes a term only once."""
        is_quoted = self.plan_id.renewal_policy == "ask" and not self.date_end
        if is_quoted and (cancelled := self.sudo()._renewal_quotations()[:1]):
            self._schedule_renewal_activity(
                self.env._(
                    "The renewal was undone and quotation %(quotation)s is cancelled. "
                    "The term ends on %(day)s, and the subscription with it unless the "
                    "customer accepts a new quotation. Create it with Renewal "
                    "Quotation, and send it.",
                    day=format_date(self.env, self.term_end),
                    quotation=cancelled.name,
                )
            )

    def _cancel_quotations_of_later_terms(self, renewal):
        """Cancel the quotations of terms that cannot follow without a renewal."""
        quotations = self.sudo().quotation_ids.filtered(
            lambda order: (
                order.state in OPEN_QUOTATION
                and order.managed_renews_from > renewal.date_effective
            )
        )
        quotations._cancel_with_reason(
            self.env._(
                "The renewal of %s was undone, and with it the term before the one "
                "quoted here.",
                self.name,
            )
        )

    def _cancel_orders_of_renewal(self, renewal):
        """Cancel the orders that agreed to a renewal that was undone."""
        orders = self.sudo().quotation_ids.filtered(
            lambda order: (
                order.state == "sale"
                and order.managed_renews_from == renewal.date_effective
            )
        )
        orders._cancel_with_reason(
            self.env._("The renewal of %s was undone.", self.name)
        )

    def _schedule_renewal_activity(self, note):
        self.activity_schedule(
            RENEWAL_ACTIVITY,
            date_deadline=self.term_end,
            note=note,
            user_id=(self.user_id or self.env.user).id,
        )

    def _create_renewal_quotation(self):
        """Return a new quotation of the next term of the subscription as it is now."""
        order = self.env["sale.order"].create(self._prepare_renewal_order_values())
        order._purpose().rebuild()
        return order

    def _prepare_renewal_order_values(self):
        self.ensure_one()
        return {
            **self._prepare_quotation_values(),
            "validity_date": fields.Date.subtract(self.term_end, days=1),
            "managed_purpose": "renewal",
            "managed_renews_from": self.term_end,
        }

    def _check_not_cancelled_for_renewal(self):
        """Refuse to renew a subscription that is cancelled for the end of its term."""
        if self._is_cancelled_for_renewal():
            raise UserError(
                self.env._(
                    "Subscription %(name)s is cancelled for %(day)s; undo the "
                    "cancellation first.",
                    name=self.name,
                    day=format_date(self.env, self.date_end),
                )
            )

    def _latest_agreed_change(self):
        """Return the newest change, except an expiry that an acceptance would undo."""
        self.ensure_one()
        changes = self.change_ids.sorted("id")
        if self.ends_by_expiry and changes[-1:].kind == "cancelled":
            changes -= changes[-1]
        return changes[-1:]

    def _plan_renewal(self, rows):
        """Return the `ChangePlan` of the next term, or refuse."""
        return self._plan_change(rows, self.term_end, "prorate")

    def _full_prices_on(self, change_plan, day):
        """Return (core line, price of a full period) by original key, from a day.

        The line is the one of the day, or else the next one; prices are not rounded.
        """
        self.ensure_one()
        found = {}
        try:
            parts = sorted(with_bases(change_plan.lines), key=lambda line: line.start)
            for line in parts:
                if not line.is_empty and (line.end is None or line.end > day):
                    index = line.calendar.index_on(max(day, line.start))
                    price = full_price(line, line.calendar.boundary(index))
                    found.setdefault(line.origin_key, (line, price))
        except BillingError as error:
            raise UserError(self._error_message(error, change_plan.values)) from error
        return found

    def _plan_quoted_change(self, rows, day, policy=None):
        """Return the planned change, and the key of the added line by order line."""
        change_plan, joined, effective = self._begin_change_plan(), {}, day
        for order_line, line, values in rows:
            known = set(change_plan.added)
            change_plan.effective = None
            ChangePlanner(self, day, change_plan).change([(line, values)], policy)
            effective = max(effective, change_plan.effective)
            if not line:
                [joined[order_line]] = set(change_plan.added) - known
        change_plan.effective = effective
        return change_plan, joined

    def _full_amounts_on(self, change_plan, day):
        """Return (plan, amount of a full period) by original key, from a day.

        Usage has no amount yet.
        """
        currency = self.currency_id._snapshot_currency()
        plans = self.env["subscription.plan"]
        return {
            key: (
                plans.browse(change_plan.values[line.key]["plan_id"]),
                ZERO if line.kind is ChargeKind.USAGE else currency.round(price),
            )
            for key, (line, price) in self._full_prices_on(change_plan, day).items()
        }

    # --- Quotations of changes and cancellations ---

    def action_quote_change(self):
        """Open the current products to quote a change of them."""
        self._check_can_be_quoted()
        return self._open_wizard(
            "subscription.change.wizard",
            self.env._("Quote Change"),
            default_is_quoted=True,
        )

    def action_quote_cancellation(self):
        """Ask for the last day of the service, to quote the cancellation."""
        self._check_can_be_quoted()
        return self._open_wizard(
            "subscription.cancel.wizard",
            self.env._("Quote Cancellation"),
            default_is_quoted=True,
        )

    def _check_can_be_quoted(self):
        """Refuse users without write access, and states without changes."""
        self.ensure_one()
        self.check_access("write")
        self._check_can_change()

    def _quote_change(self, lines, day=False, policy=False, reason=False):
        """Return a new quotation of a change; `lines` are values of order lines.

        Without a day it takes effect when it is confirmed.
        """
        self._check_can_be_quoted()
        if not lines:
            raise UserError(
                self.env._("Nothing was changed; edit a product, or close the window.")
            )
        return self._create_quotation(
            {
                "managed_purpose": "change",
                "managed_start_date": day,
                "managed_change_policy": policy,
                "managed_change_reason": reason,
                "order_line": [Command.create(values) for values in lines],
            }
        )

    def _quote_cancellation(self, day, because=None, reason=False):
        """Return a new quotation of the cancellation for a day."""
        self._check_can_be_quoted()
        order = self._create_quotation(
            {
                "managed_purpose": "cancellation",
                "managed_start_date": day,
                "managed_cancellation_reason_id": because and because.id,
                "managed_change_reason": reason,
            }
        )
        order._purpose().add_removed_lines()
        order._reprice()
        return order

    def _create_quotation(self, values):
        order = self.env["sale.order"].create(
            {
                **self._prepare_quotation_values(),
                **values,
                "managed_base_change_id": self._latest_agreed_change().id,
            }
        )
        order._reprice()
        return order

    # --- Orders that started the subscription ---

    def _cancel_with_order(self):
        """Cancel from the first day, or refuse once a period was billed."""
        self.ensure_one()
        if self.state in ENDED:
            return
        if self.billed_period_ids:
            raise UserError(
                self.env._(
                    "%(order)s started %(subscription)s, which is invoiced already; "
                    "cancel the subscription instead to choose the credit.",
                    order=self.order_id.name,
                    subscription=self.name,
                )
            )
        self._end_on(
            self.date_start, self.env._("Order %s was cancelled", self.order_id.name)
        )
        if self.state not in ENDED:
            # Its first day is in the future, so that no scheduled action ends it.
            self._set_state("cancelled")

    def _create_first_invoice(self):
        """Create the first invoice at once if it is due and the plan says so.

        On an error the billing run creates it, and reports the error.
        """
        self.ensure_one()
        today = self._today()
        is_due = self.next_billing_date and self.next_billing_date <= today
        if not is_due or self.plan_id.first_invoice_policy != "at_once":
            return
        try:
            with self.env.cr.savepoint():
                self.env["subscription.billing.run"]._bill_now(self, today)
        except UserError as error:
            _logger.info("%s is left to the billing run: %s", self.name, error)
