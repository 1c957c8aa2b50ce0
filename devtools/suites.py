"""The test suites: what each needs, how it is run, what it counted."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree

from . import host_tests, lint, odoo, setup
from .console import Problem, say
from .places import DEV, PYTHON, ROOT, addons

REPORTS = DEV / "reports"
FULL_PROOF = "SUBSCRIPTION_FULL_PROOF"
WORKERS = 2
ODOO_PLUGIN = ("-p", "odoo")
"""Loads what setup.cfg leaves out, so that plain `pytest tests/core` needs no Odoo."""
WITH_ALL_BILLING = "subscription_usage"
"""The addon on whose database the tests run that are of no addon alone."""


@dataclass
class Result:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0

    @property
    def is_red(self) -> bool:
        return bool(self.failed) or not (self.passed + self.skipped)


@dataclass(frozen=True)
class Suite:
    name: str
    run: Callable[[str, list[str]], Result]
    is_asked_for: bool = False
    """It runs only when it is named."""


def available() -> list[Suite]:
    """Return the suites whose files exist, the quick ones first."""
    plain = [Suite("lint", _run_lint)]
    for name in ("architecture", "core"):
        if (ROOT / "tests" / name).exists():
            plain.append(Suite(name, _run_plain))
    with_odoo = [
        Suite(addon, _run_addon)
        for addon in addons()
        if (ROOT / addon / "tests").exists()
    ]
    for name, run_suite in (
        ("end_to_end", _run_end_to_end),
        ("concurrency", _run_with_databases),
        ("browser", _run_with_databases),
    ):
        if (ROOT / "tests" / name).exists():
            with_odoo.append(Suite(name, run_suite))
    host = [
        Suite(name, _run_host, is_asked_for=True) for name in ("host", "host_alone")
    ]
    return plain + with_odoo + host


def run(names: list[str], options: list[str], full: bool) -> int:
    """Run suites, print what each counted, and return the exit status."""
    if full:
        os.environ[FULL_PROOF] = "1"
    known = {suite.name: suite for suite in available()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Problem(
            f"There is no suite {unknown[0]}: choose from {', '.join(known)}."
        )
    usual = [suite for suite in known.values() if not suite.is_asked_for]
    chosen = [known[name] for name in names] if names else usual
    results = []
    for suite in chosen:
        say(f"\n── {suite.name}")
        started = time.monotonic()
        try:
            result = suite.run(suite.name, options)
        except Problem as problem:
            say(str(problem))
            result = Result(suite.name, failed=1)
        result.seconds = time.monotonic() - started
        results.append(result)
    # A name that narrows the run may leave a suite without a test.
    if "-k" in options:
        results = [each for each in results if each.passed or each.failed]
    return _report(results)


def _report(results: list[Result]) -> int:
    say(f"\n{'suite':<28}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for each in results:
        say(
            f"{each.name:<28}{each.passed:>8}{each.failed:>8}{each.skipped:>9}"
            f"{each.seconds:>9.0f}{'   nothing ran' if _is_empty(each) else ''}"
        )
    red = not results or any(each.is_red for each in results)
    passed, failed, skipped = (
        sum(getattr(each, kind) for each in results)
        for kind in ("passed", "failed", "skipped")
    )
    say(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if red else 0


def _is_empty(result: Result) -> bool:
    return not (result.passed + result.failed + result.skipped)


def _run_lint(name: str, options: list[str]) -> Result:
    if "-k" in options:
        return Result(name)
    setup.python_only()
    outcomes = lint.run()
    return Result(name, passed=sum(outcomes), failed=len(outcomes) - sum(outcomes))


def _run_plain(name: str, options: list[str]) -> Result:
    setup.python_only()
    workers = _beside_each_other(options, "worksteal")
    return _pytest(name, [f"tests/{name}", *workers, *options], {})


def _run_addon(name: str, options: list[str]) -> Result:
    return _run_in_odoo(name, name, f"{name}/tests", options)


def _run_end_to_end(name: str, options: list[str]) -> Result:
    return _run_in_odoo(name, WITH_ALL_BILLING, f"tests/{name}", options)


def _run_host(name: str, options: list[str]) -> Result:
    """Run the host's tests with our addons, or alone to see what fails by itself."""
    is_alone = name == "host_alone"
    setup.everything()
    if is_alone:
        database = odoo.ensure_template()
    else:
        database = odoo.ensure_test_database("subscription_management")
    result = _pytest_on(database, name, host_tests.folders(), options)
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


def _run_in_odoo(name: str, addon: str, tests: str, options: list[str]) -> Result:
    """Run tests that are rolled back, on the kept database of an addon."""
    setup.everything()
    return _pytest_on(odoo.ensure_test_database(addon), name, [tests], options)


def _pytest_on(
    database: str, name: str, tests: list[str], options: list[str]
) -> Result:
    workers = _beside_each_other(options, "loadscope")
    for number in range(WORKERS if workers else 0):
        odoo.remember(f"{database}-gw{number}")
    return _pytest(
        name,
        [
            f"--odoo-database={database}",
            f"--odoo-config={odoo.CONF}",
            "--odoo-http",
            *tests,
            *workers,
            *options,
        ],
        odoo.environment(),
        plugins=ODOO_PLUGIN,
    )


def _beside_each_other(options: list[str], distribution: str) -> list[str]:
    """Return the options that use two processors; a chosen few tests start at once."""
    if "-k" in options or (os.cpu_count() or 1) < WORKERS:
        return []
    return [f"--numprocesses={WORKERS}", f"--dist={distribution}"]


def _run_with_databases(name: str, options: list[str]) -> Result:
    setup.everything()
    if name == "browser" and not shutil.which("chromium"):
        raise Problem("The browser tests need Chromium: install the package chromium.")
    template = odoo.ensure_test_database(WITH_ALL_BILLING)
    environment = {**odoo.environment(), "SUBSCRIPTION_TEMPLATE": template}
    return _pytest(name, [f"tests/{name}", *options], environment)


def _pytest(
    name: str,
    arguments: list[str],
    environment: dict[str, str],
    plugins: tuple[str, ...] = (),
) -> Result:
    report = REPORTS / f"{name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    status = subprocess.run(
        [str(PYTHON), "-m", "pytest", *plugins, f"--junitxml={report}", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        check=False,
    ).returncode
    result = _read(name, report)
    # A crash of the runner itself is a failure that no test reports.
    if status not in (0, 5) and not result.failed:
        result.failed = 1
    return result


def _read(name: str, report: os.PathLike[str]) -> Result:
    if not os.path.exists(report):
        return Result(name, failed=1)
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Result(name, total - failed - skipped, failed, skipped)
