"""Which facts of subscriptions make opportunities, and whose these are."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class SubscriptionOpportunityRule(models.Model):
    """A fact that is worth a talk, from which number on, and who talks.

    An addon adds a kind with three methods of the subscription, named after it:
    `_candidates_of_<kind>`, `_signal_of_<kind>` and `_end_of_<kind>`, and with a
    sentence in `_describe_fact`.
    """

    _name = "subscription.opportunity.rule"
    _description = "Opportunity Rule"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(
        required=True, translate=True, help="The opportunities are called by it."
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(
        "Switched On",
        default=True,
        help="Switched off it makes no opportunity; those that it made stay.",
    )
    kind = fields.Selection(
        [
            ("renewal", "Renewal Due"),
            ("seats", "Seats Nearly Full"),
            ("payment", "Payment Trouble"),
            ("reduction", "Downgrade or Cancellation"),
        ],
        "Watches",
        required=True,
    )
    note = fields.Text(
        "What It Is For",
        translate=True,
        help="Shown on the opportunity to whoever talks with the customer.",
    )
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to watch those of every company."
    )
    team_id = fields.Many2one(
        "crm.team",
        "Sales Team",
        check_company=True,
        ondelete="restrict",
        help="Leave empty for the team of the subscription's salesperson.",
    )
    owner_policy = fields.Selection(
        [
            ("salesperson", "The Subscription's Salesperson"),
            ("leader", "The Team's Leader"),
            ("team", "Whom the Team Assigns"),
        ],
        "Owner",
        required=True,
        default="salesperson",
        help="The subscription's salesperson: where that is one of the team, else its "
        "leader.\nWhom the team assigns: it has no owner until the assignment of "
        "leads, or somebody of the team, takes it.",
    )
    days_before_end = fields.Integer("Days Before the Term's End", default=60)
    seats_percent = fields.Float("Seats Used (%)", default=90.0)
    overdue_days = fields.Integer("Days Overdue", default=14)
    reduction_percent = fields.Float("Monthly Revenue Lowered By (%)", default=10.0)
    quiet_months = fields.Integer(
        "Quiet for (Months)",
        default=3,
        help="How long after one was won or lost it makes none of the same "
        "subscription. 0: until the same fact is over.",
    )
    lead_ids = fields.One2many("crm.lead", "managed_rule_id", "Opportunities")
    lead_count = fields.Integer(compute="_compute_lead_count")
    summary = fields.Char("What It Does", compute="_compute_summary")

    _thresholds_not_negative = models.Constraint(
        "CHECK (days_before_end >= 0 AND overdue_days >= 0 AND quiet_months >= 0)",
        "Days and months are zero or more.",
    )
    _percents_in_bounds = models.Constraint(
        "CHECK (seats_percent > 0 AND seats_percent <= 100 "
        "AND reduction_percent > 0 AND reduction_percent <= 100)",
        "A percentage that a rule asks for is more than 0 and at most 100.",
    )

    @api.depends("lead_ids")
    def _compute_lead_count(self):
        leads = self.env["crm.lead"].with_context(active_test=False)
        if not leads.has_access("read"):
            self.lead_count = 0
            return
        counts = dict(
            leads._read_group(
                [("managed_rule_id", "in", self.ids)], ["managed_rule_id"], ["__count"]
            )
        )
        for rule in self:
            rule.lead_count = counts.get(rule._origin, 0)

    @api.depends(lambda self: self._fields_of_the_summary())
    @api.depends_context("lang")
    def _compute_summary(self):
        for rule in self:
            rule.summary = rule.kind and self.env._(
                "%(fact)s, %(owner)s gets an opportunity: one only while it is open, "
                "and %(again)s.",
                fact=rule._describe_fact(),
                owner=rule._describe_owner(),
                again=rule._describe_quiet(),
            )

    @api.model
    def _fields_of_the_summary(self):
        """Return what the sentence that says what a rule does depends on."""
        return (
            "kind",
            "team_id",
            "owner_policy",
            "quiet_months",
            "days_before_end",
            "seats_percent",
            "overdue_days",
            "reduction_percent",
        )

    def _describe_fact(self):
        """Return in words when the rule makes an opportunity."""
        self.ensure_one()
        return {
            "renewal": self.env._(
                "%s days before the end of a term that may be renewed",
                self.days_before_end,
            ),
            "seats": self.env._(
                "When %s %% of the seats of a product are used",
                f"{self.seats_percent:g}",
            ),
            "payment": self.env._(
                "When an invoice is overdue for %s days, or the subscription is past "
                "due or suspended",
                self.overdue_days,
            ),
            "reduction": self.env._(
                "When a change takes %s %% or more off the monthly revenue, or the "
                "service was cancelled and has not ended yet",
                f"{self.reduction_percent:g}",
            ),
        }.get(self.kind)

    def _describe_owner(self):
        self.ensure_one()
        team = self.team_id.sudo().display_name
        if self.owner_policy == "leader":
            return self.env._("the leader of the team %s", team or "?")
        if self.owner_policy == "team":
            return self.env._("whom the team %s assigns", team or "?")
        if not team:
            return self.env._("the subscription's salesperson")
        return self.env._(
            "the subscription's salesperson, if of the team %s, else its leader,", team
        )

    def _describe_quiet(self):
        self.ensure_one()
        if self.quiet_months == 1:
            return self.env._("none for a month after it was won or lost")
        if self.quiet_months:
            return self.env._(
                "none for %s months after it was won or lost", self.quiet_months
            )
        return self.env._("the next one when the fact was over and comes back")

    @api.constrains("owner_policy", "team_id")
    def _check_team(self):
        for rule in self:
            if rule.owner_policy != "salesperson" and not rule.team_id:
                raise ValidationError(
                    self.env._(
                        "Choose the sales team whose leader or members get what “%s” "
                        "finds, or let the subscription's salesperson have it.",
                        rule.name,
                    )
                )

    def write(self, vals):
        for rule in self.filtered(
            lambda each: each.kind != vals.get("kind", each.kind)
        ):
            if rule._findings():
                raise UserError(
                    self.env._(
                        "“%s” has made opportunities already and keeps what it "
                        "watches; switch it off, and make another rule.",
                        rule.name,
                    )
                )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for rule in self:
            if rule._findings():
                raise UserError(
                    self.env._(
                        "“%s” has made opportunities, which say so; switch it off "
                        "instead.",
                        rule.name,
                    )
                )

    def _findings(self):
        self.ensure_one()
        findings = self.env["subscription.opportunity.finding"].sudo()
        return findings.search([("rule_id", "=", self.id)])

    def action_view_leads(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm.crm_lead_opportunities"
        )
        action["domain"] = [("managed_rule_id", "=", self.id)]
        action["context"] = {"active_test": False, "create": False}
        return action

    def _owner_for(self, subscription):
        """Return who gets an opportunity; nobody until it is assigned."""
        self.ensure_one()
        team, seller = self.team_id, subscription.user_id
        is_of_team = not team or seller in team.member_ids | team.user_id
        asked = {
            "salesperson": seller if is_of_team else team.user_id,
            "leader": team.user_id,
            "team": seller.browse(),
        }[self.owner_policy]
        if not self._may_own(asked, subscription) and self.owner_policy != "team":
            asked = team.user_id
        return asked if self._may_own(asked, subscription) else asked.browse()

    @api.model
    def _may_own(self, user, subscription):
        """Tell whether somebody works here, and with opportunities."""
        return bool(
            user
            and user.active
            and subscription.company_id in user.company_ids
            and user.has_group("sales_team.group_sale_salesman")
        )
