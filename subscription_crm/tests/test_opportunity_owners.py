from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .opportunity_case import OWN, SALESMAN, OpportunityCase

RULES = "odoo.addons.base.models.ir_rule"
MANAGER = "subscription_management.group_subscription_manager"


@tagged("post_install", "-at_install")
class TestOpportunityOwners(OpportunityCase):
    """Owners, amounts and access of opportunities."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.make_rule(
            "seats", team_id=cls.team.id, company_id=cls.env.company.id
        )
        cls.subscription = cls.full()

    @classmethod
    def full(cls, **values):
        """Return a subscription whose ten seats are all used: 14.00 is at stake."""
        subscription = cls.subscribe(
            cls.seat, on="2026-04-01", quantity=10, start=True, **values
        )
        subscription.line_ids.seats_used = 10
        return subscription

    def lead_of(self, subscription=None):
        self.evaluate("2026-04-16")
        return self.found(subscription or self.subscription)

    def test_a_salesperson_of_the_team_gets_it_with_a_to_do(self):
        lead = self.lead_of()
        self.assertEqual((lead.user_id, lead.team_id), (self.rep, self.team))
        self.assertEqual(lead.type, "opportunity")
        self.assertEqual(lead.partner_id, self.customer)
        self.assertEqual(lead.managed_rule_id, self.rule)
        self.assertEqual(lead.activity_ids.user_id, self.rep)
        self.assertIn("10 of 10 seats", lead.activity_ids.note)
        self.assertIn("10 of 10 seats", lead.description)
        self.assertIn("10 of 10 seats", self.notes(lead)[0])

    def test_the_leader_gets_it_when_the_salesperson_is_of_another_team(self):
        stranger = self._make_user("stranger", SALESMAN)
        self.subscription.user_id = stranger
        lead = self.lead_of()
        self.assertEqual((lead.user_id, lead.team_id), (self.leader, self.team))

    def test_the_leader_gets_it_when_the_salesperson_is_archived(self):
        self.rep.active = False
        self.assertEqual(self.lead_of().user_id, self.leader)

    def test_the_leader_gets_it_by_the_policy(self):
        self.rule.owner_policy = "leader"
        self.assertEqual(self.lead_of().user_id, self.leader)

    def test_the_team_assigns_it_by_the_policy(self):
        self.rule.owner_policy = "team"
        lead = self.lead_of()
        self.assertEqual(
            (lead.user_id, lead.team_id), (self.env["res.users"], self.team)
        )
        self.assertFalse(lead.activity_ids)
        waiting = self.env["crm.lead"].search(self.team._get_lead_to_assign_domain())
        self.assertIn(lead, waiting)

    def test_a_salesperson_without_access_to_opportunities_does_not_get_it(self):
        clerk = self._make_user("clerk", OWN)
        self.rule.team_id = False
        self.subscription.user_id = clerk
        lead = self.lead_of()
        self.assertFalse(lead.user_id or lead.activity_ids)

    def test_without_a_team_it_belongs_to_the_team_of_the_salesperson(self):
        self.rule.team_id = False
        lead = self.lead_of()
        self.assertEqual((lead.user_id, lead.team_id), (self.rep, self.team))

    def test_it_is_in_the_language_of_the_owner(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.rep.lang = "fr_FR"
        self.subscription.line_ids.product_id.with_context(lang="fr_FR").name = "Siège"
        self.lead_of()
        self.assertIn("Siège", self.reasons(self.subscription)[0])

    def test_the_revenue_at_stake_is_in_the_currency_of_the_company(self):
        foreign = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.25)])
        self.monthly.pricing_rule_ids.filtered(
            lambda price: price.product_id == self.seat
        ).copy({"currency_id": foreign.id, "state": "published"})
        abroad = self.full(currency_id=foreign.id)
        lead = self.lead_of(abroad)
        self.assertEqual(lead.recurring_revenue, 56)

    def test_twelve_months_are_expected_when_recurring_revenue_is_hidden(self):
        recurring = self.env.ref("crm.group_use_recurring_revenues")
        everybody = self.env.ref("base.group_user")
        everybody.implied_ids -= recurring
        self.assertEqual(self.lead_of().expected_revenue, 168)
        everybody.implied_ids += recurring
        second = self.full()
        self.evaluate("2026-04-17")
        self.assertEqual(self.found(second).expected_revenue, 0)
        self.assertEqual(self.found(second).recurring_revenue, 14)

    def test_upsell_opens_the_subscription_of_the_opportunity(self):
        self.full()
        action = self.lead_of().with_user(self.rep).action_upsell()
        self.assertEqual(
            action["context"]["default_subscription_id"], self.subscription.id
        )

    def test_a_rule_of_one_company_does_not_apply_to_others(self):
        other = self.setup_other_company()["company"]
        foreign = self.full(company_id=other.id, user_id=False)
        self.assertTrue(self.lead_of())
        self.assertFalse(self.found(foreign))
        shared = self.make_rule("seats", name="Everywhere")
        self.evaluate("2026-04-17")
        lead = self.found(foreign)
        self.assertEqual((lead.managed_rule_id, lead.company_id), (shared, other))

    def test_a_salesperson_sees_own_opportunities_only(self):
        other = self._make_user("other_rep", f"{SALESMAN},{OWN}")
        lead = self.lead_of()
        leads = self.env["crm.lead"]
        self.assertIn(lead, leads.with_user(self.rep).search([]))
        self.assertNotIn(lead, leads.with_user(other).search([]))
        with self.assertRaises(AccessError), mute_logger(RULES):
            lead.with_user(other).check_access("read")

    def test_rules_are_read_by_salespeople_and_written_by_administrators(self):
        rule = self.rule.with_user(self.rep)
        self.assertTrue(rule.summary)
        for attempt in (
            lambda: rule.write({"active": False}),
            lambda: rule.unlink(),
            lambda: rule.create({"name": "Mine", "kind": "seats"}),
        ):
            with self.assertRaises(AccessError):
                attempt()
        manager = self._make_user("boss", MANAGER)
        self.rule.with_user(manager).write({"seats_percent": 80})
        self.assertEqual(self.rule.seats_percent, 80)

    def test_findings_cannot_be_edited(self):
        self.lead_of()
        manager = self._make_user("boss", MANAGER)
        finding = self.subscription.opportunity_finding_ids.with_user(manager)
        self.assertTrue(finding.reason)
        with self.assertRaises(AccessError):
            finding.cleared_on = "2026-04-16"
        with self.assertRaises(AccessError):
            finding.with_user(self.rep).read(["reason"])

    def test_a_user_without_subscriptions_sees_no_rules(self):
        clerk = new_test_user(self.env, "plain_clerk", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["subscription.opportunity.rule"].with_user(clerk).search([])

    def test_rules_of_other_companies_are_hidden(self):
        other = self.setup_other_company()["company"]
        foreign = self.make_rule("seats", company_id=other.id)
        rules = self.env["subscription.opportunity.rule"].with_user(self.rep)
        self.assertNotIn(foreign, rules.search([]))
