from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from .test_discounts_of_several_lines import SeveralLinesCase

DAY = Date.to_date("2026-01-01")


@tagged("post_install", "-at_install")
class TestDiscountsOfDrafts(SeveralLinesCase):
    """What is granted a draft counts for what it has become when it starts."""

    def amounts_off(self, subscription):
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
        return self.assertRaisesRegex(
            UserError, f"(?s){reason}.*Take the discounts off"
        )

    # Limits and scope

    def test_a_coupon_is_not_for_a_customer_who_used_it_once_a_draft_is_theirs(self):
        other = self.env["res.partner"].create({"name": "Other"})
        draft, _coupon = self.redeemed(30, percent=50, max_per_customer=1)
        theirs = self.monthly_lines(30, start=False, partner_id=other.id)
        theirs.redeem_coupon("SPRING", DAY)
        draft.partner_id = other
        with self.refused_at_start("Other has used the coupon SPRING"):
            draft.action_activate()
        draft.action_remove_discounts()
        draft.action_activate()
        self.assertEqual(draft.state, "active")

    def test_a_coupon_of_one_plan_does_not_start_on_another(self):
        self.coupon(percent=50, plan_ids=self.yearly.ids)
        draft = self.subscribe(on="2026-01-01", plan=self.yearly, start=False)
        draft.redeem_coupon("SPRING", DAY)
        draft.plan_id = draft.line_ids.plan_id = self.monthly
        self.monthly.trial_days = 0
        for trial_days in (0, 14):
            self.monthly.trial_days = trial_days
            with self.refused_at_start("not for the plan Monthly"):
                draft.action_activate()
        draft.plan_id = draft.line_ids.plan_id = self.yearly
        draft.action_activate()

    def test_a_coupon_that_was_redeemed_in_time_starts_later(self):
        draft, coupon = self.redeemed(30, percent=50)
        coupon.date_to = "2020-01-01"
        draft.action_activate()
        self.assertEqual(draft.line_ids.period_amount, 15)

    def test_an_amount_off_keeps_a_draft_in_its_currency(self):
        draft = self.monthly_lines(30, start=False)
        draft.grant_discount({"percent": 10}, DAY)
        currency, other = draft.currency_id, self.env.ref("base.CHF")
        draft.currency_id = other
        draft.currency_id = currency
        draft.grant_discount({"fixed_amount": 10}, DAY)
        with self.assertRaisesRegex(UserError, "take them off first"):
            draft.currency_id = other
        draft.invalidate_recordset()
        draft.action_remove_discounts()
        draft.currency_id = other

    # Lines that change

    def test_an_amount_off_is_not_lost_with_a_deleted_line(self):
        draft, _coupon = self.redeemed(30, 700, fixed_amount=50)
        self.assertEqual(self.amounts_off(draft), [30, 20])
        with Form(draft) as form:
            form.line_ids.remove(index=0)
        self.assertEqual(self.amounts_off(draft), [50])
        draft.action_activate()
        self.assertEqual(sum(draft.line_ids.mapped("period_amount")), 650)

    def test_an_amount_off_follows_a_price_without_the_form_too(self):
        draft, _coupon = self.redeemed(30, 700, fixed_amount=50)
        draft.line_ids[0].price = 10
        draft.action_activate()
        self.assertEqual(self.amounts_off(draft), [10, 40])

    def test_a_product_that_is_added_has_the_percentage_too(self):
        draft, coupon = self.redeemed(30, percent=50, cycles=2)
        draft.write({"line_ids": [Command.create({"product_id": self.seat.id})]})
        self.assertEqual(draft.line_ids.mapped("discount_ids.percent"), [50, 50])
        self.assertEqual(draft.line_ids.discount_ids.coupon_id, coupon)
        draft.action_activate()
        self.assertEqual(len(draft.line_ids.discount_ids), 2)
        self.assertEqual(coupon.redemption_count, 1)

    def test_discounts_are_spread_anew_in_the_order_in_which_they_were_granted(self):
        draft, _coupon = self.redeemed(30, 700, percent=10)
        draft.grant_discount({"fixed_amount": 50}, DAY)
        self.assertEqual(self.amounts_off(draft), [27, 23])
        draft.line_ids[1].unlink()
        draft.action_activate()
        self.assertEqual(self.amounts_off(draft), [50])
        self.assertEqual(draft.line_ids.period_amount, 0)

    def test_a_discount_of_some_products_stays_theirs(self):
        draft = self.monthly_lines(30, 700, start=False)
        draft.grant_discount({"percent": 10}, DAY, lines=draft.line_ids[0])
        draft.write({"line_ids": [Command.create({"product_id": self.seat.id})]})
        draft.action_activate()
        self.assertEqual(len(draft.line_ids.discount_ids), 1)

    def test_a_coupon_is_not_redeemed_again_after_its_line_was_deleted(self):
        draft, _coupon = self.redeemed(30, percent=50)
        draft.line_ids.unlink()
        draft.line_ids.create(
            {"subscription_id": draft.id, "product_id": self.basic.id}
        )
        with self.assertRaisesRegex(UserError, "has used the coupon"):
            draft.redeem_coupon("SPRING", DAY)

    def test_a_coupon_that_was_deleted_with_its_lines_is_in_nobodys_way(self):
        draft, coupon = self.redeemed(30, percent=50)
        draft.line_ids.unlink()
        coupon.unlink()
        draft.write({"line_ids": [Command.create({"product_id": self.basic.id})]})
        draft.action_activate()
        self.assertFalse(draft.line_ids.discount_ids)

    def test_a_coupon_that_is_taken_off_is_redeemed_again(self):
        draft, coupon = self.redeemed(30, 700, fixed_amount=50)
        self.assertTrue(draft.has_discounts)
        draft.action_remove_discounts()
        self.assertFalse(draft.has_discounts)
        self.assertEqual(coupon.redemption_count, 0)
        draft.redeem_coupon("SPRING", DAY)
        draft.action_activate()
        with self.assertRaisesRegex(UserError, "has started"):
            draft.action_remove_discounts()

    def test_what_people_write_on_a_draft_stays(self):
        draft = self.monthly_lines(30, start=False)
        draft.grant_discount({"percent": 10}, DAY)
        draft.line_ids.discount_ids.percent = 20
        draft.action_activate()
        self.assertEqual(draft.line_ids.discount_ids.percent, 20)

    # Drafts that never start

    def test_a_draft_that_is_cancelled_gives_its_coupon_back(self):
        draft, coupon = self.redeemed(30, percent=50, max_per_customer=1)
        draft._end_on(DAY)
        self.assertEqual(coupon.redemption_count, 0)
        self.monthly_lines(30, start=False).redeem_coupon("SPRING", DAY)

    def test_what_was_served_keeps_its_coupon(self):
        draft, coupon = self.redeemed(30, percent=50)
        draft.action_activate()
        draft._end_on(Date.to_date("2026-01-11"))
        self.assertEqual((draft.state, coupon.redemption_count), ("cancelled", 1))

    def test_what_was_cancelled_before_its_first_day_gives_its_coupon_back(self):
        draft, coupon = self.redeemed(30, percent=50)
        draft.action_activate()
        draft._end_on(DAY)
        self.assertEqual((draft.state, coupon.redemption_count), ("cancelled", 0))

    # Steps

    @freeze_time(DAY)
    def test_a_draft_shows_what_a_later_step_leaves_to_the_other_products(self):
        draft = self.subscribe(
            self.seat, self.basic, on="2026-01-01", quantity=10, start=False
        )
        draft.grant_discount({"fixed_amount": 50}, DAY)
        self.assertEqual(self.amounts_off(draft), [50, 0])
        draft._agree(
            "quantity",
            Date.to_date("2026-02-01"),
            [(draft.line_ids[0], {"quantity": 5})],
        )
        # Five seats are 35.00, so the rest is off the 30.00 of the other product.
        foreseen = self.foreseen(draft, draft._begin_change_plan(), "2026-02-02")
        self.assertEqual(sum(amount for *_rest, amount in foreseen), 50 + 15)
        draft.action_activate()
        self.bill("2026-02-01")
        self.assertEqual(sum(draft.billed_period_ids.mapped("amount")), 50 + 15)
