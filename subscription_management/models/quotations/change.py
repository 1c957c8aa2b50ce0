"""A quotation of what becomes of a subscription: its lines are the difference."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ..plans.plan_policies import CHANGE_POLICIES

MADE_BY_CONFIRMING = {"managed_change_id", "managed_move_ids"}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    managed_change_policy = fields.Selection(
        CHANGE_POLICIES,
        "The Current Period Is Charged",
        copy=False,
        help="Leave empty to charge it as the plan says.",
    )
    managed_change_reason = fields.Char(
        "Reason", copy=False, help="What the history of the subscription will say."
    )
    managed_cancellation_reason_id = fields.Many2one(
        "subscription.cancellation.reason",
        "Cancellation Reason",
        copy=False,
        readonly=True,
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    managed_change_id = fields.Many2one(
        "subscription.change",
        "Change Made",
        copy=False,
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        groups="subscription_management.group_subscription_user",
        help="What the order became in the history of the subscription.",
    )

    managed_move_ids = fields.Many2many(
        "account.move",
        "sale_order_managed_move_rel",
        string="Invoices of the Change",
        copy=False,
        readonly=True,
        help="What was invoiced or credited at once when the order was confirmed.",
    )

    def _changes(self):
        return self.filtered(
            lambda order: order.managed_purpose in ("change", "cancellation")
        )

    def _check_may_change_subscription(self, vals):
        if MADE_BY_CONFIRMING & vals.keys() and not self.env.su:
            raise UserError(
                self.env._(
                    "What an order changed and invoiced is noted when it is "
                    "confirmed, and is not written by hand."
                )
            )
        return super()._check_may_change_subscription(vals)

    def write(self, vals):
        result = super().write(vals)
        if "managed_change_policy" in vals:
            self._reprice()
        return result

    def _service_start_date(self):
        """Return the day on which the change takes effect: today, unless chosen."""
        if not self._changes():
            return super()._service_start_date()
        subscription = self.sudo().managed_subscription_id
        today = max(subscription._today(), subscription.date_start)
        return self.managed_start_date or today

    def _quoted_policy(self):
        if self.managed_purpose != "change":
            return super()._quoted_policy()
        return self.managed_change_policy or None

    def _quoted_rows(self, listed=()):
        rows = super()._quoted_rows(listed)
        if self.managed_purpose != "change":
            return rows
        return [*self._changed_rows(listed), *rows]

    def _changed_rows(self, listed):
        """Yield what changes of the lines that are served already."""
        subscription = self.managed_subscription_id
        day = self._service_start_date()
        lines = self.order_line.filtered("managed_line_id")
        replaced = lines._of_effect("replaces").managed_line_id
        for line in lines._of_effect("replaces"):
            yield line, line.managed_line_id, line._replacing_values(listed)
        for line in lines._of_effect("leaves"):
            if line.managed_line_id not in replaced:
                yield line, line.managed_line_id, None
        for line in lines._of_effect("units").filtered("product_uom_qty"):
            if line not in listed and line._has_own_price():
                yield line, subscription.line_ids.browse(), line._joining_values()
            else:
                served = line.managed_line_id
                quantity = served._quantity_on(day) + line.product_uom_qty
                yield line, served, {"quantity": quantity}

    def _plan_as_quoted(self, listed=()):
        if self.managed_purpose != "cancellation":
            return super()._plan_as_quoted(listed)
        amendment = self.managed_subscription_id._begin_change_plan()
        self.managed_subscription_id._amend_cancelled(
            amendment, self._service_start_date()
        )
        return amendment, {}

    def _joining_lines(self):
        """Let nothing join what ends: a fee is invoiced by the order itself."""
        if self.managed_purpose != "cancellation":
            return super()._joining_lines()
        return self.order_line.browse()

    def _follow_consequences(self):
        if self.managed_purpose != "change":
            return super()._follow_consequences()
        quoted = self._quoted()
        shown = self.order_line._of_effect("follows").grouped("managed_line_id")
        commands = []
        for line in self._lines_that_follow(quoted):
            amount = quoted.after_of(line) - quoted.before_of(line)
            order_line = shown.pop(line, None)
            if order_line:
                order_line._update_plan_price(float(amount))
            else:
                commands.append(Command.create(line._prepare_quoted_share(amount)))
        gone = [Command.delete(order_line.id) for order_line in shown.values()]
        if commands or gone:
            self.order_line = [*commands, *gone]
        return None

    def _lines_that_follow(self, quoted):
        """Return the subscription's lines that cost otherwise, and are not quoted."""
        subscription = self.managed_subscription_id
        quoted_lines = self.order_line - self.order_line._of_effect("follows")
        known = {line._origin_key() for line in quoted_lines.managed_line_id}
        return subscription._lines_to_change(self._service_start_date()).filtered(
            lambda line: (
                line._origin_key() not in known
                and quoted.after_of(line) != quoted.before_of(line)
            )
        )

    def _stale_reason(self):
        if not self._changes():
            return super()._stale_reason()
        subscription, day = self.managed_subscription_id, self.managed_start_date
        try:
            subscription._check_can_change()
        except UserError as error:
            return str(error)
        if day and day < subscription._today() and self.managed_purpose == "change":
            return self.env._(
                "This was to take effect on %s, which has passed; choose another day, "
                "or leave it empty for the day of the customer's yes.",
                format_date(self.env, day),
            )
        return super()._stale_reason()

    def _quotation_mismatch_reason(self):
        if not self._changes():
            return super()._quotation_mismatch_reason()
        if not self.order_line.filtered(
            lambda line: not line.display_type and line.product_uom_qty
        ):
            return self.env._(
                "Nothing is changed yet: add a product, or more units of one, or "
                "update the quotation."
            )
        if beginning := self._lines_that_cannot_begin():
            return self.env._(
                "A cancellation lets nothing begin: take %s off the quotation, or "
                "sell it on a quotation of its own.",
                ", ".join(beginning.product_id.mapped("display_name")),
            )
        try:
            prices = self._quoted_prices()
        except UserError as error:
            return str(error)
        return self._why_other_prices(prices)

    def _lines_that_cannot_begin(self):
        """Return what would be served from the day on which all service ends."""
        is_end = self.managed_purpose == "cancellation"
        return self.order_line.filtered(lambda line: is_end and line._is_sold_on_plan())

    def _update_quotation(self):
        """Quote the same change of the subscription as it is now."""
        if not self._changes():
            return super()._update_quotation()
        subscription = self.managed_subscription_id
        subscription._check_can_change()
        values = {"managed_base_change_id": subscription._latest_agreed_change().id}
        if self.managed_start_date and self.managed_start_date < subscription._today():
            values["managed_start_date"] = False
        self.write(values)
        if self.managed_purpose == "cancellation":
            self.order_line.unlink()
            self.write({"order_line": self._prepare_leaving_commands()})
        else:
            self.order_line._follow_served_lines()
        self._follow_quoted_prices()
        return None

    def _prepare_leaving_commands(self):
        """Return the commands that let everything leave that is served."""
        subscription = self.managed_subscription_id
        lines = subscription._lines_to_change(self._service_start_date())
        return [
            Command.create(line._prepare_quoted_change("leaves"))
            for line in lines.with_context(lang=self._get_lang())
        ]

    def _apply_to_subscription(self):
        if self._changes():
            self.managed_subscription_id._change_as_quoted(self)
        return super()._apply_to_subscription()

    def _why_agreed(self):
        agreed, reason = super()._why_agreed(), self.managed_change_reason
        return f"{agreed}: {reason}" if reason else agreed

    def _action_cancel(self):
        """Take back what the order changed, or refuse once it took effect."""
        for order in self.sudo()._changes():
            change = order.managed_change_id
            if order.state == "sale" and change and not change.undone_by_ids:
                subscription = order.managed_subscription_id
                subscription.with_env(self.env).check_access("write")
                if order.managed_purpose == "cancellation":
                    subscription.action_undo_cancellation()
                else:
                    subscription._undo_change(change)
        return super()._action_cancel()
