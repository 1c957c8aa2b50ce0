"""How prices that a customer negotiated end, and what is asked then."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..billing_core.errors import BillingError
from .subscription_renewal import RUNNING


class SubscriptionContractEnd(models.Model):
    _inherit = "subscription.pricing.rule"

    def write(self, vals):
        if vals.get("date_to"):
            self._check_ends_by(fields.Date.to_date(vals["date_to"]))
        ended = {rule: rule.date_to for rule in self if rule.partner_id}
        result = super().write(vals)
        for rule, end in ended.items():
            if end and (not rule.date_to or rule.date_to > end):
                rule._go_on_beyond_its_end()
        return result

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

    def _go_on_beyond_its_end(self):
        """Take back that subscriptions leave the price, where that day has not come."""
        self.ensure_one()
        for subscription in self.sudo().line_ids.subscription_id:
            subscription._do_or_mark(lambda each: each._stay_at_contract(self))


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
        if rows:
            self._check_can_change()
        for day, changed in sorted(rows.items()):
            self._carry_out(
                "price",
                self._plan_amendment(changed, day, policy="prorate"),
                self.env._("The contracted price has ended"),
                is_of_contract=True,
            )

    def _stay_at_contract(self, rule):
        """Take back the changes by which the end of a contract was followed."""
        self.ensure_one()
        changes = self.change_ids.filtered(
            lambda change: change.can_undo and change._follows_end_of(rule)
        )
        try:
            for change in changes.sorted("id", reverse=True):
                self._undo_change(change)
        except (UserError, BillingError) as error:
            raise UserError(
                self.env._(
                    "It leaves the price %(price)s, though that counts for longer now: "
                    "%(reason)s Change its price by hand.",
                    price=rule.display_name,
                    reason=self._reason_of(error),
                )
            ) from error
        if changes and self.state in RUNNING and not self.term_end:
            # Another contract may have ended with it, or this one may end soon again.
            self._follow_contracts()


class SubscriptionChangeOfContract(models.Model):
    _inherit = "subscription.change"

    is_of_contract = fields.Boolean(
        help="It followed the end of a contracted price, by itself."
    )

    def _follows_end_of(self, rule):
        """Tell whether lines leave a price by this change since it has ended."""
        self.ensure_one()
        left = self.subscription_id.line_ids.filtered(
            lambda line: str(line.id) in (self.ended_lines or {})
        )
        return self.is_of_contract and rule in left.pricing_rule_id
