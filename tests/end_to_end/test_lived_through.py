import contextlib
import os
import random
from dataclasses import replace
from datetime import date, timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.subscription_management.billing_core.invoice_plan import plan_invoice
from odoo.addons.subscription_management.tests.common import SubscriptionCase

FULL = bool(os.environ.get("SUBSCRIPTION_FULL_PROOF"))
SUBSCRIPTIONS = 200 if FULL else 12
START = date(2023, 1, 31)
DAYS = 36 * 30
CHANGES_A_YEAR = 3


@tagged("post_install", "-at_install")
class TestLivedThrough(SubscriptionCase):
    """Random subscriptions lived through three years, with changes and outages.

    However the days were billed, the accounting of the host says what the core says of
    the history alone.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.support = cls._make_product("Support", 1.0)
        rules = [
            {
                "product_id": cls.support.id,
                "pricing_model": "percent_of_total",
                "percent": 10,
            },
        ]
        tiers = [
            Command.create({"sequence": 1, "up_to": 5, "unit_price": 7, "flat_fee": 3}),
            Command.create({"sequence": 2, "unit_price": 5.5}),
        ]
        cls.backup = cls._make_product("Backup", 1.0)
        rules.append(
            {
                "product_id": cls.backup.id,
                "pricing_model": "graduated",
                "tier_ids": tiers,
            }
        )
        cls.quarterly = cls._make_plan("Quarterly", "quarter", Basic=85.0, Seat=19.99)
        cls.arrears = cls._make_plan(
            "Arrears", "month", Basic=31.0, Seat=6.4, timing="in_arrears"
        )
        cls.aligned = cls._make_plan(
            "Aligned",
            "month",
            Basic=29.9,
            Seat=6.99,
            anchor_kind="day_of_month",
            anchor_day=15,
            cut_off_days=4,
        )
        cls.plans = cls.monthly | cls.quarterly | cls.arrears | cls.aligned | cls.yearly
        for plan in cls.plans:
            plan.pricing_rule_ids = [Command.create(values) for values in rules]

    def make(self, chance):
        products = [self.basic, self.seat, self.backup, self.support]
        chosen = chance.sample(products[:3], chance.randint(1, 3))
        if chance.random() < 0.4:
            chosen.append(self.support)
        return self.subscribe(
            *chosen,
            on=START + timedelta(days=chance.choice([0, 0, 15, 59])),
            plan=chance.choice(self.plans),
            quantity=chance.randint(1, 12),
        )

    def change(self, subscription, today, chance):
        """Make one random change, or none where the rules refuse it."""
        day = max(
            today + timedelta(days=chance.randint(-40, 40)), subscription.date_start
        )
        lines = subscription._lines_to_change(day).filtered(
            lambda line: line.pricing_model != "percent_of_total"
        )
        kind = chance.choice(["units", "units", "price", "plan", "pause", "discount"])
        with contextlib.suppress(UserError), self.env.cr.savepoint():
            # Some are refused with a sentence, such as two pauses of the same days.
            if kind == "pause":
                end = day + timedelta(days=chance.randint(1, 45))
                subscription.pause(day, end)
            elif not lines:
                return
            elif kind == "units":
                units = chance.randint(0, 15)
                subscription.change_quantity(chance.choice(lines), units, day)
            elif kind == "price":
                line = chance.choice(lines)
                if line.price:
                    subscription.change_price(line, line.price * 1.07, day)
            elif kind == "plan":
                plan = chance.choice(self.plans)
                subscription.change_plan(chance.choice(lines), plan, day)
            else:
                values = {"percent": 15, "cycles": chance.choice([0, 2])}
                policy = chance.choice(["next_period", "prorate"])
                subscription.grant_discount(values, day, policy=policy)

    def owed(self, subscription, day):
        """Return what the core says of the history alone, as if never billed."""
        lines = [
            replace(line, closed_until=None) for line in subscription._snapshot_lines()
        ]
        currency = subscription.currency_id._snapshot_currency()
        pauses = subscription._snapshot_pauses()
        return plan_invoice(lines, [], currency, day, pauses).amount

    def test_the_accounting_equals_the_result_of_the_core(self):
        chance = random.Random(20260401)
        subscriptions = [self.make(chance) for _number in range(SUBSCRIPTIONS)]
        everyone = self.env["subscription.subscription"].union(*subscriptions)
        today, outage = START, 0
        with freeze_time(f"{today} 09:00:00") as clock:
            for day in range(DAYS):
                today += timedelta(days=1)
                clock.move_to(f"{today} 09:00:00")
                outage = outage - 1 if outage else chance.choice([0] * 60 + [9, 40])
                for subscription in subscriptions:
                    if chance.random() < CHANGES_A_YEAR / 365:
                        self.change(subscription, today, chance)
                if day % 60 == 0:
                    # The database has not seen these rows committed: without figures
                    # of them it searches them one by one.
                    self.env.cr.execute("ANALYZE")
                due = everyone.filtered_domain([("next_billing_date", "<=", today)])
                if due and not outage:
                    failures = self.bill(today).failure_ids
                    self.assertFalse(failures.mapped("reason"), today)
            # By then all that was scheduled has come.
            today += timedelta(days=120)
            clock.move_to(f"{today} 09:00:00")
            everyone._schedule_billing()
            failures = self.bill(today).failure_ids
            self.assertFalse(failures.mapped("reason"))
            self.assertFalse(self.bill(today).invoice_count)
        for subscription in subscriptions:
            with self.subTest(subscription.name):
                self.assert_accounting(subscription, today)

    def assert_accounting(self, subscription, today):
        currency = subscription.currency_id
        moves = subscription.invoice_ids
        self.assertEqual(set(moves.mapped("state")), {"posted"})
        by_type = moves.line_ids.grouped("display_type")
        income = -sum(by_type["product"].mapped("balance"))
        receivable = sum(by_type["payment_term"].mapped("balance"))
        tax = -sum(moves.line_ids.filtered("tax_line_id").mapped("balance"))
        owed = float(self.owed(subscription, today))
        ahead = self.billed_ahead(subscription, today)
        self.assertAlmostEqual(income - ahead, owed, 2)
        self.assertAlmostEqual(receivable, income + tax, 2)
        expected_tax = sum(
            move.direction_sign * -currency.round(0.17 * move.amount_untaxed)
            for move in moves
        )
        self.assertAlmostEqual(tax, expected_tax, 2)

    def billed_ahead(self, subscription, today):
        """Return what is billed of periods whose day a later change has moved on."""
        plan = subscription._plan_billing(today)
        self.assertFalse(plan.items)
        ahead = 0.0
        for row in subscription.billed_period_ids:
            line = row.line_id._snapshot_line()
            period = line.calendar.period_on(row.date_start)
            if period and period.due > today:
                ahead += row.amount
        return ahead
