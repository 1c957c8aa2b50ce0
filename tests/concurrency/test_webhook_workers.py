"""Events reach a product once and in order, however many workers send them."""

import json
import threading
import time
from runpy import run_path

import pytest

from devtools.places import ROOT
from tests.support.business import START, add_subscriptions, open_company
from tests.support.databases import environment, plain_cursor

RECEIVER = ROOT / "subscription_webhook" / "tests" / "webhook_receiver.py"
SUBSCRIPTIONS = 6
CHANGES = 3


@pytest.fixture
def receiver():
    # The addon's own, without the tests around it.
    opened = run_path(str(RECEIVER))["Receiver"]()
    yield opened
    opened.close()


@pytest.fixture
def events(odoo_database, receiver):
    """Note some events of each subscription; return how many there are."""
    with environment(odoo_database) as env:
        env["subscription.webhook"].create(
            {"name": "Product", "url": receiver.url, "allows_internal": True}
        )
        subscriptions = add_subscriptions(env, open_company(env), SUBSCRIPTIONS)
        ids = subscriptions.ids
    for quantity in range(2, CHANGES + 2):
        with environment(odoo_database) as env:
            for subscription in env["subscription.subscription"].browse(ids):
                day = max(START, subscription._today())
                [line] = subscription._lines_to_change(day)
                subscription.change_quantity(line, quantity, day)
    with plain_cursor(odoo_database) as cursor:
        cursor.execute("SELECT count(*) FROM subscription_webhook_delivery")
        assert cursor.fetchone()[0] == SUBSCRIPTIONS * (CHANGES + 1)
    return SUBSCRIPTIONS * (CHANGES + 1)


def send(database):
    with environment(database) as env:
        env["subscription.webhook.delivery"]._cron_send()


def send_by(database, workers):
    """Let several workers send at once until each finds nothing to take."""
    threads = [threading.Thread(target=send, args=(database,)) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
        assert not thread.is_alive()


def counted(database, state):
    with plain_cursor(database) as cursor:
        cursor.execute(
            "SELECT count(*) FROM subscription_webhook_delivery WHERE state = %s",
            (state,),
        )
        return cursor.fetchone()[0]


def sequences(receiver):
    """Return the events that came, by subscription."""
    found = {}
    for body in receiver.bodies:
        event = json.loads(body)
        found.setdefault(event["subscription"]["number"], []).append(event["sequence"])
    return found


def test_two_workers_send_each_event_once_and_in_its_order(
    odoo_database, receiver, events
):
    def slow(handler):
        time.sleep(0.05)
        handler.answer(200)

    receiver.answers = [slow]
    # A worker stops when the rest waits for deliveries that another worker has locked.
    while counted(odoo_database, "delivered") < events:
        send_by(odoo_database, 2)
    assert len(receiver.calls) == events
    in_order = list(range(1, CHANGES + 2))
    assert list(sequences(receiver).values()) == [in_order] * SUBSCRIPTIONS


def test_no_transaction_is_open_while_an_answer_is_waited_for(
    odoo_database, receiver, events
):
    is_called, may_answer = threading.Event(), threading.Event()

    def waiting(handler):
        is_called.set()
        assert may_answer.wait(60)
        handler.answer(200)

    receiver.answers = [waiting]
    worker = threading.Thread(target=send, args=(odoo_database,))
    worker.start()
    try:
        assert is_called.wait(60)
        with plain_cursor(odoo_database) as cursor:
            cursor.execute(
                """
                SELECT count(*) FROM pg_stat_activity
                 WHERE datname = %s AND state = 'idle in transaction'
                """,
                (odoo_database,),
            )
            assert cursor.fetchone()[0] == 0
    finally:
        may_answer.set()
        worker.join(timeout=120)
    assert counted(odoo_database, "delivered") == events


def test_a_change_that_is_not_committed_is_not_sent(odoo_database, receiver, events):
    with environment(odoo_database) as env:
        env["subscription.subscription"].search([], limit=1).suspend()
        env.cr.flush()
        deliveries = env["subscription.webhook.delivery"]
        assert deliveries.search_count([]) == events + 1
        send(odoo_database)
        env.cr.rollback()
    assert counted(odoo_database, "delivered") == events
    assert counted(odoo_database, "pending") == 0
    assert len(receiver.calls) == events
