from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ...models.subscriptions.internal_write import internal_write
from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestChangeSequences(SubscriptionCase):
    """One change after another, on the same subscription."""

    def seats(self, quantity=1, **values):
        return self.subscribe(self.seat, on="2026-05-01", quantity=quantity, **values)

    def billed(self, subscription, until):
        self.bill(until)
        rows = subscription.billed_period_ids
        amounts = {}
        for row in rows.sorted("date_start"):
            month = row.date_start.strftime("%Y-%m")
            amounts[month] = round(amounts.get(month, 0) + row.amount, 2)
        return amounts

    @freeze_time("2026-05-11 09:00:00")
    def test_undoing_a_cancellation_keeps_later_changes(self):
        subscription = self.seats()
        self.cancel(subscription, self.day("2026-07-01"))
        subscription.change_quantity(subscription.line_ids, 3, self.day("2026-06-01"))
        subscription.action_undo_cancellation()
        self.assertEqual(
            self.billed(subscription, "2026-08-01"),
            {"2026-05": 7, "2026-06": 21, "2026-07": 21, "2026-08": 21},
        )

    @freeze_time("2026-05-11 09:00:00")
    def test_the_last_of_two_cancellations_is_undone(self):
        subscription = self.seats()
        self.cancel(subscription, self.day("2026-08-01"))
        self.cancel(subscription, self.day("2026-07-01"))
        self.assertEqual(subscription.date_end, self.day("2026-07-01"))
        subscription.action_undo_cancellation()
        self.assertFalse(subscription.line_ids.date_end)
        kinds = subscription.change_ids.mapped("kind")
        self.assertNotIn("line_ended", kinds)

    @freeze_time("2026-05-11 09:00:00")
    def test_the_end_of_a_transferred_subscription_cannot_be_undone(self):
        subscription = self.seats()
        heir = self.env["res.partner"].create({"name": "Heir"})
        subscription.transfer(heir, self.day("2026-06-01"))
        with self.assertRaisesRegex(UserError, "is continued by"):
            subscription.action_undo_cancellation()

    @freeze_time("2026-05-21 09:00:00")
    def test_a_full_change_is_charged_for_the_quantity_of_its_day(self):
        subscription = self.seats(20)
        line = subscription.line_ids
        self.change_line(line, "2026-05-11", quantity=10)
        self.change_line(line, "2026-05-21", "full", quantity=30)
        served = subscription._lines_on(self.day("2026-05-21"))
        self.assertEqual(served.quantity, 30)
        self.bill("2026-06-01")
        june = subscription.billed_period_ids.sorted("date_start")[-1]
        self.assertEqual(june.amount, 210)

    @freeze_time("2026-05-11 09:00:00")
    def test_the_first_of_two_scheduled_prices_cannot_be_undone_alone(self):
        subscription = self.seats()
        line = subscription.line_ids
        first = subscription.change_price(line, 12, self.day("2026-07-01"))
        second = subscription.change_price(line, 11, self.day("2026-06-01"))
        with self.assertRaisesRegex(UserError, "undo the later one first"):
            first.action_undo()
        second.action_undo()
        first.action_undo()
        self.assertEqual(
            self.billed(subscription, "2026-07-01"),
            {"2026-05": 7, "2026-06": 7, "2026-07": 7},
        )

    @freeze_time("2026-05-11 09:00:00")
    def test_a_change_can_be_undone_after_an_undone_cancellation(self):
        subscription = self.seats()
        change = subscription.change_quantity(
            subscription.line_ids, 3, self.day("2026-06-01")
        )
        self.cancel(subscription, self.day("2026-08-01"))
        subscription.action_undo_cancellation()
        change.action_undo()
        self.assertEqual(self.billed(subscription, "2026-06-01")["2026-06"], 7)

    def test_a_trial_that_ends_early_keeps_its_scheduled_changes(self):
        self.monthly.trial_days = 14
        with freeze_time("2026-05-01 09:00:00"):
            subscription = self.seats()
        with freeze_time("2026-05-05 09:00:00"):
            line = subscription.line_ids
            subscription.change_quantity(line, 3, self.day("2026-05-15"))
            subscription.change_quantity(line, 4, self.day("2026-08-08"))
        with freeze_time("2026-05-08 09:00:00"):
            subscription.action_activate()
            self.assertEqual(
                self.billed(subscription, "2026-08-08"),
                {"2026-05": 21, "2026-06": 21, "2026-07": 21, "2026-08": 28},
            )

    def test_a_discount_of_three_periods_starts_after_the_trial(self):
        self.monthly.trial_days = 30
        with freeze_time("2026-05-01 09:00:00"):
            subscription = self.seats(start=False)
            subscription.grant_discount(
                {"percent": 50, "cycles": 3}, self.day("2026-05-01")
            )
            subscription.action_activate()
        with freeze_time("2026-05-31 09:00:00"):
            subscription.action_activate()
            self.bill("2026-08-31")
        billed = subscription.billed_period_ids.sorted("date_start")
        self.assertEqual(billed.mapped("amount"), [3.5, 3.5, 3.5, 7])

    @freeze_time("2026-05-11 09:00:00")
    def test_an_upgrade_with_a_limited_discount_is_an_upgrade(self):
        self.monthly.decrease_policy = "next_period"
        subscription = self.seats(10)
        subscription.grant_discount(
            {"percent": 50, "cycles": 3}, self.day("2026-05-01")
        )
        line = subscription._lines_on(self.day("2026-05-11"))
        change = subscription.change_quantity(line, 15, self.day("2026-05-11"))
        self.assertEqual(change.date_effective, self.day("2026-05-11"))

    @freeze_time("2026-05-16 09:00:00")
    def test_a_transfer_keeps_pauses_fees_and_the_scheduled_end(self):
        subscription = self.seats()
        self.join(subscription, self.basic, "2026-06-20", kind="one_off")
        subscription.client_reference = "PO 1"
        subscription.pause(self.day("2026-05-10"))
        self.cancel(subscription, self.day("2026-09-01"))
        heir = self.env["res.partner"].create({"name": "Heir"})
        follower = subscription.transfer(heir, self.day("2026-05-16"))
        self.assertEqual(follower.state, "paused")
        self.assertEqual(follower.date_end, self.day("2026-09-01"))
        self.assertFalse(follower.client_reference)
        self.bill("2026-06-20")
        self.assert_invoice_lines(
            follower, [("2026-06-20/2026-06-21", "Basic", "30.00")]
        )

    @freeze_time("2026-05-16 09:00:00")
    def test_a_paused_subscription_cannot_be_merged(self):
        first, second = self.seats(), self.seats()
        first.pause(self.day("2026-05-16"))
        with self.assertRaisesRegex(UserError, "is paused"):
            first.merge_into(second, self.day("2026-05-20"))

    @freeze_time("2026-05-16 09:00:00")
    def test_a_duplicate_starts_with_the_current_products(self):
        subscription = self.seats(10)
        subscription.change_quantity(subscription.line_ids, 12, self.day("2026-05-11"))
        twin = subscription.copy()
        self.assertEqual(twin.line_ids.quantity, 12)
        self.assertEqual(twin.line_ids.date_start, self.day("2026-05-16"))
        twin.action_activate()
        self.assertEqual(self.billed(twin, "2026-05-16"), {"2026-05": 84})

    def test_a_billed_line_keeps_its_unit_and_discounts(self):
        subscription = self.seats(10)
        line = subscription.line_ids
        by_program = internal_write(line)
        by_program.discount_ids = [
            Command.create({"percent": 5, "date_start": "2026-05-01"})
        ]
        self.bill("2026-05-01")
        line.product_id.uom_ids = self.env.ref("uom.product_uom_dozen")
        with self.assertRaisesRegex(UserError, "keeps its"):
            by_program.product_uom_id = self.env.ref("uom.product_uom_dozen")
        with self.assertRaisesRegex(UserError, "keeps its discounts"):
            by_program.discount_ids.percent = 90

    @freeze_time("2026-05-16 09:00:00")
    def test_a_credit_larger_than_the_next_invoice_becomes_a_credit_note(self):
        self.monthly.credit_policy = "next_invoice"
        subscription = self.subscribe(
            self.seat, self.basic, on="2026-05-01", quantity=10
        )
        self.bill("2026-05-01")
        seats = subscription.line_ids.filtered(
            lambda line: line.product_id == self.seat
        )
        rows = [(seats, None)]
        change_plan = subscription._plan_change(rows, self.day("2026-05-02"))
        foreseen = subscription._forecast_change(change_plan, self.day("2026-06-02"))
        self.end_line(seats, "2026-05-02", "plan")
        self.assertFalse(self.bill("2026-05-16").invoice_count)
        self.bill("2026-06-01")
        newest = subscription.invoice_ids.sorted("id")[-1]
        self.assertEqual(newest.move_type, "out_refund")
        self.assertAlmostEqual(newest.amount_untaxed, 70 * 30 / 31 - 30, 2)
        self.assertEqual([str(each.day) for each in foreseen], ["2026-06-01"])
        self.assertAlmostEqual(float(foreseen[0].amount), 30 - 70 * 30 / 31, 2)

    def test_terms_do_not_drift_to_shorter_months(self):
        self.monthly.write({"term_count": 6, "term_unit": "month"})
        subscription = self.subscribe(on="2026-08-31")
        ends = [subscription.term_end]
        for _term in range(2):
            subscription._renew()
            ends.append(subscription.term_end)
        self.assertEqual(
            [str(end) for end in ends], ["2027-02-28", "2027-08-31", "2028-02-29"]
        )

    def test_a_term_that_is_over_expires(self):
        self.monthly.write(
            {"term_count": 1, "term_unit": "month", "renewal_policy": "expire"}
        )
        subscription = self.seats()
        with freeze_time("2026-06-03 09:00:00"):
            subscription._follow_term()
        self.assertEqual(subscription.state, "expired")

    @freeze_time("2026-05-11 09:00:00")
    def test_an_amount_beside_a_percentage_is_deducted_once(self):
        subscription = self.subscribe(
            self.basic, self.basic, on="2026-05-01", start=False
        )
        subscription.grant_discount(
            {"percent": 10, "fixed_amount": 5}, self.day("2026-05-01")
        )
        self.assertEqual(sum(subscription.line_ids.mapped("period_amount")), 22 + 27)

    @freeze_time("2026-05-11 09:00:00")
    def test_a_cancelled_subscription_cannot_be_cancelled_again(self):
        subscription = self.seats()
        self.cancel(subscription, self.day("2026-05-11"))
        with self.assertRaisesRegex(UserError, "cannot become"):
            self.cancel(subscription, self.day("2026-05-11"))
