from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tests import Form, tagged

from ..common import SubscriptionCase


class SeveralLinesCase(SubscriptionCase):
    """Subscriptions of lines whose prices and intervals are theirs alone.

    A period with a price of zero has no billed period.
    """

    def lines(self, *prices, on="2026-01-01", start=True, **values):
        """Return a subscription with a line for each (price, plan), in this order."""
        return self.subscribe(
            on=on,
            start=start,
            line_ids=[
                Command.create(
                    {
                        "product_id": self._make_product(f"P{number}", price).id,
                        "plan_id": plan.id,
                        "price": price,
                        "pricing_model": "flat",
                        "sequence": number,
                    }
                )
                for number, (price, plan) in enumerate(prices, start=1)
            ],
            **values,
        )

    def monthly_lines(self, *prices, **values):
        return self.lines(*((price, self.monthly) for price in prices), **values)

    def coupon(self, **values):
        return self.env["subscription.coupon"].create(
            {"code": "SPRING", "max_per_customer": 0, **values}
        )

    def grant(self, subscription, **values):
        action = subscription.action_discount()
        form = Form(
            self.env["subscription.discount.wizard"].with_context(**action["context"])
        )
        for name, value in values.items():
            form[name] = value
        return form

    def foreseen(self, subscription, change_plan, until="2028-02-01"):
        products = self.env["product.product"]
        return sorted(
            (
                str(item.period.start),
                products.browse(change_plan.values[item.line]["product_id"]).name,
                float(item.amount),
            )
            for invoice in subscription._forecast_change(
                change_plan, Date.to_date(until)
            )
            for item in invoice.items
        )

    def billed(self, subscription, until="2028-01-01"):
        """Bill until a day; return (first day, product, amount) of the new periods."""
        known = subscription.billed_period_ids
        self.bill(until)
        return sorted(
            (str(row.date_start), row.line_id.product_id.name, row.amount)
            for row in subscription.billed_period_ids - known
        )

    def starts(self, subscription):
        return [
            (discount.line_id.product_id.name, str(discount.date_start))
            for discount in subscription.line_ids.discount_ids.sorted("date_start")
        ]


