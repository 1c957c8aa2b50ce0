"""One failing record stops no other: the loops of all scheduled actions."""

import logging

import psycopg2
import psycopg2.errors

from odoo.exceptions import UserError
from odoo.tools import split_every

from ..billing_core.errors import BillingError
from .error_messages import translated

_logger = logging.getLogger(__name__)

CONCURRENCY_ERRORS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
)
"""Another transaction wrote a row in between: a new transaction may succeed."""


def halves(records):
    """Return two parts of several records."""
    middle = len(records) // 2
    return [records[:middle], records[middle:]]


def run_each(records, step, on_failure, parts=halves):
    """Call `step` for all records together; return those for which it succeeded.

    Where it fails, its writes are rolled back and smaller `parts` are tried, down to
    the failing record, for which `on_failure(record, error)` is called.
    """
    if not records:
        return records
    try:
        with records.env.cr.savepoint():
            step(records)
            return records
    except psycopg2.OperationalError:
        # The connection or the snapshot is lost: no record is at fault.
        raise
    except Exception as error:
        if len(records) == 1:
            on_failure(records, error)
            return records.browse()
    done = [run_each(part, step, on_failure, parts) for part in parts(records)]
    return records.browse().union(*done)


def run_batches(domain, records, step, size=1):
    """Call `step` for batches of records that are locked and still match a domain.

    Each batch is committed, until the time of the scheduled action is up.
    """
    cron = records.env["ir.cron"]
    cron._commit_progress(remaining=len(records))
    for ids in split_every(size, records.ids):
        batch = records.browse(ids)
        step(batch.try_lock_for_update().filtered_domain(domain))
        if not cron._commit_progress(len(batch)):
            break


def repeat(env, step, progress, retried=CONCURRENCY_ERRORS):
    """Call `step` until it handles nothing (True) or the time is up (False).

    It returns how many records it handled in one transaction. After an error of
    concurrency it is called again in a new transaction.
    """
    while True:
        try:
            handled = step()
            seconds_left = progress(handled)
        except retried:
            env.cr.rollback()
            continue
        if not handled:
            return True
        if not seconds_left:
            return False


def log_unexpected(record, error):
    """Log an error that is about the program, not about the data."""
    if not isinstance(error, UserError | BillingError):
        _logger.error("%s failed", record.display_name, exc_info=error)


def reason_of(env, error, advice):
    """Return one sentence that says what is wrong and what to do.

    `advice` is the sentence that follows an unexpected error.
    """
    if isinstance(error, BillingError):
        return translated(env, error)
    if isinstance(error, UserError):
        return str(error)
    return env._(
        "An unexpected error (%(kind)s): %(text)s. %(advice)s",
        kind=type(error).__name__,
        text=str(error).strip().split("\n")[0],
        advice=advice,
    )
