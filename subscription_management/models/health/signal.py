"""Health signals: what is measured, on which scale and with which weight."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, formatLang

from ...billing_core.health import Scale, SignalScore
from ..decimals import exact
from .measures import SubscriptionHealthMeasures

CRON = "subscription_management.ir_cron_score_health"


class SubscriptionHealthSignal(SubscriptionHealthMeasures, models.Model):
    """A measured fact of a subscription with its scale and its weight.

    An addon adds a kind by extending `_measure`, `_describe` and `_describe_scale`.
    """

    _name = "subscription.health.signal"
    _description = "Health Signal"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [
            ("payment", "Late Payments"),
            ("messages", "Messages of the Customer"),
            ("seats", "Seats in Use"),
            ("renewal", "Days to Renewal"),
        ],
        required=True,
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Leave empty for all companies. A company's own signal replaces the "
        "common one of its kind.",
    )
    weight = fields.Float(
        required=True,
        default=1.0,
        help="The influence on the score relative to other signals; 0 to ignore it.",
    )
    best = fields.Float(
        "Best Value", required=True, help="The measured value that scores 100."
    )
    worst = fields.Float(
        "Worst Value", required=True, help="The measured value that scores 0."
    )
    days = fields.Integer(
        "Period (Days)", default=90, help="The days before today that are measured."
    )
    summary = fields.Char("Scale", compute="_compute_summary")

    _kind_once = models.UniqueIndex(
        "(kind, COALESCE(company_id, 0))",
        "A signal of this kind exists already; change its weight instead.",
    )
    _weight_not_negative = models.Constraint(
        "CHECK (weight >= 0)", "A weight is zero or more."
    )
    _days_positive = models.Constraint(
        "CHECK (days > 0)", "The period of a signal is one day or more."
    )
    _best_is_not_worst = models.Constraint(
        "CHECK (best <> worst)",
        "The best and the worst value must differ; change one of them.",
    )

    @api.depends("kind", "best", "worst", "days")
    @api.depends_context("lang")
    def _compute_summary(self):
        for signal in self:
            signal.summary = signal.kind and signal._describe_scale()

    def _describe_scale(self):
        """Return the best and the worst value as a sentence."""
        self.ensure_one()
        words = {
            "best": formatLang(self.env, self.best, digits=0),
            "worst": formatLang(self.env, self.worst, digits=0),
            "days": self.days,
        }
        return {
            "payment": self.env._(
                "Average payment delay of invoices due in the last %(days)s days: "
                "%(best)s days score 100, %(worst)s days score 0.",
                **words,
            ),
            "messages": self.env._(
                "Messages of the customer in the last %(days)s days: %(best)s score "
                "100, %(worst)s score 0.",
                **words,
            ),
            "seats": self.env._(
                "Seats in use: %(best)s %% score 100, %(worst)s %% score 0.",
                **words,
            ),
            "renewal": self.env._(
                "Days until a term ends without automatic renewal: %(best)s score "
                "100, %(worst)s score 0.",
                **words,
            ),
        }.get(self.kind)

    @api.model_create_multi
    def create(self, vals_list):
        signals = super().create(vals_list)
        self._schedule_rescoring()
        return signals

    def write(self, vals):
        result = super().write(vals)
        self._schedule_rescoring()
        return result

    def unlink(self):
        result = super().unlink()
        self._schedule_rescoring()
        return result

    def _schedule_rescoring(self):
        """Have the scheduled action score all subscriptions by the present signals."""
        subscriptions = self.env["subscription.subscription"]
        subscriptions.flush_model(["health_scored_on"])
        self.env.cr.execute(
            SQL("UPDATE subscription_subscription SET health_scored_on = NULL")
        )
        subscriptions.invalidate_model(["health_scored_on"])
        if action := self.env.ref(CRON, raise_if_not_found=False):
            action.sudo()._trigger()

    @api.model
    def _signals_for(self, company):
        """Return the signals of a company; its own replace common ones of a kind."""
        found = self.with_context(active_test=False).search(
            Domain("company_id", "in", (False, company.id))
        )
        by_kind = {}
        for signal in found.sorted(lambda each: bool(each.company_id)):
            by_kind[signal.kind] = signal
        chosen = self.browse([signal.id for signal in by_kind.values()])
        return chosen.filtered(lambda each: each.active and each.weight).sorted()

    def _signal_score(self, measured):
        """Return the core's score of a measured number, None if it is unknown."""
        self.ensure_one()
        scale = Scale(exact(self.best), exact(self.worst))
        score = None if measured is None else scale.score(measured)
        return SignalScore(score, exact(self.weight))
