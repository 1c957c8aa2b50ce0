from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..common import SalesCase

RULES = "odoo.addons.base.models.ir_rule"


class PlanComparisonCase(SalesCase):
    """Ten seats at 7.00 a month since April, or at 70.00 a year; today is 1 July."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-07-01 09:00:00"))

    def setUp(self):
        super().setUp()
        # Plans of a demo company are excluded.
        others = self.env["subscription.plan"].search([])
        (others - self.monthly - self.yearly).active = False
        self.subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)

    def compared(self, subscription=None, **values):
        return (subscription or self.subscription)._compare_plans(**values)

    def amounts(self, subscription=None, **values):
        """Return the plans with their amounts, cheapest first."""
        rows = self.compared(subscription, **values)["rows"]
        return [(row["plan"], row["amount"]) for row in rows]

    def row(self, plan, **values):
        rows = self.compared(**values)["rows"]
        return next(row for row in rows if row["plan_id"] == plan.id)

    def add_price(self, plan, product, model="per_unit", **values):
        rule = {"product_id": product.id, "pricing_model": model, **values}
        plan.pricing_rule_ids = [Command.create(rule)]


@tagged("post_install", "-at_install")
class TestPlanComparison(PlanComparisonCase):
    def test_the_cheapest_plan_is_the_first(self):
        self.assertEqual(self.amounts(), [("Yearly", 175), ("Monthly", 210)])
        yearly, monthly = self.compared()["rows"]
        self.assertEqual(yearly["difference"], -35)
        self.assertAlmostEqual(yearly["percent"], -16.67, 2)
        self.assertEqual((yearly["monthly"], monthly["monthly"]), (58.33, 70))
        self.assertEqual((monthly["is_present"], yearly["is_present"]), (True, False))
        self.assertEqual(
            (monthly["can_be_chosen"], yearly["can_be_chosen"]), (False, True)
        )

    def test_the_answer_is_plain(self):
        answer = self.compared()
        self.assertEqual(answer.pop("currency_id"), self.env.company.currency_id.id)
        self.assertEqual(answer["first_day"], self.day("2026-04-01"))
        self.assertEqual(answer["last_day"], self.day("2026-06-30"))
        self.assertEqual((answer["periods"], answer["months"]), (3, 3))
        self.assertTrue(answer["is_over"])
        for row in answer["rows"]:
            for value in row.values():
                self.assertIn(
                    type(value), (int, float, str, bool, list, type(None)), row
                )

    def test_the_present_plan_has_the_billed_amount(self):
        self.bill("2026-06-01")
        billed = sum(self.subscription.invoice_ids.mapped("amount_untaxed"))
        self.assertEqual(self.row(self.monthly)["amount"], billed)

    def test_fewer_periods_are_compared_where_fewer_are_over(self):
        self.assertEqual(self.amounts(periods=1), [("Yearly", 58.33), ("Monthly", 70)])
        answer = self.compared(periods=12)
        self.assertEqual(answer["periods"], 3)
        with self.assertRaisesRegex(UserError, "one period or more"):
            self.compared(periods=0)

    def test_before_the_end_of_the_first_period_it_is_forecast(self):
        young = self.subscribe(self.seat, on="2026-06-20", quantity=10)
        answer = self.compared(young)
        self.assertFalse(answer["is_over"])
        self.assertEqual(answer["last_day"], self.day("2026-07-19"))
        self.assertEqual(self.amounts(young), [("Yearly", 58.33), ("Monthly", 70)])

    def test_a_yearly_customer_compares_a_year(self):
        yearly = self.subscribe(
            self.seat, on="2025-04-01", quantity=10, plan=self.yearly
        )
        self.assertEqual(self.amounts(yearly), [("Yearly", 700), ("Monthly", 840)])
        self.assertEqual(self.compared(yearly)["months"], 12)

    def test_quantities_are_those_of_their_days(self):
        self.subscription.change_quantity(
            self.subscription.line_ids, 20, self.day("2026-06-01")
        )
        self.assertEqual(self.amounts()[1], ("Monthly", 280))  # 70, 70 and 140
        self.assertEqual(self.row(self.monthly)["monthly"], 93.33)

    def test_paused_days_are_not_charged(self):
        self.subscription.pause(self.day("2026-06-01"), self.day("2026-07-01"))
        self.assertEqual(self.amounts()[1], ("Monthly", 140))

    def test_the_present_plan_is_compared_at_the_agreed_price(self):
        self.subscription.change_price(
            self.subscription.line_ids, 5, self.day("2026-06-16")
        )
        # Today's price for the whole time, not the one of those days.
        self.assertEqual(self.amounts(), [("Monthly", 150), ("Yearly", 175)])

    def test_a_contracted_price_is_compared_for_its_customer_only(self):
        self.add_price(self.yearly, self.seat, price=40, partner_id=self.customer.id)
        self.assertEqual(self.amounts()[0], ("Yearly", 100))
        other = self.env["res.partner"].create({"name": "Negev Cafe"})
        theirs = self.subscribe(
            self.seat, on="2026-04-01", quantity=10, partner_id=other.id
        )
        self.assertEqual(self.amounts(theirs)[0], ("Yearly", 175))

    def test_blocks_and_percentages_are_those_of_each_plan(self):
        support = self._make_product("Support", 0)
        self.add_price(self.monthly, support, "percent_of_total", percent=10)
        pro = self._make_plan("Pro", "month")
        tiers = [
            Command.create({"up_to": 5, "flat_fee": 20}),
            Command.create({"up_to": 25, "flat_fee": 50}),
        ]
        self.add_price(pro, self.seat, "stairstep", tier_ids=tiers)
        self.add_price(pro, support, "percent_of_total", percent=20)
        self.join(self.subscription, support, "2026-04-01")
        self.assertEqual(
            self.amounts()[:2],
            [("Pro", 180), ("Monthly", 231)],  # 150 and a fifth, 210 and a tenth
        )

    def test_included_units_are_those_of_each_plan(self):
        pro = self._make_plan("Pro", "month")
        self.add_price(pro, self.seat, price=9, included_quantity=5)
        self.assertEqual(self.amounts()[0], ("Pro", 135))

    def test_discounts_are_kept_as_a_change_would_keep_them(self):
        self.subscription.grant_discount({"percent": 50.0}, self.day("2026-07-01"))
        self.assertEqual(self.amounts(), [("Yearly", 87.5), ("Monthly", 105)])
        self.subscription.grant_discount(
            {"fixed_amount": 5.0}, self.day("2026-07-01"), policy="prorate"
        )
        # 35 - 5 a month; 350 - 60 a year.
        self.assertEqual(self.amounts(), [("Yearly", 72.5), ("Monthly", 90)])

    def test_a_line_on_another_plan_stays_there(self):
        self.join(self.subscription, self.basic, "2026-04-01", plan_id=self.yearly)
        pro = self._make_plan("Pro", "month", Seat=5.0)
        self.assertEqual(
            self.amounts(), [("Pro", 225), ("Yearly", 250), ("Monthly", 285)]
        )
        self.assertTrue(self.row(pro)["can_be_chosen"])

    def test_after_a_plan_change_the_new_plan_is_the_present_one(self):
        self.subscription.change_plan(
            self.subscription.line_ids, self.yearly, self.day("2026-06-01")
        )
        self.assertTrue(self.row(self.yearly)["is_present"])


@tagged("post_install", "-at_install")
class TestPlansToChoose(PlanComparisonCase):
    def test_a_plan_without_a_product_is_last_and_names_it(self):
        self.join(self.subscription, self.basic, "2026-04-01")
        cheap = self._make_plan("Cheap", "month", Seat=1.0)
        self.assertEqual(
            self.amounts(), [("Yearly", 250), ("Monthly", 300), ("Cheap", None)]
        )
        row = self.row(cheap)
        self.assertEqual(row["missing"], ["Basic"])
        self.assertFalse(row["can_be_chosen"])
        with self.assertRaisesRegex(UserError, "Plan Cheap does not offer Basic"):
            self.subscription._quote_plan(cheap)

    def test_a_plan_with_a_one_time_price_cannot_be_chosen(self):
        once = self._make_plan("Once", "month")
        self.add_price(once, self.seat, price=1, is_charged_once=True)
        self.assertEqual(self.row(once)["missing"], ["Seat"])

    def test_a_percentage_of_nothing_is_no_price(self):
        share = self._make_plan("Share", "month")
        self.add_price(share, self.seat, "percent_of_total", percent=10)
        self.assertEqual(self.row(share)["missing"], ["Seat"])
        with self.assertRaisesRegex(UserError, "Plan Share does not offer Seat"):
            self.subscription._quote_plan(share)

    def test_a_quantity_without_a_price_is_shown_as_a_problem(self):
        small = self._make_plan("Small", "month")
        tiers = [Command.create({"up_to": 5, "flat_fee": 20})]
        self.add_price(small, self.seat, "stairstep", tier_ids=tiers)
        row = self.row(small)
        self.assertIn("10", row["problem"])
        self.assertEqual((row["amount"], row["can_be_chosen"]), (None, False))

    def test_plans_that_the_customer_cannot_have_are_not_shown(self):
        other = self.env["res.partner"].create({"name": "Negev Cafe"})
        euro = self.env.ref("base.EUR")
        euro.active = True
        company = self._create_company(name="Elsewhere")
        for name, values in {
            "Archived": {"active": False},
            "Elsewhere": {"company_id": company.id},
        }.items():
            self._make_plan(name, "month", Seat=1.0, **values)
        for name, values in {
            "Draft": {"state": "draft"},
            "Old": {"date_to": "2026-06-30"},
            "Theirs": {"partner_id": other.id},
            "Euro": {"currency_id": euro.id},
        }.items():
            plan = self._make_plan(name, "month")
            self.add_price(plan, self.seat, price=1, **values)
        self._make_plan("Other Product", "month", Basic=1.0)
        self.assertEqual(self.amounts(), [("Yearly", 175), ("Monthly", 210)])
        # More access rights give no more plans.
        self.assertEqual(self.amounts(self.subscription.sudo())[0], ("Yearly", 175))

    def test_an_archived_present_plan_is_shown(self):
        self.monthly.active = False
        self.assertEqual(self.amounts(), [("Yearly", 175), ("Monthly", 210)])

    def test_plans_of_a_draft_or_ended_subscription_are_not_compared(self):
        draft = self.subscribe(self.seat, on="2026-07-01", start=False)
        self.cancel(self.subscription, self.day("2026-07-01"))
        for subscription in (draft, self.subscription):
            with self.assertRaisesRegex(UserError, "cannot be changed"):
                subscription.action_compare_plans()

    def test_without_a_product_there_is_nothing_to_compare(self):
        self.end_line(self.subscription.line_ids, "2026-07-01")
        with self.assertRaisesRegex(UserError, "nothing that is charged each period"):
            self.compared()

    def test_a_quotation_has_the_compared_price(self):
        row = self.row(self.yearly)
        order = self.subscription._quote_plan(self.yearly)
        self.assertEqual(
            [
                (line.managed_effect, line.product_uom_qty, line.price_unit)
                for line in order.order_line
            ],
            [("removed", -10, 7), ("replacement", 10, 70)],
        )
        self.assertEqual(order._totals_by_time()["after"], [("Yearly", 700)])
        self.assertEqual(row["amount"] * 4, 700)
        order.action_confirm()
        now = self.subscription.line_ids.filtered(lambda line: not line.date_end)
        self.assertEqual((now.plan_id, now.price), (self.yearly, 70))

    def test_a_quotation_has_the_compared_price_with_discounts(self):
        self.subscription.grant_discount(
            {"percent": 50.0, "cycles": 6}, self.day("2026-07-01")
        )
        order = self.subscription._quote_plan(self.yearly)
        [(_label, a_year)] = order._totals_by_time()["after"]
        # Half of six months is a fourth of a year.
        self.assertEqual(a_year, 525)
        self.assertEqual(self.row(self.yearly)["amount"], 131.25)

    def test_the_present_plan_is_not_quoted(self):
        with self.assertRaisesRegex(UserError, "is on plan Monthly already"):
            self.subscription._quote_plan(self.monthly)


@tagged("post_install", "-at_install")
class TestPlansAreShown(PlanComparisonCase):
    """The wizard with its table and bars, and its access rights."""

    OWN = "subscription_management.group_subscription_user"

    def opened(self, subscription=None):
        action = (subscription or self.subscription).action_compare_plans()
        return self.env[action["res_model"]].browse(action["res_id"])

    def shown(self, compare):
        return [(line.plan_id.name, line.amount) for line in compare.line_ids]

    def test_the_wizard_shows_the_compared_plans(self):
        self._make_plan("Cheap", "month", Basic=1.0)
        self.join(self.subscription, self.basic, "2026-04-01")
        compare = self.opened()
        self.assertEqual(
            self.shown(compare), [("Yearly", 250), ("Monthly", 300), ("Cheap", 0)]
        )
        yearly, monthly, cheap = compare.line_ids
        self.assertEqual((yearly.difference, yearly.monthly), (-50, 83.33))
        self.assertAlmostEqual(yearly.percent, -1 / 6, 4)
        self.assertEqual(monthly.note, "Present plan")
        self.assertEqual(cheap.note, "Not available: Seat")
        self.assertEqual(compare.first_day, self.day("2026-04-01"))
        self.assertEqual(compare.last_day, self.day("2026-06-30"))

    def test_bars_are_as_long_as_the_amounts(self):
        chart = str(self.opened().chart)
        self.assertLess(chart.index("Yearly"), chart.index("Monthly"))
        yearly, monthly = chart.split("Monthly")
        self.assertIn('width="83.33%"', yearly)  # 175 of 210
        self.assertNotIn('width="83.33%"', monthly)

    def test_the_present_plan_has_a_bar_after_many_cheaper_ones(self):
        for number in range(20):
            self._make_plan(f"Plan {number:02}", "month", Seat=1.0)
        compare = self.opened()
        self.assertEqual(len(compare.line_ids), 22)
        chart = str(compare.chart)
        self.assertIn("Monthly", chart)
        self.assertIn("Plan 11", chart)
        self.assertNotIn("Plan 12", chart)

    def test_a_plan_keeps_its_row_when_other_periods_are_compared(self):
        compare = self.opened()
        yearly = compare.line_ids[0]
        compare.periods = 1
        self.assertEqual(self.shown(compare), [("Yearly", 58.33), ("Monthly", 70)])
        self.assertEqual(compare.action_compare()["res_id"], compare.id)
        order = self.env["sale.order"].browse(yearly.action_quote()["res_id"])
        self.assertEqual(order.managed_purpose, "change")
        self.assertEqual(order.managed_subscription_id, self.subscription)

    def test_an_archived_plan_is_removed_from_the_wizard(self):
        compare = self.opened()
        self.yearly.active = False
        compare.periods = 2
        self.assertEqual(self.shown(compare), [("Monthly", 140)])

    def rep(self, login, *groups):
        groups = ",".join(("base.group_user", self.OWN, *groups))
        return new_test_user(self.env, login, groups)

    def test_a_salesperson_compares_and_quotes_own_subscriptions(self):
        rep = self.rep("rep", "sales_team.group_sale_salesman")
        self.subscription.user_id = rep
        compare = self.opened(self.subscription.with_user(rep))
        compare = compare.with_user(rep)
        self.assertEqual(self.shown(compare)[0], ("Yearly", 175))
        self.assertIn("Yearly", str(compare.chart))
        self.assertTrue(compare.line_ids[0].action_quote()["res_id"])

    def test_a_rep_compares_nothing_of_a_colleague(self):
        rep, colleague = self.rep("rep"), self.rep("colleague")
        self.subscription.user_id = colleague
        theirs = self.opened(self.subscription.with_user(colleague))
        with self.assertRaises(AccessError), mute_logger(RULES):
            self.subscription.with_user(rep).action_compare_plans()
        with self.assertRaises(AccessError), mute_logger(RULES):
            self.env["subscription.compare.plans.wizard"].with_user(rep).create(
                {"subscription_id": self.subscription.id}
            )
        for records in (theirs, theirs.sudo().line_ids):
            with self.assertRaises(AccessError), mute_logger(RULES):
                records.with_user(rep).read(["display_name"])

    def test_users_without_subscription_rights_cannot_compare(self):
        for groups in ("base.group_user", "base.group_portal"):
            user = new_test_user(self.env, f"of {groups}", groups)
            with self.assertRaises(AccessError), mute_logger(RULES):
                self.subscription.with_user(user)._compare_plans()
            with self.assertRaises(AccessError), mute_logger(RULES):
                self.env["subscription.compare.plans.wizard"].with_user(user).create(
                    {"subscription_id": self.subscription.id}
                )

    def test_twenty_plans_need_few_more_queries(self):
        def asked():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.compared(periods=12)
            return self.env.cr.sql_log_count - before

        few = asked()
        for number in range(20):
            self._make_plan(f"Plan {number}", "month", Seat=8.0)
        self.assertLess(asked() - few, 20)
