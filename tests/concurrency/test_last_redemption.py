"""The last redemption of a coupon is one customer's, however many ask at once."""

import threading
import time
from functools import partial

import psycopg2
import pytest

from tests.support.business import START, add_subscriptions, open_company
from tests.support.databases import environment, plain_cursor

CODE = "LAST"


@pytest.fixture
def two_subscriptions(odoo_database):
    """Return the numbers of two subscriptions, and make a coupon for one of them."""
    with environment(odoo_database) as env:
        subscriptions = add_subscriptions(env, open_company(env), 2)
        env["subscription.coupon"].create(
            {"code": CODE, "percent": 10, "max_redemptions": 1}
        )
        return subscriptions.ids


def redeem(env, subscription):
    found = env["subscription.subscription"].browse(subscription)
    found.redeem_coupon(CODE, max(START, found._today()))


def redemptions(database):
    with plain_cursor(database) as cursor:
        cursor.execute(
            "SELECT count(DISTINCT redeemed_on_id) FROM subscription_discount"
        )
        return cursor.fetchone()[0]


def wait_until_one_waits(database):
    """Return once a transaction waits for another one's row."""
    with plain_cursor(database) as cursor:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            cursor.execute(
                """
                SELECT count(*) FROM pg_stat_activity
                 WHERE datname = %s AND wait_event_type = 'Lock'
                """,
                (database,),
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    pytest.fail("the second redemption did not wait for the first one")


def test_a_redemption_that_did_not_see_the_last_one_is_not_made(
    odoo_database, two_subscriptions
):
    first, second = two_subscriptions
    with environment(odoo_database) as env:
        late = env(cr=env.registry.cursor())
        # Later commits are not visible to this transaction.
        late.cr.execute("SELECT 1")
        redeem(env, first)
        env.cr.commit()
        with pytest.raises(psycopg2.errors.SerializationFailure), late.cr:
            redeem(late, second)
    assert redemptions(odoo_database) == 1


def test_the_second_redemption_waits_and_is_refused_as_used_up(
    odoo_database, two_subscriptions
):
    from odoo.exceptions import UserError
    from odoo.service.model import retrying

    first, second = two_subscriptions
    refusals = []

    def come_second(env):
        with env.cr:
            try:
                retrying(partial(redeem, env, second), env)
            except UserError as error:
                refusals.append(str(error))

    with environment(odoo_database) as env:
        redeem(env, first)
        env.flush_all()
        late = env(cr=env.registry.cursor())
        thread = threading.Thread(target=come_second, args=(late,))
        thread.start()
        try:
            wait_until_one_waits(odoo_database)
        finally:
            env.cr.commit()
            thread.join(60)
    assert refusals == ["The coupon LAST has no redemptions left; choose another one."]
    assert redemptions(odoo_database) == 1
