"""A month of collecting, with a bank that declines, forgets, and a worker that dies.

The bank records the charges of each customer. Each case is compared every day with a
model of the rules that shares no code with the product: it only counts days.
"""

import os
import random
from collections import Counter
from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command, Domain
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.subscription_management.billing_core.collection import Decline
from odoo.addons.subscription_management.models.dunning.states import (
    UNRESOLVED_OUTCOMES,
)
from odoo.addons.subscription_management.models.payments.charge import ChargeAttempt
from odoo.addons.subscription_management.models.payments.payment_provider import (
    calls_of,
)
from odoo.addons.subscription_management.tests.dunning.dunning_case import DunningCase

from tests.support.collection_model import STEPS, UNTIL_RESUMED, CaseModel, Fate

FULL = os.environ.get("SUBSCRIPTION_FULL_PROOF")
CUSTOMERS = 300 if FULL else 40
DAYS = 35
SEED = int(os.environ.get("SUBSCRIPTION_PROOF_SEED", "2026"))
COMPARE_ALL_EVERY = 7
"""The days after which closed cases are compared as well."""
START = date(2026, 4, 1)
CHARGING = ChargeAttempt.__module__
DECLINES = {
    Fate.FUNDS: Decline.FUNDS,
    Fate.HARD: Decline.HARD,
    Fate.TEMPORARY: Decline.TEMPORARY,
}


class Killed(BaseException):
    """The worker is gone, as by kill -9: no later line is executed."""


class Bank:
    """Decides each charge by its customer and number, and records the amounts."""

    def __init__(self, seed):
        self.seed = seed
        self.taken = Counter()
        self.tokens = {}
        self.count = Counter()

    def chance(self, *of):
        return random.Random(f"{self.seed}/{of}").random()

    def fate(self, customer, number):
        """Return the fate of a customer's charge of a number, 0 for the first."""
        names = [fate for fate, weight in Fate.weights() for _times in range(weight)]
        return random.Random(f"{self.seed}/{customer}/{number}").choice(names)

    def charge(self, transaction):
        customer = self.tokens[transaction.token_id.id]
        fate = self.fate(customer, self.count[customer])
        self.count[customer] += 1
        if fate.takes_money:
            self.taken[customer] += transaction.amount
        if fate in (Fate.KILLED_BEFORE, Fate.KILLED_AFTER):
            raise Killed
        if fate in (Fate.LOST_BEFORE, Fate.LOST_AFTER):
            raise ConnectionError("the line went dead")
        if fate in DECLINES:
            calls_of(transaction.env).declined(DECLINES[fate], fate.value)
            transaction._set_error(f"declined: {fate.value}")
            return
        state = "pending" if fate is Fate.PENDING else "done"
        transaction._process("demo", {"simulated_state": state})


