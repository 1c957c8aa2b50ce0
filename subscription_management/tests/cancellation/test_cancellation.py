import ast

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Date, Domain
from odoo.tests import Form, new_test_user, tagged

from ..common import SubscriptionCase

MINUS = str.maketrans("\u2011\u2212", "--", "\ufeff")


@tagged("post_install", "-at_install")
class TestCancellation(SubscriptionCase):
    """Cancellation reasons, retention offers and the last day of service."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coupon = cls.env["subscription.coupon"].create(
            {"code": "STAY", "percent": 50, "cycles": 2}
        )
        reasons = cls.env["subscription.cancellation.reason"]
        cls.price = reasons.create(
            {
                "name": "The price",
                "offer": "coupon",
                "coupon_id": cls.coupon.id,
                "offer_text": "Half the price for two months?",
            }
        )
        cls.unused = reasons.create(
            {"name": "Hardly used", "offer": "pause", "pause_days": 31}
        )
        cls.closed = reasons.create({"name": "Shut down"})

    def wizard(self, subscription, because, **values):
        return self.env["subscription.cancel.wizard"].create(
            {
                "subscription_id": subscription.id,
                "cancellation_reason_id": because.id,
                **values,
            }
        )

    def billed_april(self, **values):
        subscription = self.subscribe(on="2026-04-01", **values)
        self.bill("2026-04-01")
        return subscription

    def movements(self, *subscriptions):
        return [
            (str(each.date), each.kind, each.amount, each.cancellation_reason_id)
            for subscription in subscriptions
            for each in subscription.movement_ids.sorted("id")
        ]

    @freeze_time("2026-04-11 09:00:00")
    def test_the_reason_and_the_comment_are_kept(self):
        subscription = self.billed_april()
        self.wizard(
            subscription, self.closed, when="now", reason="The owner retires"
        ).action_confirm()
        change = subscription.change_ids[0]
        self.assertEqual(change.kind, "cancelled")
        self.assertEqual(change.cancellation_reason_id, self.closed)
        self.assertEqual(change.reason, "The owner retires")
        self.assertEqual(change.monthly_difference, -30)

    @freeze_time("2026-04-11 09:00:00")
    def test_a_draft_is_cancelled_with_its_reason_and_without_an_offer(self):
        subscription = self.subscribe(on="2026-04-01", start=False)
        wizard = self.wizard(subscription, self.price)
        self.assertFalse(wizard.has_offer)
        wizard.action_confirm()
        self.assertEqual(subscription.state, "cancelled")
        self.assertEqual(subscription.change_ids.cancellation_reason_id, self.price)

    @freeze_time("2026-04-11 09:00:00")
    def test_an_ended_subscription_is_not_cancelled_again(self):
        subscription = self.billed_april()
        self.wizard(subscription, self.closed, when="now").action_confirm()
        again = self.wizard(subscription, self.closed, when="now")
        with self.assertRaisesRegex(UserError, "cancelled"):
            again.action_confirm()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            self.wizard(subscription, self.price).action_accept_offer()

    @freeze_time("2026-04-11 09:00:00")
    def test_a_salesperson_cannot_accept_an_offer_for_others(self):
        rep = new_test_user(
            self.env, "rep", "subscription_management.group_subscription_user"
        )
        subscription = self.billed_april(user_id=self.env.user.id)
        with self.assertRaises(AccessError):
            subscription.with_user(rep).accept_offer(
                self.price, Date.to_date("2026-05-01")
            )

    @freeze_time("2026-04-11 09:00:00")
    def test_the_offer_is_shown_with_its_upcoming_invoices(self):
        subscription = self.billed_april()
        form = Form(
            self.env["subscription.cancel.wizard"].with_context(
                default_subscription_id=subscription.id
            )
        )
        self.assertFalse(form.has_offer)
        form.cancellation_reason_id = self.price
        self.assertTrue(form.has_offer)
        self.assertEqual(
            form.offer_label, "50 % off for 2 periods, with the coupon STAY"
        )
        self.assertEqual(form.offer_text, "Half the price for two months?")
        self.assertEqual(str(form.offer_day), "2026-05-01")
        self.assertIn("15.00", form.offer_preview)
        form.cancellation_reason_id = self.unused
        self.assertEqual(form.offer_label, "a pause of 31 days")
        self.assertNotIn("05/01/2026", form.offer_preview)
        self.assertIn("06/01/2026", form.offer_preview)
        form.cancellation_reason_id = self.closed
        self.assertFalse(form.has_offer)

    @freeze_time("2026-04-11 09:00:00")
    def test_an_accepted_coupon_keeps_the_customer(self):
        subscription = self.billed_april()
        self.wizard(
            subscription, self.price, reason="Asked for less"
        ).action_accept_offer()
        self.assertEqual(subscription.state, "active")
        self.assertFalse(subscription.date_end)
        self.assertEqual(self.coupon.redemption_count, 1)
        kept = subscription.change_ids.filtered(lambda change: change.kind == "kept")
        self.assertEqual(kept.cancellation_reason_id, self.price)
        self.assertEqual(kept.reason, "Asked for less")
        for day in ("2026-05-01", "2026-06-01", "2026-07-01"):
            self.bill(day)
        self.assertEqual(
            subscription.billed_period_ids.sorted("date_start").mapped("amount"),
            [30, 15, 15, 30],
        )

    @freeze_time("2026-04-11 09:00:00")
    def test_an_accepted_pause_keeps_the_customer(self):
        subscription = self.billed_april()
        self.wizard(subscription, self.unused).action_accept_offer()
        pause = subscription.pause_ids
        self.assertEqual(str(pause.date_start), "2026-05-01")
        self.assertEqual(str(pause.date_end), "2026-06-01")
        kinds = subscription.change_ids.mapped("kind")
        self.assertIn("kept", kinds)
        self.assertNotIn("cancelled", kinds)
        self.bill("2026-05-01")
        self.bill("2026-06-01")
        self.assert_invoice_lines(
            subscription,
            [
                ("2026-04-01/2026-05-01", "Basic", "30.00"),
                ("2026-06-01/2026-07-01", "Basic", "30.00"),
            ],
        )

    @freeze_time("2026-04-11 09:00:00")
    def test_the_previewed_invoices_of_an_offer_are_created(self):
        subscription = self.billed_april()
        wizard = self.wizard(subscription, self.price)
        # From in the middle of April: 20 of its 30 days at half the price.
        wizard.offer_day, wizard.offer_policy = "2026-04-11", "prorate"
        self.assertIn("-10.00", wizard.offer_preview.translate(MINUS))
        wizard.action_accept_offer()
        self.bill("2026-04-11")
        self.assertEqual(sum(subscription.billed_period_ids.mapped("amount")), 20)

    @freeze_time("2026-04-11 09:00:00")
    def test_an_impossible_offer_shows_its_reason(self):
        subscription = self.billed_april()
        running_out = {
            "is archived": {"active": False},
            "not valid today": {"date_to": "2026-03-31"},
            "not accepted on the plan": {"plan_ids": [(4, self.yearly.id)]},
        }
        for reason, values in running_out.items():
            coupon = self.coupon.copy({"code": reason, **values})
            self.price.coupon_id = coupon
            wizard = self.wizard(subscription, self.price)
            self.assertIn(reason, wizard.offer_refusal)
            self.assertFalse(wizard.offer_preview)
            with self.assertRaisesRegex(UserError, reason):
                wizard.action_accept_offer()
        self.assertFalse(subscription.change_ids.filtered(lambda it: it.kind == "kept"))

    @freeze_time("2026-04-11 09:00:00")
    def test_an_offer_is_not_accepted_twice(self):
        subscription = self.billed_april()
        self.wizard(subscription, self.price).action_accept_offer()
        again = self.wizard(subscription, self.price)
        self.assertIn("has already used the coupon STAY", again.offer_refusal)
        self.wizard(subscription, self.unused).action_accept_offer()
        again = self.wizard(subscription, self.unused, offer_day="2026-05-15")
        self.assertIn("is paused on these days already", again.offer_refusal)

    def test_a_pause_is_offered_again_after_the_months_of_the_reason(self):
        with freeze_time("2026-04-11 09:00:00"):
            subscription = self.billed_april()
            self.wizard(subscription, self.unused).action_accept_offer()
        for today, months, refused in (
            ("2026-06-11", 12, "made on 04/11/2027"),
            ("2026-06-11", 0, False),
            ("2027-04-10", 12, "made on 04/11/2027"),
            ("2027-04-11", 12, False),
        ):
            with self.subTest(today=today, months=months), freeze_time(today):
                self.unused.offer_again_months = months
                wizard = self.wizard(subscription, self.unused)
                self.assertEqual(bool(wizard.offer_refusal), bool(refused))
                self.assertIn(refused or "", wizard.offer_refusal or "")

    @freeze_time("2026-04-11 09:00:00")
    def test_past_ended_and_suspended_subscriptions_get_no_offer(self):
        subscription = self.billed_april()
        past = self.wizard(subscription, self.unused, offer_day="2026-04-10")
        self.assertIn("in the past", past.offer_refusal)
        self.cancel(subscription, Date.to_date("2026-05-01"))
        cancelled = self.wizard(subscription, self.unused)
        self.assertIn("Undo Cancellation first", cancelled.offer_refusal)
        subscription.action_undo_cancellation()
        self.end_line(subscription.line_ids, "2026-05-01")
        over = self.wizard(subscription, self.unused, offer_day="2026-05-01")
        self.assertIn("Nothing is served on this day", over.offer_refusal)
        subscription.suspend()
        suspended = self.wizard(subscription, self.price)
        self.assertIn("is suspended", suspended.offer_refusal)
        nothing = self.wizard(subscription, self.closed)
        with self.assertRaisesRegex(UserError, "has no retention offer"):
            nothing.action_accept_offer()

    @freeze_time("2026-04-11 09:00:00")
    def test_a_coupon_of_another_company_is_not_offered(self):
        subscription = self.billed_april()
        other = self.setup_other_company()["company"]
        self.price.coupon_id = self.env["subscription.coupon"].create(
            {"code": "THERE", "percent": 10, "company_id": other.id}
        )
        wizard = self.wizard(subscription, self.price)
        self.assertIn("of another company", wizard.offer_refusal)

    @freeze_time("2026-04-11 09:00:00")
    def test_churn_by_reason_excludes_undone_cancellations(self):
        first, second, third = (self.billed_april() for _ in range(3))
        moved = self.billed_april()
        self.wizard(first, self.closed, when="now").action_confirm()
        self.wizard(second, self.closed).action_confirm()
        self.wizard(third, self.price).action_confirm()
        third.action_undo_cancellation()
        neighbour = self.env["res.partner"].create({"name": "Negev Bakery"})
        moved.transfer(neighbour, Date.to_date("2026-05-01"))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_management.subscription_change_action_cancellations"
        )
        domain = [
            *Domain(ast.literal_eval(action["domain"])),
            ("kind", "=", "cancelled"),
            ("undone_by_ids", "=", False),
            ("subscription_id", "in", (first | second | third | moved).ids),
        ]
        self.assertEqual(
            self.env["subscription.change"]._read_group(
                domain,
                ["cancellation_reason_id"],
                ["__count", "monthly_difference:sum"],
            ),
            [(self.closed, 2, -60)],
        )

    @freeze_time("2026-04-11 09:00:00")
    def test_movements_have_the_reason_and_an_undo_reverses_it(self):
        subscription = self.billed_april()
        none = self.closed.browse()
        self.wizard(subscription, self.price).action_confirm()
        subscription.action_undo_cancellation()
        self.wizard(subscription, self.closed).action_confirm()
        self.assertEqual(
            self.movements(subscription),
            [
                ("2026-04-01", "new", 30, none),
                ("2026-05-01", "churn", -30, self.price),
                ("2026-05-01", "churn", 30, self.price),
                ("2026-05-01", "churn", -30, self.closed),
            ],
        )

    def test_an_offer_without_its_coupon_or_days_is_refused(self):
        for values, remedy in (
            ({"offer": "coupon"}, "Choose the coupon"),
            ({"offer": "pause", "pause_days": 0}, "at least one day"),
        ):
            with (
                self.assertRaisesRegex(ValidationError, remedy),
                self.env.cr.savepoint(),
            ):
                self.price.create({"name": "Impossible", **values})

    def test_salespersons_use_reasons_and_administrators_edit_them(self):
        group = "subscription_management.group_subscription_user"
        rep = new_test_user(self.env, "rep", f"base.group_user,{group}")
        clerk = new_test_user(self.env, "clerk", "base.group_user")
        own = self.subscribe(on="2026-04-01", user_id=rep.id)
        with self.assertRaises(AccessError):
            self.closed.with_user(rep).name = "Mine"
        with self.assertRaises(AccessError):
            self.closed.with_user(clerk).read(["name"])
        wizard = self.env["subscription.cancel.wizard"].with_user(rep)
        values = {"subscription_id": own.id, "cancellation_reason_id": self.price.id}
        accepting = wizard.create(values)
        self.assertTrue(accepting.offer_preview)
        accepting.action_accept_offer()
        kept = own.change_ids.filtered(lambda change: change.kind == "kept")
        self.assertEqual(kept.user_id, rep)
        foreign = self.subscribe(on="2026-04-01", user_id=self.env.user.id)
        with self.assertRaises(AccessError):
            wizard.create({**values, "subscription_id": foreign.id}).action_confirm()

    def test_reasons_of_another_company_are_hidden(self):
        other = self.setup_other_company()["company"]
        theirs = self.closed.create({"name": "Theirs", "company_id": other.id})
        found = self.closed.with_company(self.env.company).search([])
        self.assertIn(self.closed, found)
        rep = new_test_user(
            self.env, "rep", "subscription_management.group_subscription_user"
        )
        self.assertNotIn(theirs, theirs.with_user(rep).search([]))
        self.assertIn(self.closed, theirs.with_user(rep).search([]))

    def billed_period_end(self, subscription, on):
        with freeze_time(f"{on} 09:00:00"):
            wizard = self.env["subscription.cancel.wizard"].create(
                {"subscription_id": subscription.id}
            )
            return str(wizard.last_day)

    def test_scheduled_changes_within_a_period_do_not_shorten_the_billed_period(self):
        day = Date.to_date
        subscription = self.subscribe(self.seat, on="2026-04-01", quantity=10)
        self.bill("2026-04-01")
        with freeze_time("2026-04-10 09:00:00"):
            subscription.change_quantity(subscription.line_ids, 5, day("2026-04-25"))
            subscription.pause(day("2026-04-26"), day("2026-04-28"))
        self.assertEqual(
            self.billed_period_end(subscription, "2026-04-20"), "2026-04-30"
        )

    def test_a_removed_product_does_not_extend_the_billed_period(self):
        day = Date.to_date
        subscription = self.subscribe(self.basic, self.seat, on="2026-04-01")
        with freeze_time("2026-04-01 09:00:00"):
            seats = subscription.line_ids[1]
            subscription.change_plan(seats, self.yearly, day("2026-04-01"))
        self.bill("2026-04-01")
        with freeze_time("2026-04-10 09:00:00"):
            [seats] = subscription._lines_on(day("2026-04-10")).filtered(
                lambda line: line.plan_id == self.yearly
            )
            self.assertEqual(
                self.billed_period_end(subscription, "2026-04-10"), "2027-03-31"
            )
            self.end_line(seats, "2026-04-10", "plan")
        self.bill("2026-04-10")
        self.assertEqual(
            self.billed_period_end(subscription, "2026-04-11"), "2026-04-30"
        )

    def test_a_subscription_in_arrears_is_served_until_its_period_ends(self):
        self.monthly.timing = "in_arrears"
        subscription = self.subscribe(on="2026-04-01")
        self.assertEqual(
            self.billed_period_end(subscription, "2026-04-10"), "2026-04-30"
        )

    def test_a_trial_is_cancelled_at_its_end(self):
        self.monthly.trial_days = 14
        with freeze_time("2026-04-01 09:00:00"):
            subscription = self.subscribe(on="2026-04-01")
        self.assertEqual(
            self.billed_period_end(subscription, "2026-04-03"), "2026-04-14"
        )
