from odoo import api, fields, models
from odoo.exceptions import UserError

from ..cancellation.retention_offer import SubscriptionChangeRetentionOffer
from ..prices.contracted_price import SubscriptionChangeContractedPrice
from ..subscriptions.protected_fields import CHANGE_RECORDS, ProtectedFields
from .undo import ChangeReverter


class SubscriptionChange(
    SubscriptionChangeRetentionOffer,
    SubscriptionChangeContractedPrice,
    ProtectedFields,
    models.Model,
):
    """A change of a subscription: its append-only history."""

    _name = "subscription.change"
    _description = "Subscription Change"
    _order = "date_effective desc, id desc"

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="subscription_id.company_id", store=True)
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    kind = fields.Selection(
        [
            ("new", "Created"),
            ("activated", "Activated"),
            ("line_added", "Line Added"),
            ("line_ended", "Line Ended"),
            ("quantity", "Quantity"),
            ("price", "Price"),
            ("plan", "Plan"),
            ("discount", "Discount"),
            ("changed", "Changed"),
            ("paused", "Paused"),
            ("resumed", "Resumed"),
            ("suspended", "Suspended"),
            ("reactivated", "Reactivated"),
            ("undone", "Change Undone"),
            ("renewed", "Renewed"),
            ("trial", "Trial Started"),
            ("transferred", "Transferred"),
            ("merged", "Merged"),
            ("aligned", "Aligned"),
            ("cancelled", "Cancelled"),
            ("cancellation_undone", "Cancellation Undone"),
            ("kept", "Retained by an Offer"),
            ("expired", "Expired"),
        ],
        required=True,
    )
    line_id = fields.Many2one("subscription.line", ondelete="set null", index=True)
    added_line_ids = fields.Many2many(
        "subscription.line", "subscription_change_added_line_rel", string="New Lines"
    )
    ended_lines = fields.Json(
        help="For each line that the change ended, its previous end."
    )
    charged_ends = fields.Json(
        help="For each line that the change ended, its previous end of charging, where "
        "that differs from the line's end."
    )
    replaced_date = fields.Date(
        help="The previous end of the service or of the term, which the change "
        "replaced."
    )
    replaced_term = fields.Json(
        help="For a renewal, the previous term and end of the service."
    )
    is_of_renewal = fields.Boolean(
        "Part of a Renewal", help="The change is undone together with its renewal."
    )
    undoes_id = fields.Many2one("subscription.change", index=True)
    undone_by_ids = fields.One2many("subscription.change", "undoes_id")
    can_undo = fields.Boolean(compute="_compute_can_undo")
    date_effective = fields.Date("Effective", required=True)
    other_id = fields.Many2one("subscription.subscription", "Continued By")
    reason = fields.Char()
    cancellation_reason_id = fields.Many2one(
        "subscription.cancellation.reason",
        ondelete="restrict",
        index="btree_not_null",
        help="Why the customer cancelled, or wanted to.",
    )
    movement_ids = fields.One2many("subscription.revenue.movement", "change_id")
    monthly_difference = fields.Monetary(
        "Monthly Effect",
        compute="_compute_monthly_difference",
        store=True,
        help="The difference in monthly revenue on the first day on which it changes.",
    )
    user_id = fields.Many2one(
        "res.users", "By", required=True, default=lambda self: self.env.user
    )

    @api.depends("kind", "date_effective")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for change in self:
            change.display_name = f"{kinds.get(change.kind)} {change.date_effective}"

    @api.depends("movement_ids.amount")
    def _compute_monthly_difference(self):
        for change in self:
            # A change may also correct the movements of other subscriptions.
            own = change.movement_ids.filtered(
                lambda each, change=change: (
                    each.subscription_id == change.subscription_id
                )
            )
            moved = [
                each.currency_id.round(sum(each.mapped("amount")))
                for _day, each in sorted(own.grouped("date").items())
            ]
            change.monthly_difference = next(filter(None, moved), 0.0)

    @api.model_create_multi
    def create(self, vals_list):
        self._check_protected_records(CHANGE_RECORDS)
        if self.env.context.get("subscription_is_renewing"):
            vals_list = [{**vals, "is_of_renewal": True} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if self:
            raise UserError(
                self.env._(
                    "The history of a subscription cannot be edited; use the buttons "
                    "of the subscription."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        if any(change.subscription_id.state != "draft" for change in self):
            raise UserError(
                self.env._(
                    "The history of a subscription cannot be deleted; undo a "
                    "scheduled change with its button."
                )
            )

    @api.depends(
        "kind",
        "date_effective",
        "undone_by_ids",
        "added_line_ids.date_start",
        "subscription_id.pause_ids.date_start",
        "subscription_id.change_ids.undone_by_ids",
    )
    def _compute_can_undo(self):
        for change in self:
            change.can_undo = ChangeReverter(change).can_undo()

    def _agreed_pause(self):
        """Return the pause that the change agreed, unless it was changed since."""
        self.ensure_one()
        return self.subscription_id.pause_ids.filtered(
            lambda pause: (
                pause.date_start == self.date_effective and not pause.is_suspension
            )
        )

    def action_undo(self):
        """Undo changes that have not taken effect, the newest first."""
        self.subscription_id.check_access("write")
        for change in self.sorted("id", reverse=True):
            change._undo()

    def _undo(self):
        """Undo the change, or refuse."""
        ChangeReverter(self).undo()
