"""A finding of two workers at the same moment becomes one opportunity."""

import pytest

from tests.support.business import add_subscriptions, open_company
from tests.support.databases import environment, plain_cursor


@pytest.fixture
def full_seats(odoo_database):
    """Return the number of a subscription whose only seat is used."""
    with environment(odoo_database) as env:
        subscription = add_subscriptions(env, open_company(env), 1)
        subscription.line_ids.seats_used = 1
        return subscription.id


def opportunities(database):
    with plain_cursor(database) as cursor:
        cursor.execute(
            "SELECT count(*) FROM crm_lead WHERE managed_rule_id IS NOT NULL"
        )
        return cursor.fetchone()[0]


def test_a_worker_that_searched_before_the_opportunity_makes_no_second_one(
    odoo_database, full_seats
):
    with environment(odoo_database) as env:
        late = env(cr=env.registry.cursor())
        # Later commits are not visible to this transaction.
        late.cr.execute("SELECT 1")
        env["subscription.subscription"]._cron_find_opportunities()
        env.cr.commit()
        with late.cr:
            late["subscription.subscription"]._cron_find_opportunities()
            found = late["subscription.subscription"].browse(full_seats)
            assert not found.activity_ids
    assert opportunities(odoo_database) == 1


def test_a_subscription_that_another_worker_has_locked_is_skipped(
    odoo_database, full_seats
):
    with environment(odoo_database) as env:
        subscription = env["subscription.subscription"].browse(full_seats)
        subscription.lock_for_update()
        subscription._find_opportunities()
        env.flush_all()
        other = env(cr=env.registry.cursor())
        with other.cr:
            other["subscription.subscription"]._cron_find_opportunities()
        assert opportunities(odoo_database) == 0
        env.cr.commit()
        env["subscription.subscription"]._cron_find_opportunities()
    assert opportunities(odoo_database) == 1
