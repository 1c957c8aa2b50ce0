from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from .test_discounts_of_several_lines import SeveralLinesCase

DAY = Date.to_date("2026-01-01")


@tagged("post_install", "-at_install")
class TestDraftGrants(SeveralLinesCase):
    """Discounts granted to a draft apply to its lines when it starts."""

    def discount_amounts(self, subscription):
        return [
            sum(line.discount_ids.mapped("fixed_amount"))
            for line in subscription.line_ids
        ]

    def redeemed(self, *prices, **values):
        """Return a draft on which a coupon was redeemed, and the coupon."""
        coupon = self.coupon(**values)
        draft = self.monthly_lines(*prices, start=False)
        draft.redeem_coupon("SPRING", DAY)
        return draft, coupon

    def refused_at_start(self, reason):
        return self.assertRaisesRegex(UserError, f"(?s){reason}.*Remove the discounts")

    # Limits and scope

    def test_a_draft_with_a_new_customer_cannot_start_with_a_used_coupon(self):
        other = self.env["res.partner"].create({"name": "Other"})
        draft, _coupon = self.redeemed(30, percent=50, max_per_customer=1)
        theirs = self.monthly_lines(30, start=False, partner_id=other.id)
        theirs.redeem_coupon("SPRING", DAY)
        draft.partner_id = other
        with self.refused_at_start("Other has already used the coupon SPRING"):
            draft.action_activate()
        draft.action_remove_discounts()
        draft.action_activate()
        self.assertEqual(draft.state, "active")

    def test_a_draft_with_a_new_plan_cannot_start_with_a_coupon_of_the_old_one(self):
        self.coupon(percent=50, plan_ids=self.yearly.ids)
        draft = self.subscribe(on="2026-01-01", plan=self.yearly, start=False)
        draft.redeem_coupon("SPRING", DAY)
        draft.plan_id = draft.line_ids.plan_id = self.monthly
        self.monthly.trial_days = 0
        for trial_days in (0, 14):
            self.monthly.trial_days = trial_days
            with self.refused_at_start("not accepted on the plan Monthly"):
                draft.action_activate()
        draft.plan_id = draft.line_ids.plan_id = self.yearly
        draft.action_activate()

    def test_a_coupon_that_was_redeemed_in_time_starts_later(self):
        draft, coupon = self.redeemed(30, percent=50)
        coupon.date_to = "2020-01-01"
        draft.action_activate()
        self.assertEqual(draft.line_ids.period_amount, 15)

    def test_a_draft_with_a_discount_amount_keeps_its_currency(self):
        draft = self.monthly_lines(30, start=False)
        draft.grant_discount({"percent": 10}, DAY)
        currency, other = draft.currency_id, self.env.ref("base.CHF")
        draft.currency_id = other
        draft.currency_id = currency
        draft.grant_discount({"fixed_amount": 10}, DAY)
        with self.assertRaisesRegex(UserError, "remove them first"):
            draft.currency_id = other
        draft.invalidate_recordset()
        draft.action_remove_discounts()
        draft.currency_id = other

    # Lines that change

    def test_a_discount_amount_is_not_lost_with_a_deleted_line(self):
        draft, _coupon = self.redeemed(30, 700, fixed_amount=50)
        self.assertEqual(self.discount_amounts(draft), [30, 20])
        with Form(draft) as form:
            form.line_ids.remove(index=0)
        self.assertEqual(self.discount_amounts(draft), [50])
        draft.action_activate()
        self.assertEqual(sum(draft.line_ids.mapped("period_amount")), 650)

    def test_a_discount_amount_follows_a_price_written_outside_the_form(self):
        draft, _coupon = self.redeemed(30, 700, fixed_amount=50)
        draft.line_ids[0].price = 10
        draft.action_activate()
        self.assertEqual(self.discount_amounts(draft), [10, 40])

    def test_an_added_product_gets_the_percentage(self):
        draft, coupon = self.redeemed(30, percent=50, cycles=2)
        draft.write({"line_ids": [Command.create({"product_id": self.seat.id})]})
        self.assertEqual(draft.line_ids.mapped("discount_ids.percent"), [50, 50])
        self.assertEqual(draft.line_ids.discount_ids.coupon_id, coupon)
        draft.action_activate()
        self.assertEqual(len(draft.line_ids.discount_ids), 2)
        self.assertEqual(coupon.redemption_count, 1)

    def test_discounts_are_spread_in_the_order_of_their_grants(self):
        draft, _coupon = self.redeemed(30, 700, percent=10)
        draft.grant_discount({"fixed_amount": 50}, DAY)
        self.assertEqual(self.discount_amounts(draft), [27, 23])
        draft.line_ids[1].unlink()
        draft.action_activate()
        self.assertEqual(self.discount_amounts(draft), [50])
        self.assertEqual(draft.line_ids.period_amount, 0)

    def test_a_discount_of_one_product_is_not_spread(self):
        draft = self.monthly_lines(30, 700, start=False)
        draft.grant_discount({"percent": 10}, DAY, lines=draft.line_ids[0])
        draft.write({"line_ids": [Command.create({"product_id": self.seat.id})]})
        draft.action_activate()
        self.assertEqual(len(draft.line_ids.discount_ids), 1)

    def test_a_coupon_stays_redeemed_after_its_line_was_deleted(self):
        draft, _coupon = self.redeemed(30, percent=50)
        draft.line_ids.unlink()
        draft.line_ids.create(
            {"subscription_id": draft.id, "product_id": self.basic.id}
        )
        with self.assertRaisesRegex(UserError, "has already used the coupon"):
            draft.redeem_coupon("SPRING", DAY)

    def test_a_draft_starts_without_a_deleted_coupon(self):
        draft, coupon = self.redeemed(30, percent=50)
        draft.line_ids.unlink()
        coupon.unlink()
        draft.write({"line_ids": [Command.create({"product_id": self.basic.id})]})
        draft.action_activate()
        self.assertFalse(draft.line_ids.discount_ids)

    def test_a_removed_coupon_can_be_redeemed_again(self):
        draft, coupon = self.redeemed(30, 700, fixed_amount=50)
        self.assertTrue(draft.has_discounts)
        draft.action_remove_discounts()
        self.assertFalse(draft.has_discounts)
        self.assertEqual(coupon.redemption_count, 0)
        draft.redeem_coupon("SPRING", DAY)
        draft.action_activate()
        with self.assertRaisesRegex(UserError, "has started"):
            draft.action_remove_discounts()

    def test_a_discount_edited_on_a_draft_stays(self):
        draft = self.monthly_lines(30, start=False)
        draft.grant_discount({"percent": 10}, DAY)
        draft.line_ids.discount_ids.percent = 20
        draft.action_activate()
        self.assertEqual(draft.line_ids.discount_ids.percent, 20)

    # Drafts that never start

    def test_a_cancelled_draft_releases_its_coupon(self):
        draft, coupon = self.redeemed(30, percent=50, max_per_customer=1)
        self.cancel(draft, DAY)
        self.assertEqual(coupon.redemption_count, 0)
        self.monthly_lines(30, start=False).redeem_coupon("SPRING", DAY)

    def test_a_served_subscription_keeps_its_coupon_redeemed(self):
        draft, coupon = self.redeemed(30, percent=50)
        draft.action_activate()
        self.cancel(draft, Date.to_date("2026-01-11"))
        self.assertEqual((draft.state, coupon.redemption_count), ("cancelled", 1))

    def test_a_cancellation_before_the_first_day_releases_the_coupon(self):
        draft, coupon = self.redeemed(30, percent=50)
        draft.action_activate()
        self.cancel(draft, DAY)
        self.assertEqual((draft.state, coupon.redemption_count), ("cancelled", 0))

    # Scheduled changes

    @freeze_time(DAY)
    def test_a_draft_spreads_a_discount_by_scheduled_quantities(self):
        draft = self.subscribe(
            self.seat, self.basic, on="2026-01-01", quantity=10, start=False
        )
        draft.grant_discount({"fixed_amount": 50}, DAY)
        self.assertEqual(self.discount_amounts(draft), [50, 0])
        self.schedule(draft.line_ids[0], "2026-02-01", quantity=5, price=7)
        # Five seats are 35.00, so the rest is off the 30.00 of the other product.
        foreseen = self.foreseen(draft, draft._begin_change_plan(), "2026-02-02")
        self.assertEqual(sum(amount for *_rest, amount in foreseen), 50 + 15)
        draft.action_activate()
        self.bill("2026-02-01")
        self.assertEqual(sum(draft.billed_period_ids.mapped("amount")), 50 + 15)
