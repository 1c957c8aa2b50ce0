"""A new version of a price: from when on it counts, and for whom."""

from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ...billing_core.errors import BillingError

SAME_OFFER = ("plan_id", "product_id", "currency_id")
"""What a new version has in common with the price that it comes after."""

MOVED_TO_NEW_PRICES = ("trial", "active", "past_due", "paused")
"""The states of the subscriptions that get a price which counts for all."""


class SubscriptionPriceVersion(models.Model):
    _inherit = "subscription.pricing.rule"

    replaces_id = fields.Many2one(
        "subscription.pricing.rule",
        "New Version Of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    replaced_by_ids = fields.One2many("subscription.pricing.rule", "replaces_id")
    applies_at_renewal = fields.Boolean(
        readonly=True, copy=False, help="Running subscriptions get it at renewal."
    )

    @api.constrains("replaces_id", *SAME_OFFER)
    def _check_same_offer(self):
        """Refuse a version of what is sold on another plan, or in another currency."""
        for rule in self.filtered("replaces_id"):
            before = rule.replaces_id
            names = [name for name in SAME_OFFER if rule[name] != before[name]]
            if names:
                raise ValidationError(
                    self.env._(
                        "This is a new version of %(price)s, so its “%(field)s” is "
                        "%(value)s as well; make a new price for another one.",
                        price=before.display_name,
                        field=rule._fields[names[0]]._description_string(self.env),
                        value=before[names[0]].display_name,
                    )
                )

    def action_new_version(self):
        """Open a draft of the next version, with the same values."""
        self.ensure_one()
        draft = self.copy({"state": "draft", "replaces_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "view_mode": "form",
            "res_id": draft.id,
        }

    def _publish(self, day, applies_to):
        """Let the draft count from a day on, for new or also for running ones.

        Returns the running subscriptions that stayed at the price before, each with
        the reason in a to-do.
        """
        self.ensure_one()
        self._check_is_draft()
        self._check_same_offer()
        self._check_from_today(day)
        before = self.replaces_id
        if before and before.partner_id == self.partner_id:
            before._end_before(day)
        self.write(
            {
                "state": "published",
                "date_from": day,
                "applies_at_renewal": applies_to == "renewal",
            }
        )
        if applies_to == "date":
            self._check_all_companies(day)
            lines = self.env["subscription.line"].search(self._lines_before())
            versions = {line.pricing_rule_id: self for line in lines}
            return lines.subscription_id._take_new_prices(versions, day)
        return self.env["subscription.subscription"]

    def _end_before(self, day):
        """Offer the price until the day before another one begins."""
        last = day - timedelta(days=1)
        if self.date_from and self.date_from > last:
            # Nothing is left of it: it stays for those who got it meanwhile.
            self.write({"date_to": self.date_from, "active": False})
        else:
            # One that had ended already is not offered for longer.
            self.date_to = min(self.date_to or last, last)

    def _check_from_today(self, day):
        """Refuse a day that is over: what was billed then was billed at the price."""
        if day < self.env.company._subscription_today():
            raise UserError(
                self.env._(
                    "%(price)s cannot count from %(day)s, which is over; choose today "
                    "or a later day.",
                    price=self.display_name,
                    day=format_date(self.env, day),
                )
            )

    def _lines_before(self):
        """Return the domain of the lines whose price this one comes after.

        What is granted to a customer comes after any other price of the same offer.
        """
        self.ensure_one()
        if not self.partner_id:
            return Domain("pricing_rule_id", "=", self.replaces_id._origin.id or 0)
        return (
            Domain("plan_id", "=", self.plan_id.id)
            & Domain("product_id", "=", self.product_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
            & Domain(
                "subscription_id.commercial_partner_id",
                "=",
                self.partner_id.commercial_partner_id.id,
            )
            & Domain("pricing_rule_id", "not in", self._origin.ids)
        )

    def _check_all_companies(self, day):
        """Refuse to leave the customers of some companies at a price that ended."""
        others = (
            self.env["subscription.line"]
            .sudo()
            .search(
                self._lines_before()
                & Domain("company_id", "not in", self.env.companies.ids)
                & (Domain("date_end", "=", False) | Domain("date_end", ">", day))
            )
        )
        if others:
            raise UserError(
                self.env._(
                    "Customers of %s have this price too; choose these companies as "
                    "well at the top of the screen, and publish again.",
                    ", ".join(others.company_id.mapped("name")),
                )
            )

    def _newest_for_renewal(self, day, customer):
        """Return the version that a customer's subscriptions get at a renewal, if any.

        What was granted to the customer comes before a version for everybody.
        """
        self.ensure_one()
        newer = self._versions_after().filtered(
            lambda rule: (
                rule.state == "published"
                and rule.applies_at_renewal
                and rule._has_begun(day)
                and (not rule.partner_id or rule._is_granted_to(customer, day))
            )
        )
        newer = newer.sorted(lambda rule: (not rule.partner_id, not rule.active))[:1]
        newest = (newer and newer._newest_for_renewal(day, customer)) or newer
        return newest._version_valid_on(day)

    def _versions_after(self):
        """Return the versions that replace this one.

        Archived ones too: what replaces them comes after this one as well.
        """
        return self.with_context(active_test=False).replaced_by_ids.with_env(self.env)

    def _version_valid_on(self, day):
        """Return the version that follows one which is over by a day, if there is."""
        found = version = self
        while version and (
            not version.active or (version.date_to and version.date_to < day)
        ):
            version = version._versions_after().filtered(
                lambda rule, version=version: (
                    rule.state == "published"
                    and rule.partner_id == version.partner_id
                    and rule._has_begun(day)
                )
            )
            version = version.sorted(
                lambda rule: (rule.active, rule.date_from or date.min)
            )[-1:]
            if version.active:
                found = version
        return found.filtered("active")

    def _has_begun(self, day):
        self.ensure_one()
        return not self.date_from or self.date_from <= day

    def _prepare_agreed_values(self):
        """Return the values of a line that is priced by this rule from now on."""
        self.ensure_one()
        return {
            "pricing_rule_id": self.id,
            "pricing_model": self.pricing_model,
            "price": self.price,
        }

    def _is_granted_to(self, customer, day):
        """Tell whether a customer negotiated this price for a day."""
        self.ensure_one()
        is_own = self.partner_id and self.partner_id.commercial_partner_id == customer
        is_over = self.date_to and self.date_to < day
        return bool(is_own and self._has_begun(day) and not is_over)


class SubscriptionPriceVersions(models.Model):
    _inherit = "subscription.subscription"

    def _take_new_prices(self, versions, day):
        """Move each to new prices; return those that could not, marked with why."""

        def take(subscription):
            try:
                subscription._move_to_new_prices(versions, day)
            except (UserError, BillingError) as error:
                raise UserError(
                    self.env._(
                        "It stays at the price before, since the new one of %(day)s "
                        "was refused: %(reason)s Change its price by hand.",
                        day=fields.Date.to_string(day),
                        reason=subscription._failure_reason(error),
                    )
                ) from error

        return self - self._run_isolated(take)

    def _move_to_new_prices(self, versions, day):
        """Ask the prices of new versions of rules from a day on."""
        self.ensure_one()
        rows = [
            (line, rule._prepare_agreed_values())
            for line in self._lines_to_change(day)
            if (rule := versions.get(line.pricing_rule_id))
            and all(rule[name] == line[name] for name in SAME_OFFER)
        ]
        if rows and self.state == "suspended":
            raise UserError(self.env._("The service is suspended."))
        if rows and self.state in MOVED_TO_NEW_PRICES:
            # Published prices also reach a subscription that continues this one.
            both = self.with_context(subscription_reaches_both=True)
            both._change_lines("price", day, rows, policy="prorate")


class SubscriptionPriceVersionLine(models.Model):
    _inherit = "subscription.line"

    def _prices_at_renewal(self, day):
        """Return the price that the term that begins on a day starts from, {} to stay.

        That is what was granted to the customer for it, a version that waits for it,
        or, where the price that was granted has ended, what anybody would get now.
        """
        self.ensure_one()
        rule, customer = self.pricing_rule_id, self.partner_id.commercial_partner_id
        found = rule._find(
            self.plan_id, self.product_id, self.currency_id, day, customer
        )
        if found.partner_id and found.applies_at_renewal and found != rule:
            return found._prepare_agreed_values()
        newer = rule and rule._newest_for_renewal(day, customer)
        if newer:
            return newer._prepare_agreed_values()
        if not rule.partner_id or rule._is_granted_to(customer, day):
            return {}
        if found:
            return found._prepare_agreed_values()
        return {
            "pricing_rule_id": False,
            "pricing_model": "per_unit",
            "price": self.subscription_id._host_price(
                self.product_id, self.quantity, self.product_uom_id, day
            ),
        }
