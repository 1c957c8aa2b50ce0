import math

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_compare, format_date

DIGITS = (16, 6)
IMMUTABLE_FIELDS = {
    "subscription_id",
    "meter_id",
    "time",
    "quantity",
    "source",
    "key",
    "corrects_id",
}


class SubscriptionUsageEvent(models.Model):
    """A metered quantity of a subscription at a time.

    Events are immutable: a correction is a new event that reverses another one.
    """

    _name = "subscription.usage.event"
    _description = "Usage Event"
    _order = "time desc, id desc"
    _check_company_auto = True

    subscription_id = fields.Many2one(
        "subscription.subscription", required=True, ondelete="restrict", index=True
    )
    partner_id = fields.Many2one(
        related="subscription_id.partner_id", store=True, precompute=True, index=True
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, precompute=True, index=True
    )
    meter_id = fields.Many2one(
        "subscription.meter",
        required=True,
        ondelete="restrict",
        check_company=True,
        domain="[('id', 'in', allowed_meter_ids)]",
    )
    allowed_meter_ids = fields.Many2many(
        "subscription.meter", compute="_compute_allowed_meter_ids"
    )
    time = fields.Datetime(required=True, default=fields.Datetime.now)
    day = fields.Date(
        compute="_compute_day",
        store=True,
        precompute=True,
        help="The calendar date in the company's time zone, which decides the period.",
    )
    quantity = fields.Float(required=True, digits=DIGITS)
    source = fields.Char(
        required=True, default="manual", help="The system that measured it."
    )
    key = fields.Char(
        "Reference",
        help="The identifier of the event in its source; each is counted once.",
    )
    note = fields.Char()
    corrects_id = fields.Many2one(
        "subscription.usage.event",
        "Reverses",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    correction_ids = fields.One2many(
        "subscription.usage.event", "corrects_id", "Reversed By"
    )
    net_quantity = fields.Float(
        compute="_compute_net_quantity",
        digits=DIGITS,
        help="The quantity less its corrections.",
    )

    _counts_once = models.UniqueIndex(
        "(source, key) WHERE key IS NOT NULL",
        "This event of the source is already recorded; each event is counted once.",
    )
    _by_day = models.Index("(subscription_id, meter_id, day)")

    @api.depends("subscription_id")
    def _compute_allowed_meter_ids(self):
        for event in self:
            lines = event.subscription_id.line_ids
            event.allowed_meter_ids = lines.pricing_rule_id.meter_id

    @api.depends("time", "subscription_id.company_id")
    def _compute_day(self):
        for event in self:
            company = event.company_id or self.env.company
            event.day = event.time and company._subscription_day(event.time)

    @api.depends("quantity", "correction_ids.quantity")
    def _compute_net_quantity(self):
        for event in self:
            corrected = sum(event.correction_ids.mapped("quantity"))
            event.net_quantity = (
                0.0 if event.corrects_id else event.quantity + corrected
            )

    @api.depends("meter_id", "quantity", "day")
    def _compute_display_name(self):
        for event in self:
            if not event.meter_id:
                event.display_name = self.env._("New")
                continue
            day = format_date(self.env, event.day) if event.day else ""
            event.display_name = f"{event.meter_id.name} {event.quantity:g} {day}"

    @api.model_create_multi
    def create(self, vals_list):
        if not all(math.isfinite(vals.get("quantity") or 0) for vals in vals_list):
            raise ValidationError(self.env._("Enter the used quantity as a number."))
        events = super().create(vals_list)
        events._check_events()
        events.sudo()._reopen_days()
        return events

    def write(self, vals):
        if IMMUTABLE_FIELDS & vals.keys():
            raise UserError(
                self.env._(
                    "A usage event cannot be edited; reverse it and record a new one."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A usage event cannot be deleted; reverse it instead.")
        )

    def action_reverse(self):
        """Record a correction of the net quantity of each event."""
        for event in self:
            if not event.net_quantity:
                raise UserError(
                    self.env._("%s is already reversed.", event.display_name)
                )
            self.create(
                {
                    "subscription_id": event.subscription_id.id,
                    "meter_id": event.meter_id.id,
                    "time": event.time,
                    "quantity": -event.net_quantity,
                    "corrects_id": event.id,
                    "note": self.env._("Reversed"),
                }
            )

    def _check_events(self):
        """Refuse events that cannot be billed."""
        for event in self:
            event._check_quantity()
            today = event.company_id._subscription_today()
            if event.day > today:
                raise ValidationError(
                    self.env._(
                        "%s is in the future; record usage on its day or later.",
                        format_date(self.env, event.day),
                    )
                )
            if not event.sudo()._lines():
                raise ValidationError(
                    self.env._(
                        "%(subscription)s has no product priced by the meter %(meter)s "
                        "on %(day)s; add one to the subscription first.",
                        subscription=event.subscription_id.display_name,
                        day=format_date(self.env, event.day),
                        meter=event.meter_id.display_name,
                    )
                )

    def _check_quantity(self):
        self.ensure_one()
        corrected = self.corrects_id
        if not self.quantity:
            raise ValidationError(self.env._("Enter the used quantity."))
        if not corrected and self.quantity < 0:
            raise ValidationError(
                self.env._(
                    "A used quantity cannot be negative; reverse the event that it "
                    "corrects."
                )
            )
        if corrected and (
            self.quantity > 0
            or float_compare(corrected.net_quantity, 0, precision_digits=DIGITS[1]) < 0
            or (corrected.subscription_id, corrected.meter_id, corrected.day)
            != (self.subscription_id, self.meter_id, self.day)
        ):
            raise ValidationError(
                self.env._(
                    "A correction reverses at most the net quantity of %s, on its day.",
                    corrected.display_name,
                )
            )

    def _lines(self):
        """Return the lines that bill an event."""
        self.ensure_one()
        return self.subscription_id._lines_on(self.day).filtered(
            lambda line: line.pricing_rule_id.meter_id == self.meter_id
        )

    def _reopen_days(self):
        """Reopen the billed days of events for the next billing."""
        for event in self:
            for line in event._lines():
                line._reopen_from(event.day)
        # This writes to the subscription, so that a concurrent billing that has not
        # seen the events fails to serialize and is retried.
        self.subscription_id._schedule_billing()
