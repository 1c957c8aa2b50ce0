"""The recovery report against figures counted by hand.

Five customers owe 35.10 as of 1 April, 30.00 and 17 % VAT:

| customer | what happens | entered | closed | figures |
|---|---|---|---|---|
| A | the card pays at once | – | 1 April | none |
| B | pays by bank on the 10th | 2 April | 10 April | after the email, 8 days |
| C | card declined, pays on the 20th | 1 April | 20 April | suspended, 19 days |
| D | never pays | 2 April | – | cancelled on 1 May: one subscription lost |
| E | credited on the 3rd | 2 April | 3 April | settled, in no rate |

Entered 3 × 35.10 = 105.30 and E's 0.00, recovered 2 × 35.10 = 70.20, rate 2 of 3 =
66.67 %, days (8 + 19) / 2 = 13.5, lost 1.
"""

from datetime import date, timedelta

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...models import failure_isolation
from .dunning_case import DunningCase

FAILURES = failure_isolation.__name__


@tagged("post_install", "-at_install")
class TestDunningRecovery(DunningCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.step_ids = [Command.create({"day": 30, "action": "cancel"})]
        cls.recovery = cls.env["subscription.dunning.recovery"]

    def invoices(self):
        """Return {name: case} of the five customers."""
        cases = {}
        for name, card in zip(
            "ABCDE", ("done", None, "error", None, None), strict=True
        ):
            owner = self.env["res.partner"].create(
                {"name": name, "email": f"{name}@example.com"}
            )
            if card:
                self.save_card(card, partner_id=owner.id)
            cases[name] = self.invoice("2026-04-01", partner_id=owner.id)
        return cases

    def live_through_april(self, cases):
        day = date(2026, 4, 2)
        while day <= date(2026, 5, 1):
            self.collect(str(day))
            if day == date(2026, 4, 3):
                with freeze_time("2026-04-03 10:00:00"):
                    cases["E"].move_id._reverse_moves(cancel=True)
            elif day == date(2026, 4, 10):
                self.pay(cases["B"].move_id, 35.1, "2026-04-10")
            elif day == date(2026, 4, 20):
                self.pay(cases["C"].move_id, 35.1, "2026-04-20")
            day += timedelta(days=1)

    def test_the_figures_are_those_counted_by_hand(self):
        cases = self.invoices()
        self.live_through_april(cases)
        self.assertEqual(
            {name: case.state for name, case in cases.items()},
            {"A": "paid", "B": "paid", "C": "paid", "D": "open", "E": "settled"},
        )
        [figures] = self.recovery._read_group(
            [],
            [],
            [
                "__count",
                "amount:sum",
                "amount_recovered:sum",
                "recovery_rate:avg",
                "recovery_days:avg",
                "cancelled_count:sum",
            ],
        )
        count, entered, recovered, rate, days, lost = figures
        self.assertEqual((count, entered, recovered, lost), (4, 105.3, 70.2, 1))
        self.assertAlmostEqual(rate, 200 / 3, places=2)
        self.assertEqual(days, 13.5)
        by_step = self.recovery._read_group(
            [("state", "=", "paid")], ["closed_after"], ["amount_recovered:sum"]
        )
        self.assertEqual(
            dict(by_step), {f"Email: {self.letter.name}": 35.1, "Suspend": 35.1}
        )

    def test_a_credited_amount_is_not_recovered(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-02")
        with freeze_time("2026-04-03 10:00:00"):
            credit = case.move_id._reverse_moves()
            credit.invoice_line_ids.price_unit = 20
            credit.action_post()
            lines = (case.move_id | credit).line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            )
            lines.reconcile()
        self.pay(case.move_id, 11.7, "2026-04-05")
        row = self.recovery.browse(case.id)
        self.assertEqual((row.state, row.recovery_rate), ("paid", 100))
        self.assertAlmostEqual(row.amount, 11.7)
        self.assertAlmostEqual(row.amount_recovered, 11.7)

    def test_a_stage_is_the_highest_step(self):
        self.policy.step_ids = [
            Command.create(
                {"day": 15, "action": "email", "template_id": self.letter.id}
            )
        ]
        case = self.invoice("2026-04-01")
        stages = []
        for day in ("2026-04-01", "2026-04-02", "2026-04-04", "2026-04-16"):
            self.collect(day)
            stages.append(case.stage)
        self.assertEqual(stages, [False, "past_due", "email", "suspend"])
        self.assertEqual(self.newest_step(case).action, "email")

    def newest_step(self, case):
        return case.step_ids.filtered(lambda row: row.result == "done").sorted("id")[-1]

    def test_the_board_has_a_column_for_each_stage(self):
        self.invoice("2026-04-01")
        self.collect("2026-04-02")
        board = self.cases.with_context(read_group_expand=True)
        groups = board.web_read_group(
            [("partner_id", "=", self.customer.id)], ["stage"], ["__count"]
        )["groups"]
        columns = [(group["stage"], group["__count"]) for group in groups]
        expected = [
            (value, int(value == "past_due"))
            for value, _label in self.cases._fields["stage"].selection
        ]
        self.assertEqual(columns, expected)

    def test_figures_are_in_the_companys_currency(self):
        foreign = self.setup_other_currency("HRK", rates=[("2026-01-01", 2.0)])
        case = self.invoice("2026-04-01", currency_id=foreign.id)
        self.collect("2026-04-02")
        row = self.recovery.browse(case.id)
        self.assertEqual(case.move_id.currency_id, foreign)
        self.assertGreater(case.amount, 0)
        self.assertEqual(row.currency_id, self.env.company.currency_id)
        self.assertEqual(row.amount, case.amount / 2)

    def test_a_case_that_cannot_be_closed_refuses_no_payment(self):
        case = self.invoice("2026-04-01")
        self.collect("2026-04-04")
        self.collect("2026-04-16")
        reactivate = type(self.subscription).reactivate

        def fails(_subscription, _reason):
            raise KeyError("service")

        self.patch(type(self.subscription), "reactivate", fails)
        with mute_logger(FAILURES):
            self.pay(case.move_id, case.amount_open, "2026-04-17")
        self.assertEqual(case.move_id.payment_state, self.paid_state)
        self.assertEqual(case.state, "open")
        self.assertIn("unexpected error", case.error)
        self.patch(type(self.subscription), "reactivate", reactivate)
        self.collect("2026-04-18")
        self.assertEqual((case.state, case.error), ("paid", False))
        self.assertEqual(self.subscription.state, "active")

    @property
    def paid_state(self):
        return self.env["account.move"]._get_invoice_in_payment_state()

    def test_reasons_are_in_the_language_of_the_responsible_user(self):
        self.env["res.lang"]._activate_lang("he_IL")
        self.env.user.lang = "he_IL"
        self.invoice("2026-04-01", user_id=self.env.user.id)
        for day in ("2026-04-04", "2026-04-16"):
            self.collect(day)
        reason = self.newest(self.subscription, "suspended").reason
        self.assertIn("לא שולמה", reason)

    def test_a_plan_shows_the_policies_of_its_invoices(self):
        own = self.make_policy("Gold", (5, "email"), plan_ids=self.monthly.ids)
        self.assertEqual(self.monthly.dunning_policy_ids, own)
        other = self.monthly.copy()
        self.assertEqual(other.dunning_policy_ids, self.policy)
        with Form(self.env["subscription.plan"]) as form:
            form.name = "New"
            self.assertEqual(form.dunning_policy_ids[:].ids, self.policy.ids)

    def test_a_customer_shows_its_own_policies_and_the_next_step(self):
        own = self.make_policy("VIP", (5, "email"), partner_ids=self.customer.ids)
        self.invoice("2026-04-01")
        with freeze_time("2026-04-02 09:00:00"):
            self.assertIn("Past Due", self.customer.managed_next_step)
        self.assertEqual(self.customer.managed_dunning_policy_ids, own)
        self.assertFalse(self.customer.copy().managed_dunning_policy_ids)
