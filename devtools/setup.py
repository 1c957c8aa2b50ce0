"""Setup of a machine, in the order of the dependencies."""

from __future__ import annotations

from functools import cache

from . import odoo, odoo_source, postgres, python_packages, system_packages
from .places import DEV


@cache
def python_only() -> None:
    """Prepare the tools that need neither Odoo nor a database."""
    DEV.mkdir(exist_ok=True)
    python_packages.ensure()


@cache
def everything() -> None:
    """Prepare the server, the tests and the benchmarks."""
    python_only()
    system_packages.ensure_programs()
    odoo_source.ensure()
    python_packages.link_odoo()
    odoo.ensure_right_to_left_styles()
    odoo.write_configuration()
    postgres.ensure()
