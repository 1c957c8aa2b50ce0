from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ...billing_core.pauses import Pause
from .protected_fields import PAUSE_RECORDS, ProtectedFields


class SubscriptionPause(ProtectedFields, models.Model):
    """Days without service at the customer's request, or because of a suspension."""

    _name = "subscription.pause"
    _description = "Subscription Pause"
    _order = "date_start, id"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    date_start = fields.Date("From", required=True)
    date_end = fields.Date(help="The first day of service again; empty while open.")
    is_billed = fields.Boolean(help="The customer is billed during the pause.")
    is_suspension = fields.Boolean(
        "By Suspension", readonly=True, help="It ends with the suspension."
    )

    _ends_after_start = models.Constraint(
        "CHECK (date_end IS NULL OR date_end > date_start)",
        "A pause lasts at least one day; resume on a later day.",
    )

    @api.constrains("subscription_id", "date_start", "date_end")
    def _check_overlap(self):
        for pause in self:
            overlapping = Domain("id", "!=", pause.id) & Domain(
                "subscription_id", "=", pause.subscription_id.id
            )
            overlapping &= Domain("date_end", "=", False) | Domain(
                "date_end", ">", pause.date_start
            )
            if pause.date_end:
                overlapping &= Domain("date_start", "<", pause.date_end)
            other = self.search(overlapping, limit=1)
            if other:
                raise ValidationError(
                    self.env._(
                        "%(subscription)s is paused from %(day)s already; resume it "
                        "first, or choose other dates.",
                        subscription=pause.subscription_id.name,
                        day=format_date(self.env, other.date_start),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_protected_records(PAUSE_RECORDS)
        pauses = super().create(vals_list)
        for pause in pauses:
            pause.subscription_id.line_ids._reopen_from(pause.date_start)
        pauses.subscription_id._schedule_billing()
        return pauses

    def write(self, vals):
        self._check_protected_records(PAUSE_RECORDS)
        before = {
            pause: [pause.date_start, pause.date_end or pause.date_start]
            for pause in self
        }
        result = super().write(vals)
        for pause in self:
            days = [*before[pause], pause.date_start]
            pause.subscription_id.line_ids._reopen_from(min(days))
        self.subscription_id._schedule_billing()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_reopens(self):
        for pause in self:
            pause.subscription_id.line_ids._reopen_from(pause.date_start)

    def unlink(self):
        self._check_protected_records(PAUSE_RECORDS)
        subscriptions = self.subscription_id
        result = super().unlink()
        subscriptions._schedule_billing()
        return result

    def _prepare_moved_values(self, day):
        """Return the values of the pause for a subscription that continues this one."""
        self.ensure_one()
        return {
            "date_start": max(day, self.date_start),
            "date_end": self.date_end,
            "is_billed": self.is_billed,
            "is_suspension": self.is_suspension,
        }

    def _snapshot_pause(self):
        """Return the pause as a value of the core."""
        self.ensure_one()
        return Pause(self.date_start, self.date_end or None)
