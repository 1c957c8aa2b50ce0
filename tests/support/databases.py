"""Databases of a test's own, with real commits, cloned from the kept ones."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator

import psycopg2

from devtools import odoo as odoo_setup


@contextlib.contextmanager
def cloned_database(template: str | None = None) -> Iterator[str]:
    """Yield the name of a database with our addons; it is dropped afterwards.

    It is cloned from `template`, or from the one of the suite.
    """
    name = f"{odoo_setup.PREFIX}clone_{uuid.uuid4().hex[:12]}"
    odoo_setup.create(name, template or os.environ["SUBSCRIPTION_TEMPLATE"])
    try:
        yield name
    finally:
        close_registry(name)
        odoo_setup.drop(name)


@contextlib.contextmanager
def environment(database: str) -> Iterator[object]:
    """Yield Odoo's `env` as the superuser; what is written is committed at the end."""
    import odoo
    from odoo.modules.registry import Registry

    odoo.tools.config.parse_config(["-c", str(odoo_setup.CONF), "-d", database])
    with Registry(database).cursor() as cursor:
        yield odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {})


def close_registry(database: str) -> None:
    import odoo.sql_db
    from odoo.modules.registry import Registry

    Registry.delete(database)
    odoo.sql_db.close_db(database)


@contextlib.contextmanager
def plain_cursor(database: str) -> Iterator[psycopg2.extensions.cursor]:
    """Yield a cursor without Odoo, that reads the committed data."""
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
