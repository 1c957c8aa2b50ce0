"""What a line is charged for: every period, once, or by what was used."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..billing_core.rating import price_of
from .decimals import exact

CHARGE_KINDS = [("recurring", "Recurring"), ("one_off", "Once"), ("usage", "By Usage")]


class SubscriptionPricingRuleKind(models.Model):
    _inherit = "subscription.pricing.rule"

    is_charged_once = fields.Boolean(
        "Charged Once",
        tracking=True,
        help="Like a set-up: with the first period, and never again.",
    )


class SubscriptionLineKind(models.Model):
    _inherit = "subscription.line"

    kind = fields.Selection(
        CHARGE_KINDS,
        compute="_compute_kind",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )

    @api.depends("pricing_rule_id")
    def _compute_kind(self):
        for line in self:
            known = "recurring" if line.kind == "usage" else line.kind
            line.kind = self._kind_by_rule(line.pricing_rule_id) or known or "recurring"

    @api.depends("kind", "plan_id")
    @api.depends_context("lang")
    def _compute_interval_label(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for line in self:
            is_once = line.kind == "one_off"
            line.interval_label = (
                kinds["one_off"] if is_once else line.plan_id.interval_label
            )

    @api.model
    def _kind_by_rule(self, rule):
        """Return the kind that a pricing rule asks for, False where it does not matter.

        Nothing is measured here: addons that measure what is used extend it.
        """
        return "one_off" if rule.is_charged_once else False

    def _snapshot_used(self, rule, since=None):
        """Return what was used of what a rule measures, as the core takes it.

        With `since` what was used before that day may be left out.
        """
        return ()

    def _measured_as(self, rule):
        """Return what uses are told apart by: rules of one answer count the same."""
        return None

    def _units_last_month(self):
        """Return how many units a price would have been asked for."""
        self.ensure_one()
        return exact(self.quantity)

    def _cost_last_month(self, terms, quantity):
        """Return what a period costs by some terms, at an agreed quantity."""
        return price_of(terms, quantity)

    @api.constrains("kind", "pricing_rule_id")
    def _check_kind(self):
        for line in self:
            measured = self._kind_by_rule(line.pricing_rule_id) == "usage"
            if measured != (line.kind == "usage"):
                raise ValidationError(
                    self.env._(
                        "%s is charged by usage when its pricing rule measures what "
                        "is used, and only then; choose another plan or product.",
                        line.product_id.display_name,
                    )
                )

    def _is_priced_alike(self, rule):
        """Tell whether a rule prices what the line is charged for, and as often."""
        self.ensure_one()
        return (self._kind_by_rule(rule) or "recurring") == self.kind

    def _check_same_kind(self, values):
        """Refuse a change from an agreed quantity to what is used, or back."""
        self.ensure_one()
        rule = self.env["subscription.pricing.rule"].browse(values["pricing_rule_id"])
        if (self._kind_by_rule(rule) == "usage") != (self.kind == "usage"):
            raise UserError(
                self.env._(
                    "%s is charged by usage in one place and by an agreed quantity in "
                    "the other; remove it, and add it anew.",
                    self.product_id.display_name,
                )
            )
