"""The invoices to come, as people are shown them before they agree to a change."""

from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.errors import BillingError
from ...billing_core.forecast import forecast
from ...billing_core.invoice_plan import reopened_from
from ...billing_core.line import ChargeKind


class SubscriptionForecast(models.Model):
    _inherit = "subscription.subscription"

    invoice_forecast = fields.Html(
        "Invoices to Come", compute="_compute_invoice_forecast", sanitize=False
    )

    @api.depends("next_billing_date", "line_ids.quantity", "line_ids.price")
    def _compute_invoice_forecast(self):
        for subscription in self:
            subscription.invoice_forecast = subscription.sudo()._render_forecast(
                subscription._begin_change_plan
            )

    def _forecast_change(self, amendment, until=None, pauses=None, since=None):
        """Return the invoices to come once a change is made, by the plan that bills.

        `since` is the first day on which one is made, where that is not today. Those of
        a draft are the ones that come once it is started.
        """
        self.ensure_one()
        if self.state == "draft":
            self._amend_started(amendment)
        rows = self._billed_rows_of(amendment)
        since = since or self._today()
        return list(
            forecast(
                amendment.lines,
                [row._snapshot() for row in rows],
                self.currency_id._snapshot_currency(),
                since,
                until or self._forecast_end(since),
                self._snapshot_pauses() if pauses is None else pauses,
                credits_wait=self.plan_id.credit_policy == "next_invoice",
            )
        )

    def _billed_rows_of(self, amendment):
        """Return the billed rows that a change looks at again."""
        rows = self.env["subscription.billed.period"]
        opened = [line.closed_until for line in amendment.lines if line.key > 0]
        if not opened:
            return rows
        domain = Domain("subscription_id", "in", self.ids) & Domain(
            "credited_period_id", "=", False
        )
        if all(opened):
            domain &= Domain("date_end", ">", min(opened))
        return rows.search(domain, order="id")

    def _forecast_end(self, today):
        """Return the day before which invoices are foreseen: the term's, or a year."""
        if self.state == "draft":
            day, term_end = (
                max(today, self._first_paid_day()),
                self._term_end_once_paid(),
            )
        else:
            day, term_end = today, self.term_end
        end = self.date_end or term_end
        return end if end and end > day else day + timedelta(days=366)

    def _amend_reopened(self, amendment, day):
        """Plan to look again at all days from one on: a pause begins or ends there."""
        amendment.lines = tuple(
            replace(line, closed_until=reopened_from(line, day))
            for line in amendment.lines
        )

    def _amend_cancelled(self, amendment, day):
        """Plan the end of the service on a day."""
        self._amend_reopened(amendment, day)

        def ended(line):
            is_cut = line.end is None or line.end > day
            return replace(
                line,
                end=max(day, line.start) if is_cut else line.end,
                charged_until=None if is_cut else line.charged_until,
                calendar=replace(line.calendar, end=max(day, line.calendar.start)),
            )

        amendment.lines = tuple(ended(line) for line in amendment.lines)

    def _render_forecast(self, plan, pauses=None, since=None, until=None):
        """Return the invoices to come as a table, or why there can be none.

        `plan` returns the `Amendment` to be shown.
        """
        self.ensure_one()
        until = until or self._forecast_end(since or self._today())
        invoices, problem, has_usage, amendment = [], False, False, None
        try:
            amendment = plan()
            has_usage = any(line.kind is ChargeKind.USAGE for line in amendment.lines)
            foreseen = self._forecast_change(amendment, until, pauses, since)
            for invoice in foreseen:
                invoices.append(self._shown_invoice(amendment, invoice))
        except UserError as error:
            problem = str(error)
        except BillingError as error:
            problem = self._error_message(error, amendment and amendment.values)
        return self.env["ir.qweb"]._render(
            "subscription_management.invoice_forecast",
            {
                "invoices": invoices,
                "problem": problem,
                "has_usage": has_usage,
                "currency": self.currency_id,
                "today": self._today(),
                "until": until,
            },
        )

    def _shown_invoice(self, amendment, invoice):
        products = self.env["product.product"]
        return {
            "day": invoice.day,
            "amount": float(invoice.amount),
            "items": [
                {
                    "product": products.browse(
                        amendment.values[item.line]["product_id"]
                    ).display_name,
                    "first": item.period.start,
                    "last": item.period.last_day,
                    "is_one_off": item.kind == "one_off",
                    "amount": float(item.amount),
                }
                for item in invoice.items
            ],
        }
