from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestComputedFields(SubscriptionCase):
    """Stored computed fields cannot be edited."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rep = new_test_user(
            cls.env,
            "rep",
            "base.group_user,subscription_management.group_subscription_user",
        )
        cls.running = cls.subscribe(on="2026-04-01", user_id=cls.rep.id)
        cls.draft = cls.subscribe(on="2026-04-01", user_id=cls.rep.id, start=False)
        cls.other = cls.env["res.partner"].create({"name": "Negev Farm"})

    def assert_refused(self, record, values, reason):
        for name, value in values.items():
            with (
                self.subTest(record._name, field=name),
                self.assertRaisesRegex(UserError, reason),
                self.env.cr.savepoint(),
            ):
                record.with_user(self.rep).write({name: value})

    def test_computed_fields_cannot_be_edited(self):
        of_subscription = {
            # It decides which subscriptions may be merged.
            "commercial_partner_id": self.other.id,
            "shares_invoices": True,
            "monthly_amount": 1000,
            "next_change_date": "2030-01-01",
        }
        of_line = {
            # It decides who may be granted a price.
            "partner_id": self.other.id,
            "period_amount": 1000,
            "monthly_amount": 1000,
        }
        for subscription in (self.running, self.draft):
            self.assert_refused(subscription, of_subscription, "is computed and cannot")
            self.assert_refused(
                subscription.line_ids, of_line, "is computed and cannot be edited"
            )

    def test_a_computed_field_may_be_written_unchanged(self):
        self.running.with_user(self.rep).write(
            {"monthly_amount": 30, "client_reference": "PO 17"}
        )
        self.assertEqual(self.running.client_reference, "PO 17")

    def test_computed_fields_of_a_new_subscription_are_computed(self):
        made = (
            self.env["subscription.subscription"]
            .with_user(self.rep)
            .create(
                {
                    "partner_id": self.customer.id,
                    "plan_id": self.monthly.id,
                    "date_start": "2026-04-01",
                    "monthly_amount": 1000,
                    "commercial_partner_id": self.other.id,
                    "line_ids": [
                        Command.create(
                            {"product_id": self.basic.id, "period_amount": 1000}
                        )
                    ],
                }
            )
        )
        self.assertEqual(made.commercial_partner_id, self.customer)
        self.assertEqual((made.monthly_amount, made.line_ids.period_amount), (30, 30))
