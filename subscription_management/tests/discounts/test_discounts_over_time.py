from freezegun import freeze_time

from odoo.tests import tagged

from .test_discounts_of_several_lines import SeveralLinesCase


@tagged("post_install", "-at_install")
class TestDiscountsWithOtherChanges(SeveralLinesCase):
    """Discounts take scheduled changes and other discounts into account."""

    @freeze_time("2026-01-01 09:00:00")
    def test_a_scheduled_lower_price_limits_the_share_of_a_line(self):
        subscription = self.monthly_lines(30, 700)
        first = subscription.line_ids[0]
        subscription.change_price(first, 10, self.day("2026-03-01"))
        subscription.grant_discount({"fixed_amount": 50}, self.day("2026-02-01"))
        self.bill("2026-03-01")
        billed = {}
        for row in subscription.billed_period_ids:
            month = row.date_start.month
            billed[month] = billed.get(month, 0) + row.amount
        self.assertEqual(billed, {1: 730, 2: 680, 3: 660})

    @freeze_time("2026-01-01 09:00:00")
    def test_a_discount_can_replace_or_end_others(self):
        subscription = self.monthly_lines(30, 700)
        subscription.grant_discount({"percent": 100}, self.day("2026-01-01"))
        self.bill("2026-01-01")
        self.assertFalse(subscription.billed_period_ids)
        grant = self.grant(subscription, fixed_amount=50, replaces=True)
        self.assertIn("680.00", grant.preview)
        grant.save().action_confirm()
        ended = self.grant(subscription, replaces=True, date_start="2026-03-01")
        ended.save().action_confirm()
        self.bill("2026-03-01")
        billed = {}
        for row in subscription.billed_period_ids:
            month = row.date_start.month
            billed[month] = billed.get(month, 0) + row.amount
        self.assertEqual(billed, {2: 680, 3: 730})

    @freeze_time("2026-01-01 09:00:00")
    def test_a_draft_with_removed_discounts_starts_without_any(self):
        draft = self.monthly_lines(30, start=False)
        draft.grant_discount({"percent": 50}, self.day("2026-01-01"))
        draft.grant_discount({"percent": 0}, self.day("2026-01-01"), replaces=True)
        draft.action_activate()
        self.bill("2026-01-01")
        self.assertEqual(draft.billed_period_ids.mapped("amount"), [30])

    def test_a_free_period_billed_ahead_stays_billed(self):
        plan = self._make_plan("Ahead", "month", Basic=30.0, due_shift_days=-7)
        with freeze_time("2026-01-01 09:00:00"):
            subscription = self.subscribe(on="2026-01-01", plan=plan, start=False)
            subscription.grant_discount(
                {"percent": 100, "cycles": 2}, self.day("2026-01-01")
            )
            subscription.action_activate()
            self.bill("2026-01-01")
        with freeze_time("2026-01-26 09:00:00"):
            self.bill("2026-01-26")
            subscription.grant_discount(
                {"percent": 50, "cycles": 1}, self.day("2026-01-26")
            )
            self.bill("2026-02-26")
        self.assertEqual(subscription.billed_period_ids.mapped("amount"), [15])


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 09:00:00")
class TestDiscountsOfOtherIntervals(SeveralLinesCase):
    """A line with another interval keeps the value of its discounts over time."""

    def billed(self, subscription, until):
        self.bill(until)
        return subscription.billed_period_ids.sorted("date_start").mapped("amount")

    def test_a_yearly_amount_becomes_a_twelfth_per_month(self):
        subscription = self.subscribe(on="2026-01-01", plan=self.yearly)
        subscription.grant_discount(
            {"fixed_amount": 100}, self.day("2026-01-01"), policy="prorate"
        )
        subscription.change_plan(
            subscription._lines_on(self.day("2026-02-01")),
            self.monthly,
            self.day("2027-01-01"),
        )
        self.assertEqual(self.billed(subscription, "2027-02-01"), [200, 21.67, 21.67])

    def test_a_discount_counts_by_its_interval_in_the_upgrade_rule(self):
        """20.00 a month are less than 290.00 a year, and more than 180.00."""
        self.monthly.write(
            {"increase_policy": "prorate", "decrease_policy": "next_period"}
        )
        subscription = self.subscribe(on="2026-01-01")
        subscription.grant_discount(
            {"fixed_amount": 10}, self.day("2026-01-01"), policy="prorate"
        )
        change = subscription.change_plan(
            subscription._lines_on(self.day("2026-01-11")),
            self.yearly,
            self.day("2026-01-11"),
        )
        self.assertEqual(change.date_effective, self.day("2026-02-01"))
        self.assertEqual(self.billed(subscription, "2026-02-01"), [20, 180])

    def test_remaining_months_of_a_discount_become_a_share_of_a_year(self):
        subscription = self.subscribe(on="2026-01-01")
        subscription.grant_discount(
            {"percent": 50, "cycles": 12}, self.day("2026-01-01"), policy="prorate"
        )
        subscription.change_plan(
            subscription._lines_on(self.day("2026-02-01")),
            self.yearly,
            self.day("2026-03-01"),
        )
        # Ten months are left: half of them is 125 of the 300 that a year costs.
        self.assertEqual(self.billed(subscription, "2027-03-01"), [15, 15, 175, 300])
