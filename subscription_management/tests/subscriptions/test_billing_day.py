from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError
from odoo.fields import Date
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-05 09:00:00")
class TestBillingDay(SubscriptionCase):
    """Periods that begin on the customer's day of the month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.on_day = cls._make_plan(
            "By Day", "month", Basic=30.0, anchor_kind="day_of_month", anchor_day=1
        )
        cls.customer.managed_billing_day = 15

    def on_plan(self, on="2026-04-05", **values):
        return self.subscribe(on=on, plan=self.on_day, **values)

    def test_the_customers_billing_day_comes_before_the_plans(self):
        subscription = self.on_plan()
        self.bill("2026-04-15")
        # 10 of the 31 days from 15 March to 14 April: 30.00 × 10 ÷ 31 = 9.68.
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-05/2026-04-15", "Basic", "9.68"),
                ("2026-04-15/2026-05-15", "Basic", "30.00"),
            ],
        )

    def test_the_plans_billing_day_is_used_without_one_of_the_customer(self):
        self.customer.managed_billing_day = 0
        subscription = self.on_plan()
        self.bill("2026-05-01")
        # 26 of the 30 days of April.
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-05/2026-05-01", "Basic", "26.00"),
                ("2026-05-01/2026-06-01", "Basic", "30.00"),
            ],
        )

    def test_a_plan_anchored_at_the_start_has_no_billing_day(self):
        subscription = self.subscribe(on="2026-04-05")
        self.bill("2026-04-05")
        self.assert_invoice_lines(
            subscription, [("2026-04-05/2026-05-05", "Basic", "30.00")]
        )

    def test_the_last_day_of_the_month_is_31(self):
        self.customer.managed_billing_day = 31
        subscription = self.on_plan(on="2026-04-30")
        self.bill("2026-05-31")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-30/2026-05-31", "Basic", "30.00"),
                ("2026-05-31/2026-06-30", "Basic", "30.00"),
            ],
        )

    def test_a_contact_has_the_billing_day_of_its_company(self):
        person = self.env["res.partner"].create(
            {"name": "Dana", "parent_id": self.customer.id}
        )
        draft = self.on_plan(partner_id=person.id, start=False)
        self.assertEqual(draft.billing_day, 15)

    def test_a_draft_follows_the_customers_billing_day_and_may_differ(self):
        draft = self.on_plan(start=False)
        self.customer.managed_billing_day = 20
        self.assertEqual(draft.billing_day, 20)
        with Form(draft) as form:
            form.billing_day = 10
        draft.action_activate()
        self.bill("2026-04-10")
        self.assertEqual(draft.next_billing_date, Date.to_date("2026-05-10"))

    def test_a_started_subscription_keeps_its_billing_day(self):
        subscription = self.on_plan()
        self.bill("2026-04-05")
        self.customer.managed_billing_day = 20
        self.assertEqual(subscription.billing_day, 15)
        with self.assertRaisesRegex(UserError, "keeps its billing day"):
            subscription.billing_day = 20
        self.bill("2026-04-15")
        self.assertEqual(subscription.next_billing_date, Date.to_date("2026-05-15"))

    def test_later_lines_and_plans_are_billed_on_the_same_day(self):
        subscription = self.subscribe(on="2026-04-05")
        self.bill("2026-04-05")
        self.customer.managed_billing_day = 20
        subscription.change_plan(
            subscription.line_ids, self.on_day, Date.to_date("2026-05-05")
        )
        self.bill("2026-05-15")
        # 10 of the 30 days from 15 April to 14 May.
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-05/2026-05-05", "Basic", "30.00"),
                ("2026-05-05/2026-05-15", "Basic", "10.00"),
                ("2026-05-15/2026-06-15", "Basic", "30.00"),
            ],
        )

    def test_a_transferred_subscription_keeps_its_billing_day(self):
        subscription = self.on_plan()
        self.bill("2026-04-15")
        heir = self.env["res.partner"].create({"name": "H", "managed_billing_day": 3})
        with freeze_time("2026-04-30 09:00:00"):
            follower = subscription.transfer(heir, Date.to_date("2026-04-30"))
            self.assertEqual(follower.billing_day, 15)
            self.bill("2026-05-15")
        self.assert_invoice_lines(
            follower,
            [
                ("2026-04-30/2026-05-15", "Basic", "15.00"),
                ("2026-05-15/2026-06-15", "Basic", "30.00"),
            ],
        )

    def test_a_copy_starts_on_the_current_billing_day_of_the_customer(self):
        subscription = self.on_plan()
        self.customer.managed_billing_day = 20
        self.assertEqual(subscription.copy().billing_day, 20)

    def test_subscriptions_of_other_billing_days_are_not_aligned(self):
        first = self.on_plan()
        self.customer.managed_billing_day = 20
        second = self.on_plan()
        with self.assertRaisesRegex(UserError, "merge the two instead"):
            second.align_with(first, Date.to_date("2026-04-05"))

    def test_an_impossible_billing_day_is_refused(self):
        draft = self.on_plan(start=False)
        for record, name in (
            (self.customer, "managed_billing_day"),
            (draft, "billing_day"),
        ):
            for day in (-1, 32):
                with (
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(CheckViolation),
                    self.cr.savepoint(),
                ):
                    record.write({name: day})
                    self.env.flush_all()
                self.env.invalidate_all(flush=False)

    def test_a_step_on_a_boundary_stays_on_it_with_a_billing_day(self):
        draft = self.on_plan(start=False)
        ramp = self.env["subscription.schedule.changes.wizard"].create(
            {"subscription_id": draft.id, "line_id": draft.line_ids.id}
        )
        ramp.step_ids = [
            (0, 0, {"date_start": "2026-05-15", "quantity": 1, "price": 60})
        ]
        ramp.action_confirm()
        # The second boundary after the start: after 15 April that of May, or of July.
        draft.date_start = "2026-06-01"
        self.assertEqual(
            [str(day) for day in draft.line_ids.mapped("date_start")],
            ["2026-06-01", "2026-07-15"],
        )
