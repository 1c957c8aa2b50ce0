from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestChanges(SubscriptionCase):
    """The charges and credits of changes, on real invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pro = cls._make_product("Pro", 60.0)
        cls.monthly.pricing_rule_ids = [
            Command.create(
                {"product_id": cls.pro.id, "pricing_model": "flat", "price": 60}
            )
        ]

    def start_with(self, product, quantity=1, **values):
        """Return a subscription since 1 April whose first month is billed."""
        subscription = self.subscribe(
            product, on="2026-04-01", quantity=quantity, **values
        )
        self.bill("2026-04-01")
        return subscription

    @freeze_time("2026-04-16 09:00:00")
    def test_added_seats_are_one_charge_for_the_added_ones(self):
        subscription = self.start_with(self.seat, 10)
        subscription.change_quantity(subscription.line_ids, 12, self.day("2026-04-16"))
        self.bill("2026-04-16")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Seat", "70.00"),
                ("2026-04-16/2026-05-01", "Seat", "7.00"),
            ],
        )
        added = subscription.billed_period_ids.sorted("revision")[-1].invoice_line_id
        self.assertEqual((added.quantity, added.price_unit), (2, 3.5))
        self.bill("2026-05-01")
        self.assertEqual(subscription.invoice_ids.sorted()[0].amount_untaxed, 84)

    @freeze_time("2026-04-16 09:00:00")
    def test_removed_seats_are_one_credit_of_their_invoice(self):
        subscription = self.start_with(self.seat, 10)
        charge = subscription.billed_period_ids
        charge.invoice_line_id.tax_ids.copy()
        subscription.change_quantity(subscription.line_ids, 8, self.day("2026-04-16"))
        self.bill("2026-04-16")
        credit = subscription.billed_period_ids - charge
        self.assertEqual(credit.amount, -7)
        self.assertEqual(credit.reverses_id, charge)
        self.assertEqual(credit.move_id.move_type, "out_refund")
        self.assertEqual(credit.invoice_line_id.tax_ids, charge.invoice_line_id.tax_ids)

    @freeze_time("2026-04-16 09:00:00")
    def test_a_credit_has_the_taxes_of_the_charge_even_when_the_product_changed(self):
        subscription = self.start_with(self.seat, 10)
        self.seat.taxes_id = False
        subscription.change_quantity(subscription.line_ids, 0, self.day("2026-04-16"))
        self.bill("2026-04-16")
        credit = subscription.billed_period_ids.sorted("revision")[-1].invoice_line_id
        self.assertEqual(credit.tax_ids.amount, 17)

    @freeze_time("2026-04-11 09:00:00")
    def test_upgrade_in_mid_period_credits_the_old_plan_and_charges_the_new(self):
        subscription = self.start_with(self.basic)
        subscription.change_plan(
            subscription.line_ids, self.monthly, self.day("2026-04-11"), self.pro
        )
        self.bill("2026-04-11")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-04-11/2026-05-01", "Basic", "-20.00"),
                ("2026-04-11/2026-05-01", "Pro", "40.00"),
            ],
        )
        self.assertEqual(subscription.monthly_amount, 60)

    @freeze_time("2026-04-16 09:00:00")
    def test_from_monthly_to_yearly_the_year_begins_with_the_change(self):
        subscription = self.start_with(self.basic)
        subscription.change_plan(
            subscription.line_ids, self.yearly, self.day("2026-04-16")
        )
        self.bill("2026-04-16")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-04-16/2026-05-01", "Basic", "-15.00"),
                ("2026-04-16/2027-04-16", "Basic", "300.00"),
            ],
        )

    @freeze_time("2026-06-20 09:00:00")
    def test_a_back_dated_change_bills_the_difference_of_each_month(self):
        subscription = self.start_with(self.seat, 10)
        self.bill("2026-06-01")
        subscription.change_quantity(subscription.line_ids, 12, self.day("2026-05-16"))
        self.bill("2026-06-20")
        self.assertEqual(
            sorted(subscription.billed_period_ids.mapped("amount")),
            [7.23, 14, 70, 70, 70],
        )
        again = self.bill("2026-06-20")
        self.assertFalse(again.invoice_count)

    @freeze_time("2026-04-10 09:00:00")
    def test_a_scheduled_change_is_billed_on_its_day_and_can_be_undone(self):
        subscription = self.start_with(self.seat, 10)
        change = subscription.change_quantity(
            subscription.line_ids, 12, self.day("2026-04-16")
        )
        self.assertEqual(subscription.next_billing_date, self.day("2026-04-16"))
        self.assertFalse(self.bill("2026-04-10").invoice_count)
        self.assertEqual(subscription.monthly_amount, 70)
        change.action_undo()
        self.assertEqual(subscription.next_billing_date, self.day("2026-05-01"))
        self.assertEqual(subscription.line_ids.mapped("quantity"), [10])
        with self.assertRaisesRegex(UserError, "was undone already"):
            change.action_undo()

    @freeze_time("2026-04-20 09:00:00")
    def test_a_change_that_took_effect_cannot_be_undone(self):
        subscription = self.start_with(self.seat, 10)
        change = subscription.change_quantity(
            subscription.line_ids, 12, self.day("2026-04-16")
        )
        with self.assertRaisesRegex(UserError, "took effect"):
            change.action_undo()

    @freeze_time("2026-04-10 09:00:00")
    def test_the_earlier_of_two_scheduled_changes_cannot_be_undone_alone(self):
        subscription = self.start_with(self.seat, 10)
        first = subscription.change_quantity(
            subscription.line_ids, 12, self.day("2026-04-16")
        )
        last = subscription.line_ids.sorted("date_start")[-1]
        second = subscription.change_quantity(last, 15, self.day("2026-04-21"))
        with self.assertRaisesRegex(UserError, "undo the later one first"):
            first.action_undo()
        second.action_undo()
        first.action_undo()
        self.assertEqual(subscription.line_ids.mapped("quantity"), [10])

    @freeze_time("2026-04-16 09:00:00")
    def test_an_upgrade_is_charged_by_the_policy_of_its_plan(self):
        for policy, amounts in (
            ("full", [70, 14]),
            ("none", [70]),
            ("next_period", [70]),
        ):
            with self.subTest(policy):
                self.monthly.increase_policy = policy
                subscription = self.start_with(self.seat, 10)
                subscription.change_quantity(
                    subscription.line_ids, 12, self.day("2026-04-16")
                )
                self.bill("2026-04-16")
                billed = subscription.billed_period_ids.sorted("revision")
                self.assertEqual(billed.mapped("amount"), amounts)
                self.bill("2026-05-01")
                may = subscription.billed_period_ids.sorted("date_start")[-1]
                self.assertEqual(may.amount, 84)

    @freeze_time("2026-04-16 09:00:00")
    def test_a_change_from_the_next_period_is_effective_on_its_first_day(self):
        for policy, effective in (
            ("none", "2026-04-16"),
            ("next_period", "2026-05-01"),
        ):
            with self.subTest(policy):
                self.monthly.increase_policy = policy
                subscription = self.start_with(self.seat, 10)
                change = subscription.change_quantity(
                    subscription.line_ids, 12, self.day("2026-04-16")
                )
                self.assertEqual(change.date_effective, self.day(effective))
                self.assertEqual(change.monthly_difference, 14)

    @freeze_time("2026-04-16 09:00:00")
    def test_a_line_that_cannot_be_priced_is_refused_when_it_joins(self):
        subscription = self.start_with(self.basic)
        support = self._make_product("Support", 0)
        rules = {"base_scope": "products", "pricing_model": "percent_of_total"}
        rule = {**rules, "product_id": support.id}
        self.monthly.pricing_rule_ids = [Command.create(rule)]
        self.monthly.pricing_rule_ids[-1].base_product_ids = self.pro
        other = self._make_product("Care", 0)
        rule = {**rules, "product_id": other.id, "base_product_ids": support.ids}
        self.monthly.pricing_rule_ids = [Command.create(rule)]
        self.monthly.pricing_rule_ids[-2].base_product_ids = other
        with self.assertRaisesRegex(UserError, "Support.*Care|Care.*Support"):
            self.join(subscription, support, "2026-05-01")
            self.join(subscription, other, "2026-05-01")

    @freeze_time("2026-04-11 09:00:00")
    def test_paused_days_are_credited_and_missed_months_not_billed(self):
        subscription = self.start_with(self.basic)
        subscription.pause(self.day("2026-04-11"))
        self.assertEqual(subscription.state, "paused")
        self.assertEqual(subscription.monthly_amount, 0)
        self.bill("2026-04-11")
        with freeze_time("2026-06-16 09:00:00"):
            subscription.resume(self.day("2026-06-16"))
            self.bill("2026-06-16")
        self.assertEqual(subscription.state, "active")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-04-11/2026-05-01", "Basic", "-20.00"),
                ("2026-06-16/2026-07-01", "Basic", "15.00"),
            ],
        )

    @freeze_time("2026-04-11 09:00:00")
    def test_a_pause_may_be_added_to_the_term(self):
        self.monthly.write({"term_count": 1, "pause_policy": "extends"})
        subscription = self.start_with(self.basic)
        subscription.pause(self.day("2026-05-01"), self.day("2026-05-31"))
        self.assertEqual(subscription.term_end, self.day("2027-05-01"))
        with freeze_time("2026-05-11 09:00:00"):
            subscription.resume(self.day("2026-05-11"))
        self.assertEqual(subscription.term_end, self.day("2027-04-11"))

    @freeze_time("2026-04-11 09:00:00")
    def test_a_billed_pause_credits_nothing(self):
        self.monthly.pause_policy = "billed"
        subscription = self.start_with(self.basic)
        subscription.pause(self.day("2026-04-11"))
        self.assertFalse(self.bill("2026-04-11").invoice_count)

    @freeze_time("2026-04-11 09:00:00")
    def test_two_pauses_of_the_same_days_are_refused(self):
        subscription = self.start_with(self.basic)
        subscription.pause(self.day("2026-05-01"), self.day("2026-06-01"))
        with self.assertRaisesRegex(ValidationError, "resume it"):
            subscription.pause(self.day("2026-05-15"), self.day("2026-06-15"))

    @freeze_time("2026-04-10 09:00:00")
    def test_a_scheduled_pause_starts_and_ends_on_its_days(self):
        subscription = self.start_with(self.basic)
        subscription.pause(self.day("2026-04-16"), self.day("2026-04-21"))
        self.assertEqual(subscription.next_change_date, self.day("2026-04-16"))
        self.assertEqual(subscription.state, "active")
        for today, state, revenue in (
            ("2026-04-16", "paused", 0),
            ("2026-04-21", "active", 30),
        ):
            self.run_action("ir_cron_follow_changes", today)
            self.assertEqual(subscription.state, state)
            self.assertEqual(subscription.monthly_amount, revenue)

    @freeze_time("2026-04-16 09:00:00")
    def test_the_forecast_of_a_change_equals_its_invoices(self):
        subscription = self.start_with(self.seat, 10)
        rows = [(subscription.line_ids, {"quantity": 12})]
        change_plan = subscription._plan_change(rows, self.day("2026-04-16"))
        foreseen = subscription._forecast_change(change_plan, self.day("2026-06-02"))
        self.change_line(subscription.line_ids, "2026-04-16", quantity=12)
        for invoice in foreseen:
            before = subscription.invoice_ids
            self.bill(invoice.day)
            made = subscription.invoice_ids - before
            self.assertEqual(made.amount_untaxed, float(invoice.amount))
        self.assertEqual(len(foreseen), 3)

    def test_a_draft_is_edited_and_not_changed(self):
        subscription = self.subscribe(self.seat, on="2026-04-01", start=False)
        with self.assertRaisesRegex(UserError, "edit it while it is a draft"):
            subscription.change_quantity(
                subscription.line_ids, 2, self.day("2026-04-16")
            )

    @freeze_time("2026-04-16 09:00:00")
    def test_the_wizard_previews_and_applies_the_change(self):
        subscription = self.start_with(self.seat, 10)
        form = Form(
            self.env["subscription.change.wizard"].with_context(
                default_subscription_id=subscription.id
            )
        )
        with form.line_ids.edit(0) as line:
            line.quantity = 12
        self.assertIn("7.00", form.preview)
        with form.line_ids.new() as line:
            line.product_id = self.pro
        wizard = form.save()
        self.assertIn("30.00", wizard.preview)
        wizard.action_confirm()
        self.bill("2026-04-16")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Seat", "70.00"),
                ("2026-04-16/2026-05-01", "Seat", "7.00"),
                ("2026-04-16/2026-05-01", "Pro", "30.00"),
            ],
        )
        self.assertEqual(subscription.change_ids[0].kind, "changed")

    @freeze_time("2026-04-16 09:00:00")
    def test_the_wizard_refuses_to_apply_no_change(self):
        subscription = self.start_with(self.seat, 10)
        wizard = self.env["subscription.change.wizard"].with_context(
            default_subscription_id=subscription.id
        )
        with self.assertRaisesRegex(UserError, "edit a product"):
            wizard.create({}).action_confirm()

    @freeze_time("2026-04-11 09:00:00")
    def test_the_preview_of_a_pause_equals_its_credit(self):
        subscription = self.start_with(self.basic)
        wizard = self.env["subscription.pause.wizard"].create(
            {
                "subscription_id": subscription.id,
                "date_start": "2026-04-11",
                "resume_on": "2026-04-21",
            }
        )
        self.assertIn(
            "-10.00", wizard.preview.replace("\u2011", "-").replace("\ufeff", "")
        )
        wizard.action_confirm()
        self.bill("2026-04-11")
        self.assertEqual(subscription.billed_period_ids[0].amount, -10)
