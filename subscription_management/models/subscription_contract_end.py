"""How prices that a customer negotiated end, and what is asked then."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .subscription_renewal import RUNNING


class SubscriptionContractEnd(models.Model):
    _inherit = "subscription.pricing.rule"

    def write(self, vals):
        if vals.get("date_to"):
            self._check_ends_by(fields.Date.to_date(vals["date_to"]))
        return super().write(vals)

    def _check_ends_by(self, last):
        """Refuse to end what was granted before today where it was billed already."""
        yesterday = fields.Date.context_today(self) - timedelta(days=1)
        changed = self.filtered(lambda rule: rule.partner_id and rule.date_to != last)
        if last < yesterday and (used := changed._used()):
            raise UserError(
                self.env._(
                    "Subscriptions had the price %(price)s until today; let it end on "
                    "%(day)s or later.",
                    price=used[0].display_name,
                    day=format_date(self.env, yesterday),
                )
            )


class SubscriptionContractFollowed(models.Model):
    _inherit = "subscription.subscription"

    @api.model
    def _cron_renew(self):
        """End contracted prices as well where no term's end does."""
        result = super()._cron_renew()
        soon = fields.Date.today() + timedelta(days=self._longest_notice())
        domain = [
            ("state", "in", RUNNING),
            ("term_end", "=", False),
            ("line_ids.pricing_rule_id.partner_id", "!=", False),
            ("line_ids.pricing_rule_id.date_to", "<", soon),
        ]
        self._do_for_each(domain, lambda each: each._follow_contracts())
        return result

    def _follow_contracts(self):
        """Ask what anybody would pay from the day on which a contract is over."""
        self.ensure_one()
        today = self._today()
        soon = today + timedelta(days=self._days_decided_ahead())
        rows = defaultdict(list)
        for line in self._lines_to_change(today):
            rule = line.pricing_rule_id
            if not (rule.partner_id and rule.date_to):
                continue
            # What was billed stays: a day that is over keeps the price that it had.
            day = max(rule.date_to + timedelta(days=1), line.date_start, today)
            if day <= soon and (not line.date_end or day < line.date_end):
                if values := line._prices_at_renewal(day):
                    rows[day].append((line, values))
        for day, changed in sorted(rows.items()):
            reason = self.env._("The contracted price has ended")
            self._amend("price", day, changed, policy="prorate", reason=reason)
