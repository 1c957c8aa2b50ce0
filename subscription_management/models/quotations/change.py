"""Quotations of a change: their lines are the difference to the subscription."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ...billing_core.errors import BillingError
from ..sales.due_now import first_day_total
from .purpose import SubscriptionQuotation, total_of

CHANGE_KINDS = {
    frozenset({"quantity"}): "quantity",
    frozenset({"removed"}): "line_ended",
    frozenset({False}): "line_added",
    frozenset({"removed", "replacement"}): "plan",
}
"""The kind of change in the history by the effects of an order's lines."""

REPLACED_FIELDS = (
    "product_id",
    "product_uom_id",
    "plan_id",
    "pricing_rule_id",
    "pricing_model",
    "price",
)


class ChangeQuotation(SubscriptionQuotation):
    """A quotation of other quantities, prices, plans or products."""

    def start_date(self):
        """Return the day on which the change takes effect: today, unless chosen."""
        subscription = self.subscription
        today = max(subscription._today(), subscription.date_start)
        return self.order.managed_start_date or today

    def policy(self):
        return self.order.managed_change_policy or None

    # --- The quoted change ---

    def rows(self, listed=()):
        return [*self._changed_rows(listed), *super().rows(listed)]

    def _changed_rows(self, listed):
        """Yield the changes of the lines that are served already."""
        subscription, day = self.subscription, self.start_date()
        lines = self.order.order_line.filtered("managed_line_id")
        replacements = lines._with_effect("replacement")
        replaced = replacements.managed_line_id
        for line in replacements:
            yield line, line.managed_line_id, self._replacement_values(line, listed)
        for line in lines._with_effect("removed"):
            if line.managed_line_id not in replaced:
                yield line, line.managed_line_id, None
        for line in lines._with_effect("quantity").filtered("product_uom_qty"):
            if line not in listed and line._has_edited_price():
                yield line, subscription.line_ids.browse(), self.joining_values(line)
            else:
                served = line.managed_line_id
                quantity = served._quantity_on(day) + line.product_uom_qty
                yield line, served, {"quantity": quantity}

    def _replacement_values(self, line, listed):
        """Return the values that replace those of the subscription line."""
        served, values = line.managed_line_id, {}
        if line.product_uom_qty != served.quantity:
            values["quantity"] = line.product_uom_qty
        if line._is_same_offer():
            if line._has_edited_price() and line not in listed:
                values |= self.quoted_price_values(line)
            return values
        joining = self.joining_values(line, listed)
        values |= {name: joining[name] for name in REPLACED_FIELDS}
        if joining["discount_ids"]:
            values["added_discounts"] = joining["discount_ids"]
        return values

    # --- Prices ---

    def unit_price(self, line, amounts):
        is_whole = line.managed_effect in (False, "replacement")
        if line in amounts.joined or is_whole:
            return super().unit_price(line, amounts)
        served = line.managed_line_id
        before, after = amounts.before_of(served), amounts.after_of(served)
        is_removed = line.managed_effect == "removed"
        amount = -before if is_removed else after - before
        return line.currency_id._unit_price_of(amount, line.product_uom_qty)

    def update_affected_shares(self):
        """Show by how much a percent of the total changes with the quoted lines."""
        amounts = self.amounts()
        shown = self.order.order_line._with_effect("share").grouped("managed_line_id")
        commands = []
        for line in self._affected_lines(amounts):
            amount = amounts.after_of(line) - amounts.before_of(line)
            order_line = shown.pop(line, None)
            if order_line:
                order_line._update_plan_price(float(amount))
            else:
                commands.append(Command.create(line._prepare_quoted_share(amount)))
        unaffected = [Command.delete(order_line.id) for order_line in shown.values()]
        if commands or unaffected:
            self.order.order_line = [*commands, *unaffected]

    def _affected_lines(self, amounts):
        """Return the subscription lines with another price that are not quoted."""
        order_lines = self.order.order_line
        quoted = (order_lines - order_lines._with_effect("share")).managed_line_id
        known = {line._origin_key() for line in quoted}
        return self.subscription._lines_to_change(self.start_date()).filtered(
            lambda line: (
                line._origin_key() not in known
                and amounts.after_of(line) != amounts.before_of(line)
            )
        )

    # --- Totals ---

    def has_plans(self):
        return True

    def totals(self):
        """Add the recurring amounts of the subscription `before` and `after`.

        Each is a list of (interval, untaxed amount).
        """
        once = self.order.order_line.filtered(
            lambda line: (
                not (line.display_type or line.managed_line_id or line._is_recurring())
            )
        )
        totals = super().totals() | {
            "once": once and total_of(once),
            "recurring": [],
        }
        try:
            amounts = self.amounts()
        except UserError:
            # The banner of the quotation shows the reason.
            return totals
        return totals | {
            "before": self._by_interval(amounts.before),
            "after": self._by_interval(amounts.after),
        }

    def _by_interval(self, priced):
        """Return (interval, amount) of recurring amounts."""
        amounts = {}
        for plan, amount in priced.values():
            key = plan.interval_unit, plan.interval_count
            label, total = amounts.get(key, (plan.interval_label, 0))
            amounts[key] = label, total + amount
        return [(label, float(total)) for label, total in amounts.values()]

    def due_now(self):
        """Return the total of the day's invoices, negative where credits prevail."""
        order = self.order
        try:
            change_plan, _joined = self.plan_change()
            due = first_day_total(order, self.subscription, change_plan)
        except (BillingError, UserError):
            return None
        by_order = order.order_line.filtered(
            lambda line: not (line.display_type or line.managed_line_id)
        )
        by_order -= self.joining_lines()
        return order.currency_id.round(due + sum(by_order.mapped("price_total")))

    # --- Checks ---

    def outdated_reason(self):
        try:
            self.subscription._check_can_change()
        except UserError as error:
            return str(error)
        return self._start_date_reason() or super().outdated_reason()

    def _start_date_reason(self):
        """Return that the chosen day has passed, False where it has not."""
        day = self.order.managed_start_date
        if day and day < self.subscription._today():
            return self.env._(
                "The effective date %s has passed; choose another one, or leave it "
                "empty for the day of the customer's acceptance.",
                format_date(self.env, day),
            )
        return False

    def mismatch_reason(self):
        if not self.order.order_line.filtered(
            lambda line: not line.display_type and line.product_uom_qty
        ):
            return self.env._(
                "The quotation changes nothing yet; add a product or a quantity, or "
                "update the quotation."
            )
        return self.price_mismatch_reason()

    # --- Life of the quotation ---

    def rebuild(self):
        """Quote the same change of the subscription as it is now."""
        subscription = self.subscription
        subscription._check_can_change()
        values = {"managed_base_change_id": subscription._latest_agreed_change().id}
        day = self.order.managed_start_date
        if day and day < subscription._today():
            values["managed_start_date"] = False
        self.order.write(values)
        self.rebuild_lines()
        self.reprice()

    def rebuild_lines(self):
        """Link the lines to the subscription lines served now, or remove them."""
        lines = self.subscription._lines_to_change(self.start_date())
        now = {line._origin_key(): line for line in lines}
        gone = self.order.order_line.browse()
        for line in self.order.order_line.filtered("managed_line_id"):
            served = now.get(line.managed_line_id._origin_key())
            if not served:
                gone |= line
                continue
            line.managed_line_id = served
            if line.managed_effect == "removed":
                line.product_uom_qty = -served._quoted_units()
        if names := ", ".join(gone.product_id.mapped("display_name")):
            self.order.message_post(
                body=self.env._("Removed because no longer served: %s", names)
            )
        gone.unlink()

    def apply(self):
        # Checked again under the lock: another quotation may have been confirmed.
        if reason := self.shown_error():
            raise UserError(reason)
        subscription = self.subscription
        change = self.make_change()
        known = subscription.invoice_ids
        subscription._create_first_invoice()
        self.order.write(
            {
                "managed_change_id": change.id,
                "managed_move_ids": [
                    Command.set((subscription.invoice_ids - known).ids)
                ],
            }
        )

    def make_change(self):
        """Change the subscription and return the change."""
        lines = self.order.order_line.filtered(lambda line: not line.display_type)
        effects = set(lines.mapped("managed_effect")) - {"share"}
        return self.subscription._change_lines(
            CHANGE_KINDS.get(frozenset(effects), "changed"),
            self.start_date(),
            self.changes(),
            reason=self.history_reason(),
            policy=self.policy(),
        )

    def cancel(self):
        """Undo the change before its day, or refuse once it took effect."""
        change = self.order.managed_change_id
        if self.order.state == "sale" and change and not change.undone_by_ids:
            self.check_rights()
            self.undo_change(change)

    def undo_change(self, change):
        change._undo()
