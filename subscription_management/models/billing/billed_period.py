from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...billing_core.line import BilledPeriod, ChargeKind
from ...billing_core.period import Period
from ..decimals import exact
from ..subscriptions.line_pricing import CHARGE_KINDS


class SubscriptionBilledPeriod(models.Model):
    """The period and amount that an invoice line charged for a subscription line.

    The database refuses a second active row for the same line, kind, first day and
    revision, so that no period is billed twice.
    """

    _name = "subscription.billed.period"
    _description = "Billed Period"
    _order = "date_start desc, id desc"
    _rec_name = "line_id"

    line_id = fields.Many2one(
        "subscription.line", required=True, ondelete="restrict", index=True
    )
    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True)
    kind = fields.Selection(CHARGE_KINDS, required=True)
    date_start = fields.Date("From", required=True)
    date_end = fields.Date(required=True, help="The first day after the period.")
    last_day = fields.Date("Until", compute="_compute_last_day")
    revision = fields.Integer(required=True)
    quantity = fields.Float(
        required=True, default=1.0, digits=(16, 6), help="Never below zero."
    )
    amount = fields.Monetary(
        required=True, help="Without taxes; negative for a credit."
    )
    invoice_line_id = fields.Many2one(
        "account.move.line", required=True, ondelete="cascade", index=True
    )
    move_id = fields.Many2one(
        "account.move", "Invoice", required=True, ondelete="cascade", index=True
    )
    active = fields.Boolean(default=True, help="Unset when its invoice is cancelled.")
    credited_period_id = fields.Many2one(
        "subscription.billed.period",
        "Credits",
        ondelete="cascade",
        index="btree_not_null",
        help="The period that a credit note of an accountant credits. It is not billed "
        "again.",
    )
    credit_ids = fields.One2many(
        "subscription.billed.period", "credited_period_id", "Credit Notes"
    )

    reverses_id = fields.Many2one(
        "subscription.billed.period",
        "Credited Charge",
        ondelete="set null",
        index="btree_not_null",
        help="The charge that this credit reverses, in full or in part.",
    )

    _billed_once = models.UniqueIndex(
        "(line_id, kind, date_start, revision) "
        "WHERE active AND credited_period_id IS NULL",
        "This period of the subscription line has already been billed.",
    )
    _not_empty = models.Constraint(
        "CHECK (date_start < date_end)", "A billed period has at least one day."
    )

    @api.depends("date_end")
    def _compute_last_day(self):
        for row in self:
            row.last_day = row.date_end and row.date_end - timedelta(days=1)

    def _snapshot(self):
        """Return the row as the core's value."""
        self.ensure_one()
        credits = self.credit_ids.filtered("active")
        return BilledPeriod(
            line=self.line_id.id,
            kind=ChargeKind(self.kind),
            period=Period(self.date_start, self.date_end),
            amount=exact(self.amount),
            revision=self.revision,
            credited=-sum((exact(row.amount) for row in credits), Decimal(0)),
            key=self.id,
            reverses=self.reverses_id.id or None,
            quantity=exact(self.quantity),
        )

    def _release(self):
        """Release the periods of a cancelled invoice, so that they are billed again."""
        self.filtered("active")._reopen_lines()
        self.write({"active": False})
        self.subscription_id._schedule_billing()

    def _reopen_lines(self):
        """Reopen the days of these periods for the next billing."""
        for row in self.filtered(lambda row: not row.credited_period_id):
            row.line_id._reopen_from(row.date_start)

    def _prepare_correction_values(self):
        """Return the values of a row that credits or restores part of this one."""
        self.ensure_one()
        return {
            "line_id": self.line_id.id,
            "subscription_id": self.subscription_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "kind": self.kind,
            "date_start": self.date_start,
            "date_end": self.date_end,
            "revision": self.revision,
            "credited_period_id": self.id,
        }

    def _reclaim(self):
        """Activate the released periods of an invoice that is reset to draft."""
        for row in self.filtered(lambda row: not row.active):
            billed = row.credited_period_id or self.search(
                [
                    ("line_id", "=", row.line_id.id),
                    ("kind", "=", row.kind),
                    ("date_start", "<", row.date_end),
                    ("date_end", ">", row.date_start),
                    ("credited_period_id", "=", False),
                ],
                limit=1,
            )
            if billed and not row.credited_period_id:
                raise UserError(
                    self.env._(
                        "%(invoice)s cannot be reopened: the period from "
                        "%(start)s to %(end)s of %(subscription)s has been billed "
                        "on %(other)s since. Credit that one first.",
                        invoice=row.move_id.display_name,
                        start=format_date(self.env, row.date_start),
                        end=format_date(self.env, row.last_day),
                        subscription=row.subscription_id.name,
                        other=billed.move_id.display_name,
                    )
                )
        self.write({"active": True})
