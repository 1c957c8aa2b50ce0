"""The upcoming invoices of a subscription, as it is or once it is changed."""

from datetime import timedelta

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.errors import BillingError
from ...billing_core.forecast import forecast
from ...billing_core.line import ChargeKind
from ..model_part import ModelPart


class SubscriptionForecast(ModelPart):
    _register = False

    invoice_forecast = fields.Html(
        "Upcoming Invoices", compute="_compute_invoice_forecast", sanitize=False
    )

    @api.depends("next_billing_date", "line_ids.quantity", "line_ids.price")
    def _compute_invoice_forecast(self):
        for subscription in self:
            subscription.invoice_forecast = subscription.sudo()._render_forecast(
                subscription._begin_change_plan
            )

    def _forecast_change(self, change_plan, until=None, pauses=None, since=None):
        """Return the upcoming invoices by a change plan, calculated as they are billed.

        `since` is the first invoice date, by default today. Those of a draft are the
        invoices after its activation.
        """
        self.ensure_one()
        if self.state == "draft":
            self._plan_start(change_plan)
        elif self.state == "trial" and not self._converts_after_trial():
            # A trial that will end is not billed for the days after it.
            change_plan.lines = tuple(
                line for line in change_plan.lines if line.kind is ChargeKind.ONE_OFF
            )
        rows = self._billed_rows_of(change_plan)
        since = since or self._today()
        return list(
            forecast(
                change_plan.lines,
                [row._snapshot() for row in rows],
                self.currency_id._snapshot_currency(),
                since,
                until or self._forecast_end(since),
                self._snapshot_pauses() if pauses is None else pauses,
                credits_wait=self.plan_id.credit_policy == "next_invoice",
            )
        )

    def _billed_rows_of(self, change_plan):
        """Return the billed periods that a change plan reopens."""
        rows = self.env["subscription.billed.period"]
        opened = [line.closed_until for line in change_plan.lines if line.key > 0]
        if not opened:
            return rows
        domain = Domain("subscription_id", "in", self.ids) & Domain(
            "credited_period_id", "=", False
        )
        if all(opened):
            domain &= Domain("date_end", ">", min(opened))
        return rows.search(domain, order="id")

    def _forecast_end(self, today):
        """Return the day before which invoices are shown: the term's end, or a year."""
        if self.state == "draft":
            day, term_end = (
                max(today, self._first_paid_day()),
                self._term_end_once_paid(),
            )
        else:
            day, term_end = today, self.term_end
        end = self.date_end or term_end
        return end if end and end > day else day + timedelta(days=366)

    def _render_forecast(self, plan, pauses=None, since=None, until=None):
        """Return the upcoming invoices as a table, or the reason of a refusal.

        `plan` is a function that returns the `ChangePlan`.
        """
        self.ensure_one()
        until = until or self._forecast_end(since or self._today())
        invoices, problem, has_usage, change_plan = [], False, False, None
        try:
            change_plan = plan()
            has_usage = any(line.kind is ChargeKind.USAGE for line in change_plan.lines)
            for invoice in self._forecast_change(change_plan, until, pauses, since):
                invoices.append(self._prepare_shown_invoice(change_plan, invoice))
        except UserError as error:
            problem = str(error)
        except BillingError as error:
            problem = self._error_message(error, change_plan and change_plan.values)
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

    def _prepare_shown_invoice(self, change_plan, invoice):
        """Return an upcoming invoice as the template shows it."""
        products = self.env["product.product"]
        return {
            "day": invoice.day,
            "amount": float(invoice.amount),
            "items": [
                {
                    "product": products.browse(
                        change_plan.values[item.line]["product_id"]
                    ).display_name,
                    "first": item.period.start,
                    "last": item.period.last_day,
                    "is_one_off": item.kind == "one_off",
                    "amount": float(item.amount),
                }
                for item in invoice.items
            ],
        }