@tagged("post_install", "-at_install")
class TestCollectionMonth(DunningCase):
    """No customer is charged or notified twice, whatever the bank and the worker do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = Bank(SEED)
        cls.policy.active = False
        cls.make_policy(
            "Month",
            (3, "charge"),
            (3, "email"),
            (10, "email"),
            (15, "suspend"),
            (15, "email"),
            (30, "cancel"),
        ).step_ids = [
            Command.create({"day": 5, "action": "charge", "decline": "funds"})
        ]
        cls.subscriptions = cls.env["subscription.subscription"]
        cls.reversed_charges = cls.env["payment.transaction"]
        with freeze_time(f"{START} 08:00:00"):
            for number in range(CUSTOMERS):
                cls.customer = cls.env["res.partner"].create(
                    {"name": f"C{number}", "email": f"c{number}@example.com"}
                )
                cls.subscriptions |= cls.subscribe(on=START)
                cls.add_card(number)
        cls.models = [
            CaseModel(lambda attempt, customer=number: cls.bank.fate(customer, attempt))
            for number in range(CUSTOMERS)
        ]

    @classmethod
    def add_card(cls, number):
        token = cls.save_card(
            partner_id=cls.subscriptions[number].partner_id.id
        ).token_id
        cls.bank.tokens[token.id] = number

    def test_a_month_of_declines_unknowns_refunds_and_crashes(self):
        self.bill(str(START))
        self.startPatcher(
            patch.object(
                type(self.env["payment.transaction"]),
                "_send_payment_request",
                lambda transaction: self.bank.charge(transaction),
            )
        )
        with mute_logger(CHARGING):
            for number in range(DAYS):
                self.live_through(number)
        self.check_money()

    def live_through(self, number):
        day = START + timedelta(days=number)
        if number:
            with freeze_time(f"{day} 08:00:00"):
                for customer, model in enumerate(self.models):
                    self.morning(customer, model, number)
        # As the commit of a request does: numbered records are read again.
        self.env.cr.flush()
        self.env.invalidate_all()
        for _time in range(2):
            self.collect_until_alive(str(day))
        compares_all = number % COMPARE_ALL_EVERY == 0 or number == DAYS - 1
        for customer, model in enumerate(self.models):
            model.run(number)
            if not (compares_all or model.is_open or model.closed_on == number):
                continue
            with self.subTest(day=number, customer=customer):
                self.assertEqual(self.seen(customer), self.expected(model))

    def collect_until_alive(self, day):
        while True:
            try:
                return self.collect(day)
            except Killed:
                self.env.invalidate_all()

    def case_of(self, customer):
        return self.subscriptions[customer].dunning_case_ids.sudo()

    def morning(self, customer, model, number):
        """Let the bank decide, users resolve, and the customer act."""
        # Without prefetch: a change of one case would reload all.
        case = self.subscriptions[customer].with_prefetch().dunning_case_ids.sudo()
        chance = self.bank.chance
        if not model.is_open:
            self.reverse_payment(case, customer, model, number)
        elif model.waits == "pending" and chance("decides", customer, number) < 0.4:
            self.decide(case, customer, model, pays=chance("pays", customer) < 0.5)
        elif model.waits == "unknown" and chance("settles", customer, number) < 0.5:
            self.resolve(case, model)
        elif model.held_until == UNTIL_RESUMED:
            if chance("resumes", customer, number) < 0.3:
                case.action_resume()
                model.held_until = None
        elif not model.waits and model.held_until is None:
            self.let_customer_act(case, customer, model, number)

    def decide(self, case, customer, model, *, pays):
        charge = case.transaction_ids.sorted("id")[-1:]
        if pays:
            self.bank.taken[customer] += charge.amount
        for _time in range(2):  # twice, as webhooks are repeated
            state = "done" if pays else "error"
            charge._process("demo", {"simulated_state": state})
            charge._post_process()
        model.decided(pays)

    def resolve(self, case, model):
        if model.last_fate.takes_money:
            case.action_mark_succeeded()
        else:
            case.action_mark_failed()
        model.resolved()

    def let_customer_act(self, case, customer, model, number):
        chance = self.bank.chance("acts", customer, number)
        if chance < 0.03:
            self.transfer(case, customer, case.amount_open)
            model.close()
        elif chance < 0.06 and case.amount_open > 11:
            self.transfer(case, customer, 10.0)
        elif chance < 0.10:
            self.add_card(customer)
            model.new_card()
        elif chance < 0.13:
            case.promise(START + timedelta(days=number + 3))
            model.promised(number + 3)
        elif chance < 0.15:
            self.credit(case, case.amount_open)
            model.close()
        elif chance < 0.17 and case.amount_open > 11:
            self.credit(case, 10.0)

    def reverse_payment(self, case, customer, model, number):
        """Refund a charge, or reverse its payment as a bank does."""
        chance = self.bank.chance("reverses", customer, number)
        if chance > 0.06:
            return
        charge = case.transaction_ids.filtered("payment_id")[-1:]
        if not charge or charge in self.reversed_charges:
            return
        self.reversed_charges |= charge
        self.bank.taken[customer] -= charge.amount
        if chance < 0.03:
            charge._refund()._post_process()
        else:
            charge.payment_id.action_draft()
            charge.payment_id.action_cancel()
            model.reversed()

    def transfer(self, case, customer, amount):
        self.bank.taken[customer] += amount
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=case.move_id.ids
        ).create({"amount": amount})._create_payments()

    def credit(self, case, amount):
        """Credit a part of the open amount, or all of it."""
        credit = case.move_id._reverse_moves()
        line = credit.invoice_line_ids
        line.price_unit *= amount / credit.amount_total
        credit.action_post()

    def seen(self, customer):
        """Return the state of a case in the product."""
        case, subscription = self.case_of(customer), self.subscriptions[customer]
        is_resolved = case.state != "open" or case.outcome not in UNRESOLVED_OUTCOMES
        rows = {row["key"]: row for row in case.version_id.content["steps"]}
        done = Counter(
            (rows[step.key]["day"] if step.key else 1, step.action)
            for step in case.step_ids
            if step.result == "done"
        )
        # Messages are counted, not letters: combined letters are one message.
        letters = self.env["mail.message"].search_count(
            Domain("model", "=", case._name)
            & Domain("res_id", "=", case.id)
            & Domain("message_type", "=", "email_outgoing")
        )
        return {
            "open": case.state == "open",
            "service": subscription.state,
            "waits": None if is_resolved else case.outcome,
            "charges": len(case.transaction_ids.filtered(lambda tx: tx.amount > 0)),
            "done": done,
            "letters": letters,
        }

    def expected(self, model):
        names = {"charge_funds": "charge"}
        return {
            "open": model.is_open,
            "service": model.service,
            "waits": model.waits,
            "charges": model.charges,
            "done": Counter(
                (STEPS[place][0], names.get(STEPS[place][1], STEPS[place][1]))
                for place in model.done
            ),
            "letters": model.letters,
        }

    def check_money(self):
        """The booked payments of a customer equal the amounts that the bank took."""
        for customer, model in enumerate(self.models):
            case, taken = self.case_of(customer), self.bank.taken[customer]
            self.assertLessEqual(taken, case.amount + 0.001)
            if model.waits in ("unknown", "sending"):
                continue
            payments = self.env["account.payment"].search(
                [("partner_id", "=", case.partner_id.id), ("state", "!=", "canceled")]
            )
            booked = sum(
                payment.amount * (1 if payment.payment_type == "inbound" else -1)
                for payment in payments
            )
            self.assertAlmostEqual(taken, booked)
