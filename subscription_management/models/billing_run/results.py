from contextlib import closing

from odoo import fields, models

from ..model_part import ModelPart


class SubscriptionBillingSlice(models.Model):
    """The figures of one transaction of a run.

    Each worker adds its own rows and a run sums them, so that workers do not wait for
    each other.
    """

    _name = "subscription.billing.slice"
    _description = "Slice of a Billing Run"
    _order = "id"

    run_id = fields.Many2one(
        "subscription.billing.run", required=True, ondelete="cascade", index=True
    )
    subscription_count = fields.Integer("Subscriptions")
    invoice_count = fields.Integer("Invoices")
    seconds = fields.Float()


class SubscriptionBillingFailure(models.Model):
    _name = "subscription.billing.failure"
    _description = "Billing Error"
    _order = "id desc"
    _rec_name = "subscription_id"

    run_id = fields.Many2one(
        "subscription.billing.run", required=True, ondelete="cascade", index=True
    )
    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    user_id = fields.Many2one(related="subscription_id.user_id")
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    reason = fields.Text(required=True)
    is_retried = fields.Boolean("Retried")


class SubscriptionBillingForecast(models.Model):
    """An invoice that a dry run would have made."""

    _name = "subscription.billing.forecast"
    _description = "Forecast Invoice"
    _order = "id"
    _rec_name = "partner_id"

    run_id = fields.Many2one(
        "subscription.billing.run", required=True, ondelete="cascade", index=True
    )
    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    partner_id = fields.Many2one("res.partner", "Customer", required=True)
    currency_id = fields.Many2one("res.currency", required=True)
    details = fields.Text("Lines")
    amount_untaxed = fields.Monetary("Untaxed")
    amount_total_in_currency_signed = fields.Monetary("Total")


class SubscriptionBillingDryRun(ModelPart):
    _register = False

    def _forecast(self, due):
        """Bill `due` as a run does, keep the resulting invoices as rows, roll back."""
        # Closing a savepoint rolls back everything written since.
        with closing(self.env.cr.savepoint()):
            _billed, moves = self._bill_each(due)
            invoices = [self._prepare_forecast_values(move) for move in moves]
            failures = [
                {
                    "run_id": self.id,
                    "subscription_id": failure.subscription_id.id,
                    "reason": failure.reason,
                }
                for failure in self.failure_ids
                if failure.subscription_id in due
            ]
        self.env["subscription.billing.forecast"].create(invoices)
        self.env["subscription.billing.failure"].create(failures)
        self.dry_run_cursor = max(due.ids)
        return len(invoices)

    def _prepare_forecast_values(self, move):
        lines = move.invoice_line_ids
        return {
            "run_id": self.id,
            "subscription_id": move.managed_subscription_ids[:1].id,
            "partner_id": move.partner_id.id,
            "currency_id": move.currency_id.id,
            "details": "\n".join(lines.mapped("name")),
            "amount_untaxed": move.direction_sign * -move.amount_untaxed,
            "amount_total_in_currency_signed": move.amount_total_in_currency_signed,
        }
