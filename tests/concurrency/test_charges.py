"""Nothing is charged twice: two workers at once, and kill -9 at any step."""

import signal
import subprocess
import sys
import time
from datetime import date
from runpy import run_path

import pytest
from psycopg2.errors import SerializationFailure

from odoo.tools import mute_logger

from devtools import odoo as odoo_setup
from devtools.places import ROOT
from tests.support.business import add_subscriptions, open_company, start_run, work
from tests.support.charging_worker import charge_at
from tests.support.databases import (
    cloned_database,
    close_registry,
    environment,
    plain_cursor,
)

SERVER = ROOT / "subscription_stripe" / "tests" / "stripe_server.py"
INVOICES = 6
STEPS = (
    "_charge_with_token",
    "_send_payment_request",
    "answer",
    "book",
    "_create_payment",
)
"""The stages of a charge in their order: it is sent within the second one."""


@pytest.fixture
def stripe():
    # The addon's own, without the tests around it.
    opened = run_path(str(SERVER))["StripeServer"]()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def posted():
    """Yield a database with an invoice for each of some customers with a saved card."""
    template = odoo_setup.ensure_test_database("subscription_stripe")
    with cloned_database(template) as database:
        post_invoices(database)
        yield database


@pytest.fixture
def charged_database(posted):
    with cloned_database(posted) as database:
        yield database


def post_invoices(database):
    with environment(database) as env:
        plan = open_company(env)
        provider = env.ref("payment.payment_provider_stripe")
        provider.write(
            {
                "stripe_secret_key": "sk_test_of_the_tests",
                "stripe_publishable_key": "pk_test_of_the_tests",
                "state": "test",
                "allow_tokenization": True,
            }
        )
        # As its form does: the host makes its payment method line when this is read.
        assert provider.journal_id
        card = env.ref("payment.payment_method_card")
        provider.payment_method_ids = [(4, card.id)]
        card.active = True
        subscriptions = add_subscriptions(env, plan, INVOICES)
        for subscription in subscriptions:
            env["payment.token"].create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": card.id,
                    "payment_details": "4242",
                    "partner_id": subscription.partner_id.id,
                    "provider_ref": f"cus_{subscription.partner_id.id}",
                    "stripe_payment_method": "pm_card_visa",
                }
            )
        work(env, start_run(env, date(2026, 1, 1)))
    close_registry(database)


def start_worker(database, stripe, *methods):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.charging_worker",
            database,
            stripe.url,
            *methods,
        ],
        cwd=ROOT,
    )


def collect(database, stripe):
    assert start_worker(database, stripe).wait(timeout=120) == 0


def states(database):
    """Return how many cases there are of each state."""
    with plain_cursor(database) as cursor:
        cursor.execute(
            "SELECT state, count(*) FROM subscription_dunning_case GROUP BY state"
        )
        return dict(cursor.fetchall())


def outcomes(database):
    with plain_cursor(database) as cursor:
        cursor.execute(
            "SELECT managed_outcome, count(*) FROM payment_transaction "
            "WHERE managed_case_id IS NOT NULL GROUP BY managed_outcome"
        )
        return dict(cursor.fetchall())


def let_time_pass(database):
    """Make the charges stale, as those of a worker that was killed."""
    with plain_cursor(database) as cursor:
        cursor.execute(
            "UPDATE payment_transaction "
            "SET managed_sent_at = managed_sent_at - interval '11 minutes'"
        )


def test_two_workers_charge_each_invoice_once(charged_database, stripe):
    workers = [start_worker(charged_database, stripe) for _number in range(2)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    assert len(stripe.charges) == INVOICES
    assert len(set(stripe.charges)) == INVOICES
    assert states(charged_database) == {"paid": INVOICES}


def test_the_hosts_post_processing_loses_no_answer(charged_database, stripe):
    stripe.seconds_to_answer = 0.5
    worker = start_worker(charged_database, stripe)
    rounds = 0
    with environment(charged_database) as env:
        while worker.poll() is None:
            env["payment.transaction"]._cron_post_process()
            # The next round reads the worker's latest commits.
            env.cr.rollback()
            env.invalidate_all()
            rounds += 1
            time.sleep(0.05)
    close_registry(charged_database)
    assert (worker.returncode, rounds > INVOICES) == (0, True)
    assert len(stripe.charges) == INVOICES
    assert outcomes(charged_database) == {"paid": INVOICES}
    assert states(charged_database) == {"paid": INVOICES}


def test_a_run_charges_no_customer_who_started_to_pay_after_its_snapshot(
    charged_database,
):
    with environment(charged_database) as env:
        cases = env["subscription.dunning.case"]._open_slice()
        assert len(cases.filtered("charge_at")) == INVOICES
        first = cases[0].id
    with environment(charged_database) as env:
        cases = env["subscription.dunning.case"]
        assert cases.search_count([("charge_at", "!=", False)]) == INVOICES
        with environment(charged_database) as portal:
            begin_to_pay(portal["subscription.dunning.case"].browse(first))
        with pytest.raises(SerializationFailure), mute_logger("odoo.sql_db"):
            cases._record_next_charge()
        env.cr.rollback()
        taken = cases._record_next_charge().managed_case_id
        assert len(taken) == 1
        assert taken.id != first
    close_registry(charged_database)


def begin_to_pay(case):
    """Let a customer open the payment page of an invoice."""
    token = case.partner_id.payment_token_ids
    case.env["payment.transaction"].create(
        {
            "provider_id": token.provider_id.id,
            "payment_method_id": token.payment_method_id.id,
            "reference": f"{case.move_id.name}-by-hand",
            "amount": case.amount_open,
            "currency_id": case.currency_id.id,
            "partner_id": case.partner_id.id,
            "operation": "online_direct",
            "invoice_ids": [(6, 0, case.move_id.ids)],
        }
    )


@pytest.mark.parametrize("step", STEPS)
def test_after_a_killed_worker_each_customer_is_charged_once(
    charged_database, stripe, step
):
    killed = start_worker(charged_database, stripe, step)
    assert killed.wait(timeout=120) == -signal.SIGKILL
    charged = len(stripe.charges)
    assert charged == (1 if STEPS.index(step) >= STEPS.index("answer") else 0)

    # The next worker charges the others and leaves this one alone.
    collect(charged_database, stripe)
    by_key = [headers["Idempotency-Key"] for *_rest, headers in stripe.requests]
    assert len(by_key) == len(set(by_key))

    let_time_pass(charged_database)
    collect(charged_database, stripe)
    # Once the response is stored, the outcome is known.
    if step not in ("answer", "book", "_create_payment"):
        assert outcomes(charged_database) == {"paid": INVOICES - 1, "unknown": 1}
        with environment(charged_database) as env, charge_at(env, stripe.url):
            case = env["subscription.dunning.case"].search([("state", "=", "open")])
            case.action_check_provider()
            if case.outcome == "unknown":
                case.action_mark_failed()
        close_registry(charged_database)
        collect(charged_database, stripe)
    assert len(stripe.charges) == INVOICES
    paid_for = {reference.split("-")[0] for reference, _amount in stripe.charges}
    assert len(paid_for) == INVOICES
    assert states(charged_database) == {"paid": INVOICES}
