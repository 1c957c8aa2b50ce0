"""Report of recovered and lost amounts: one row for each case in dunning."""

from odoo import fields, models
from odoo.tools import SQL

from ..payments.payment_method import PAYERS
from .states import STAGES, STATES


class SubscriptionDunningRecovery(models.Model):
    """Figures in the company's currency; settled cases count in no rate."""

    _name = "subscription.dunning.recovery"
    _description = "Dunning Recovery"
    _auto = False
    _order = "entered_on desc, id desc"
    _rec_name = "case_id"

    case_id = fields.Many2one("subscription.dunning.case", readonly=True)
    move_id = fields.Many2one("account.move", "Invoice", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one("res.users", "Responsible", readonly=True)
    policy_id = fields.Many2one("subscription.dunning.policy", readonly=True)
    payer = fields.Selection(PAYERS, "Paid By", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    state = fields.Selection(STATES, readonly=True)
    stage = fields.Selection(STAGES, readonly=True)
    entered_on = fields.Date(readonly=True)
    closed_on = fields.Date(readonly=True)
    closed_after = fields.Char("Recovered After", readonly=True)
    amount = fields.Monetary("Entered", readonly=True)
    amount_recovered = fields.Monetary("Recovered", readonly=True)
    recovery_rate = fields.Float(
        "Recovery Rate (%)",
        readonly=True,
        aggregator="avg",
        help="The share of paid invoices among those that were due.",
    )
    recovery_days = fields.Float(
        "Days to Recover",
        readonly=True,
        aggregator="avg",
        help="Days from the first decline or day past due to the payment.",
    )
    cancelled_count = fields.Integer(
        "Subscriptions Lost",
        readonly=True,
        help="Involuntary churn: cancelled because of non-payment.",
    )

    _depends = {
        "subscription.dunning.case": [
            "amount",
            "cancelled_ids",
            "closed_after",
            "closed_on",
            "entered_on",
            "stage",
            "state",
        ],
    }

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT known.id, known.id AS case_id, known.move_id, known.company_id,
                   known.partner_id, known.user_id, version.policy_id, known.payer,
                   company.currency_id, known.state, known.stage, known.entered_on,
                   known.closed_on, known.closed_after, figures.amount,
                   CASE WHEN known.state = 'paid' THEN figures.amount ELSE 0
                   END AS amount_recovered,
                   CASE known.state WHEN 'paid' THEN 100.0 WHEN 'open' THEN 0.0
                   END AS recovery_rate,
                   CASE WHEN known.state = 'paid'
                        THEN (known.closed_on - known.entered_on)::numeric
                   END AS recovery_days,
                   (SELECT count(*)
                      FROM subscription_dunning_case_cancelled_rel lost
                     WHERE lost.subscription_dunning_case_id = known.id
                   ) AS cancelled_count
              FROM subscription_dunning_case known
              JOIN account_move move ON move.id = known.move_id
              JOIN res_company company ON company.id = known.company_id
              LEFT JOIN subscription_dunning_version version
                ON version.id = known.version_id
             CROSS JOIN LATERAL (
                SELECT GREATEST(known.amount - COALESCE(
                    (SELECT sum(partial.debit_amount_currency)
                       FROM account_move_line owed
                       JOIN account_partial_reconcile partial
                         ON partial.debit_move_id = owed.id
                       JOIN account_move_line given ON given.id = partial.credit_move_id
                       JOIN account_move note ON note.id = given.move_id
                      WHERE owed.move_id = known.move_id
                        AND note.move_type = 'out_refund'), 0
                ), 0) * COALESCE(
                    move.amount_total_signed / NULLIF(move.amount_total, 0), 1
                ) AS amount) figures
             WHERE known.entered_on IS NOT NULL
            """
        )

    def action_view_case(self):
        return self.case_id._action_to_view()
