"""The price of a line, and whether it is recurring, one-time or by usage."""

from odoo import api, fields
from odoo.exceptions import UserError, ValidationError

from ...billing_core.rating import price_of
from ..decimals import exact
from ..model_part import ModelPart
from .line_snapshot import AGREED_PRICE

CHARGE_KINDS = [
    ("recurring", "Recurring"),
    ("one_off", "One-Time"),
    ("usage", "By Usage"),
]


class SubscriptionLinePricing(ModelPart):
    _register = False

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
        """Return the kind of charge that a pricing rule sets, False where it sets none.

        Addons that meter usage override it.
        """
        return "one_off" if rule.is_charged_once else False

    def _snapshot_usage(self, rule, since=None):
        """Return the usage that a rule meters, as values of the core.

        With `since`, usage before that day may be left out.
        """
        return ()

    def _measured_as(self, rule):
        """Return the key of the metered usage: rules of one key count the same."""
        return None

    def _units_last_month(self):
        """Return the number of units that would have been priced."""
        self.ensure_one()
        return exact(self.quantity)

    def _cost_last_month(self, terms, quantity):
        """Return the price of a period by some terms, at an agreed quantity."""
        return price_of(terms, quantity)

    @api.constrains("kind", "pricing_rule_id")
    def _check_kind(self):
        for line in self:
            measured = self._kind_by_rule(line.pricing_rule_id) == "usage"
            if measured != (line.kind == "usage"):
                raise ValidationError(
                    self.env._(
                        "%s is charged by usage if, and only if, its pricing rule "
                        "has a meter; choose another plan or product.",
                        line.product_id.display_name,
                    )
                )

    def _is_priced_alike(self, rule):
        """Return whether a rule prices the same kind of charge."""
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
                    "the other; remove it, and add it again.",
                    self.product_id.display_name,
                )
            )

    found_price = fields.Float(
        compute="_compute_price",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="The price that was found for the line; any other price was entered.",
    )
    priced_for = fields.Char(
        compute="_compute_price",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="The product, plan, currency, customer and day of that price.",
    )

    @api.depends(
        "product_id",
        "plan_id",
        "quantity",
        "product_uom_id",
        "date_start",
        "subscription_id.currency_id",
        "subscription_id.partner_id",
    )
    def _compute_price(self):
        for line in self:
            subscription = line.subscription_id
            if not (line.product_id and line.plan_id and subscription.currency_id):
                line.pricing_model = line.pricing_model or "per_unit"
                line.price = line.price or 0.0
                continue
            # A started line keeps its agreed price after a transfer, too.
            if line.closed_until or (line._origin and subscription.state != "draft"):
                continue
            before, now = line.priced_for or "", line._offer_and_day()
            # A line without this note keeps its price.
            is_same_offer = before.split("@")[0] == now.split("@")[0] or (
                line._origin and not before
            )
            if subscription.state == "draft" and line._is_follow_up_line():
                if not is_same_offer:
                    line._keep_agreed_price()
                line.priced_for = now
                continue
            # The plan's price does not depend on the quantity, the host's may.
            if before == now and line.pricing_rule_id:
                continue
            line._find_price(is_same_offer)
            line.priced_for = now

    def _find_price(self, is_same_offer):
        """Set the price of the day; an entered price for the same offer is kept."""
        self.ensure_one()
        subscription = self.subscription_id
        rule = self.env["subscription.pricing.rule"]._find(
            self.plan_id,
            self.product_id,
            subscription.currency_id,
            self._pricing_day(),
            subscription.partner_id,
        )
        price = rule.price if rule else self._host_price()
        model = rule.pricing_model if rule else "per_unit"
        is_typed = is_same_offer and self.price != self.found_price
        if is_typed and model != self.pricing_model:
            # The entered price belongs to the former price model.
            return
        self.pricing_rule_id, self.found_price = rule, price
        if not is_typed:
            self.pricing_model, self.price = model, price

    def _is_price_model_offered(self):
        """Return whether the price can be agreed again by the same price model."""
        self.ensure_one()
        if self.pricing_model in AGREED_PRICE:
            return True
        subscription = self.subscription_id
        is_draft = subscription.state == "draft"
        offered = self.pricing_rule_id._find(
            self.plan_id,
            self.product_id,
            subscription.currency_id,
            self._pricing_day() if is_draft else self._today(),
            subscription.partner_id,
        )
        return offered.pricing_model == self.pricing_model

    def _offer_and_day(self):
        """Return the key of the offer and day for which a price is found."""
        self.ensure_one()
        subscription = self.subscription_id
        parts = (
            self.product_id,
            self.plan_id,
            subscription.currency_id,
            subscription.partner_id.commercial_partner_id,
        )
        offer = "-".join(str(part._origin.id or 0) for part in parts)
        return f"{offer}@{self._pricing_day()}"

    def _pricing_day(self):
        self.ensure_one()
        return self.date_start or self.subscription_id.date_start or self._today()

    def _host_price(self):
        self.ensure_one()
        return self.subscription_id._host_price(
            self.product_id, self.quantity, self.product_uom_id, self._pricing_day()
        )

    def _unit_for(self, product):
        """Return the unit in which the line serves another product: its own, if it can.

        An empty line takes the product's.
        """
        allowed = product.uom_id | product.uom_ids
        return (self.product_uom_id & allowed) or product.uom_id
