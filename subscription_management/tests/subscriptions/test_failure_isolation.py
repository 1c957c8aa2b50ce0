"""One failing record stops no other, and the newest reason is shown."""

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models import failure_isolation
from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestFailureIsolation(SubscriptionCase):
    def setUp(self):
        super().setUp()
        self.subscriptions = self.env["subscription.subscription"].union(
            *(self.subscribe(on="2026-04-01") for _each in range(5))
        )
        self.failures = {}

    def run_each(self, step):
        return failure_isolation.run_each(
            self.subscriptions, step, self.failures.__setitem__
        )

    def fail_for(self, failing):
        """Return a step that marks records, and fails where one of them is among."""

        def step(records):
            records.client_reference = "done"
            if failing in records:
                raise UserError("Out of order")

        return step

    def test_records_succeed_together(self):
        calls = []
        self.assertEqual(self.run_each(calls.append), self.subscriptions)
        self.assertEqual(calls, [self.subscriptions])

    def test_one_failing_record_stops_no_other(self):
        failing = self.subscriptions[3]
        done = self.run_each(self.fail_for(failing))
        self.assertEqual(done, self.subscriptions - failing)
        self.assertEqual(set(done.mapped("client_reference")), {"done"})
        self.assertFalse(failing.client_reference)
        self.assertEqual(list(self.failures), [failing])

    def test_no_records_are_no_failure(self):
        self.subscriptions = self.subscriptions.browse()
        self.assertFalse(self.run_each(self.fail_for(self.subscriptions)))
        self.assertFalse(self.failures)

    def renew_failing_with(self, error, day):
        def fail(_subscription):
            raise error

        self.patch(type(self.subscriptions), "_follow_term", fail)
        with mute_logger("odoo.addons.subscription_management.models"):
            self.run_action("ir_cron_renew", day)

    def test_a_later_failure_updates_the_reason(self):
        self.monthly.write({"term_count": 1, "term_unit": "year"})
        subscription = self.subscribe(on="2026-04-01")
        self.renew_failing_with(UserError("The price index is missing."), "2027-03-31")
        self.assertIn("price index", subscription.activity_ids.note)
        self.renew_failing_with(ValueError("no such plan"), "2027-04-01")
        self.assertEqual(len(subscription.activity_ids), 1)
        self.assertIn("no such plan", subscription.activity_ids.note)
        self.assertIn("ValueError", subscription.activity_ids.note)

    def test_a_later_billing_failure_updates_the_reason(self):
        subscription = self.subscribe(on="2026-04-01")
        for reason in ("The tax is missing.", "The journal is missing."):

            def fail(_subscription, *_args, reason=reason):
                raise UserError(reason)

            self.patch(type(subscription), "_prepare_billing", fail)
            with mute_logger("odoo.addons.subscription_management.models"):
                self.bill("2026-04-01")
            self.assertEqual(subscription.billing_error, reason)
            self.assertIn(reason, subscription.activity_ids.note)
