from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date


class SubscriptionChanges(models.Model):
    """The changes of a running subscription, as people ask for them."""

    _inherit = "subscription.subscription"

    def action_amend(self):
        """Show the products as they are, to be changed from a day on."""
        return self._open_wizard(
            "subscription.amend", self.env._("Change Subscription")
        )

    def action_ramp(self):
        """Ask for prices and quantities that begin on later days."""
        return self._open_wizard(
            "subscription.ramp", self.env._("Agree on Later Steps")
        )

    def action_pause(self):
        """Ask from when until when the service rests."""
        return self._open_wizard(
            "subscription.rest",
            self.env._("Pause Subscription"),
            default_date_start=self._today(),
        )

    def action_resume(self):
        """Ask from when on the service goes on."""
        return self._open_wizard(
            "subscription.rest",
            self.env._("Resume Subscription"),
            default_date_start=max(self._today(), self.pause_ids[-1:].date_start),
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
        return {
            "plan_id": plan.id,
            "product_id": product.id,
            "pricing_rule_id": rule.id,
            "pricing_model": rule.pricing_model,
            "price": rule.price,
        }

    def pause(self, day, resume_on=False, reason=False):
        """Let the service rest from a day on, until another one or until resumed."""
        for subscription in self:
            subscription._check_can_change()
            is_billed = subscription.plan_id.pause_policy == "billed"
            self.env["subscription.pause"].create(
                {
                    "subscription_id": subscription.id,
                    "date_start": day,
                    "date_end": resume_on,
                    "is_billed": is_billed,
                }
            )
            if subscription.plan_id.pause_policy == "extends" and resume_on:
                subscription._extend_term(resume_on - day)
            subscription._log_change("paused", day, reason=reason)
            subscription._follow_pause()

    def resume(self, day, reason=False):
        """Serve again from a day on what rests."""
        for subscription in self:
            pause = subscription._pause_to_end(day)
            start, planned_end = pause.date_start, pause.date_end
            if start >= day:
                pause.unlink()
            else:
                pause.date_end = day
            if subscription.plan_id.pause_policy == "extends":
                subscription._extend_term(max(day, start) - (planned_end or start))
            subscription._log_change("resumed", day, reason=reason)
            subscription._follow_pause()

    def _pause_to_end(self, day):
        """Return the pause that a day lies in, or the next one."""
        self.ensure_one()
        pauses = self.pause_ids.filtered(
            lambda pause: not pause.date_end or pause.date_end > day
        )
        if not pauses:
            raise UserError(
                self.env._("Subscription %s has no pause to end.", self.name)
            )
        return pauses[0]

    def _extend_term(self, days):
        for subscription in self.filtered("term_end"):
            subscription.term_end += days

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

    def _undo_change(self, change):
        """Take a change back whose day has not come."""
        self.ensure_one()
        if not change.can_undo:
            raise UserError(
                self.env._(
                    "The change of %s took effect, or was taken back already; make "
                    "another change instead.",
                    format_date(self.env, change.date_effective),
                )
            )
        lines = self.with_context(subscription_change_is_logged=True).line_ids
        added = lines & change.added_line_ids
        keys = {str(line.id) for line in added} | set(change.ended_lines or {})
        later = self.change_ids.filtered(
            lambda other: (
                other.id > change.id
                and not other.undone_by_ids
                and keys & set(other.ended_lines or {})
            )
        )
        if later:
            raise UserError(
                self.env._(
                    "A later change builds on the one of %s; take the later one back "
                    "first.",
                    format_date(self.env, change.date_effective),
                )
            )
        for line in added:
            line.date_end = line.date_start
        lines._restore_end_dates(change)
        added.filtered(lambda line: not line.billed_period_ids).unlink()
        self._schedule_billing()
        self._log_change("undone", change.date_effective, undoes_id=change.id)
