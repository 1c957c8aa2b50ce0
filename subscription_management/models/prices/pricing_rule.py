"""The price of a product on a plan: for whom, when and by which price model."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .contracted_price import SubscriptionContractedPrice
from .draft_repricing import SubscriptionDraftRepricing
from .price_calculator import SubscriptionPriceCalculator
from .price_publication import SubscriptionPricePublication
from .price_simulation import SubscriptionPriceSimulation
from .price_version import SubscriptionPriceVersion
from .pricing_models import PRICED_BY_TIERS, PRICING_MODELS
from .pricing_terms import SubscriptionPricingTerms


class SubscriptionPricingRule(
    SubscriptionContractedPrice,
    SubscriptionDraftRepricing,
    SubscriptionPriceCalculator,
    SubscriptionPricePublication,
    SubscriptionPriceSimulation,
    SubscriptionPriceVersion,
    SubscriptionPricingTerms,
    models.Model,
):
    _name = "subscription.pricing.rule"
    _description = "Subscription Pricing Rule"
    _inherit = ["mail.thread"]
    _order = "plan_id, product_id, date_from desc, id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "subscription.plan",
        required=True,
        ondelete="cascade",
        index=True,
        tracking=True,
    )
    company_id = fields.Many2one(related="plan_id.company_id", store=True)
    product_id = fields.Many2one(
        "product.product",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
        domain="[('sale_ok', '=', True)]",
        tracking=True,
    )
    pricing_model = fields.Selection(
        PRICING_MODELS,
        required=True,
        default="per_unit",
        tracking=True,
        help="Flat: one price, whatever the quantity.\n"
        "Per unit: the price of one unit, times the quantity.\n"
        "Graduated tiers: each unit at the price of its own tier.\n"
        "Volume tiers: all units at the price of the tier that the quantity reaches.\n"
        "Blocks: one price for the block that holds the quantity.\n"
        "Packages: a price for each started package.\n"
        "Percent of total: a percentage of the prices of other products.",
    )
    is_charged_once = fields.Boolean(
        "One-Time",
        tracking=True,
        help="Invoiced only with the first period, such as a setup fee.",
    )
    # Without fixed digits the database keeps every decimal of the entered price.
    price = fields.Float(min_display_digits="Product Price", tracking=True)
    price_label = fields.Char("Price Details", compute="_compute_price_label")
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        tracking=True,
    )
    active = fields.Boolean(default=True, tracking=True)
    state = fields.Selection(
        [("draft", "Draft"), ("published", "Published")],
        required=True,
        default="published",
        # A copy of a plan keeps its drafts as drafts.
        copy=True,
        tracking=True,
        help="A draft bills no customer. Its effect can be simulated on last month's "
        "customers before it is published.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Granted To",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="['|', ('is_company', '=', True), ('parent_id', '=', False)]",
        tracking=True,
        help="A contracted price applies to this customer and its contacts only, and "
        "has priority over the plan's general price.",
    )
    granted_by_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.user,
        readonly=True,
        copy=False,
        help="The user who created the contracted price or changed its terms last.",
    )
    date_from = fields.Date("Valid From", tracking=True)
    date_to = fields.Date(
        "Valid Until", tracking=True, help="The last day on which the price is offered."
    )
    interval_label = fields.Char(related="plan_id.interval_label")

    _price_not_negative = models.Constraint(
        "CHECK (price >= 0)", "A price is zero or more; credits are created by changes."
    )
    _dates_in_order = models.Constraint(
        "CHECK (date_from IS NULL OR date_to IS NULL OR date_from <= date_to)",
        "A price must be valid for at least one day: set the last day later.",
    )

    @api.model
    def _pricing_models(self):
        """Return (model, name) pairs of all pricing models, including addons' ones."""
        return self._fields["pricing_model"]._description_selection(self.env)

    @api.depends("plan_id", "product_id", "date_from")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = self.env._(
                "%(product)s on %(plan)s",
                product=rule.product_id.display_name or "",
                plan=rule.plan_id.display_name or "",
            )

    @api.depends("pricing_model", "price", "percent", "package_size", "tier_ids")
    @api.depends_context("lang")
    def _compute_price_label(self):
        for rule in self:
            if rule.pricing_model in PRICED_BY_TIERS:
                label = self.env._("%s tiers", len(rule.tier_ids))
            elif rule.pricing_model == "percent_of_total":
                label = self.env._("%s %% of the total", f"{rule.percent:g}")
            elif rule.pricing_model == "package":
                label = self.env._(
                    "%(price)s per %(size)s",
                    price=rule.currency_id.format(rule.price),
                    size=f"{rule.package_size:g}",
                )
            else:
                label = rule.currency_id.format(rule.price)
            rule.price_label = label

    @api.constrains(
        "plan_id",
        "product_id",
        "currency_id",
        "date_from",
        "date_to",
        "partner_id",
        "state",
        "active",
    )
    def _check_overlap(self):
        for rule in self.filtered(lambda rule: rule.active):
            others = self.search(
                Domain("id", "!=", rule.id)
                & Domain("plan_id", "=", rule.plan_id.id)
                & Domain("product_id", "=", rule.product_id.id)
                & Domain("currency_id", "=", rule.currency_id.id)
                & Domain("partner_id", "=", rule.partner_id.id)
                & Domain("state", "=", "published")
                & Domain("active", "=", True)
                & rule._valid_during(rule.date_from, rule.date_to),
                limit=1,
            )
            if others and rule.state == "published":
                raise ValidationError(
                    self.env._(
                        "%(product)s has two prices in %(currency)s on plan %(plan)s "
                        "for the same days; end one before the other starts.",
                        product=rule.product_id.display_name,
                        currency=rule.currency_id.name,
                        plan=rule.plan_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._with_default_customer(vals) for vals in vals_list]
        self._check_grantor(vals_list)
        return super().create(self._with_grantor(vals_list))

    def write(self, vals):
        self.check_access("write")
        vals = self._with_commercial_partner(vals)
        self._check_contract_end(vals)
        self._check_grantor([vals])
        self._check_locked(vals)
        contract_ends = self._contract_ends()
        for rules, values in self._split_by_grantor(vals):
            rules = rules._with_joint_tier_check(values)
            super(SubscriptionPricingRule, rules).write(values)
        self._restore_extended_contracts(contract_ends)
        return True

    @api.model
    def _valid_during(self, date_from, date_to):
        """Return the domain of rules that are valid on at least one day of a range."""
        domain = Domain.TRUE
        if date_to:
            domain &= Domain("date_from", "=", False) | Domain(
                "date_from", "<=", date_to
            )
        if date_from:
            domain &= Domain("date_to", "=", False) | Domain("date_to", ">=", date_from)
        return domain

    @api.model
    def _find(self, plan, product, currency, day, partner=None):
        """Return the rule by which a product is priced on a plan, if any."""
        wanted = Domain("plan_id", "=", plan.id) & Domain("product_id", "=", product.id)
        offered = self._offered(wanted, currency, day, partner)
        return next(iter(offered.values()), self.browse())

    @api.model
    def _offered(self, wanted, currency, day, partner=None):
        """Return the applicable rule of those in a domain, by plan and product.

        Contracted prices of the customer have priority over general prices. Of two
        contracted prices (of contacts that became one customer) the newest applies.
        """
        applicable = Domain("partner_id", "=", False)
        if partner:
            customer = Domain(
                "commercial_partner_id", "=", partner.commercial_partner_id.id
            )
            # Users who may read the price may lack access to its customer.
            applicable |= Domain("partner_id", "any!", customer)
        rules = self.search(
            wanted
            & Domain("currency_id", "=", currency.id)
            & applicable
            & Domain("state", "=", "published")
            & Domain("active", "=", True)
            & self._valid_during(day, day)
        )
        by_offer = rules.grouped(lambda rule: (rule.plan_id, rule.product_id))
        chosen = {
            offer: found.filtered("partner_id").sorted("id")[-1:] or found[:1]
            for offer, found in by_offer.items()
        }
        # Reading one prefetches all.
        prefetched = self.browse().union(*chosen.values())._prefetch_ids
        return {offer: rule.with_prefetch(prefetched) for offer, rule in chosen.items()}
