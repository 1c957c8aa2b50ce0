"""Quotations about a subscription that runs: they renew it, change it or end it."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SaleOrder(models.Model):
    """An order that, once it is confirmed, becomes a change of a subscription."""

    _inherit = "sale.order"

    managed_subscription_id = fields.Many2one(
        "subscription.subscription",
        "Subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="subscription_management.group_subscription_user",
    )
    managed_purpose = fields.Selection(
        [("renewal", "Renewal"), ("change", "Change"), ("end", "Cancellation")],
        "Purpose",
        readonly=True,
        copy=False,
        help="What becomes of the subscription once the order is confirmed.",
    )
    managed_seen_change_id = fields.Many2one(
        "subscription.change",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups="subscription_management.group_subscription_user",
        help="The newest change of the subscription that the quotation knows of.",
    )
    managed_refusal = fields.Char(
        compute="_compute_managed_refusal",
        help="Why the quotation cannot be confirmed as it is.",
    )

    _managed_purpose_of_subscription = models.Constraint(
        "CHECK((managed_subscription_id IS NULL) = (managed_purpose IS NULL))",
        "A quotation about a subscription says what becomes of it.",
    )

    @api.depends(
        "managed_subscription_id",
        "managed_seen_change_id",
        "managed_start_date",
        "state",
        "order_line.product_uom_qty",
    )
    def _compute_managed_refusal(self):
        for order in self:
            is_open = order.state in ("draft", "sent")
            order.managed_refusal = is_open and order._quotation_refusal()

    @api.depends("managed_subscription_id")
    def _compute_currency_id(self):
        result = super()._compute_currency_id()
        for order in self.sudo().filtered("managed_subscription_id"):
            order.currency_id = order.managed_subscription_id.currency_id
        return result

    @api.constrains("managed_subscription_id", "partner_id", "company_id")
    def _check_customer_stays(self):
        for order in self.sudo().filtered("managed_subscription_id"):
            subscription = order.managed_subscription_id
            if (
                order.company_id != subscription.company_id
                or order.partner_id.commercial_partner_id
                != subscription.commercial_partner_id
            ):
                raise ValidationError(
                    self.env._(
                        "%(order)s is about %(subscription)s and stays with its "
                        "customer; transfer the subscription instead.",
                        order=order.name,
                        subscription=subscription.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_may_change_subscription(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_may_change_subscription(vals)
        return super().write(vals)

    def _check_may_change_subscription(self, vals):
        """Refuse to quote what the user may not change: a yes is applied for all."""
        if subscription_id := vals.get("managed_subscription_id"):
            subscription = self.env["subscription.subscription"].browse(subscription_id)
            subscription.check_access("write")

    def _quotation_refusal(self):
        """Return why the quotation cannot be accepted as it is, False where it can."""
        self.ensure_one()
        order = self.sudo()
        if not order.managed_subscription_id:
            return False
        return order._why_stale() or order._why_not_as_quoted()

    def _why_stale(self):
        """Return what the quotation did not know of the subscription, False if all."""
        self.ensure_one()
        subscription = self.managed_subscription_id
        if subscription._newest_agreed_change() != self.managed_seen_change_id:
            return self.env._(
                "%s was changed since this quotation was made; update the quotation "
                "and send it again.",
                subscription.name,
            )
        return False

    def _why_not_as_quoted(self):
        """Return why the subscription cannot become as quoted, False where it can."""
        return False

    def _why_other_prices(self, prices):
        """Return that a price by order line is not the quoted one, False if all are."""
        if any(line._differs_from(price) for line, price in prices.items()):
            return self.env._(
                "The prices of %s moved since this quotation was made; update the "
                "quotation and send it again.",
                self.managed_subscription_id.name,
            )
        return False

    def _confirmation_error_message(self):
        return super()._confirmation_error_message() or self._quotation_refusal()

    def _action_confirm(self):
        result = super()._action_confirm()
        for order in self.sudo().filtered("managed_subscription_id"):
            subscription = order.managed_subscription_id
            # The customer accepts without rights, staff only with those to change it.
            subscription.with_env(self.env).check_access("write")
            order._apply_to_subscription()
        return result

    def _apply_to_subscription(self):
        """Let the subscription become as the confirmed order says."""
        self.ensure_one()

    def _why_agreed(self):
        """Return what the history says of the order that brought a change."""
        self.ensure_one()
        if self.signed_by:
            return self.env._(
                "Quotation %(order)s, signed by %(name)s",
                order=self.name,
                name=self.signed_by,
            )
        return self.env._("Quotation %s", self.name)

    def action_update_quotation(self):
        """Offer anew what was quoted, from the subscription as it is now."""
        for order in self:
            order.managed_subscription_id.check_access("read")
            order.sudo()._quote_anew()

    def _quote_anew(self):
        """Bring the lines in step with the subscription."""
        self.ensure_one()

    def _cancel_because(self, reason):
        """Cancel, and say on each order why."""
        self._action_cancel()
        for order in self:
            order.message_post(body=reason)
