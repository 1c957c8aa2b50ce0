from odoo import api, fields

from ...billing_core.charged_days import with_charged_days
from ...billing_core.errors import BillingError
from ...billing_core.percent_base import prices_on
from ..model_part import ModelPart


class SubscriptionHistory(ModelPart):
    """View a subscription as of a date."""

    _register = False

    as_of_date = fields.Date(
        "View as of",
        store=False,
        default=lambda self: self.env.company._subscription_today(),
        help="Nothing is saved: the table below shows the date that you choose.",
    )
    as_of = fields.Html(compute="_compute_as_of", sanitize=False)

    @api.depends("as_of_date", "line_ids.date_start", "line_ids.date_end")
    def _compute_as_of(self):
        for subscription in self:
            day = subscription.as_of_date or subscription._today()
            prices = subscription._prices_on(day)
            subscription.as_of = self.env["ir.qweb"]._render(
                "subscription_management.subscription_as_of",
                {
                    "day": day,
                    "lines": [
                        (line, float(prices.get(line.id, 0)))
                        for line in subscription._lines_on(day)
                    ],
                    "is_paused": subscription._is_paused_on(day),
                    "is_suspended": subscription._is_suspended_on(day),
                    "monthly": subscription._monthly_on(day),
                    "currency": subscription.currency_id,
                },
            )

    def _prices_on(self, day):
        """Return the price of each line for the period of a day, by its id."""
        self.ensure_one()
        lines = [each for each in self._snapshot_lines() if each.kind != "usage"]
        try:
            return prices_on(day, lines)
        except BillingError:
            # The next billing reports the error.
            return {}

    def _lines_on(self, day):
        """Return the lines that are served on a day."""
        self.ensure_one()
        return self.line_ids.filtered(
            lambda line: (
                line.date_start
                and line.date_start <= day
                and (not line.date_end or line.date_end > day)
            )
        )

    def _is_paused_on(self, day):
        self.ensure_one()
        return any(
            pause.date_start <= day and (not pause.date_end or pause.date_end > day)
            for pause in self.pause_ids
        )

    def _lines_charged_on(self, day):
        """Return the lines by which the services of a day are charged."""
        self.ensure_one()
        served = {line._origin_key() for line in self._lines_on(day)}
        charged = {
            line.key
            for line in with_charged_days(self._snapshot_lines(), day).lines
            if line.start <= day and (line.end is None or day < line.end)
        }
        return self.line_ids.filtered(
            lambda line: line.id in charged and line._origin_key() in served
        )
