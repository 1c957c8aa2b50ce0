from freezegun import freeze_time

from odoo.tests import tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-11 09:00:00")
class TestRetentionOffers(SubscriptionCase):
    """Accepted offers count for the service, also after a transfer or merge."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coupon = cls.env["subscription.coupon"].create(
            {"code": "STAY", "percent": 50, "cycles": 2}
        )
        reasons = cls.env["subscription.cancellation.reason"]
        cls.price = reasons.create(
            {"name": "The price", "offer": "coupon", "coupon_id": cls.coupon.id}
        )
        cls.unused = reasons.create(
            {"name": "Hardly used", "offer": "pause", "pause_days": 31}
        )

    def accept(self, subscription, because, day="2026-05-01"):
        return subscription.accept_offer(because, self.day(day))

    def refusal(self, subscription, because, day="2026-07-01"):
        return subscription._offer_refusal(because, self.day(day)) or ""

    def test_an_offer_undone_before_it_began_can_be_made_again(self):
        for because in (self.price, self.unused):
            with self.subTest(because.name):
                subscription = self.subscribe(on="2026-04-01")
                kept = self.accept(subscription, because)
                self.assertTrue(self.refusal(subscription, because))
                kept.offered_change_id.action_undo()
                self.assertEqual(self.refusal(subscription, because), "")
                self.accept(subscription, because)

    def test_a_pause_resumed_before_it_began_can_be_offered_again(self):
        subscription = self.subscribe(on="2026-04-01")
        self.accept(subscription, self.unused)
        subscription.resume(self.day("2026-05-01"))
        self.assertEqual(self.refusal(subscription, self.unused), "")

    def test_an_accepted_offer_is_kept_by_a_transfer_and_a_merge(self):
        subscription = self.subscribe(on="2026-04-01")
        self.accept(subscription, self.unused, day="2026-04-12")
        with freeze_time("2026-05-20 09:00:00"):
            heir = self.env["res.partner"].create({"name": "Heir"})
            follower = subscription.transfer(heir, self.day("2026-06-01"))
            again = "on 04/11/2026; the next one can be made on 04/11/2027"
            self.assertIn(again, self.refusal(follower, self.unused))
            other = self.subscribe(on="2026-04-01", partner_id=heir.id)
            self.assertEqual(self.refusal(other, self.unused), "")
            follower.merge_into(other, self.day("2026-06-15"))
            self.assertIn(again, self.refusal(other, self.unused))
            self.newest(other, "merged").action_undo()
            self.assertEqual(self.refusal(other, self.unused), "")

    def test_a_changed_offer_of_a_reason_leaves_the_accepted_one(self):
        subscription = self.subscribe(on="2026-04-01")
        self.accept(subscription, self.unused)
        self.unused.write({"offer": "coupon", "coupon_id": self.coupon.id})
        self.assertEqual(self.refusal(subscription, self.price), "")
        other = self.unused.create({"name": "Holidays", "offer": "pause"})
        self.assertIn("accepted such an offer", self.refusal(subscription, other))
