from odoo import api, fields, models


class StockMove(models.Model):
    _inherit = "stock.move"

    managed_period_id = fields.Many2one(
        "subscription.fulfilled.period",
        "Period of a Subscription",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    @api.model
    def _prepare_merge_moves_distinct_fields(self):
        return [*super()._prepare_merge_moves_distinct_fields(), "managed_period_id"]


class StockRule(models.Model):
    _inherit = "stock.rule"

    def _get_custom_move_fields(self):
        return [*super()._get_custom_move_fields(), "managed_period_id"]


class SubscriptionFulfilledPeriod(models.Model):
    _inherit = "subscription.fulfilled.period"

    managed_move_ids = fields.One2many("stock.move", "managed_period_id", "Moves")
    stock_reference_id = fields.Many2one(
        "stock.reference", readonly=True, groups="base.group_system"
    )

    def _stock_reference(self):
        """Return the host's reference that groups the moves of one start date."""
        self.ensure_one()
        subscription = self.subscription_id
        same_day = subscription.fulfilled_period_ids.filtered(
            lambda each: each.date_start == self.date_start
        )
        reference = same_day.stock_reference_id[:1]
        if not reference:
            # The host puts moves with the same reference into one transfer.
            reference = reference.create(
                {"name": f"{subscription.name} {self.date_start}"}
            )
        self.stock_reference_id = reference
        return reference

    def _open_moves(self):
        """Return the planned moves to the customer, the newest first.

        In a route of several steps only the last move counts.
        """
        return self.managed_move_ids.filtered(
            lambda move: (
                move.state not in ("done", "cancel")
                and not move.move_dest_ids
                and (move.location_final_id or move.location_dest_id)._is_outgoing()
            )
        ).sorted("id", reverse=True)
