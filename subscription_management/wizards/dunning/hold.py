from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

USUAL_PROMISE = timedelta(days=7)


class SubscriptionHoldDunningWizard(models.TransientModel):
    _name = "subscription.hold.dunning.wizard"
    _description = "Hold of a Dunning Case"

    case_id = fields.Many2one("subscription.dunning.case", required=True, readonly=True)
    hold = fields.Selection(
        [
            ("promised", "Promise to Pay"),
            ("disputed", "Dispute"),
            ("on_hold", "Other Reason"),
        ],
        "Reason",
        required=True,
        default="promised",
    )
    until = fields.Date(help="The last day of the hold; dunning continues after it.")
    reason = fields.Char("Note")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "subscription.dunning.case":
            case_id = self.env.context.get("active_id")
            values |= self._prepare_current_values(case_id) | {"case_id": case_id}
        return values

    @api.model
    def _prepare_current_values(self, case_id):
        """Return the current hold of a case, to be changed."""
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
        """Propose a week for a promise; a dispute has no last day."""
        if self.hold == "promised" and not self.until:
            self.until = self.case_id._today() + USUAL_PROMISE
        elif self.hold == "disputed":
            self.until = False

    def action_confirm(self):
        self.ensure_one()
        if self.hold == "promised":
            if not self.until:
                raise UserError(
                    self.env._(
                        "Choose the day until which the customer promised to pay."
                    )
                )
            self.case_id.promise(self.until, self.reason)
        elif self.hold == "disputed":
            self.case_id.dispute(self.reason)
        else:
            self.case_id.put_on_hold(self.until, self.reason)
