from odoo import api, fields, models
from odoo.exceptions import UserError

OF_LINES = (
    "line_added",
    "line_ended",
    "quantity",
    "price",
    "plan",
    "discount",
    "amended",
    "aligned",
)
"""Changes of lines."""

MOVES = ("transferred", "merged")
"""Changes by which the service goes on elsewhere."""


class SubscriptionChange(models.Model):
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
            ("amended", "Changed"),
            ("paused", "Paused"),
            ("resumed", "Resumed"),
            ("suspended", "Suspended"),
            ("restored", "Restored"),
            ("undone", "Change Undone"),
            ("renewed", "Renewed"),
            ("trial", "Trial Begun"),
            ("transferred", "Transferred"),
            ("merged", "Merged"),
            ("aligned", "Aligned"),
            ("cancelled", "Cancelled"),
            ("cancellation_undone", "Cancellation Undone"),
            ("kept", "Kept by an Offer"),
            ("expired", "Expired"),
        ],
        required=True,
    )
    line_id = fields.Many2one("subscription.line", ondelete="set null", index=True)
    added_line_ids = fields.Many2many(
        "subscription.line", "subscription_change_added_line_rel", string="New Lines"
    )
    ended_lines = fields.Json(
        help="For each line that the change ended, the end that it had before."
    )
    charged_ends = fields.Json(
        help="For each line that the change ended, its previous end of charging, where "
        "that differs from the line's end."
    )
    replaced_date = fields.Date(
        help="The end, of the service or of the term, that the change took the place "
        "of."
    )
    is_of_renewal = fields.Boolean(
        help="It belongs to a renewal, and is taken back with it only."
    )
    undoes_id = fields.Many2one("subscription.change", "Takes Back", index=True)
    undone_by_ids = fields.One2many("subscription.change", "undoes_id")
    can_undo = fields.Boolean(compute="_compute_can_undo")
    date_effective = fields.Date("Effective", required=True)
    other_id = fields.Many2one("subscription.subscription", "Goes On As")
    reason = fields.Char()
    cancellation_reason_id = fields.Many2one(
        "subscription.cancellation.reason",
        ondelete="restrict",
        index="btree_not_null",
        help="Why the customer left, or wanted to.",
    )
    movement_ids = fields.One2many("subscription.revenue.movement", "change_id")
    monthly_difference = fields.Monetary(
        "Monthly Effect",
        compute="_compute_monthly_difference",
        store=True,
        help="By how much the monthly revenue changes, on the first day that it moves.",
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
            # A change may say anew what other subscriptions' movements are, too.
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
        if self.env.context.get("subscription_is_renewing"):
            vals_list = [{**vals, "is_of_renewal": True} for vals in vals_list]
        return super().create(vals_list)

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
            change.can_undo = (
                change._is_undoable()
                and change._is_to_come()
                and not change._undo_blockers()
            )

    def _is_to_come(self):
        """Tell whether it stands, is known in full, and has not taken effect."""
        self.ensure_one()
        return bool(
            self._is_logged_when_undone()
            and not self.undone_by_ids
            and self._first_day() > self.subscription_id._today()
        )

    def _is_undoable(self):
        """Tell whether it stands for itself, and is no part of another change."""
        self.ensure_one()
        return not self.is_of_renewal

    def _is_logged_when_undone(self):
        """Tell whether it is known what the change did, to take it back."""
        self.ensure_one()
        if self.kind == "paused":
            return bool(self._agreed_pause())
        if self.kind in MOVES:
            is_known = self.other_id or self._other_side()
            return bool(self.added_line_ids and is_known)
        return self.kind in OF_LINES and bool(self.added_line_ids or self.ended_lines)

    def _agreed_pause(self):
        """Return the pause that the change agreed on, while it is as it was agreed."""
        self.ensure_one()
        return self.subscription_id.pause_ids.filtered(
            lambda pause: (
                pause.date_start == self.date_effective and not pause.is_suspension
            )
        )

    def _first_day(self):
        """Return the first day on which something is served as the change says."""
        self.ensure_one()
        ended = self.subscription_id.line_ids.filtered(
            lambda line: str(line.id) in (self.ended_lines or {}) and line.date_end
        )
        return min(
            [
                self.date_effective,
                *self.added_line_ids.mapped("date_start"),
                *ended.mapped("date_end"),
            ]
        )

    def action_undo(self):
        """Take a change back that has not taken effect."""
        for change in self:
            change.subscription_id._undo_change(change)

    def write(self, vals):
        if self:
            raise UserError(
                self.env._(
                    "The history of a subscription is only added to, never edited."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        if any(change.subscription_id.state != "draft" for change in self):
            raise UserError(
                self.env._("The history of a subscription cannot be deleted.")
            )
