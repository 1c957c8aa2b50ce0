from freezegun import freeze_time

from odoo.fields import Command, Date
from odoo.tests import Form, new_test_user, tagged

from ..common import SubscriptionCase


@tagged("post_install", "-at_install")
@freeze_time("2026-04-16 09:00:00")
class TestPriceTrial(SubscriptionCase):
    """What a draft of a price would change for those who are served today."""

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
        shown = draft._try_out()
        self.assertEqual(
            [(row["quantity"], row["now"], row["then"]) for row in shown["rows"]],
            list(expected),
        )
        return shown

    def test_an_equal_price_changes_nothing_for_who_has_a_discount(self):
        self.seats().grant_discount({"percent": 50.0}, Date.to_date("2026-04-01"))
        shown = self.assert_rows(self.draft(7), (10, 35, 35))
        self.assertEqual((shown["same"], shown["total"]), (1, 0))

    def test_dozens_are_priced_by_the_piece_before_and_after(self):
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

    def test_what_ended_does_not_count(self):
        subscription = self.seats()
        self.end_line(subscription.line_ids, "2026-04-12")
        self.assert_rows(self.draft())

    def test_who_is_in_trial_rests_or_begins_later_is_tried_as_well(self):
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
        tried = self.assert_rows(draft, *[(10, 70, 80)] * 3)
        stayed = draft._publish(Date.to_date("2026-05-16"), "date")
        self.assertFalse(stayed)
        moved = draft.line_ids.subscription_id.partner_id
        self.assertEqual(
            {row["customer"] for row in tried["rows"]}, set(moved.mapped("name"))
        )

    def test_what_was_sold_once_is_not_tried(self):
        line = {"product_id": self.seat.id, "kind": "one_off"}
        lines = [Command.create(line), Command.create({"product_id": self.basic.id})]
        self.subscribe(on="2026-04-01", line_ids=lines)
        self.assert_rows(self.draft())

    def test_a_share_is_tried_on_what_it_is_a_share_of(self):
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

    def test_the_trial_follows_what_is_typed(self):
        self.seats()
        form = Form(self.draft(7))
        self.assertIn("20.00", self._typed(form, 9))
        self.assertIn("30.00", self._typed(form, 10))

    def _typed(self, form, price):
        form.price = price
        return form.trial

    def test_a_rep_reads_nothing_of_the_customers_of_others(self):
        rep = new_test_user(
            self.env, "trying", "subscription_management.group_subscription_user"
        )
        other = self.env["res.partner"].create({"name": "Negev Farm"})
        self.seats(user_id=rep.id)
        self.seats(partner_id=other.id)
        draft = self.draft()
        self.assertIn("Negev Farm", draft.trial)
        seen = draft.with_user(rep).trial
        self.assertIn("Galil Bakery", seen)
        self.assertNotIn("Negev Farm", seen)
