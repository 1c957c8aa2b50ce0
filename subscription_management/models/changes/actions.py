from datetime import timedelta

from odoo.exceptions import UserError

from ...billing_core.lifecycle import PAUSABLE
from ..model_part import ModelPart
from ..prices.pricing_models import PRICED_BY_THEIR_PRICE
from ..subscriptions.internal_write import internal_write


class SubscriptionChangeActions(ModelPart):
    """The changes and pauses of a subscription that users and other code request."""

    _register = False

    def action_change(self):
        """Open the wizard that changes the products from a day."""
        self._check_may_change()
        return self._open_wizard(
            "subscription.change.wizard", self.env._("Change Subscription")
        )

    def action_schedule_changes(self):
        """Open the wizard that schedules prices and quantities for later days."""
        self._check_may_agree()
        return self._open_wizard(
            "subscription.schedule.changes.wizard", self.env._("Schedule Changes")
        )

    def action_pause(self):
        """Open the wizard that pauses the service."""
        self._check_may_change()
        return self._open_wizard(
            "subscription.pause.wizard",
            self.env._("Pause Subscription"),
            default_date_start=self._today(),
        )

    def action_resume(self):
        """Open the wizard that ends a pause."""
        self._check_may_change()
        return self._open_wizard(
            "subscription.pause.wizard",
            self.env._("Resume Subscription"),
            default_date_start=max(
                self._today(), self._pause_to_end(self._today()).date_start
            ),
            default_is_resuming=True,
        )

    def _open_wizard(self, model, name, **context):
        """Return the action of a wizard; other addons add to its context."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {"default_subscription_id": self.id, **context},
        }

    def change_quantity(self, line, quantity, day, reason=False):
        """Change the quantity of a line from a day; return the recorded change."""
        self._check_may_change()
        return self._change_lines(
            "quantity", day, [(line, {"quantity": quantity})], reason=reason
        )

    def change_price(self, line, price, day, reason=False):
        """Change the price of a line from a day; return the recorded change."""
        self._check_may_change()
        if line.pricing_model not in PRICED_BY_THEIR_PRICE:
            raise UserError(
                self.env._(
                    "The price of %s is calculated by its tiers or as a share; "
                    "choose another plan, or grant a discount.",
                    line.product_id.display_name,
                )
            )
        return self._change_lines(
            "price", day, [(line, {"price": price})], reason=reason
        )

    def change_plan(self, line, plan, day, product=None, reason=False):
        """Change the plan or product of a line from a day; return the change."""
        self._check_may_change()
        values = self._prepare_plan_values(line, plan, product, day)
        return self._change_lines("plan", day, [(line, values)], reason=reason)

    def _prepare_plan_values(self, line, plan, product, day):
        """Return the values of a line on another plan, at its price on a day."""
        product = product or line.product_id
        rule = self.env["subscription.pricing.rule"]._find(
            plan, product, self.currency_id, day, self.partner_id
        )
        if not rule:
            raise UserError(
                self.env._(
                    "%(product)s has no price in %(currency)s on plan %(plan)s; add "
                    "one there, or choose another plan.",
                    product=product.display_name,
                    currency=self.currency_id.name,
                    plan=plan.display_name,
                )
            )
        return line._prepare_values_by(rule)

    def pause(self, day, resume_on=False, reason=False):
        """Pause the service from a day until another one, or until it is resumed."""
        self._check_may_change()
        for subscription in self:
            subscription._check_can_pause(day, resume_on)
            is_billed = subscription.plan_id.pause_policy == "billed"
            internal_write(self.env["subscription.pause"]).create(
                {
                    "subscription_id": subscription.id,
                    "date_start": day,
                    "date_end": resume_on,
                    "is_billed": is_billed,
                }
            )
            subscription._extend_term(day, resume_on)
            subscription._log_change("paused", day, reason=reason)
            subscription._follow_pause()

    def resume(self, day, reason=False):
        """Resume a paused service from a day."""
        self._check_may_change()
        for subscription in self:
            pause = subscription._pause_to_end(day)
            subscription._check_not_transferred(pause.date_end)
            subscription._end_pause(pause, day)
            subscription._log_change("resumed", day, reason=reason)
            subscription._follow_pause()

    def _end_pause(self, pause, day):
        """End a pause on a day, or delete it if it has not begun by then."""
        start = pause.date_start
        self._extend_term(start, max(day, start), planned=pause.date_end)
        if start >= day:
            internal_write(pause).unlink()
        else:
            internal_write(pause).date_end = day

    def _pause_to_end(self, day):
        """Return the pause of a day or the next one, or refuse."""
        self.ensure_one()
        if self.state == "suspended":
            raise UserError(
                self.env._(
                    "%s is suspended, not paused: reactivate it instead.", self.name
                )
            )
        pause = self._pauses_beyond(day).sorted("date_start")[:1]
        if not pause:
            raise UserError(
                self.env._(
                    "Subscription %s has no pause to end; pause it first.", self.name
                )
            )
        return pause

    def _check_can_pause(self, day, resume_on):
        self.ensure_one()
        self._check_can_change()
        self._check_starts_by(day)
        self._check_not_transferred(resume_on)

    def _extend_term(self, start, end, planned=False):
        """Extend the term by the days of a pause, where the plan does.

        Days already added for the `planned` end are deducted. A pause without an end
        extends the term when it ends.
        """
        self.ensure_one()
        if self.plan_id.pause_policy == "extends" and self.term_end:
            paused = self._days_of_term(start, end)
            internal_write(self).term_end += paused - self._days_of_term(start, planned)

    def _days_of_term(self, start, end):
        """Return the days between two dates, without those of a trial."""
        self.ensure_one()
        first = max(start, self.trial_end or self.date_start)
        return max((end or first) - first, timedelta())

    def _follow_pause(self):
        """Update the state to the pauses of today."""
        for subscription in self:
            today = subscription._today()
            is_paused = any(
                pause.date_start <= today
                and (not pause.date_end or pause.date_end > today)
                for pause in subscription.pause_ids
            )
            if is_paused and subscription.state in PAUSABLE:
                subscription._set_state("paused")
            elif not is_paused and subscription.state == "paused":
                subscription._set_state("active")
                subscription._follow_dunning()
