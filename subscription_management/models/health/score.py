"""The health score of a subscription: its daily calculation, details and history."""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...billing_core.health import (
    LOWEST_OF_BAND,
    Band,
    band_of,
    contributions,
    total_score,
)
from ...billing_core.lifecycle import COMMITTED, ENDED
from .. import failure_isolation
from ..model_part import ModelPart
from .bands import BANDS

SCORED_TOGETHER = 500
TREND_DAYS = 30


class SubscriptionHealthScore(models.Model):
    """The score of a subscription from a date until the next one."""

    _name = "subscription.health.score"
    _description = "Health Score"
    _order = "date desc, id desc"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    date = fields.Date(required=True)
    score = fields.Integer(required=True, aggregator="avg")

    _day_once = models.Constraint(
        "UNIQUE (subscription_id, date)", "A date has one score."
    )


class SubscriptionHealth(ModelPart):
    _register = False

    health_score = fields.Integer(
        "Health",
        copy=False,
        readonly=True,
        aggregator="avg",
        help="From 0 to 100, the weighted mean of the health signals of the day.",
    )
    health_band = fields.Selection(BANDS, copy=False, readonly=True)
    health_scored_on = fields.Date(
        copy=False,
        readonly=True,
        help="Empty until the subscription is scored by the present signals.",
    )
    health_measurements = fields.Json(
        copy=False,
        readonly=True,
        prefetch=False,
        help="The measurements of the score: a row for each signal.",
    )
    health_score_ids = fields.One2many(
        "subscription.health.score", "subscription_id", "Health Over Time"
    )
    health_details = fields.Html(compute="_compute_health_details", sanitize=False)

    @api.model
    def _cron_score_health(self):
        """Score each subscription once a day, in batches with a commit each."""
        not_today = self.env["res.company"]._domain_by_today(
            lambda today: Domain("health_scored_on", "<", today)
        )
        domain = (Domain("health_scored_on", "=", False) | not_today) & Domain(
            "state", "in", COMMITTED
        )
        failure_isolation.run_batches(
            domain,
            self.search(domain),
            lambda batch: batch._score_each(),
            size=SCORED_TOGETHER,
        )

    def _score_each(self):
        """Score all together, and alone those with which that fails."""
        failure_isolation.run_each(
            self,
            lambda part: part._score_health(),
            lambda each, error: each._note_step_failure(error),
        )

    def _score_health(self):
        """Measure all signals, write the scores and record those that changed."""
        for company, subscriptions in self.sudo().grouped("company_id").items():
            signals = (
                self.env["subscription.health.signal"].sudo()._signals_for(company)
            )
            measured = {signal: signal._measure(subscriptions) for signal in signals}
            before = {
                each: each.health_score for each in subscriptions if each.health_band
            }
            for subscription in subscriptions:
                subscription._write_health(
                    {
                        signal: numbers.get(subscription)
                        for signal, numbers in measured.items()
                    }
                )
            changed = subscriptions.filtered(
                lambda each, before=before: (
                    each.health_band and each.health_score != before.get(each)
                )
            )
            changed._record_scores(company._subscription_today())

    def _write_health(self, measured):
        """Write the score of the numbers by signal, with its details."""
        self.ensure_one()
        scores = [signal._signal_score(number) for signal, number in measured.items()]
        total, parts = total_score(scores), contributions(scores)
        self.write(
            {
                "health_score": total,
                "health_band": total is not None and band_of(total).value,
                "health_scored_on": self._today(),
                "health_measurements": [
                    {
                        "signal": signal.id,
                        "measured": None if number is None else str(number),
                        "score": None if part is None else float(score.score),
                        "weight": float(score.weight),
                        "part": None if part is None else float(part),
                    }
                    for (signal, number), score, part in zip(
                        measured.items(), scores, parts, strict=True
                    )
                ],
            }
        )

    def _record_scores(self, today):
        """Record the scores of today; a later score of the day replaces an earlier."""
        history = self.env["subscription.health.score"]
        known = history.search(
            [("subscription_id", "in", self.ids), ("date", "=", today)]
        )
        for recorded in known:
            recorded.score = recorded.subscription_id.health_score
        history.create(
            [
                {
                    "subscription_id": subscription.id,
                    "date": today,
                    "score": subscription.health_score,
                }
                for subscription in self - known.subscription_id
            ]
        )

    def action_score_health(self):
        """Score the subscriptions by the present measurements."""
        self.check_access("write")
        for subscription in self:
            if subscription.state == "draft" or subscription.state in ENDED:
                raise UserError(
                    self.env._(
                        "%s has no health score, as it is not in service; score it "
                        "once it is active.",
                        subscription.name,
                    )
                )
        self._score_health()

    @api.depends("health_measurements")
    @api.depends_context("lang")
    def _compute_health_details(self):
        for subscription in self:
            subscription.health_details = self.env["ir.qweb"]._render(
                "subscription_management.health_details",
                {
                    "subscription": subscription,
                    "rows": subscription._health_rows(),
                    "explained": subscription._explain_health(),
                },
            )

    def _explain_health(self):
        """Return the score of a month ago, if any, and the bands, as text."""
        sentences = [
            self.env._(
                "Healthy: %(healthy)s or more. At risk: below %(watch)s.",
                healthy=LOWEST_OF_BAND[Band.HEALTHY],
                watch=LOWEST_OF_BAND[Band.WATCH],
            )
        ]
        before = self._score_a_month_ago()
        if before is not None:
            trend = self.env._(
                "%(before)s a month ago, %(now)s now.",
                before=before,
                now=self.health_score,
            )
            sentences.insert(0, trend)
        return " ".join(sentences)

    def _health_rows(self):
        """Return the measurements for display, lowest score first."""
        self.ensure_one()
        signals = self.env["subscription.health.signal"].sudo()
        rows = []
        for kept in self.health_measurements or []:
            signal = signals.browse(kept["signal"]).exists()
            if not signal:
                continue
            number = kept["measured"]
            rows.append(
                {
                    "name": signal.name,
                    "sentence": number is not None
                    and signal._describe(Decimal(number), self.sudo()),
                    "score": kept["score"],
                    "weight": kept["weight"],
                    "part": kept["part"],
                }
            )
        return sorted(rows, key=lambda row: (row["score"] is None, row["score"] or 0))

    def _score_a_month_ago(self):
        """Return the score of a month ago, None without one."""
        self.ensure_one()
        month_ago = self._today() - timedelta(days=TREND_DAYS)
        before = self.sudo().health_score_ids.filtered(
            lambda each: each.date <= month_ago
        )
        return before.sorted("date")[-1:].score if before else None
