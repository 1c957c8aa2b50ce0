"""Discounts of a draft as a whole: spread anew over the lines that it has.

What is granted from the first day of a draft is remembered until it starts, so that
nothing of it is lost with a line that is deleted or costs less, and a product that is
added has its share.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS

from ..subscriptions.internal_write import internal_write, is_internal_write

GRANTED_FIELDS = {"percent", "fixed_amount", "cycles", "date_start", "line_id"}


class SubscriptionDraftGrants(models.Model):
    _inherit = "subscription.subscription"

    draft_grants = fields.Json(
        copy=False,
        groups=NO_ACCESS,
        help="The values of each discount of the whole draft, by its number.",
    )
    has_discounts = fields.Boolean(compute="_compute_has_discounts", compute_sudo=True)

    @api.depends("line_ids.discount_ids", "draft_grants")
    def _compute_has_discounts(self):
        for subscription in self:
            discounts = subscription.line_ids.discount_ids
            subscription.has_discounts = discounts or subscription.draft_grants

    def grant_discount(
        self,
        values,
        day,
        lines=None,
        reason=False,
        policy="next_period",
        *,
        replaces=False,
    ):
        if self.state != "draft" or lines or day > self.date_start:
            return super().grant_discount(
                values, day, lines, reason, policy, replaces=replaces
            )
        self._check_coupon_is_redeemed(values)
        if replaces:
            self.action_remove_discounts()
        self._spread_grants_anew()
        number = self._next_grant_number()
        numbered = {**values, "grant_number": number}
        granting = super(SubscriptionDraftGrants, internal_write(self))
        change = granting.grant_discount(
            numbered, day, lines, reason, policy, replaces=replaces
        ).with_env(self.env)
        if values.get("percent") or values.get("fixed_amount"):
            kept = self.sudo()
            kept.draft_grants = {**(kept.draft_grants or {}), str(number): values}
        return change

    def _agree(self, *args, **kwargs):
        change = super()._agree(*args, **kwargs)
        self._spread_grants_anew()
        return change

    def _redeem(self, *args, **kwargs):
        # What a deleted line held counts before the coupon is asked.
        self._spread_grants_anew()
        redeeming = super(SubscriptionDraftGrants, internal_write(self))
        return redeeming._redeem(*args, **kwargs).with_env(self.env)

    def _next_grant_number(self):
        self.ensure_one()
        known = map(int, self.sudo().draft_grants or {})
        used = self.line_ids.discount_ids.mapped("grant_number")
        return max([0, *known, *used]) + 1

    def write(self, vals):
        result = super().write(vals)
        if "line_ids" in vals and not is_internal_write(self.env):
            for draft in self.filtered(lambda each: each.state == "draft"):
                try:
                    with self.env.cr.savepoint():
                        draft._spread_grants_anew()
                except UserError:
                    # A draft may be saved half done; its start says what is missing.
                    continue
        return result

    def _spread_grants_anew(self):
        """Take what was granted a draft off the lines that it has now."""
        for draft in internal_write(self).filtered(lambda each: each.state == "draft"):
            grants = draft._grants_to_spread()
            if not grants or not draft.line_ids:
                continue
            draft.line_ids.discount_ids.filtered(
                lambda each, grants=grants: str(each.grant_number) in grants
            ).unlink()
            for number, values in grants.items():
                amendment = draft._plan_discount(
                    {**values, "grant_number": int(number)}, draft.date_start
                )
                draft._write_into_draft(amendment)

    def _grants_to_spread(self):
        """Return what was granted a draft; a coupon deleted since grants nothing."""
        self.ensure_one()
        coupons = self.env["subscription.coupon"].sudo()
        return {
            number: values
            for number, values in (self.sudo().draft_grants or {}).items()
            if coupons.browse(values.get("coupon_id") or []).exists()
            or not values.get("coupon_id")
        }

    def _check_discounts_at_start(self):
        """Spread the discounts of drafts over their lines; refuse expired coupons."""
        self._spread_grants_anew()
        self._check_coupons_at_start()

    def _forget_draft_grants(self):
        """Forget the grants of drafts that have started: their lines have them."""
        self.sudo().draft_grants = False

    def _check_coupons_at_start(self):
        """Refuse to start with a coupon that is not for what the draft has become."""
        for draft in self:
            redeemed = draft.line_ids.discount_ids.filtered(
                lambda each, draft=draft: each.redeemed_on_id == draft
            )
            for coupon in redeemed.sudo().coupon_id:
                coupon._lock_redemptions()
                if reason := coupon._reason_to_take_off(draft):
                    raise UserError(
                        self.env._(
                            "%(subscription)s cannot start with its coupon: "
                            "%(reason)s Take the discounts off, and choose another "
                            "coupon.",
                            subscription=draft.name,
                            reason=reason,
                        )
                    )

    def action_remove_discounts(self):
        """Take all discounts off a draft; its coupons may be redeemed again."""
        for draft in self:
            if draft.state != "draft":
                raise UserError(
                    self.env._(
                        "%s has started: its discounts stay as they were agreed.",
                        draft.name,
                    )
                )
            draft.check_access("write")
            draft.line_ids.discount_ids.unlink()
            draft.sudo().draft_grants = False

    def _amounts_off(self):
        """Tell whether a draft has discounts that are amounts of its currency."""
        self.ensure_one()
        known = self.sudo()
        grants = (known.draft_grants or {}).values()
        return any(known.line_ids.discount_ids.mapped("fixed_amount")) or any(
            values.get("fixed_amount") for values in grants
        )


class SubscriptionDiscountOfDraft(models.Model):
    _inherit = "subscription.discount"

    grant_number = fields.Integer(
        readonly=True, help="What was granted a draft together has the same number."
    )

    def _prepare_copy_values(self):
        return {**super()._prepare_copy_values(), "grant_number": self.grant_number}

    def write(self, vals):
        if GRANTED_FIELDS & vals.keys():
            self._forget_grants()
        return super().write(vals)

    def unlink(self):
        self._forget_grants()
        return super().unlink()

    def _forget_grants(self):
        """Leave what people edit by hand as they left it."""
        if is_internal_write(self.env):
            return
        for discount in self.filtered("grant_number"):
            draft = discount.line_id.subscription_id.sudo()
            gone = str(discount.grant_number)
            if gone in (draft.draft_grants or {}):
                draft.draft_grants = {
                    number: values
                    for number, values in draft.draft_grants.items()
                    if number != gone
                }
