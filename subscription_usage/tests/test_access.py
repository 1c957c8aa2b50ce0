import psycopg2
from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from odoo.addons.subscription_management.tests.common import tagged
from odoo.addons.subscription_management.tests.public_methods import PublicMethodCalls

from .common import UsageCase


@tagged("post_install", "-at_install")
class TestUsageAccess(UsageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        users = cls.env["res.users"]
        group = "subscription_management.group_subscription_user"
        cls.rep, cls.colleague = users.create(
            [
                {
                    "name": name,
                    "login": name,
                    "group_ids": [(6, 0, cls.env.ref(group).ids)],
                    "company_id": cls.env.company.id,
                    "company_ids": [(6, 0, cls.env.company.ids)],
                }
                for name in ("rep", "colleague")
            ]
        )
        with freeze_time("2026-04-01 13:00:00"):
            cls.subscription = cls.subscribe(
                cls.call, on="2026-04-01", user_id=cls.rep.id
            )
        cls.event = cls.record(cls.subscription, 5, "2026-04-03")

    def test_reps_see_the_usage_of_their_own_customers(self):
        events = self.env["subscription.usage.event"]
        self.assertIn(self.event, events.with_user(self.rep).search([]))
        self.assertNotIn(self.event, events.with_user(self.colleague).search([]))
        with self.assertRaises(AccessError):
            self.event.with_user(self.colleague).read(["quantity"])

    def test_reps_record_usage_of_their_own_customers_only(self):
        own = self.event.with_user(self.rep).copy_data()[0] | {"source": "manual"}
        events = self.env["subscription.usage.event"]
        with freeze_time("2026-04-04 13:00:00"):
            self.assertEqual(events.with_user(self.rep).create(own).quantity, 5)
            with self.assertRaises(AccessError):
                events.with_user(self.colleague).create(own)

    def test_reps_cannot_create_meters(self):
        with self.assertRaises(AccessError):
            self.env["subscription.meter"].with_user(self.rep).create({"name": "Mine"})

    def test_other_companies_cannot_see_usage(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.rep.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        found = self.env["subscription.usage.event"].with_user(self.rep).search([])
        self.assertNotIn(self.event, found)

    @mute_logger("odoo.sql_db")
    def test_an_event_of_a_source_is_counted_once(self):
        self.record(self.subscription, 1, "2026-04-03", source="gateway", key="77")
        self.record(self.subscription, 1, "2026-04-03", source="other", key="77")
        with self.assertRaises(psycopg2.IntegrityError), self.env.cr.savepoint():
            self.record(self.subscription, 1, "2026-04-03", source="gateway", key="77")

    def test_a_rep_sees_the_same_preview_as_the_one_that_bills(self):
        line = self.subscription.line_ids
        self.assertEqual(
            line.with_user(self.rep)._snapshot_line().used, line._snapshot_line().used
        )


@tagged("post_install", "-at_install")
class TestPublicMethodsOfUsage(PublicMethodCalls, UsageCase):
    def test_users_without_rights_change_nothing(self):
        with freeze_time("2026-04-01 13:00:00"):
            subscription = self.subscribe(self.call, on="2026-04-01")
        records = {
            "subscription.subscription": subscription,
            "subscription.usage.event": self.record(subscription, 5, "2026-04-03"),
        }
        with freeze_time("2026-04-04 13:00:00"):
            self.assert_outsiders_change_nothing("subscription_usage", records, {})
