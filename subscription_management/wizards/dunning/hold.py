from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

USUAL_PROMISE = timedelta(days=7)


class SubscriptionHoldDunningWizard(models.TransientModel):
    _name = "subscription.hold.dunning.wizard"
    _description = "Promise, Dispute or Pause of an Unpaid Invoice"

    case_id = fields.Many2one("subscription.dunning.case", required=True, readonly=True)
    hold = fields.Selection(
        [
            ("promised", "The customer promised to pay"),
            ("disputed", "The customer disputes the invoice"),
            ("paused", "Pause for another reason"),
        ],
        "What Happened",
        required=True,
        default="promised",
    )
    until = fields.Date(
        help="The last day on which nothing is done; the steps go on after it."
    )
    reason = fields.Char("Note")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "subscription.dunning.case":
            case_id = self.env.context.get("active_id")
            values |= self._prepare_present_values(case_id) | {"case_id": case_id}
        return values

    @api.model
    def _prepare_present_values(self, case_id):
        """Return what is noted of a case now, to be changed."""
        case = self.env["subscription.dunning.case"].browse(case_id)
        if not case.hold:
            return {}
        return {
            "hold": case.hold,
            "until": case.hold_until,
            "reason": case.hold_reason,
        }

    @api.onchange("hold")
    def _onchange_hold(self):
        """Propose a week for a promise; a dispute has no day."""
        if self.hold == "promised" and not self.until:
            self.until = self.case_id._today() + USUAL_PROMISE
        elif self.hold == "disputed":
            self.until = False

    def action_confirm(self):
        self.ensure_one()
        if self.hold == "promised":
            if not self.until:
                raise UserError(
                    self.env._("Choose the day until which the customer pays.")
                )
            self.case_id.promise(self.until, self.reason)
        elif self.hold == "disputed":
            self.case_id.dispute(self.reason)
        else:
            self.case_id.pause(self.until, self.reason)
