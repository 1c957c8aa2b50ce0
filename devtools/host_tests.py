"""The host's own tests, with our addons installed and without them.

Tests that fail without them as well are listed in `tests/host/known_failures.txt` with
their reasons; any other failure is caused by our addons.
"""

from __future__ import annotations

import os
from xml.etree import ElementTree

from . import odoo_source
from .places import ROOT

MODULES = (
    "sale",
    "sale_management",
    "sale_crm",
    "crm",
    "account",
    "payment",
    "account_payment",
    "payment_demo",
)
KNOWN_FAILURES = ROOT / "tests" / "host" / "known_failures.txt"


def folders() -> list[str]:
    """Return the folders of the tests of the host's modules that we change."""
    source = odoo_source.path()
    places = (source / "addons", source / "odoo" / "addons")
    return [
        str(place / name / "tests")
        for name in MODULES
        for place in places
        if (place / name / "tests").exists()
    ]


def known_failures() -> set[str]:
    """Return the tests that fail without our addons, as `module.file.Class.test`."""
    lines = KNOWN_FAILURES.read_text().splitlines()
    return {line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()}


def failures(report: os.PathLike[str]) -> list[str]:
    """Return the tests that failed in a report of the test runner.

    A test is repeated for each of its failed subtests, as the report counts them.
    """
    failed = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        place = case.get("classname", "").split(".addons.")[-1]
        name = f"{place}.{case.get('name')}".replace(".tests.", ".")
        failed += [name for each in case if each.tag in ("failure", "error")]
    return failed
