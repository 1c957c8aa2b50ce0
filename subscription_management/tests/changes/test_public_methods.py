"""The public methods of changes and discounts, called by RPC in any state."""

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-10 09:00:00")
class TestPublicMethods(SubscriptionCase):
    """Each public method checks the state and the rights of its caller."""

    def setUp(self):
        super().setUp()
        self.subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        self.other = self.subscribe(on="2026-04-01")
        self.env["subscription.coupon"].create({"code": "SPRING", "percent": 10})

    def calls(self, subscription):
        """Return (name, arguments) of the public methods that change the service."""
        day, line = self.day("2026-04-16"), subscription.line_ids
        return (
            ("action_change", ()),
            ("action_schedule_changes", ()),
            ("action_pause", ()),
            ("action_resume", ()),
            ("action_discount", ()),
            ("change_quantity", (line, 12, day)),
            ("change_price", (line, 8, day)),
            ("change_plan", (line, self.yearly, day)),
            ("pause", (day,)),
            ("resume", (day,)),
            ("transfer", (self.customer.copy(), day)),
            ("merge_into", (self.other, day)),
            ("align_with", (self.other, day)),
            ("grant_discount", ({"percent": 10}, day)),
            ("redeem_coupon", ("SPRING", day)),
        )

    def assert_refused(self, error, reason, subscription):
        for name, arguments in self.calls(subscription):
            with self.subTest(name), self.assertRaisesRegex(error, reason):
                getattr(subscription, name)(*arguments)

    def test_a_cancelled_subscription_is_not_changed(self):
        self.cancel(self.subscription, self.day("2026-04-10"))
        self.assert_refused(
            UserError, "cannot be changed; edit it while it is", self.subscription
        )

    def test_a_subscription_cancelled_in_a_pause_is_not_resumed(self):
        self.subscription.pause(self.day("2026-04-10"))
        self.cancel(self.subscription, self.day("2026-04-10"))
        self.assert_refused(UserError, "cannot be changed", self.subscription)
        self.assertFalse(self.subscription.pause_ids.date_end)

    def test_a_suspended_subscription_is_not_changed(self):
        self.subscription.suspend()
        self.assert_refused(
            UserError, "reactivate it before you change it", self.subscription
        )

    def test_a_reader_changes_no_subscription(self):
        self.subscription.pause(self.day("2026-05-01"))
        reader = new_test_user(
            self.env, "reader", "base.group_user,account.group_account_readonly"
        )
        self.assert_refused(AccessError, "", self.subscription.with_user(reader))

    def test_a_reader_undoes_no_change(self):
        change = self.subscription.change_quantity(
            self.subscription.line_ids, 12, self.day("2026-04-16")
        )
        reader = new_test_user(
            self.env, "reader", "base.group_user,account.group_account_readonly"
        )
        with self.assertRaises(AccessError):
            change.with_user(reader).action_undo()

    def test_a_reader_removes_no_discounts(self):
        draft = self.subscribe(on="2026-04-01", start=False)
        draft.grant_discount({"percent": 10}, self.day("2026-04-01"))
        reader = new_test_user(
            self.env, "reader", "base.group_user,account.group_account_readonly"
        )
        with self.assertRaises(AccessError):
            draft.with_user(reader).action_remove_discounts()
        self.assertTrue(draft.has_discounts)

    def test_a_draft_is_not_changed_but_scheduled_and_discounted(self):
        draft = self.subscribe(self.seat, on="2026-04-01", quantity=10, start=False)
        allowed = {
            "action_schedule_changes",
            "action_discount",
            "grant_discount",
            "redeem_coupon",
        }
        for name, arguments in self.calls(draft):
            if name in allowed:
                getattr(draft, name)(*arguments)
                continue
            with self.subTest(name), self.assertRaisesRegex(UserError, "is a draft"):
                getattr(draft, name)(*arguments)
