"""The quotations about a subscription, and the opportunities they are made for."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import format_date

from ...billing_core.errors import BillingError
from ...billing_core.owed import full_price
from ...billing_core.percent_base import with_bases
from ..renewals.renewal import RENEWAL_ACTIVITY

OPEN_QUOTATION = ("draft", "sent")


KINDS = {
    frozenset({"units"}): "quantity",
    frozenset({"leaves"}): "line_ended",
    frozenset({False}): "line_added",
    frozenset({"leaves", "replaces"}): "plan",
}


"""The kind of change in the history by what the lines of an order do."""


class SubscriptionQuotations(models.Model):
    _inherit = "subscription.subscription"

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

    def _open_wizard(self, model, name, **context):
        """Keep in mind for which opportunity something is quoted."""
        lead = self.env.context.get("quoted_opportunity_id")
        if lead:
            context["quoted_opportunity_id"] = lead
        return super()._open_wizard(model, name, **context)

    def _prepare_quotation_values(self):
        """Return the values of any quotation about the subscription."""
        self.ensure_one()
        return {
            **self._prepare_opportunity_values(),
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

    def _prepare_opportunity_values(self):
        """Return what a quotation takes from the opportunity that it is made for."""
        lead = self._quoted_opportunity()
        own = {"user_id": (lead.user_id or self.user_id).id}
        if not lead:
            return own
        defaults = lead._prepare_opportunity_quotation_context()
        return {
            **{name.removeprefix("default_"): each for name, each in defaults.items()},
            **own,
        }

    def _quoted_opportunity(self):
        """Return the opportunity from which a quotation is asked for, if any."""
        number = self.env.context.get("quoted_opportunity_id")
        lead = self.env["crm.lead"].browse(number or []).exists()
        lead.check_access("read")
        return lead

    def action_quote_renewal(self):
        """Open the quotation of the next term; make it where there is none."""
        self._check_can_renew()
        self._check_not_cancelled_for_renewal()
        order = self._open_renewal_quotations()[:1] or self._create_renewal_quotation()
        order.opportunity_id = order.opportunity_id or self._quoted_opportunity()
        return order._get_records_action()

    def _renewal_quotations(self):
        """Return all quotations of the term that begins when this one ends."""
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
        """Make the quotation that is due, once, and bring it to whom the plan says."""
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
                "customer accepts quotation %(quotation)s: look at it and send it.",
                day=format_date(self.env, self.term_end),
                quotation=order.name,
            )
        )

    def _request_new_renewal_quotation(self):
        """Leave it to the salesperson to ask anew, where the plan asks only once."""
        is_asked = self.plan_id.renewal_policy == "ask" and not self.date_end
        if is_asked and (called_off := self.sudo()._renewal_quotations()[:1]):
            self._schedule_renewal_activity(
                self.env._(
                    "The renewal was taken back. The term ends on %(day)s, and the "
                    "subscription with it unless the customer accepts another "
                    "quotation than %(quotation)s, which is cancelled: make it by the "
                    "button Renewal Quotation, and send it.",
                    day=format_date(self.env, self.term_end),
                    quotation=called_off.name,
                )
            )

    def _schedule_renewal_activity(self, note):
        self.activity_schedule(
            RENEWAL_ACTIVITY,
            date_deadline=self.term_end,
            note=note,
            user_id=(self.user_id or self.env.user).id,
        )

    def _create_renewal_quotation(self):
        """Return a new quotation of the next term, as the subscription is now."""
        order = self.env["sale.order"].create(self._prepare_renewal_order_values())
        order._offer_renewal()
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
        """Refuse to quote the next term of what is to end."""
        if self._is_cancelled_for_renewal():
            raise UserError(
                self.env._(
                    "Subscription %(name)s ends on %(day)s; take the cancellation back "
                    "first.",
                    name=self.name,
                    day=format_date(self.env, self.date_end),
                )
            )

    def _latest_agreed_change(self):
        """Return the last change that somebody made; an expiry waits for an answer."""
        self.ensure_one()
        changes = self.change_ids.sorted("id")
        if self.ends_by_expiry and changes[-1:].kind == "cancelled":
            changes -= changes[-1]
        return changes[-1:]

    def _plan_renewal(self, rows):
        """Return the `Amendment` of the next term, or refuse."""
        return self._plan_change(rows, self.term_end, "prorate")

    def _full_prices_on(self, amendment, day):
        """Return what is served from a day on costs for the full period of that day.

        By the key of its origin: the `Line` of the day, or the next one, and its price,
        unrounded.
        """
        self.ensure_one()
        found = {}
        try:
            parts = sorted(with_bases(amendment.lines), key=lambda line: line.start)
            for line in parts:
                if not line.is_empty and (line.end is None or line.end > day):
                    index = line.calendar.index_on(max(day, line.start))
                    price = full_price(line, line.calendar.boundary(index))
                    found.setdefault(line.origin_key, (line, price))
        except BillingError as error:
            raise UserError(self._error_message(error, amendment.values)) from error
        return found

    def _renew(self, *args, **kwargs):
        """Renew, and call off the quotations that asked for it."""
        others = self.sudo()._open_renewal_quotations()
        result = super()._renew(*args, **kwargs)
        others._cancel_with_reason(self.env._("%s was renewed already.", self.name))
        return result

    def _renew_as_quoted(self, order):
        """Begin the next term as a confirmed quotation says."""
        self.ensure_one()
        self.lock_for_update()
        # Looked at again under the lock: another quotation may have been faster.
        if refusal := order._stale_reason():
            raise UserError(refusal)
        replaced = self._term_as_it_is()
        if self._is_cancelled_for_renewal():
            self.action_undo_cancellation()
        if refusal := order._why_not_at_these_prices():
            raise UserError(refusal)
        self._renew(order._renewal_rows(), order._why_agreed(), replaced=replaced)

    def action_quote_change(self):
        """Show the products as they are, to quote what is to become of them."""
        return self._open_wizard(
            "subscription.change.wizard",
            self.env._("Quote a Change"),
            default_is_quoted=True,
        )

    def action_quote_cancellation(self):
        """Ask when the service is to end, to let the customer sign it."""
        return self._open_wizard(
            "subscription.cancel.wizard",
            self.env._("Quote the End"),
            default_is_quoted=True,
        )

    def _quote_change(self, lines, day=False, policy=False, reason=False):
        """Return a new quotation of a change; `lines` are values of order lines.

        Without a day it takes effect when it is confirmed.
        """
        self.ensure_one()
        self._check_can_change()
        if not lines:
            raise UserError(
                self.env._("Nothing was changed: edit a product, or close the window.")
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
        """Return a new quotation by which the customer agrees to the end on a day."""
        self.ensure_one()
        self._check_can_change()
        order = self._create_quotation(
            {
                "managed_purpose": "cancellation",
                "managed_start_date": day,
                "managed_cancellation_reason_id": because and because.id,
                "managed_change_reason": reason,
            }
        )
        order.order_line = order.sudo()._prepare_leaving_commands()
        order._follow_quoted_prices()
        return order

    def _create_quotation(self, values):
        order = self.env["sale.order"].create(
            {
                **self._prepare_quotation_values(),
                **values,
                "managed_base_change_id": self._latest_agreed_change().id,
            }
        )
        order._follow_quoted_prices()
        return order

    def _change_as_quoted(self, order):
        """Change or end the service as a confirmed quotation says."""
        self.ensure_one()
        self.lock_for_update()
        # Looked at again under the lock: another quotation may have been faster.
        if refusal := order._quotation_refusal() or order._stale_reason():
            raise UserError(refusal)
        day, reason = order._service_start_date(), order._why_agreed()
        if order.managed_purpose == "cancellation":
            self._end_on(day, reason, because=order.managed_cancellation_reason_id)
            change = self._latest_agreed_change()
        else:
            rows = [(line, values) for _offer, line, values in order._quoted_rows()]
            lines = order.order_line.filtered(lambda line: not line.display_type)
            effects = set(lines.mapped("managed_effect")) - {"follows"}
            change = self._amend(
                KINDS.get(frozenset(effects), "amended"),
                day,
                rows,
                reason=reason,
                policy=order._quoted_policy(),
            )
        known = self.invoice_ids
        self._create_first_invoice()
        order.sudo().write(
            {
                "managed_change_id": change.id,
                "managed_move_ids": [Command.set((self.invoice_ids - known).ids)],
            }
        )
