from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-03-20 09:00:00")
class TestStepsOfDrafts(SubscriptionCase):
    """Prices and quantities agreed for later days before the subscription starts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draft = cls.subscribe(cls.seat, on="2026-04-01", quantity=10, start=False)
        cls.line = cls.draft.line_ids

    def ramp(self, *steps, draft=None):
        """Return the wizard with (day, quantity, price) steps."""
        draft = draft or self.draft
        form = Form(
            self.env["subscription.schedule.changes.wizard"].with_context(
                default_subscription_id=draft.id
            )
        )
        for day, quantity, price in steps:
            with form.step_ids.new() as step:
                step.date_start, step.quantity, step.price = day, quantity, price
        return form

    def agree(self, *steps, draft=None):
        self.ramp(*steps, draft=draft).save().action_confirm()

    def steps(self, subscription=None):
        lines = (subscription or self.draft).line_ids.sorted("date_start")
        return [
            (
                f"{line.date_start}/{line.date_end or ''}",
                line.quantity,
                line.price,
            )
            for line in lines
            if line.date_end != line.date_start
        ]

    def amounts(self, subscription):
        rows = subscription.billed_period_ids.sorted("date_start")
        return [(str(row.date_start), row.amount) for row in rows]

    def foreseen(self, draft, until):
        """Return what a draft is going to be billed, as (first day, amount)."""
        change_plan = draft._begin_change_plan()
        invoices = draft._forecast_change(change_plan, Date.to_date(until))
        items = [item for invoice in invoices for item in invoice.items]
        return sorted((str(item.period.start), float(item.amount)) for item in items)

    def test_steps_of_a_draft_are_shown_and_billed_month_by_month(self):
        steps = ("2026-06-01", 20, 7), ("2026-07-01", 20, 6)
        form = self.ramp(*steps)
        self.assertEqual(form.line_id, self.line)
        for amount in ("70.00", "140.00", "120.00"):
            self.assertIn(amount, form.preview)
        form.save().action_confirm()
        self.assertEqual(
            self.steps(),
            [
                ("2026-04-01/2026-06-01", 10, 7),
                ("2026-06-01/2026-07-01", 20, 7),
                ("2026-07-01/", 20, 6),
            ],
        )
        foreseen = self.foreseen(self.draft, "2026-08-02")
        self.draft.action_activate()
        for day in ("04-01", "05-01", "06-01", "07-01", "08-01"):
            with freeze_time(f"2026-{day} 09:00:00"):
                self.bill(f"2026-{day}")
        billed = self.amounts(self.draft)
        self.assertEqual([amount for _day, amount in billed], [70, 70, 140, 120, 120])
        self.assertEqual(billed, foreseen)

    def test_the_preview_reaches_the_last_step_however_far_it_is(self):
        self.assertIn("990.00", self.ramp(("2029-04-01", 10, 99)).preview)

    def test_a_step_within_a_period_is_prorated_as_previewed(self):
        self.agree(("2026-04-16", 10, 14))
        foreseen = self.foreseen(self.draft, "2026-05-02")
        self.draft.action_activate()
        self.bill("2026-05-01")
        # 70.00 and 140.00 a month: 15 of 30 days each, then the whole of May.
        self.assertEqual(
            self.amounts(self.draft),
            [("2026-04-01", 35), ("2026-04-16", 70), ("2026-05-01", 140)],
        )
        self.assertEqual(foreseen, self.amounts(self.draft))

    def test_a_draft_with_steps_has_neither_history_nor_revenue_movements(self):
        changes = len(self.draft.change_ids)
        self.agree(("2026-07-01", 10, 8))
        self.draft.line_ids[-1].unlink()
        self.assertEqual(len(self.draft.change_ids), changes)
        self.assertFalse(self.draft.movement_ids)

    def test_the_revenue_moves_on_the_day_of_a_step_once_it_has_started(self):
        self.agree(("2026-07-01", 10, 8))
        self.assertEqual(self.draft.monthly_amount, 70)
        self.draft.action_activate()
        self.assertEqual(
            [
                (str(each.date), each.amount)
                for each in self.draft.movement_ids.sorted("date")
            ],
            [("2026-04-01", 70), ("2026-07-01", 10)],
        )

    def test_a_draft_that_started_in_the_past_counts_the_step_of_its_start(self):
        draft = self.subscribe(self.seat, on="2026-01-01", quantity=10, start=False)
        self.agree(("2026-03-01", 10, 8), draft=draft)
        self.assertEqual(draft.monthly_amount, 70)
        draft.action_activate()
        self.assertEqual(draft.monthly_amount, 80)

    def test_a_step_on_a_boundary_moves_with_the_start(self):
        self.agree(("2026-07-01", 10, 8), ("2026-08-10", 10, 9))
        with Form(self.draft) as form:
            form.date_start = "2026-05-05"
        self.assertEqual(
            self.steps(),
            [
                ("2026-05-05/2026-08-05", 10, 7),
                ("2026-08-05/2026-08-10", 10, 8),
                ("2026-08-10/", 10, 9),
            ],
        )
        self.assertEqual(
            set(self.draft.line_ids.mapped("calendar_start")),
            {Date.to_date("2026-05-05")},
        )

    def test_a_step_on_the_day_of_the_month_keeps_its_number(self):
        self.monthly.write({"anchor_kind": "day_of_month", "anchor_day": 1})
        self.agree(("2026-05-01", 10, 8))
        # Of the boundaries after the start the first one, after days or a month.
        for start, step in (("2026-04-15", "2026-05-01"), ("2026-06-20", "2026-07-01")):
            self.draft.date_start = start
            self.assertEqual(
                self.steps(), [(f"{start}/{step}", 10, 7), (f"{step}/", 10, 8)]
            )

    def test_a_start_after_a_step_on_its_own_day_is_refused(self):
        self.agree(("2026-04-10", 10, 8))
        for start in ("2026-04-10", "2026-06-01"):
            with self.assertRaisesRegex(UserError, "would not be later than"):
                self.draft.date_start = start
            self.draft.invalidate_recordset()
        step = self.draft.line_ids - self.line
        self.draft.write(
            {"date_start": "2026-06-01", "line_ids": [Command.delete(step.id)]}
        )
        self.assertEqual(self.steps(), [("2026-06-01/", 10, 7)])

    def test_a_line_that_joins_a_draft_later_moves_with_its_boundary(self):
        self.draft.line_ids = [
            Command.create({"product_id": self.basic.id, "date_start": "2026-05-01"})
        ]
        self.draft.date_start = "2026-04-11"
        self.assertEqual(self.steps(), [("2026-04-11/", 10, 7), ("2026-05-11/", 1, 30)])

    def test_a_deleted_step_gives_its_days_to_the_one_before(self):
        self.agree(("2026-06-01", 10, 8), ("2026-07-01", 20, 8), ("2026-08-01", 20, 9))
        first, second, third, fourth = self.draft.line_ids.sorted("date_start")
        second.unlink()
        self.assertEqual(
            self.steps(),
            [
                ("2026-04-01/2026-07-01", 10, 7),
                ("2026-07-01/2026-08-01", 20, 8),
                ("2026-08-01/", 20, 9),
            ],
        )
        self.assertFalse(third.series_id)
        self.assertEqual(third.origin_id, first)
        fourth.unlink()
        third.unlink()
        self.assertEqual(self.steps(), [("2026-04-01/", 10, 7)])

    def test_deleting_the_first_line_of_a_draft_deletes_its_steps(self):
        self.agree(("2026-06-01", 10, 8), ("2026-07-01", 20, 8))
        with Form(self.draft) as form:
            form.line_ids.remove(0)
            with form.line_ids.new() as line:
                line.product_id = self.basic
        self.assertEqual(self.steps(), [("2026-04-01/", 1, 30)])

    def test_all_lines_of_a_draft_or_the_draft_itself_can_be_deleted(self):
        self.agree(("2026-06-01", 10, 8), ("2026-07-01", 20, 8))
        with Form(self.draft) as form:
            for _line in range(3):
                form.line_ids.remove(0)
        self.assertFalse(self.draft.line_ids)
        other = self.subscribe(self.seat, on="2026-04-01", start=False)
        self.agree(("2026-06-01", 10, 8), draft=other)
        other.unlink()
        self.assertFalse(other.exists())

    def test_a_continued_line_of_a_started_subscription_is_not_deleted(self):
        self.agree(("2026-06-01", 10, 8))
        self.draft.action_activate()
        with self.assertRaisesRegex(UserError, "set its last day"):
            self.line.unlink()

    def test_another_first_price_or_quantity_leaves_the_steps_as_agreed(self):
        self.agree(("2026-06-01", 20, 8))
        with Form(self.draft) as form:
            with form.line_ids.edit(0) as line:
                line.quantity, line.price = 5, 6
        self.assertEqual(
            self.steps(), [("2026-04-01/2026-06-01", 5, 6), ("2026-06-01/", 20, 8)]
        )

    def test_another_customer_leaves_the_steps_as_agreed(self):
        self.agree(("2026-06-01", 20, 7), ("2026-07-01", 20, 8))
        with Form(self.draft) as form:
            form.partner_id = self.env["res.partner"].create({"name": "Heir"})
        self.assertEqual([price for _days, _units, price in self.steps()], [7, 7, 8])

    def test_another_currency_or_product_under_steps_is_refused(self):
        self.agree(("2026-06-01", 20, 8))
        with self.assertRaisesRegex(UserError, "has scheduled changes in"):
            self.draft.currency_id = self.env.ref("base.CHF")
        self.draft.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "delete them first"):
            self.line.product_id = self.basic

    def test_another_day_of_a_step_moves_the_end_of_the_one_before(self):
        self.agree(("2026-06-01", 10, 8), ("2026-07-01", 10, 9))
        step = self.draft.line_ids.sorted("date_start")[1]
        step.date_start = "2026-05-01"
        self.assertEqual(self.steps()[0][0], "2026-04-01/2026-05-01")
        for day in ("2026-04-01", "2026-07-01"):
            with self.assertRaisesRegex(UserError, "choose another date"):
                step.date_start = day
            step.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "last day of the last one"):
            step.last_day = "2026-05-20"

    def test_a_copy_of_a_draft_has_its_first_lines_and_no_steps(self):
        self.agree(("2026-06-01", 20, 8))
        self.assertEqual(self.steps(self.draft.copy()), [("2026-03-20/", 10, 7)])
        self.draft.action_activate()
        with freeze_time("2026-06-10 09:00:00"):
            self.assertEqual(self.steps(self.draft.copy()), [("2026-06-10/", 20, 8)])

    def test_a_step_scheduled_again_replaces_the_first(self):
        self.agree(("2026-06-01", 10, 8))
        self.agree(("2026-06-01", 10, 9))
        self.assertEqual(len(self.draft.line_ids), 2)
        self.assertEqual(
            self.steps(), [("2026-04-01/2026-06-01", 10, 7), ("2026-06-01/", 10, 9)]
        )

    def test_a_trial_moves_the_start_and_keeps_the_dates_of_steps(self):
        trial = self._make_product("Trial", 9.0)
        self.monthly.write({"trial_days": 14, "trial_product_id": trial.id})
        self.agree(("2026-06-15", 10, 14))
        self.draft.grant_discount({"percent": 50, "cycles": 1}, self.draft.date_start)
        foreseen = self.foreseen(self.draft, "2026-06-16")
        self.assertEqual(
            foreseen,
            [
                ("2026-04-01", 9),
                ("2026-04-15", 35),
                ("2026-05-15", 70),
                ("2026-06-15", 140),
            ],
        )
        self.draft.action_activate()
        self.assertIn(("2026-06-15/", 10, 14), self.steps())
        with freeze_time("2026-04-15 09:00:00"):
            self.draft._follow_trial()
            self.bill("2026-06-15")
        self.assertEqual(self.amounts(self.draft), foreseen)

    def test_a_discount_of_a_draft_continues_through_its_steps(self):
        self.agree(("2026-05-01", 10, 8))
        self.draft.grant_discount({"percent": 50, "cycles": 3}, self.draft.date_start)
        self.assertEqual(len(self.draft.line_ids), 2)
        self.draft.date_start = "2026-04-10"
        foreseen = self.foreseen(self.draft, "2026-07-11")
        self.draft.action_activate()
        self.bill("2026-07-10")
        self.assertEqual(
            [amount for _day, amount in self.amounts(self.draft)], [35, 40, 40, 80]
        )
        self.assertEqual(self.amounts(self.draft), foreseen)

    def test_a_discount_of_a_draft_may_begin_on_a_later_day(self):
        self.draft.grant_discount({"percent": 50}, Date.to_date("2026-06-01"))
        self.draft.action_activate()
        self.bill("2026-06-01")
        self.assertEqual(
            [amount for _day, amount in self.amounts(self.draft)], [70, 70, 35]
        )
