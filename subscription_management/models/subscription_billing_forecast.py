from contextlib import closing

import psycopg2

from odoo import fields, models


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


class SubscriptionBillingRun(models.Model):
    _inherit = "subscription.billing.run"

    def _forecast(self, due, writer):
        """Bill `due` as a run does, keep what came out, and take it all back."""
        rows, failures = self._try_each_that_can(due, writer)
        self.env["subscription.billing.forecast"].create(rows)
        self.env["subscription.billing.failure"].create(failures)
        self.dry_run_cursor = max(due.ids)
        return len(rows)

    def _try_each_that_can(self, due, writer):
        """Return (forecast values, failure values) of a try that leaves no trace."""
        try:
            # Closing a savepoint takes back all that was written since.
            with closing(self.env.cr.savepoint()):
                moves = self._bill_together(due, self.target_date, writer)
                return [self._prepare_forecast_values(move) for move in moves], []
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            if len(due) == 1:
                return [], [
                    {
                        "run_id": self.id,
                        "subscription_id": due.id,
                        "reason": self._reason(error),
                    }
                ]
        finally:
            writer._forget()
        middle = len(due) // 2
        rows, failures = self._try_each_that_can(due[:middle], writer)
        more_rows, more_failures = self._try_each_that_can(due[middle:], writer)
        return rows + more_rows, failures + more_failures

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
