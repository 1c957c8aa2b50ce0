"""Price changes of subscriptions: new versions, and the end of contracted prices."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ...billing_core.errors import BillingError
from ...billing_core.lifecycle import CHANGEABLE, RENEWABLE
from ..model_part import ModelPart
from .price_version import SAME_OFFER


class SubscriptionPriceChanges(ModelPart):
    _register = False

    contracted_price_label = fields.Text(
        "Contracted Prices", compute="_compute_contracted_price_label"
    )

    @api.depends("line_ids.contracted_price_label", "line_ids.date_end")
    def _compute_contracted_price_label(self):
        for subscription in self:
            today = subscription._today()
            contracted = subscription.line_ids.filtered(
                lambda line, today=today: (
                    line.contracted_price_label
                    and (not line.date_end or line.date_end > today)
                )
            )
            subscription.contracted_price_label = "\n".join(
                f"{line.product_id.display_name}: {line.contracted_price_label}"
                for line in contracted
            )

    @api.model
    def _follow_due_contract_ends(self):
        """Follow contracted prices that end, of subscriptions without a term.

        With a term, the renewal replaces contracted prices that have ended.
        """
        notice = timedelta(days=self._longest_notice())
        domain = (
            Domain("state", "in", RENEWABLE)
            & Domain("term_end", "=", False)
            & Domain("line_ids.pricing_rule_id.partner_id", "!=", False)
        )
        domain &= self.env["res.company"]._domain_by_today(
            lambda today: [("line_ids.pricing_rule_id.date_to", "<", today + notice)]
        )
        self._run_for_each(domain, lambda each: each._follow_contract_ends())

    def _follow_contract_ends(self):
        """Schedule the general price from the day after a contracted price ends."""
        self.ensure_one()
        today = self._today()
        soon = today + timedelta(days=self._days_decided_ahead())
        rows = defaultdict(list)
        for line in self._lines_to_change(today):
            rule = line.pricing_rule_id
            if not (rule.partner_id and rule.date_to):
                continue
            # Past days keep the price at which they were billed.
            day = max(rule.date_to + timedelta(days=1), line.date_start, today)
            if day <= soon and (not line.date_end or day < line.date_end):
                if values := line._prices_at_renewal(day):
                    rows[day].append((line, values))
        if rows:
            self._check_can_change()
        for day, changed in sorted(rows.items()):
            self._apply_change(
                "price",
                self._plan_change(changed, day, policy="prorate"),
                self.env._("The contracted price has ended"),
                is_contract_end=True,
            )

    def _keep_contracted_price(self, rule):
        """Undo the changes that followed the former end of a contracted price."""
        self.ensure_one()
        changes = self.change_ids.filtered(
            lambda change: change.can_undo and change._is_caused_by_end_of(rule)
        )
        try:
            for change in changes.sorted("id", reverse=True):
                change._undo()
        except (UserError, BillingError) as error:
            raise UserError(
                self.env._(
                    "The price %(price)s was extended, but the scheduled move to "
                    "another price could not be undone: %(reason)s Change the price "
                    "manually.",
                    price=rule.display_name,
                    reason=self._failure_reason(error),
                )
            ) from error
        if changes and self.state in RENEWABLE and not self.term_end:
            # Other contracted prices may have ended, and this one may end soon again.
            self._follow_contract_ends()

    def _take_new_prices(self, versions, day):
        """Move each to new prices; return those that could not, with an activity."""

        def take(subscription):
            try:
                subscription._move_to_new_prices(versions, day)
            except (UserError, BillingError) as error:
                raise UserError(
                    self.env._(
                        "The new price of %(day)s could not be applied: %(reason)s "
                        "Change the price manually.",
                        day=format_date(self.env, day),
                        reason=subscription._failure_reason(error),
                    )
                ) from error

        return self - self._run_isolated(take)

    def _move_to_new_prices(self, versions, day):
        """Change the lines of replaced rules to the new versions from a day."""
        self.ensure_one()
        rows = [
            (line, rule._prepare_agreed_values())
            for line in self._lines_to_change(day)
            if (rule := versions.get(line.pricing_rule_id))
            and all(rule[name] == line[name] for name in SAME_OFFER)
        ]
        if rows and self.state == "suspended":
            raise UserError(
                self.env._("The service is suspended; reactivate it first.")
            )
        if rows and self.state in CHANGEABLE:
            # The price also reaches the subscription that continues transferred lines.
            both = self.with_context(subscription_reaches_both=True)
            both._change_lines("price", day, rows, policy="prorate")
