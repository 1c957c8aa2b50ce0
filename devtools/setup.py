"""Getting a machine ready, in the order in which things depend on each other."""

from __future__ import annotations

from functools import cache

from . import odoo, odoo_source, postgres, python_packages, system_packages
from .places import DEV


@cache
def python_only() -> None:
    """Make what needs neither Odoo nor a database."""
    DEV.mkdir(exist_ok=True)
    python_packages.ensure()


@cache
def everything() -> None:
    """Make all that the server, the tests and the benchmarks need."""
    python_only()
    system_packages.ensure_programs()
    odoo_source.ensure()
    python_packages.link_odoo()
    odoo.ensure_right_to_left_styles()
    odoo.write_configuration()
    postgres.ensure()
