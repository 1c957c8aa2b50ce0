"""New versions of a price: their start, and the subscriptions that move to them."""

from datetime import date, timedelta

from odoo import api, fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ..model_part import ModelPart

SAME_OFFER = ("plan_id", "product_id", "currency_id")
"""The fields that a new version shares with the price that it replaces."""


class SubscriptionPriceVersion(ModelPart):
    _register = False

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
        readonly=True, copy=False, help="Existing subscriptions get it at renewal."
    )

    @api.constrains("replaces_id", *SAME_OFFER)
    def _check_same_offer(self):
        """Refuse a version for another plan, product or currency."""
        for rule in self.filtered("replaces_id"):
            before = rule.replaces_id
            names = [name for name in SAME_OFFER if rule[name] != before[name]]
            if names:
                raise ValidationError(
                    self.env._(
                        "This is a new version of %(price)s, so its “%(field)s” must "
                        "be %(value)s; create a new price for another one.",
                        price=before.display_name,
                        field=rule._fields[names[0]]._description_string(self.env),
                        value=before[names[0]].display_name,
                    )
                )

    def action_new_version(self):
        """Open a draft of the next version, with the same values."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "published":
            raise UserError(
                self.env._(
                    "%s is a draft; change it directly, or publish it first.",
                    self.display_name,
                )
            )
        draft = self.copy({"state": "draft", "replaces_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "view_mode": "form",
            "res_id": draft.id,
        }

    def _publish(self, day, applies_to):
        """Publish the draft from a day, for new or also for existing subscriptions.

        `applies_to` is “new”, “date” (existing subscriptions move on the day) or
        “renewal” (they move at their renewal). Return the subscriptions that could
        not move; each has an activity with the reason.
        """
        self.ensure_one()
        self.check_access("write")
        self._check_is_draft()
        self._check_same_offer()
        self._check_from_today(day)
        replaced = self.replaces_id
        if replaced and replaced.partner_id == self.partner_id:
            replaced._end_before(day)
        self.write(
            {
                "state": "published",
                "date_from": day,
                "applies_at_renewal": applies_to == "renewal",
            }
        )
        unmoved = self.env["subscription.subscription"]
        if applies_to == "date":
            unmoved = self._move_existing_subscriptions(day)
        self._reprice_drafts()
        return unmoved

    def _move_existing_subscriptions(self, day):
        """Move the subscriptions of the replaced price; return those that stayed."""
        self._check_all_companies(day)
        lines = self.env["subscription.line"].search(self._replaced_lines())
        versions = {line.pricing_rule_id: self for line in lines}
        return lines.subscription_id._take_new_prices(versions, day)

    def _end_before(self, day):
        """Offer the price until the day before its new version starts."""
        last = day - timedelta(days=1)
        if self.date_from and self.date_from > last:
            # No day is left; subscriptions that have it meanwhile keep it.
            self.write({"date_to": self.date_from, "active": False})
        else:
            # A price that had ended is not extended.
            self.date_to = min(self.date_to or last, last)

    def _check_from_today(self, day):
        """Refuse a past day: its periods were billed at the former price."""
        if day < self.env.company._subscription_today():
            raise UserError(
                self.env._(
                    "%(price)s cannot start on %(day)s, which is in the past; choose "
                    "today or a later day.",
                    price=self.display_name,
                    day=format_date(self.env, day),
                )
            )

    def _replaced_lines(self):
        """Return the domain of the lines whose price this one replaces.

        A contracted price replaces every other price of the customer for the same
        product, plan and currency.
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
        """Refuse to leave subscriptions of other companies at a price that ended."""
        others = (
            self.env["subscription.line"]
            .sudo()
            .search(
                self._replaced_lines()
                & Domain("company_id", "not in", self.env.companies.ids)
                & (Domain("date_end", "=", False) | Domain("date_end", ">", day))
            )
        )
        if others:
            raise UserError(
                self.env._(
                    "Customers of %s also have this price; select these companies in "
                    "the company menu, and publish again.",
                    ", ".join(others.company_id.mapped("name")),
                )
            )

    def _newest_for_renewal(self, day, customer):
        """Return the version that a customer's subscriptions get at a renewal, if any.

        The customer's contracted price has priority over a general version.
        """
        self.ensure_one()
        newer = self._versions_after().filtered(
            lambda rule: (
                rule.state == "published"
                and rule.applies_at_renewal
                and rule._has_started(day)
                and (not rule.partner_id or rule._is_granted_to(customer, day))
            )
        )
        newer = newer.sorted(lambda rule: (not rule.partner_id, not rule.active))[:1]
        newest = (newer and newer._newest_for_renewal(day, customer)) or newer
        return newest._version_valid_on(day)

    def _versions_after(self):
        """Return the versions that replace this one.

        Archived versions are included: their successors also replace this price.
        """
        return self.with_context(active_test=False).replaced_by_ids.with_env(self.env)

    def _version_valid_on(self, day):
        """Return the version that is valid on a day, this one or a successor."""
        found = version = self
        while version and (
            not version.active or (version.date_to and version.date_to < day)
        ):
            version = version._versions_after().filtered(
                lambda rule, version=version: (
                    rule.state == "published"
                    and rule.partner_id == version.partner_id
                    and rule._has_started(day)
                )
            )
            version = version.sorted(
                lambda rule: (rule.active, rule.date_from or date.min)
            )[-1:]
            if version.active:
                found = version
        return found.filtered("active")

    def _has_started(self, day):
        self.ensure_one()
        return not self.date_from or self.date_from <= day

    def _prepare_agreed_values(self):
        """Return the values of a line that takes the price of this rule."""
        self.ensure_one()
        return {
            "pricing_rule_id": self.id,
            "pricing_model": self.pricing_model,
            "price": self.price,
        }

    def _is_granted_to(self, customer, day):
        """Return whether this is a contracted price of a customer, valid on a day."""
        self.ensure_one()
        is_own = self.partner_id and self.partner_id.commercial_partner_id == customer
        is_over = self.date_to and self.date_to < day
        return bool(is_own and self._has_started(day) and not is_over)


class SubscriptionPriceVersionLine(ModelPart):
    _register = False

    def _prices_at_renewal(self, day):
        """Return the new price values of a term that starts on a day, {} to keep them.

        In this order: a contracted price granted for renewals, a version published for
        renewals, and, where the contracted price has ended, the general price.
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