@tagged("post_install", "-at_install")
class TestDiscountAmounts(SeveralLinesCase):
    """A discount amount is deducted once, from as many lines as necessary."""

    def test_the_rest_of_an_amount_is_deducted_from_the_next_lines(self):
        for prices, percent, amount, owed in (
            ((30, 700), 0, 50, [0, 680]),
            ((700, 30), 0, 50, [650, 30]),
            ((30, 15, 20), 0, 50, [0, 0, 15]),
            ((30, 15), 0, 50, [0, 0]),
            ((30, 700), 0, 30, [0, 700]),
            # The percentage comes first, and off every line: 27 and 630.
            ((30, 700), 10, 50, [0, 607]),
            # In cents: 10.33 + 10.33 are borne, and 0.02 is left.
            ((10.33, 10.33, 10.33), 0, 20.68, [0, 0, 10.31]),
        ):
            with self.subTest(prices=prices, amount=amount):
                subscription = self.monthly_lines(*prices, start=False)
                subscription.grant_discount(
                    {"percent": percent, "fixed_amount": amount},
                    Date.to_date("2026-01-01"),
                )
                amounts = subscription.line_ids.sorted("sequence")
                self.assertEqual(amounts.mapped("period_amount"), owed)

    def test_an_amount_is_deducted_after_earlier_discounts(self):
        day = Date.to_date("2026-01-01")
        subscription = self.monthly_lines(30, 700, start=False)
        subscription.grant_discount({"fixed_amount": 20}, day)
        subscription.grant_discount({"percent": 10}, day)
        # 30 less 10 % less 20 is 7; 630 bears the other 43.
        subscription.grant_discount({"fixed_amount": 50}, day)
        self.assertEqual(
            subscription.line_ids.sorted("sequence").mapped("period_amount"), [0, 587]
        )

    def test_the_share_of_a_line_is_limited_by_its_price_for_all_units(self):
        subscription = self.subscribe(
            self.seat, self.basic, on="2026-01-01", quantity=5, start=False
        )
        # 5 seats are 35, so Basic at 30 bears 15 of 50.
        subscription.grant_discount({"fixed_amount": 50}, Date.to_date("2026-01-01"))
        self.assertEqual(subscription.line_ids.mapped("period_amount"), [0, 15])

    @freeze_time("2026-01-10 09:00:00")
    def test_a_line_keeps_its_share_when_its_price_changes(self):
        subscription = self.monthly_lines(30, 700)
        subscription.grant_discount({"fixed_amount": 50}, Date.to_date("2026-02-01"))
        first = subscription.line_ids.filtered(
            lambda line: line.price == 30 and line.discount_ids
        )
        subscription.change_price(first, 40, Date.to_date("2026-03-01"))
        self.assertEqual(
            self.billed(subscription, "2026-03-01"),
            [
                ("2026-01-01", "P1", 30),
                ("2026-01-01", "P2", 700),
                ("2026-02-01", "P2", 680),
                ("2026-03-01", "P1", 10),
                ("2026-03-01", "P2", 680),
            ],
        )

    @freeze_time("2026-01-10 09:00:00")
    def test_a_coupon_deducts_the_previewed_amount(self):
        self.coupon(fixed_amount=50, cycles=1)
        subscription = self.monthly_lines(30, 700)
        self.bill("2026-01-01")
        wizard = self.grant(subscription, code="SPRING").save()
        foreseen = self.foreseen(subscription, wizard._plan(), "2026-03-02")
        wizard.action_confirm()
        billed = self.billed(subscription, "2026-03-01")
        self.assertEqual(foreseen, billed)
        self.assertEqual(
            billed,
            [
                ("2026-02-01", "P2", 680),
                ("2026-03-01", "P1", 30),
                ("2026-03-01", "P2", 700),
            ],
        )

    @freeze_time("2026-01-10 09:00:00")
    def test_a_retention_offer_deducts_its_amount(self):
        because = self.env["subscription.cancellation.reason"].create(
            {
                "name": "The price",
                "offer": "coupon",
                "coupon_id": self.coupon(fixed_amount=50).id,
            }
        )
        subscription = self.monthly_lines(30, 700)
        self.bill("2026-01-01")
        wizard = self.env["subscription.cancel.wizard"].create(
            {
                "subscription_id": subscription.id,
                "cancellation_reason_id": because.id,
            }
        )
        self.assertIn("680.00", wizard.offer_preview)
        wizard.action_accept_offer()
        self.assertEqual(
            self.billed(subscription, "2026-02-01"),
            [("2026-02-01", "P2", 680)],
        )

    def test_each_share_is_deducted_in_the_periods_of_its_line(self):
        subscription = self.lines((30, self.monthly), (1200, self.yearly), start=False)
        subscription.grant_discount({"fixed_amount": 50}, Date.to_date("2026-01-01"))
        subscription.action_activate()
        self.assertEqual(
            self.billed(subscription, "2026-02-01"),
            [
                ("2026-01-01", "P2", 1180),
            ],
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-03-15 09:00:00")
class TestDiscountsOfMixedIntervals(SeveralLinesCase):
    """Each line has a discount from its own next period; billed periods stay."""

    def setUp(self):
        super().setUp()
        self.subscription = self.lines((100, self.monthly), (1200, self.yearly))
        with freeze_time("2026-03-01 09:00:00"):
            self.bill("2026-03-01")

    lowered = (
        ("2026-04-01", "P1", 90),
        ("2026-05-01", "P1", 90),
        ("2026-06-01", "P1", 100),
    )

    def test_a_coupon_for_two_periods_is_for_two_of_each_line(self):
        coupon = self.coupon(percent=10, cycles=2)
        wizard = self.grant(self.subscription, code="SPRING").save()
        self.assertEqual(wizard.date_start, Date.to_date("2026-04-01"))
        foreseen = self.foreseen(self.subscription, wizard._plan(), "2029-01-02")
        wizard.action_confirm()
        self.assertEqual(self.billed(self.subscription, "2026-03-15"), [])
        billed = self.billed(self.subscription, "2029-01-01")
        self.assertEqual(foreseen, billed)
        self.assertEqual([row for row in billed if row[1] == "P1"][:3], [*self.lowered])
        self.assertEqual(
            [row for row in billed if row[1] == "P2"],
            [
                ("2027-01-01", "P2", 1080),
                ("2028-01-01", "P2", 1080),
                ("2029-01-01", "P2", 1200),
            ],
        )
        self.assertEqual(coupon.redemption_count, 1)

    def test_the_history_shows_the_first_day_of_the_discount(self):
        change = self.subscription.grant_discount(
            {"percent": 10}, Date.to_date("2026-03-15")
        )
        self.assertEqual(str(change.date_effective), "2026-04-01")
        self.assertEqual(
            self.starts(self.subscription), [("P1", "2026-04-01"), ("P2", "2027-01-01")]
        )

    def test_a_discount_is_undone_on_every_line(self):
        change = self.subscription.grant_discount(
            {"percent": 10}, Date.to_date("2026-03-15")
        )
        change.action_undo()
        self.assertEqual(
            self.billed(self.subscription, "2027-01-01")[-2:],
            [("2027-01-01", "P1", 100), ("2027-01-01", "P2", 1200)],
        )

    def test_a_prorated_discount_credits_billed_days(self):
        wizard = self.grant(
            self.subscription,
            percent=10,
            duration="once",
            date_start=Date.to_date("2026-03-15"),
            policy="prorate",
        ).save()
        foreseen = self.foreseen(self.subscription, wizard._plan(), "2026-04-02")
        wizard.action_confirm()
        billed = self.billed(self.subscription, "2026-04-01")
        self.assertEqual(foreseen, billed)
        # 54.84 for 17 of 31 days becomes 49.35, 960.00 for 292 of 365 days 864.00.
        self.assertAlmostEqual(
            sum(amount for day, _product, amount in billed if day == "2026-03-15"),
            -5.49 - 96.00,
            2,
        )

    def test_a_period_billed_ahead_keeps_its_price(self):
        with freeze_time("2026-03-25 09:00:00"):
            self.bill("2026-04-01")
            wizard = self.grant(self.subscription, percent=10).save()
            self.assertEqual(wizard.date_start, Date.to_date("2026-05-01"))
            wizard.action_confirm()
        self.assertEqual(
            self.billed(self.subscription, "2026-05-01"), [("2026-05-01", "P1", 90)]
        )

    def test_a_line_without_further_periods_gets_no_discount(self):
        monthly, yearly = self.subscription.line_ids.sorted("sequence")
        self.end_line(yearly, "2027-01-01")
        self.subscription.grant_discount(
            {"percent": 10, "fixed_amount": 200}, Date.to_date("2026-04-01")
        )
        self.assertEqual(self.starts(self.subscription), [("P1", "2026-04-01")])
        self.end_line(monthly, "2026-04-01")
        self.assertEqual(self.billed(self.subscription, "2028-01-01"), [])

    def test_a_discount_without_unbilled_periods_is_refused(self):
        self.cancel(self.subscription, Date.to_date("2026-04-01"))
        with self.assertRaisesRegex(UserError, "no unbilled period .* prorated"):
            self.subscription.grant_discount(
                {"percent": 10}, Date.to_date("2026-03-15")
            )

    def test_a_line_that_joins_within_a_period_has_the_discount_at_once(self):
        self.subscription.grant_discount(
            {"percent": 10}, Date.to_date("2026-05-01"), self.subscription.line_ids[:1]
        )
        joined = self.join(self.subscription, self.basic, "2026-04-16")
        self.subscription.grant_discount(
            {"percent": 50}, Date.to_date("2026-04-10"), joined
        )
        self.assertIn(
            ("2026-04-16", "Basic", 7.5), self.billed(self.subscription, "2026-04-16")
        )

    def test_a_retention_offer_credits_nothing(self):
        because = self.env["subscription.cancellation.reason"].create(
            {
                "name": "The price",
                "offer": "coupon",
                "coupon_id": self.coupon(percent=10, cycles=2).id,
            }
        )
        wizard = self.env["subscription.cancel.wizard"].create(
            {
                "subscription_id": self.subscription.id,
                "cancellation_reason_id": because.id,
            }
        )
        self.assertIn("1,080.00", wizard.offer_preview)
        wizard.action_accept_offer()
        self.assertEqual(self.billed(self.subscription, "2026-06-01"), [*self.lowered])

    def test_the_wizard_shows_the_first_day_by_product(self):
        form = self.grant(self.subscription, percent=10)
        self.assertEqual(form.starts, "P1: 04/01/2026\nP2: 01/01/2027")
        form.policy = "prorate"
        self.assertFalse(form.starts)
