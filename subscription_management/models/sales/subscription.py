"""What a subscription and its plan know of the order that began it."""

import logging

from odoo import fields, models
from odoo.exceptions import UserError

from ...billing_core.lifecycle import ENDED

_logger = logging.getLogger(__name__)


class SubscriptionPlanOrders(models.Model):
    _inherit = "subscription.plan"

    fee_policy = fields.Selection(
        [
            ("subscription", "With the First Period"),
            ("order", "By the Order"),
        ],
        string="One-Off Fees Are Invoiced",
        required=True,
        default="subscription",
        help="Services on the same order that are sold once, like a set-up.\n"
        "With the first period: on one invoice with it.\n"
        "By the order: as orders invoice what they sell.",
    )
    first_invoice_policy = fields.Selection(
        [("at_once", "When It Is Ordered"), ("run", "With the Next Billing Run")],
        string="First Invoice",
        required=True,
        default="at_once",
        help="For subscriptions that begin with an order.",
    )

    def _subscription_terms(self):
        """Return what plans have in common whose products share a subscription."""
        self.ensure_one()
        return (
            self.term_count and (self.term_count, self.term_unit),
            self.term_count and self.renewal_policy,
            self.trial_days and (self.trial_days, self.trial_conversion),
        )


class SubscriptionOrder(models.Model):
    _inherit = "subscription.subscription"

    order_id = fields.Many2one(
        "sale.order",
        "Ordered By",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="sales_team.group_sale_salesman",
    )

    def _cancel_with_order(self):
        """End before the first day what was not invoiced yet, or say what to do."""
        self.ensure_one()
        if self.state in ENDED:
            return
        if self.billed_period_ids:
            raise UserError(
                self.env._(
                    "%(order)s began %(subscription)s, which was invoiced already; "
                    "cancel the subscription instead, which says what is credited.",
                    order=self.order_id.name,
                    subscription=self.name,
                )
            )
        self._end_on(
            self.date_start, self.env._("Order %s was cancelled", self.order_id.name)
        )
        if self.state not in ENDED:
            # Its first day is to come, and never will.
            self._set_state("cancelled")

    def _create_first_invoice(self):
        """Make the first invoice at once, where the plan says so and something is due.

        What cannot be invoiced is left to the billing run, which tells people why.
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


class SubscriptionLineOrder(models.Model):
    _inherit = "subscription.line"

    order_line_id = fields.Many2one(
        "sale.order.line",
        "Ordered On",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="sales_team.group_sale_salesman",
    )
