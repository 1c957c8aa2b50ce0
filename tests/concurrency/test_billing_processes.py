"""A period is billed exactly once, whatever happens to the processes that bill.

Real processes, real commits; what was committed is read without Odoo.
"""

import random
import subprocess
import sys
import time

import pytest

from tests.support.business import add_subscriptions, open_company, start_run
from tests.support.databases import close_registry, environment, plain_cursor

SEED = 20260423
WORKER = "tests.support.billing_worker"


def prepare(database, count, lines=1):
    """Make due subscriptions and a run that is under way; return its number."""
    with environment(database) as env:
        plan = open_company(env)
        add_subscriptions(env, plan, count, lines)
        run = start_run(env)
        run_id = run.id
    close_registry(database)
    return run_id


def start_worker(database, run_id, *options):
    """Return a worker process that has just begun to bill."""
    worker = subprocess.Popen(
        [sys.executable, "-m", WORKER, database, str(run_id), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in worker.stdout:
        if line.strip() == "ready":
            return worker
    raise AssertionError(worker.stderr.read())


def finish(worker):
    _output, errors = worker.communicate(timeout=300)
    assert worker.returncode == 0, errors[-3000:]


def one(cursor, query):
    cursor.execute(query)
    return cursor.fetchone()[0]


def assert_each_billed_once(database, count):
    with plain_cursor(database) as cursor:
        assert one(cursor, "SELECT count(*) FROM subscription_subscription") == count
        twins = """
            SELECT count(*) FROM (
                SELECT FROM subscription_billed_period WHERE active
                 GROUP BY line_id, date_start HAVING count(*) > 1) AS twin"""
        assert one(cursor, twins) == 0
        missed = """
            SELECT count(*) FROM subscription_line line
             WHERE NOT EXISTS (SELECT FROM subscription_billed_period billed
                                WHERE billed.line_id = line.id AND billed.active)"""
        assert one(cursor, missed) == 0
        orphans = """
            SELECT count(*) FROM account_move move
             WHERE NOT EXISTS (SELECT FROM subscription_billed_period billed
                                WHERE billed.move_id = move.id)"""
        assert one(cursor, orphans) == 0
        posted = "SELECT count(*) FROM account_move WHERE state = 'posted'"
        assert one(cursor, posted) == count
        numbers = """
            SELECT max(sequence_number) - min(sequence_number) + 1
              FROM account_move WHERE state = 'posted'"""
        assert one(cursor, numbers) == count
        behind = """
            SELECT count(*) FROM subscription_subscription
             WHERE next_billing_date <> '2026-02-01'"""
        assert one(cursor, behind) == 0
        unbalanced = """
            SELECT count(*) FROM (
                SELECT FROM account_move_line
                 GROUP BY move_id HAVING sum(balance) <> 0) AS wrong"""
        assert one(cursor, unbalanced) == 0


def test_killed_at_random_moments_each_period_is_billed_once(odoo_database, proof_size):
    count, kills = 300, proof_size(5, 30)
    run_id = prepare(odoo_database, count)
    moments = random.Random(SEED)
    interrupted = 0
    for _kill in range(kills):
        worker = start_worker(odoo_database, run_id)
        # Spread so that the kills together take about the time of one run.
        time.sleep(moments.uniform(0, 2 * 4.0 / kills))
        if worker.poll() is None:
            interrupted += 1
        worker.kill()
        worker.communicate()
    assert interrupted, "every worker was done before it was killed"
    finish(start_worker(odoo_database, run_id))
    assert_each_billed_once(odoo_database, count)


def test_four_processes_at_once_bill_each_period_once(odoo_database):
    count = 500
    run_id = prepare(odoo_database, count)
    workers = [start_worker(odoo_database, run_id) for _each in range(4)]
    for worker in workers:
        finish(worker)
    assert_each_billed_once(odoo_database, count)
    with plain_cursor(odoo_database) as cursor:
        helped = "SELECT count(DISTINCT create_date) FROM subscription_billing_slice"
        assert one(cursor, helped) > 1


@pytest.mark.parametrize("options", [(), ("--scheduled",)], ids=["worker", "cron"])
def test_a_connection_cut_in_the_middle_loses_and_doubles_nothing(
    odoo_database, options
):
    count = 300
    run_id = prepare(odoo_database, count)
    worker = start_worker(odoo_database, run_id, *options)
    cut_after_first_slice(odoo_database)
    _output, errors = worker.communicate(timeout=120)
    assert "terminating connection" in errors or "closed" in errors, errors[-2000:]
    with plain_cursor(odoo_database) as cursor:
        billed = one(cursor, "SELECT count(*) FROM subscription_billed_period")
    assert 0 < billed < count
    finish(start_worker(odoo_database, run_id))
    assert_each_billed_once(odoo_database, count)


def cut_after_first_slice(database):
    """End the worker's database session once it has committed something."""
    with plain_cursor(database) as cursor:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if one(cursor, "SELECT count(*) FROM subscription_billing_slice"):
                cursor.execute(
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE datname = %s AND pid <> pg_backend_pid()
                    """,
                    (database,),
                )
                assert cursor.fetchone()[0] >= 1
                return
            time.sleep(0.02)
    pytest.fail("the worker committed no slice within a minute")
