"""The health score of a subscription: what it is made of, and how it went."""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain

from ...billing_core.health import (
    LOWEST_OF_BAND,
    Band,
    band_of,
    contributions,
    total_score,
)
from ...billing_core.lifecycle import COMMITTED
from .. import failure_isolation
from .signal import BANDS

SCORED_TOGETHER = 500
SCORED_STATES = tuple(state.value for state in COMMITTED)


TREND_DAYS = 30


class SubscriptionHealthScore(models.Model):
    """The score of a subscription from a day on, until the next one."""

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
        "UNIQUE (subscription_id, date)", "A day has one score."
    )


class SubscriptionHealth(models.Model):
    _inherit = "subscription.subscription"

    health_score = fields.Integer(
        "Health",
        copy=False,
        readonly=True,
        aggregator="avg",
        help="From 0 to 100, of the signals that are configured; scored every day.",
    )
    health_band = fields.Selection(BANDS, copy=False, readonly=True)
    health_scored_on = fields.Date(
        copy=False,
        readonly=True,
        help="Empty until it is scored by the signals of now.",
    )
    health_facts = fields.Json(
        copy=False,
        readonly=True,
        prefetch=False,
        help="What was measured for the score: a row for each signal.",
    )
    health_score_ids = fields.One2many(
        "subscription.health.score", "subscription_id", "Health Over Time"
    )
    health_details = fields.Html(compute="_compute_health_details", sanitize=False)

    @api.model
    def _cron_score_health(self):
        """Score what runs once a day, and commit after each few hundred."""
        not_today = self.env["res.company"]._domain_by_today(
            lambda today: Domain("health_scored_on", "<", today)
        )
        domain = (Domain("health_scored_on", "=", False) | not_today) & Domain(
            "state", "in", SCORED_STATES
        )
        found = self.search(domain)
        failure_isolation.run_batches(
            domain, found, lambda batch: batch._score_each(), size=SCORED_TOGETHER
        )

    def _score_each(self):
        """Score together, and alone where that fails."""
        failure_isolation.run_each(
            self,
            lambda part: part._score_health(),
            lambda each, error: each._note_step_failure(error),
        )

    def _score_health(self):
        """Measure all signals, and keep the score with what it was made of."""
        for company, subscriptions in self.sudo().grouped("company_id").items():
            signals = self.env["subscription.health.signal"].sudo()
            found = signals._signals_for(company)
            measures = {signal: subscriptions._measures(signal) for signal in found}
            before = {
                each: each.health_score for each in subscriptions if each.health_band
            }
            for subscription in subscriptions:
                subscription._keep_health(
                    {
                        signal: measured.get(subscription)
                        for signal, measured in measures.items()
                    }
                )
            moved = subscriptions.filtered(
                lambda each, before=before: (
                    each.health_band and each.health_score != before.get(each)
                )
            )
            moved._note_health(company._subscription_today())

    def _measures(self, signal):
        """Return what a signal measures of subscriptions of one company."""
        return getattr(self, f"_measures_of_{signal.kind}")(signal)

    def _keep_health(self, measured):
        """Write the score of what was measured by signal, and what it is made of."""
        self.ensure_one()
        facts = [signal._fact(number) for signal, number in measured.items()]
        points, parts = total_score(facts), contributions(facts)
        self.write(
            {
                "health_score": points,
                "health_band": points is not None and band_of(points).value,
                "health_scored_on": self._today(),
                "health_facts": [
                    {
                        "signal": signal.id,
                        "measured": None if number is None else str(number),
                        "marks": None if part is None else float(fact.score),
                        "weight": float(fact.weight),
                        "part": None if part is None else float(part),
                    }
                    for (signal, number), fact, part in zip(
                        measured.items(), facts, parts, strict=True
                    )
                ],
            }
        )

    def _note_health(self, today):
        """Note the scores of today, in place of earlier ones of the day."""
        history = self.env["subscription.health.score"]
        known = history.search(
            [("subscription_id", "in", self.ids), ("date", "=", today)]
        )
        for noted in known:
            noted.score = noted.subscription_id.health_score
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
        """Score by what is known now."""
        self.check_access("read")
        self._score_health()

    @api.depends("health_facts")
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
        """Return what the score was a month ago, and from where on it is good."""
        words = [
            self.env._(
                "Healthy from %(healthy)s on, at risk below %(watch)s.",
                healthy=LOWEST_OF_BAND[Band.HEALTHY],
                watch=LOWEST_OF_BAND[Band.WATCH],
            )
        ]
        before = self._health_trend()
        if before is not None:
            trend = self.env._(
                "%(before)s a month ago, %(now)s now.",
                before=before,
                now=self.health_score,
            )
            words.insert(0, trend)
        return " ".join(words)

    def _health_rows(self):
        """Return what the score is made of, as people read it, the worst one first."""
        self.ensure_one()
        signals = self.env["subscription.health.signal"].sudo()
        rows = []
        for kept in self.health_facts or []:
            signal = signals.browse(kept["signal"]).exists()
            if not signal:
                continue
            known = kept["measured"] is not None
            says = getattr(self.sudo(), f"_sentence_of_{signal.kind}")
            rows.append(
                {
                    "name": signal.name,
                    "says": known and says(Decimal(kept["measured"]), signal),
                    "marks": kept["marks"],
                    "weight": kept["weight"],
                    "part": kept["part"],
                }
            )
        return sorted(rows, key=lambda row: (row["marks"] is None, row["marks"] or 0))

    def _health_trend(self):
        """Return the score of a month ago, None where there was none."""
        self.ensure_one()
        month_ago = self._today() - timedelta(days=TREND_DAYS)
        before = self.sudo().health_score_ids.filtered(
            lambda each: each.date <= month_ago
        )
        return before.sorted("date")[-1:].score if before else None
