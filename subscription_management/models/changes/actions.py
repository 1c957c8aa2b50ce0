from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..prices.pricing_rule import PRICED_BY_THEIR_PRICE
from ..subscriptions.internal_write import internal_write


class SubscriptionChanges(models.Model):
    """The changes of a running subscription, as people ask for them."""

    _inherit = "subscription.subscription"

    def action_change(self):
        """Show the products as they are, to be changed from a day on."""
        return self._open_wizard(
            "subscription.change.wizard", self.env._("Change Subscription")
        )

    def action_schedule_changes(self):
        """Ask for prices and quantities that begin on later days."""
        return self._open_wizard(
            "subscription.schedule.changes.wizard", self.env._("Agree on Later Steps")
        )

    def action_pause(self):
        """Ask from when until when the service rests."""
        return self._open_wizard(
            "subscription.pause.wizard",
            self.env._("Pause Subscription"),
            default_date_start=self._today(),
        )

    def action_resume(self):
        """Ask from when on the service goes on."""
        return self._open_wizard(
            "subscription.pause.wizard",
            self.env._("Resume Subscription"),
            default_date_start=max(
                self._today(), self._pause_to_end(self._today()).date_start
            ),
            default_is_resuming=True,
        )

    def _open_wizard(self, model, name, **context):
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
        """Serve another quantity of a line from a day on."""
        return self._amend(
            "quantity", day, [(line, {"quantity": quantity})], reason=reason
        )

    def change_price(self, line, price, day, reason=False):
        """Ask another price for a line from a day on."""
        if line.pricing_model not in PRICED_BY_THEIR_PRICE:
            raise UserError(
                self.env._(
                    "The price of %s follows from its tiers or shares; choose another "
                    "plan, or grant a discount.",
                    line.product_id.display_name,
                )
            )
        return self._amend("price", day, [(line, {"price": price})], reason=reason)

    def change_plan(self, line, plan, day, product=None, reason=False):
        """Serve a line on another plan, or as another product, from a day on."""
        values = self._prepare_plan_values(line, plan, product, day)
        return self._amend("plan", day, [(line, values)], reason=reason)

    def _prepare_plan_values(self, line, plan, product, day):
        """Return what a line costs on a plan from a day on."""
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
        """Let the service rest from a day on, until another one or until resumed."""
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
        """Serve again from a day on what rests."""
        for subscription in self:
            pause = subscription._pause_to_end(day)
            subscription._check_goes_on_here(pause.date_end)
            subscription._end_pause(pause, day)
            subscription._log_change("resumed", day, reason=reason)
            subscription._follow_pause()

    def _end_pause(self, pause, day):
        """Let a pause end on a day, or be none if it has not begun by then."""
        start = pause.date_start
        self._extend_term(start, max(day, start), planned=pause.date_end)
        if start >= day:
            internal_write(pause).unlink()
        else:
            internal_write(pause).date_end = day

    def _pause_to_end(self, day):
        """Return the pause that a day lies in, or the next one."""
        self.ensure_one()
        pause = self._pauses_beyond(day).sorted("date_start")[:1]
        if not pause:
            raise UserError(
                self.env._("Subscription %s has no pause to end.", self.name)
            )
        return pause

    def _check_can_pause(self, day, resume_on):
        self.ensure_one()
        self._check_can_change()
        self._check_starts_by(day)
        self._check_goes_on_here(resume_on)

    def _check_starts_by(self, day):
        """Refuse a day on which nothing is served yet."""
        self.ensure_one()
        if day < self.date_start:
            raise UserError(
                self.env._(
                    "%(subscription)s starts on %(day)s; choose that day or a later "
                    "one.",
                    subscription=self.name,
                    day=format_date(self.env, self.date_start),
                )
            )

    def _extend_term(self, start, end, planned=False):
        """Add the days of a pause to the term where the plan does, less planned ones.

        An open pause adds its days once it ends.
        """
        self.ensure_one()
        if self.plan_id.pause_policy == "extends" and self.term_end:
            rested = self._days_of_term(start, end)
            internal_write(self).term_end += rested - self._days_of_term(start, planned)

    def _days_of_term(self, start, end):
        """Return the paid days from one to another, none for those of a trial."""
        self.ensure_one()
        first = max(start, self.trial_end or self.date_start)
        return max((end or first) - first, timedelta())

    def _follow_pause(self):
        """Bring the state in step with the pauses of today."""
        for subscription in self:
            today = subscription._today()
            rests = any(
                pause.date_start <= today
                and (not pause.date_end or pause.date_end > today)
                for pause in subscription.pause_ids
            )
            if rests and subscription.state in ("active", "past_due"):
                subscription._set_state("paused")
            elif not rests and subscription.state == "paused":
                subscription._set_state("active")
                subscription._follow_dunning()
