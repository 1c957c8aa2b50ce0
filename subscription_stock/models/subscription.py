from odoo import api, fields, models


class SubscriptionSubscription(models.Model):
    _inherit = "subscription.subscription"

    delivery_count = fields.Integer(
        "Deliveries", compute="_compute_delivery_count", compute_sudo=True
    )

    @api.depends("fulfilled_period_ids.managed_move_ids.picking_id")
    def _compute_delivery_count(self):
        for subscription in self:
            moves = subscription.fulfilled_period_ids.managed_move_ids
            subscription.delivery_count = len(moves.picking_id)

    def action_view_deliveries(self):
        self.ensure_one()
        moves = self.sudo().fulfilled_period_ids.managed_move_ids
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "stock.action_picking_tree_all"
        )
        action["domain"] = [("id", "in", moves.picking_id.ids)]
        action["context"] = {"create": False}
        return action
