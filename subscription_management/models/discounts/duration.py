"""The duration of a discount: once, some billing periods, or forever."""

from odoo import api, fields

from ..model_part import ModelPart

DURATIONS = [
    ("once", "Once"),
    ("periods", "Billing Periods"),
    ("forever", "Forever"),
]


class DurationFields(ModelPart):
    """A number of billing periods that users choose as a duration."""

    _register = False

    duration = fields.Selection(
        DURATIONS, compute="_compute_duration", inverse="_inverse_duration"
    )
    cycles = fields.Integer(
        "Billing Periods",
        help="Counted in the billing periods of each product; 0 is forever.",
    )

    @api.depends("cycles")
    def _compute_duration(self):
        for record in self:
            record.duration = record._duration_of(record.cycles)

    @api.model
    def _duration_of(self, cycles):
        return {0: "forever", 1: "once"}.get(cycles, "periods")

    @api.onchange("duration")
    def _onchange_duration(self):
        self._inverse_duration()

    def _inverse_duration(self):
        """Set the billing periods; a chosen number of periods starts at two."""
        for record in self:
            match record.duration:
                case "once":
                    record.cycles = 1
                case "forever":
                    record.cycles = 0
                case "periods":
                    record.cycles = max(record.cycles, 2)
