"""The test suites: what each needs and how it is run."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import host_tests, lint, odoo, setup, test_report
from .console import Problem, say
from .places import DEV, LOGS, PYTHON, ROOT, addons
from .test_report import Result

REPORTS = DEV / "reports"
FULL_PROOF = "SUBSCRIPTION_FULL_PROOF"
WORKERS = 2
FEW_FILES = 3
"""So many test files finish before a second worker has started."""
MANY_FILES = 20
"""A suite of so many test files keeps both processors busy."""
ODOO_PLUGINS = ("-p", "odoo", "-p", "devtools.pytest_speed")
"""setup.cfg leaves Odoo's out, so that plain `pytest tests/core` needs no Odoo."""
WITH_ALL_BILLING = "subscription_usage_crm"
"""The addon on whose database the tests of several addons run."""


@dataclass(frozen=True)
class Order:
    """Which tests of a suite are run, and how."""

    tests: list[str] = field(default_factory=list)
    """Paths; none stand for the whole suite."""
    options: list[str] = field(default_factory=list)
    """Passed on to pytest."""
    is_beside_another: bool = False
    """Another suite runs at the same time, so this one keeps to one process."""


@dataclass(frozen=True)
class Suite:
    name: str
    run: Callable[[str, Order], Result]
    addon: str | None = None
    """The addon on whose database it runs."""
    is_asked_for: bool = False
    """It runs only when named."""
    is_wide: bool = False
    """It uses both processors without another suite."""

    def prepare(self) -> None:
        """Prepare its database and programs, so that it starts at once."""
        setup.python_only()
        if self.addon:
            setup.everything()
            odoo.ensure_test_database(self.addon)

    @property
    def report(self) -> Path:
        return REPORTS / f"{self.name}.xml"


def available() -> list[Suite]:
    """Return the suites whose files exist, the quick ones first."""
    plain = [Suite("lint", _run_lint, is_wide=True)]
    for name in ("architecture", "core"):
        if (ROOT / "tests" / name).exists():
            plain.append(Suite(name, _run_plain, is_wide=_has_many(f"tests/{name}")))
    with_odoo = [
        Suite(addon, _run_addon, addon, is_wide=_has_many(f"{addon}/tests"))
        for addon in addons()
        if (ROOT / addon / "tests").exists()
    ]
    for name, run in (
        ("end_to_end", _run_end_to_end),
        ("concurrency", _run_with_databases),
        ("browser", _run_with_databases),
    ):
        if (ROOT / "tests" / name).exists():
            with_odoo.append(Suite(name, run, WITH_ALL_BILLING))
    host = [
        Suite(name, _run_host, is_asked_for=True, is_wide=True)
        for name in ("host", "host_alone")
    ]
    return plain + with_odoo + host


def _has_many(folder: str) -> bool:
    return _count_files([folder]) >= MANY_FILES


def _run_lint(name: str, order: Order) -> Result:
    if "-k" in order.options:
        return Result(name)
    setup.python_only()
    outcomes = lint.run()
    return Result(name, passed=sum(outcomes), failed=len(outcomes) - sum(outcomes))


def _run_plain(name: str, order: Order) -> Result:
    setup.python_only()
    tests = order.tests or [f"tests/{name}"]
    return _pytest(name, [*tests, *_workers(tests, order, "worksteal")], order, {})


def _run_addon(name: str, order: Order) -> Result:
    return _run_in_odoo(name, name, order.tests or [f"{name}/tests"], order)


def _run_end_to_end(name: str, order: Order) -> Result:
    tests = order.tests or [f"tests/{name}"]
    return _run_in_odoo(name, WITH_ALL_BILLING, tests, order)


def _run_host(name: str, order: Order) -> Result:
    """Run the host's tests with our addons, or without to find its own failures."""
    is_alone = name == "host_alone"
    setup.everything()
    if is_alone:
        database = odoo.ensure_template("host", *host_tests.MODULES)
    else:
        database = odoo.ensure_test_database("subscription_crm")
    result = _pytest_on(database, name, host_tests.folders(), order)
    report = REPORTS / f"{name}.xml"
    failed = host_tests.failures(report) if report.exists() else []
    known = host_tests.known_failures()
    for test in sorted(set(failed)):
        say(f"{'known' if test in known else 'NEW'}: {test}")
    if not is_alone:
        expected = sum(test in known for test in failed)
        result.failed -= expected
        result.skipped += expected
    return result


def _run_in_odoo(name: str, addon: str, tests: list[str], order: Order) -> Result:
    """Run tests that are rolled back, on the kept database of an addon."""
    setup.everything()
    kept = odoo.ensure_test_database(addon)
    if not order.is_beside_another:
        return _pytest_on(kept, name, tests, order)
    with _copied(kept, name) as database:
        return _pytest_on(database, name, tests, order)


@contextlib.contextmanager
def _copied(kept: str, suite: str) -> Iterator[str]:
    """Yield a copy of a database, since a database in use cannot be cloned."""
    name = f"{odoo.PREFIX}run_{suite}"
    odoo.drop(name)
    odoo.create(name, kept)
    try:
        yield name
    finally:
        odoo.drop(name)


def _pytest_on(database: str, name: str, tests: list[str], order: Order) -> Result:
    workers = _workers(tests, order, "loadscope")
    for number in range(WORKERS if workers else 0):
        odoo.remember(f"{database}-gw{number}")
    arguments = [
        *ODOO_PLUGINS,
        f"--odoo-database={database}",
        f"--odoo-config={odoo.CONF}",
        "--odoo-http",
        *tests,
        *workers,
    ]
    return _pytest(name, arguments, order, odoo.environment())


def _workers(tests: list[str], order: Order, distribution: str) -> list[str]:
    """Return the options for two workers; few tests are quicker with one."""
    few = FEW_FILES if order.tests else 1
    is_short = "-k" in order.options or _count_files(tests) <= few
    if order.is_beside_another or is_short or (os.cpu_count() or 1) < WORKERS:
        return []
    return [f"--numprocesses={WORKERS}", f"--dist={distribution}"]


def _count_files(tests: list[str]) -> int:
    """Return how many test files there are at paths."""
    count = 0
    for path in {test.split("::")[0] for test in tests}:
        here = ROOT / path
        count += len(list(here.rglob("test_*.py"))) if here.is_dir() else 1
    return count


def _run_with_databases(name: str, order: Order) -> Result:
    setup.everything()
    if name == "browser" and not shutil.which("chromium"):
        raise Problem("The browser tests need Chromium: install the package chromium.")
    template = odoo.ensure_test_database(WITH_ALL_BILLING)
    environment = {**odoo.environment(), "SUBSCRIPTION_TEMPLATE": template}
    return _pytest(name, order.tests or [f"tests/{name}"], order, environment)


def _pytest(
    name: str, arguments: list[str], order: Order, environment: dict[str, str]
) -> Result:
    report = REPORTS / f"{name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [str(PYTHON), "-m", "pytest", f"--junitxml={report}", *arguments]
    with _output(name, order) as output:
        status = subprocess.run(
            [*command, *order.options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            check=False,
        ).returncode
    result = test_report.read(name, report)
    # A crash of pytest is a failure that no test reports.
    if status not in (0, 5) and not result.failed:
        result.failed = 1
    return result


@contextlib.contextmanager
def _output(name: str, order: Order) -> Iterator[int | None]:
    """Yield the output of pytest: the terminal, or a log that is shown at the end."""
    if not order.is_beside_another:
        yield None
        return
    log = LOGS / f"test_{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as written:
        yield written.fileno()
    say(f"\n── {name}\n{log.read_text().rstrip()}")
