from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionMeter(models.Model):
    """A measured quantity: calls, gigabytes, hours, payment amounts."""

    _name = "subscription.meter"
    _description = "Meter"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to share it with all companies."
    )
    note = fields.Text(
        "Description", help="For colleagues: what is counted, and from which source."
    )
    pricing_rule_ids = fields.One2many(
        "subscription.pricing.rule", "meter_id", "Pricing Rules"
    )
    event_ids = fields.One2many("subscription.usage.event", "meter_id", "Usage")

    _name_once = models.UniqueIndex(
        "(name, COALESCE(company_id, 0))", "A meter with this name already exists."
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for meter in self:
            if meter.sudo().event_ids or meter.sudo().pricing_rule_ids:
                raise UserError(
                    self.env._(
                        "%s has prices or usage; archive it instead of deleting it.",
                        meter.display_name,
                    )
                )
