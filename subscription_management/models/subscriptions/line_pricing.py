"""What a line is charged for: every period, once, or by what was used."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...billing_core.rating import price_of
from ..decimals import exact
from .line_snapshot import AGREED_PRICE

CHARGE_KINDS = [("recurring", "Recurring"), ("one_off", "Once"), ("usage", "By Usage")]


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

    def _snapshot_usage(self, rule, since=None):
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

    found_price = fields.Float(
        compute="_compute_price",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="What was found when the line was priced; any other price was typed.",
    )
    priced_for = fields.Char(
        compute="_compute_price",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="The product, plan, currency and customer, and the day, of that price.",
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
            # What runs costs what was agreed, whoever is its customer now.
            if line.closed_until or (line._origin and subscription.state != "draft"):
                continue
            before, now = line.priced_for or "", line._offer_and_day()
            # What was priced before this was noted keeps its price.
            is_same_offer = before.split("@")[0] == now.split("@")[0] or (
                line._origin and not before
            )
            if subscription.state == "draft" and line._is_step():
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
        """Take the price of the day; one that was typed for the same offer stays."""
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
            # What was typed is a price of the model that the line had then.
            return
        self.pricing_rule_id, self.found_price = rule, price
        if not is_typed:
            self.pricing_model, self.price = model, price

    def _prepare_duplicate_values(self):
        """Let the price be found anew where the plan has none of its model any more."""
        values = super()._prepare_duplicate_values()
        if self.pricing_model not in AGREED_PRICE:
            subscription = self.subscription_id
            is_draft = subscription.state == "draft"
            offered = self.pricing_rule_id._find(
                self.plan_id,
                self.product_id,
                subscription.currency_id,
                self._pricing_day() if is_draft else self._today(),
                subscription.partner_id,
            )
            if offered.pricing_model != self.pricing_model:
                del values["pricing_model"], values["price"]
        return values

    def _offer_and_day(self):
        """Return in one word for what a price is found."""
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


class SubscriptionPrice(models.Model):
    _inherit = "subscription.subscription"

    @api.depends("company_id", "plan_id", "partner_id")
    def _compute_currency_id(self):
        for subscription in self:
            if subscription.state != "draft" and subscription.currency_id:
                continue
            priced_in = subscription._currencies_offered()
            company_currency = subscription.company_id.currency_id
            if subscription.currency_id and (
                not priced_in or subscription.currency_id in priced_in
            ):
                continue
            if not priced_in or company_currency in priced_in:
                subscription.currency_id = company_currency
            else:
                subscription.currency_id = priced_in[0]

    def _currencies_offered(self):
        """Return the currencies in which the plan has prices for the customer.

        Those of what the customer negotiated come before those of everybody.
        """
        self.ensure_one()
        published = self.plan_id.pricing_rule_ids.filtered(
            lambda rule: rule.active and rule.state == "published"
        )
        customer, day = self.partner_id.commercial_partner_id, self.date_start
        own = published.filtered(
            lambda rule: rule._is_granted_to(customer, day or self._today())
        )
        everybodys = published.filtered(lambda rule: not rule.partner_id)
        return (own or everybodys).currency_id

    def _host_price(self, product, quantity, unit, day):
        """Return the price of the customer's pricelist, else the product's own.

        It is that of one of the product's own units, in the subscription's currency,
        where `quantity` of a unit are bought.
        """
        self.ensure_one()
        customer = self.partner_id.with_company(self.company_id)
        pricelist = customer.property_product_pricelist
        if pricelist:
            units = (quantity or 1.0) * float(product._units_in(unit))
            return pricelist._get_product_price(
                product,
                units,
                uom=product.uom_id,
                currency=self.currency_id,
                date=day,
            )
        return product.currency_id._convert(
            product.lst_price, self.currency_id, self.company_id, day, round=False
        )
