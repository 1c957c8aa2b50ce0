"""Policies of plans for the orders that start subscriptions."""

from odoo import fields

from ..model_part import ModelPart


class SubscriptionPlanSale(ModelPart):
    _register = False

    fee_policy = fields.Selection(
        [
            ("subscription", "With the First Period"),
            ("order", "By the Order"),
        ],
        string="One-Time Fees",
        required=True,
        default="subscription",
        help="Where one-time services of the same order, such as a set-up, are "
        "invoiced.\n"
        "With the First Period: on the first invoice of the subscription.\n"
        "By the Order: on the invoice of the order.",
    )
    first_invoice_policy = fields.Selection(
        [("at_once", "On Confirmation"), ("run", "With the Next Billing Run")],
        string="First Invoice",
        required=True,
        default="at_once",
        help="When the first invoice of a subscription started by an order is created.",
    )

    def _subscription_terms(self):
        """Return the key of the terms that plans of one subscription share."""
        self.ensure_one()
        return (
            self.term_count and (self.term_count, self.term_unit),
            self.term_count and self.renewal_policy,
            self.trial_days and (self.trial_days, self.trial_conversion),
        )
