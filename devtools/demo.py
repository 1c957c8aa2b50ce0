"""The demo company: a database of its own with a history of some months."""

from __future__ import annotations

from . import odoo, odoo_source
from .console import Problem, step
from .places import ROOT, addons, digest, is_done, mark_done

DATABASE = odoo.PREFIX + "demo"
MODULES = (*odoo.BASE_MODULES, "l10n_il")
SCRIPTS = ROOT / "devtools" / "odoo_scripts"
LOGINS = """
Logins (the password is the same word):
  admin        administrator
  accountant   accountant
  sales        sales representative
  portal       a customer in the portal
"""


def prepare_and_bill() -> int:
    """Make the demo database if need be, bill what is due and print it."""
    files = [
        file
        for addon in addons()
        for file in (ROOT / addon).rglob("*")
        if file.suffix in {".py", ".xml", ".csv", ".po", ".js", ".scss"}
    ]
    fingerprint = digest(
        [*files, *SCRIPTS.glob("*.py")], *MODULES, str(odoo_source.path())
    )
    if not (is_done(DATABASE, fingerprint) and odoo.exists(DATABASE)):
        odoo.drop(DATABASE)
        with step("Installing Odoo for the demo company"):
            odoo.create(DATABASE)
            odoo.install(DATABASE, ("base",), "--load-language=en_US,he_IL")
            _run("demo_company.py")
            odoo.install(DATABASE, MODULES)
        with step("Installing the subscription addons with their demo data"):
            _run("demo_ready.py")
            odoo.install(DATABASE, tuple(addons()), "--with-demo")
        with step("Living through the months before today"):
            _run("demo_history.py")
        mark_done(DATABASE, fingerprint)
    return odoo.shell(DATABASE, SCRIPTS / "demo_billing.py")


def _run(script: str) -> None:
    if odoo.shell(DATABASE, SCRIPTS / script):
        raise Problem(f"The demo's step {script} failed: see its reason above.")
