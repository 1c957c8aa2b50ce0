from freezegun import freeze_time

from odoo.fields import Command, Date
from odoo.tests import Form, new_test_user, tagged

from .price_case import PriceCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestPriceSimulation(PriceCase):
    """The effect of a draft price on subscriptions in service."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.monthly.pricing_rule_ids.filtered(
            lambda rule: rule.product_id == cls.seat
        )

    def draft(self, price=8.0, rule=None):
        rule = rule or self.rule
        draft = rule.browse(rule.action_new_version()["res_id"])
        draft.price = price
        return draft

    def seats(self, quantity=10, **values):
        return self.subscribe(self.seat, on="2026-04-01", quantity=quantity, **values)

    def assert_rows(self, draft, *expected):
        shown = draft._simulate()
        self.assertEqual(
            [(row["quantity"], row["now"], row["then"]) for row in shown["rows"]],
            list(expected),
        )
        return shown

    def test_an_equal_price_changes_nothing_for_a_customer_with_a_discount(self):
        self.seats().grant_discount({"percent": 50.0}, Date.to_date("2026-04-01"))
        shown = self.assert_rows(self.draft(7), (10, 35, 35))
        self.assertEqual((shown["same"], shown["total"]), (1, 0))

    def test_dozens_are_priced_by_the_unit_before_and_after(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.seat.uom_ids = dozen
        line = {"product_id": self.seat.id, "quantity": 2, "product_uom_id": dozen.id}
        self.subscribe(on="2026-04-01", line_ids=[Command.create(line)])
        self.assert_rows(self.draft(), (24, 168, 192))

    def test_a_customer_whose_quantity_changed_counts_once(self):
        subscription = self.seats()
        day = Date.to_date("2026-04-10")
        subscription.change_quantity(subscription.line_ids, 20, day)
        shown = self.assert_rows(self.draft(), (20, 140, 160))
        self.assertEqual((shown["more"], shown["total"]), (1, 20))

    def test_two_subscriptions_of_a_customer_are_one_row(self):
        self.seats(1)
        self.seats(2)
        self.assert_rows(self.draft(), (3, 21, 24))

    def test_an_ended_line_is_left_out(self):
        subscription = self.seats()
        self.end_line(subscription.line_ids, "2026-04-12")
        self.assert_rows(self.draft())

    def test_trials_paused_and_future_subscriptions_are_included(self):
        for name in ("trial", "paused", "later"):
            partner = self.env["res.partner"].create({"name": name})
            self.monthly.trial_days = 30 if name == "trial" else 0
            subscription = self.subscribe(
                self.seat,
                on="2026-05-01" if name == "later" else "2026-04-01",
                quantity=10,
                partner_id=partner.id,
            )
            if name == "paused":
                subscription.pause(Date.to_date("2026-04-10"))
        draft = self.draft()
        simulated = self.assert_rows(draft, *[(10, 70, 80)] * 3)
        stayed = self.publish(draft, "date", "2026-05-16")
        self.assertFalse(stayed)
        moved = draft.line_ids.subscription_id.partner_id
        self.assertEqual(
            {row["customer"] for row in simulated["rows"]}, set(moved.mapped("name"))
        )

    def test_one_time_lines_are_left_out(self):
        line = {"product_id": self.seat.id, "kind": "one_off"}
        lines = [Command.create(line), Command.create({"product_id": self.basic.id})]
        self.subscribe(on="2026-04-01", line_ids=lines)
        self.assert_rows(self.draft())

    def test_a_percent_of_total_is_simulated_on_its_base(self):
        support = self._make_product("Support", 0.0)
        rule = self.env["subscription.pricing.rule"].create(
            {
                "plan_id": self.monthly.id,
                "product_id": support.id,
                "pricing_model": "percent_of_total",
                "percent": 10,
            }
        )
        self.subscribe(self.basic, support, on="2026-04-01")
        draft = self.draft(rule=rule)
        draft.percent = 20
        self.assert_rows(draft, (1, 3, 6))

    def test_the_simulation_follows_unsaved_values(self):
        self.seats()
        form = Form(self.draft(7))
        self.assertIn("20.00", self._entered(form, 9))
        self.assertIn("30.00", self._entered(form, 10))

    def _entered(self, form, price):
        form.price = price
        return form.simulation

    def test_a_salesperson_sees_only_own_customers(self):
        rep = new_test_user(
            self.env, "trying", "subscription_management.group_subscription_user"
        )
        other = self.env["res.partner"].create({"name": "Negev Farm"})
        self.seats(user_id=rep.id)
        self.seats(partner_id=other.id)
        draft = self.draft()
        self.assertIn("Negev Farm", draft.simulation)
        seen = draft.with_user(rep).simulation
        self.assertIn("Galil Bakery", seen)
        self.assertNotIn("Negev Farm", seen)
