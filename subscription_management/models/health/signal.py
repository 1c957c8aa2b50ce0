"""Which facts of a subscription make its health score, and how much each weighs."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, formatLang

from ...billing_core.health import Scale, SignalScore
from ..decimals import exact

BANDS = [("healthy", "Healthy"), ("watch", "To Be Watched"), ("at_risk", "At Risk")]
CRON = "subscription_management.ir_cron_score_health"


class SubscriptionHealthSignal(models.Model):
    """A fact that tells how well a customer is doing, its scale and its weight.

    An addon adds a kind with two methods of the subscription, named after it:
    `_measures_of_<kind>` and `_sentence_of_<kind>`, and a sentence in
    `_describe_scale`.
    """

    _name = "subscription.health.signal"
    _description = "Health Signal"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean("Switched On", default=True)
    kind = fields.Selection(
        [
            ("payment", "Late Payments"),
            ("messages", "Messages of the Customer"),
            ("seats", "Seats in Use"),
            ("renewal", "Days to Renewal"),
        ],
        "Watches",
        required=True,
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="Leave empty for every company. A company's own signal takes the place of "
        "the common one of its kind.",
    )
    weight = fields.Float(
        required=True,
        default=1.0,
        help="How much it counts beside the others; 0 for not at all.",
    )
    best = fields.Float("100 Marks at", required=True)
    worst = fields.Float("No Marks at", required=True)
    days = fields.Integer(
        "Looks Back (Days)", default=90, help="How many days before today count."
    )
    summary = fields.Char("How It Counts", compute="_compute_summary")

    _kind_once = models.UniqueIndex(
        "(kind, COALESCE(company_id, 0))",
        "There is a signal of this kind already; change its weight instead.",
    )
    _weight_not_negative = models.Constraint(
        "CHECK (weight >= 0)", "A weight is zero or more."
    )
    _days_positive = models.Constraint(
        "CHECK (days > 0)", "A signal looks back one day or more."
    )
    _best_is_not_worst = models.Constraint(
        "CHECK (best <> worst)",
        "100 marks and none cannot be given at the same number; enter two numbers "
        "that differ.",
    )

    @api.depends("kind", "best", "worst", "days")
    @api.depends_context("lang")
    def _compute_summary(self):
        for signal in self:
            signal.summary = signal.kind and signal._describe_scale()

    def _describe_scale(self):
        """Return in words from which number on it has all marks, and none."""
        self.ensure_one()
        words = {
            "best": formatLang(self.env, self.best, digits=0),
            "worst": formatLang(self.env, self.worst, digits=0),
            "days": self.days,
        }
        return {
            "payment": self.env._(
                "Of what was due in the last %(days)s days: 100 marks for payment "
                "%(best)s days late on average, none for %(worst)s days.",
                **words,
            ),
            "messages": self.env._(
                "100 marks for %(best)s messages of the customer in the last %(days)s "
                "days, none for %(worst)s.",
                **words,
            ),
            "seats": self.env._(
                "100 marks for %(best)s %% of the seats in use, none for %(worst)s %%.",
                **words,
            ),
            "renewal": self.env._(
                "100 marks for %(best)s days until a term ends that somebody must "
                "renew, none for %(worst)s.",
                **words,
            ),
        }.get(self.kind)

    @api.model_create_multi
    def create(self, vals_list):
        signals = super().create(vals_list)
        self._let_all_be_scored_again()
        return signals

    def write(self, vals):
        result = super().write(vals)
        self._let_all_be_scored_again()
        return result

    def unlink(self):
        result = super().unlink()
        self._let_all_be_scored_again()
        return result

    def _let_all_be_scored_again(self):
        """Let the scheduled action score every subscription by the signals of now."""
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
        """Return the signals of a company: its own ones before those of everybody."""
        found = self.with_context(active_test=False).search(
            Domain("company_id", "in", (False, company.id))
        )
        by_kind = {}
        for signal in found.sorted(lambda each: bool(each.company_id)):
            by_kind[signal.kind] = signal
        chosen = self.browse([signal.id for signal in by_kind.values()])
        return chosen.filtered(lambda each: each.active and each.weight).sorted()

    def _fact(self, measured):
        """Return what is known of a signal as the core takes it."""
        self.ensure_one()
        scale = Scale(exact(self.best), exact(self.worst))
        marks = None if measured is None else scale.score(measured)
        return SignalScore(marks, exact(self.weight))
