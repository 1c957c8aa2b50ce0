from freezegun import freeze_time

from odoo.tests import new_test_user

from odoo.addons.subscription_management.tests.common import SalesCase

SALESMAN = "sales_team.group_sale_salesman"
OWN = "subscription_management.group_subscription_user"


class OpportunityCase(SalesCase):
    """Disabled rules, and helpers to enable and evaluate one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rules = cls.env["subscription.opportunity.rule"]
        rules.search([]).active = False
        cls.rep = cls._make_user("rep", f"{SALESMAN},{OWN}")
        cls.leader = cls._make_user("leader", SALESMAN)
        cls.team = cls.env["crm.team"].create(
            {
                "name": "Harvest",
                "company_id": cls.env.company.id,
                "user_id": cls.leader.id,
                "member_ids": [(4, cls.rep.id)],
            }
        )
        cls.customer.user_id = cls.rep

    @classmethod
    def _make_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups=f"base.group_user,{groups}",
            company_id=cls.env.company.id,
        )

    @classmethod
    def make_rule(cls, kind, **values):
        return cls.env["subscription.opportunity.rule"].create(
            {"name": kind.capitalize(), "kind": kind, "quiet_months": 0, **values}
        )

    @classmethod
    def subscribe(cls, *products, **values):
        values = {"user_id": cls.rep.id, **values}
        return super().subscribe(*products, **values)

    def evaluate(self, day):
        """Run the scheduled action on a day."""
        self.run_action("subscription_crm.ir_cron_find_opportunities", day)

    def found(self, subscription):
        """Return the opportunities of a subscription, oldest first."""
        leads = self.env["crm.lead"].with_context(active_test=False)
        return leads.search(
            [("managed_subscription_id", "=", subscription.id)], order="id"
        )

    def reasons(self, subscription):
        """Return the reasons of opportunities, oldest first."""
        return subscription.opportunity_finding_ids.sorted("id").mapped("reason")

    def notes(self, lead):
        """Return the messages of an opportunity, newest first."""
        return [str(message.preview) for message in lead.message_ids if message.body]

    def lose(self, lead, day):
        with freeze_time(f"{day} 12:00:00"):
            lead.action_set_lost()

    def pay(self, invoice, day):
        with freeze_time(f"{day} 12:00:00"):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"payment_date": day})._create_payments()
