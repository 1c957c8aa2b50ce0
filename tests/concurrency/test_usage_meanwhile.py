"""Usage that is recorded while its period is billed is billed, now or later."""

from datetime import date

import psycopg2
import pytest

from tests.support.business import (
    START,
    add_subscriptions,
    open_company,
    start_run,
    work,
)
from tests.support.databases import environment

AFTER = date(2026, 2, 1)


@pytest.fixture
def metered(odoo_database):
    """Return (subscription, meter) numbers: 5 units are used, each for 2.00."""
    with environment(odoo_database) as env:
        plan = open_company(env)
        meter = env["subscription.meter"].create({"name": "Calls"})
        plan.pricing_rule_ids.write({"meter_id": meter.id, "price": 2.0})
        subscription = add_subscriptions(env, plan, 1)
        use(env, subscription.id, meter.id, 5)
        return subscription.id, meter.id


def use(env, subscription, meter, quantity):
    env["subscription.usage.event"].create(
        {
            "subscription_id": subscription,
            "meter_id": meter,
            "quantity": quantity,
            "time": f"{START} 12:00:00",
        }
    )


def another(env):
    """Return an environment with a transaction of its own."""
    return env(cr=env.registry.cursor())


def billed(env, subscription):
    env.invalidate_all()
    rows = env["subscription.subscription"].browse(subscription).billed_period_ids
    return sum(rows.mapped("amount"))


def test_an_event_after_the_billing_counted_is_not_lost(odoo_database, metered):
    with environment(odoo_database) as env:
        run = start_run(env, AFTER)
        env.cr.commit()
        assert run._count_due() == 1
        gateway = another(env)
        with gateway.cr:
            use(gateway, *metered, 3)
        work(env, run)
        assert billed(env, metered[0]) == 16


def test_an_event_that_is_being_recorded_is_waited_for(odoo_database, metered):
    with environment(odoo_database) as env:
        run = start_run(env, AFTER)
        env.cr.commit()
        gateway = another(env)
        with gateway.cr:
            use(gateway, *metered, 3)
            gateway.flush_all()
            work(env, run)
            assert billed(env, metered[0]) == 0
        work(env, run)
        assert billed(env, metered[0]) == 16


def test_an_event_that_did_not_see_the_billing_is_refused_and_done_again(
    odoo_database, metered
):
    with environment(odoo_database) as env:
        run = start_run(env, AFTER)
        env.cr.commit()
        gateway = another(env)
        gateway.cr.execute("SELECT 1")
        work(env, run)
        assert billed(env, metered[0]) == 10
        with pytest.raises(psycopg2.errors.SerializationFailure), gateway.cr:
            use(gateway, *metered, 3)
        gateway = another(env)
        with gateway.cr:
            use(gateway, *metered, 3)
        env.cr.commit()
        work(env, start_run(env, AFTER))
        assert billed(env, metered[0]) == 16
