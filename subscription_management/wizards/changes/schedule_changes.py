from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...models.prices.pricing_models import PRICED_BY_THEIR_PRICE


class SubscriptionScheduleChangesWizard(models.TransientModel):
    """Prices and quantities that are agreed now for later days."""

    _name = "subscription.schedule.changes.wizard"
    _description = "Schedule Changes"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, readonly=True
    )
    currency_id = fields.Many2one(
        related="subscription_id.currency_id", related_sudo=False
    )
    line_id = fields.Many2one(
        "subscription.line", "Product", required=True, ondelete="cascade"
    )
    allowed_line_ids = fields.Many2many(
        "subscription.line", compute="_compute_allowed_line_ids"
    )
    pricing_model = fields.Selection(
        related="line_id.pricing_model", related_sudo=False
    )
    state = fields.Selection(related="subscription_id.state", related_sudo=False)
    step_ids = fields.One2many(
        "subscription.schedule.changes.wizard.step", "wizard_id", "Scheduled Changes"
    )
    reason = fields.Char()
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        subscription = self.env["subscription.subscription"].browse(
            values.get("subscription_id")
        )
        if subscription:
            day = subscription._first_day_to_change()
            lines = subscription._lines_to_change(day)
            values["line_id"] = lines[:1].id
        return values

    @api.depends("subscription_id")
    def _compute_allowed_line_ids(self):
        for wizard in self:
            subscription = wizard.subscription_id
            wizard.allowed_line_ids = subscription and subscription._lines_to_change(
                subscription._first_day_to_change()
            )

    @api.depends(
        "line_id", "step_ids.date_start", "step_ids.quantity", "step_ids.price"
    )
    def _compute_preview(self):
        for wizard in self:
            subscription = wizard.subscription_id
            wizard.preview = False
            if subscription and wizard.line_id:
                subscription.check_access("read")
                wizard.preview = subscription.sudo()._render_forecast(
                    wizard._plan, until=wizard._shown_until()
                )

    def _shown_until(self):
        """Return the day before which invoices are shown, the last change included."""
        subscription = self.subscription_id.sudo()
        end = subscription._forecast_end(subscription._today())
        last = self._dated_steps()[-1:].date_start
        if not last:
            return end
        calendar = self.line_id._snapshot_calendar()
        period = calendar.regular_period(calendar.index_on(last))
        return max(end, period.end + timedelta(days=1 + calendar.due_shift_days))

    def _plan(self):
        """Return the `ChangePlan` of all scheduled changes."""
        self._check_line()
        return self.subscription_id.sudo()._plan_prorated_changes(self._changes())

    def _changes(self):
        """Return the (day, rows) of the scheduled changes."""
        self._check_order()
        changes = []
        price, quantity = self.line_id.price, self.line_id.quantity
        for step in self._dated_steps():
            values = {}
            if self.pricing_model in PRICED_BY_THEIR_PRICE and step.price != price:
                values["price"] = price = step.price
            if step.quantity != quantity:
                values["quantity"] = quantity = step.quantity
            if values:
                changes.append((step.date_start, [(self.line_id, values)]))
        return changes

    def _dated_steps(self):
        return self.step_ids.filtered("date_start").sorted("date_start")

    def _check_line(self):
        if self.line_id not in self.subscription_id.line_ids:
            raise UserError(self.env._("Choose a product of this subscription."))

    def _check_order(self):
        """Refuse two changes on one day, and changes before the product starts."""
        before = self.line_id.date_start
        for step in self._dated_steps():
            if step.date_start <= before:
                raise UserError(
                    self.env._(
                        "The change of %(day)s must come after %(before)s, on which "
                        "another one starts; choose another day.",
                        day=format_date(self.env, step.date_start),
                        before=format_date(self.env, before),
                    )
                )
            before = step.date_start

    def action_confirm(self):
        """Schedule the changes that the preview shows, each as its own change."""
        self.ensure_one()
        self._check_line()
        changes = self._changes()
        if not changes:
            raise UserError(
                self.env._(
                    "Nothing is changed: add a day with another price or quantity."
                )
            )
        for day, rows in changes:
            [(_line, values)] = rows
            kind = next(iter(values)) if len(values) == 1 else "changed"
            self.subscription_id._change_agreed_lines(
                kind, day, rows, reason=self.reason, policy="prorate"
            )


class SubscriptionScheduleChangesWizardStep(models.TransientModel):
    _name = "subscription.schedule.changes.wizard.step"
    _description = "Scheduled Change"
    _order = "date_start, id"

    wizard_id = fields.Many2one(
        "subscription.schedule.changes.wizard", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    date_start = fields.Date("From", required=True)
    quantity = fields.Float(
        required=True,
        compute="_compute_from_previous",
        store=True,
        readonly=False,
        precompute=True,
        digits="Product Unit",
    )
    price = fields.Float(
        compute="_compute_from_previous",
        store=True,
        readonly=False,
        precompute=True,
        min_display_digits="Product Price",
    )

    @api.depends("wizard_id.line_id")
    def _compute_from_previous(self):
        """Start with the values of the previous change."""
        for step in self:
            others = step.wizard_id.step_ids - step
            before = others[-1:] or step.wizard_id.line_id
            step.quantity, step.price = before.quantity, before.price
