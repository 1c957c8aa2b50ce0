"""The category of a line, as it was agreed: shares of a category count by it.

What a product's category becomes later, or where that moves to, changes nothing of what
running subscriptions owe.
"""

from odoo import api, fields, models


class SubscriptionLineCategory(models.Model):
    _inherit = "subscription.line"

    category_path = fields.Char(
        compute="_compute_category_path",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="The product's category, and those above it, when the line was agreed.",
    )

    @api.depends("product_id", "plan_id")
    def _compute_category_path(self):
        for line in self:
            line.category_path = line.product_id.categ_id.parent_path

    def _prepare_follower_values(self):
        return {
            **super()._prepare_follower_values(),
            "category_path": self.category_path,
        }


class SubscriptionCategoryOfChange(models.Model):
    _inherit = "subscription.subscription"

    def _changed_values(self, values, own, now):
        """Take the category anew with another plan or product."""
        taken = super()._changed_values(values, own, now)
        agreed = {**own, **taken}
        if any(agreed[name] != own[name] for name in ("plan_id", "product_id")):
            return {**taken, **self._prepare_category_values(agreed)}
        return taken

    def _amend_add(self, amendment, values, day):
        values = {**self._prepare_category_values(values), **values}
        return super()._amend_add(amendment, values, day)

    def _prepare_category_values(self, values):
        """Return the category by which a line with these values counts from now on."""
        product = self.env["product.product"].browse(values["product_id"])
        return {"category_path": product.categ_id.parent_path}


class SubscriptionCategoryCounted(models.Model):
    _inherit = "subscription.pricing.rule"

    # Without its category a share would count nothing.
    base_category_id = fields.Many2one(ondelete="restrict")

    def _counts_category_of(self, values):
        """Tell whether a line with these values is of the category of the base."""
        self.ensure_one()
        wanted = self.base_category_id._origin.id
        return str(wanted) in (values["category_path"] or "").split("/")
