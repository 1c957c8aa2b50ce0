"""The demo company: a database of its own with a history of some months."""

from __future__ import annotations

from . import odoo, odoo_source
from .console import Problem, step
from .places import ROOT, addons, digest, is_done, mark_done

DATABASE = odoo.PREFIX + "demo"
HOST = odoo.PREFIX + "demo_host"
MODULES = (*odoo.BASE_MODULES, "sale_crm", "l10n_il", "sale_stock", "sale_project")
SCRIPTS = ROOT / "devtools" / "odoo_scripts"
LOGINS = """
Logins (the password is the same word):
  admin        administrator
  accountant   accountant
  sales        sales representative
  portal       a customer in the portal
"""


def prepare_and_bill() -> int:
    """Prepare the demo database, bill all due subscriptions and print the result."""
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
        _ensure_host()
        odoo.drop(DATABASE)
        odoo.create(DATABASE, HOST)
        with step("Installing the subscription addons with their demo data"):
            _run("demo_ready.py")
            odoo.install(DATABASE, tuple(addons()), "--with-demo")
        with step("Simulating the months before today"):
            _run("demo_history.py")
        mark_done(DATABASE, fingerprint)
    return odoo.shell(DATABASE, SCRIPTS / "demo_billing.py")


def _ensure_host() -> None:
    """Create the demo company without our addons; it is kept when they change."""
    script = SCRIPTS / "demo_company.py"
    fingerprint = digest([script], *MODULES, str(odoo_source.path()))
    if is_done(HOST, fingerprint) and odoo.exists(HOST):
        return
    odoo.drop(HOST)
    with step("Installing Odoo for the demo company"):
        odoo.create(HOST)
        odoo.install(HOST, ("base",), "--load-language=en_US,he_IL")
        _run(script.name, HOST)
        odoo.install(HOST, MODULES)
    mark_done(HOST, fingerprint)


def _run(script: str, database: str = DATABASE) -> None:
    if odoo.shell(database, SCRIPTS / script):
        raise Problem(f"The demo step {script} failed: see the reason above.")
