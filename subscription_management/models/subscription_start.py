"""Subscriptions that begin after their order: on delivery, or with the first use."""

from odoo import api, fields, models

from .noted_changes import noting


class SubscriptionPlanStart(models.Model):
    _inherit = "subscription.plan"

    start_policy = fields.Selection(
        [
            ("order", "When It Is Ordered"),
            ("delivery", "When the Order Is Delivered"),
        ],
        string="Service Starts",
        required=True,
        default="order",
        help="For subscriptions that begin with an order; a day that is chosen on the "
        "order comes first.",
    )


class SubscriptionStart(models.Model):
    _inherit = "subscription.subscription"

    starts_with = fields.Selection(
        lambda self: self.env["subscription.plan"]._fields["start_policy"].selection,
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="What a draft that was ordered waits for to start by itself.",
    )
    start_label = fields.Char(compute="_compute_start_label")

    @api.depends("starts_with", "state", "order_id")
    @api.depends_context("lang")
    def _compute_start_label(self):
        policies = dict(self._fields["starts_with"]._description_selection(self.env))
        for subscription in self:
            waits = subscription.state == "draft" and subscription.starts_with
            subscription.start_label = waits and policies.get(waits)

    @api.model
    def _cron_start_ordered(self):
        """Start the drafts whose order was delivered, or which were used first."""
        domain = [("state", "=", "draft"), ("starts_with", "!=", False)]
        self._do_for_each(domain, lambda each: each._start_if_its_day_came())

    def _start_if_its_day_came(self):
        self.ensure_one()
        if day := self._day_of_what_it_waits_for():
            self._begin_as_ordered(min(day, self._today()))

    def _day_of_what_it_waits_for(self):
        """Return the day on which what the draft waits for came, False before it.

        Other addons know better when goods were delivered, or what was used.
        """
        self.ensure_one()
        order = self.sudo().order_id
        is_delivered = self.starts_with == "delivery" and order._is_delivered()
        return is_delivered and self._today()

    def _begin_as_ordered(self, day):
        """Start on a day, and make the first invoice as the plan says."""
        self.ensure_one()
        if self.date_start != day:
            self.date_start = day
        noting(self).action_activate()
        self._invoice_what_was_ordered()
