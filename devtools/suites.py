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
from .selection import Selection, changed_files, select, suite_of

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
    run: Callable[[str, list[str], list[str]], Result]
    """Runs the tests at paths, or all when there are none, with pytest's options."""
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


def chosen(names: list[str]) -> dict[str, list[str]]:
    """Return the tests of each named suite or path; none stand for the whole suite."""
    known = {suite.name: suite for suite in available()}
    if not names:
        return {name: [] for name, suite in known.items() if not suite.is_asked_for}
    selection = Selection()
    for name in names:
        if name in known:
            selection.add_suite(name)
            continue
        path = name.rstrip("/").removeprefix("./")
        suite = suite_of(path)
        if suite not in known or not (ROOT / path.split("::")[0]).exists():
            raise Problem(
                f"There is no suite {name}, and no test at such a path: choose from "
                f"{', '.join(known)}."
            )
        selection.add_tests(suite, [path])
    return _in_order(selection)


def changed(base: str | None) -> dict[str, list[str]]:
    """Return the tests that the changes since `base` can break."""
    commit, files = changed_files(base)
    selection = select(files, commit)
    say(f"{len(files)} changed files since {commit[:12]}")
    if selection is None:
        say("A change of the tools can break any suite: everything is run.")
        return chosen([])
    found = _in_order(selection)
    for name, tests in found.items():
        say(f"  {name}{': ' + ', '.join(tests) if tests else ''}")
    return found


def _in_order(selection: Selection) -> dict[str, list[str]]:
    return {
        suite.name: sorted(selection.tests[suite.name])
        for suite in available()
        if suite.name in selection.tests
    }


def run(tests: dict[str, list[str]], options: list[str]) -> int:
    """Run suites, print what each counted, and return the exit status."""
    known = {suite.name: suite for suite in available()}
    results = []
    for name, paths in tests.items():
        say(f"\n── {name}")
        started = time.monotonic()
        try:
            result = known[name].run(name, paths, options)
        except Problem as problem:
            say(str(problem))
            result = Result(name, failed=1)
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


def _run_lint(name: str, _tests: list[str], options: list[str]) -> Result:
    if "-k" in options:
        return Result(name)
    setup.python_only()
    outcomes = lint.run()
    return Result(name, passed=sum(outcomes), failed=len(outcomes) - sum(outcomes))


def _run_plain(name: str, tests: list[str], options: list[str]) -> Result:
    setup.python_only()
    workers = _workers(tests, options, "worksteal")
    return _pytest(name, [*(tests or [f"tests/{name}"]), *workers, *options], {})


def _run_addon(name: str, tests: list[str], options: list[str]) -> Result:
    return _run_in_odoo(name, name, tests or [f"{name}/tests"], options)


def _run_end_to_end(name: str, tests: list[str], options: list[str]) -> Result:
    return _run_in_odoo(name, WITH_ALL_BILLING, tests or [f"tests/{name}"], options)


def _run_host(name: str, _tests: list[str], options: list[str]) -> Result:
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


def _run_in_odoo(name: str, addon: str, tests: list[str], options: list[str]) -> Result:
    """Run tests that are rolled back, on the kept database of an addon."""
    setup.everything()
    return _pytest_on(odoo.ensure_test_database(addon), name, tests, options)


def _pytest_on(
    database: str, name: str, tests: list[str], options: list[str]
) -> Result:
    workers = _workers(tests, options, "loadscope")
    for number in range(WORKERS if workers else 0):
        odoo.remember(f"{database}-gw{number}")
    return _pytest(
        name,
        [
            *ODOO_PLUGIN,
            f"--odoo-database={database}",
            f"--odoo-config={odoo.CONF}",
            "--odoo-http",
            *tests,
            *workers,
            *options,
        ],
        odoo.environment(),
    )


def _workers(tests: list[str], options: list[str], distribution: str) -> list[str]:
    """Return the options that use two processors; a chosen few tests start at once."""
    is_short = bool(tests) and all(
        path.endswith(".py") or "::" in path for path in tests
    )
    if "-k" in options or is_short or (os.cpu_count() or 1) < WORKERS:
        return []
    return [f"--numprocesses={WORKERS}", f"--dist={distribution}"]


def _run_with_databases(name: str, tests: list[str], options: list[str]) -> Result:
    setup.everything()
    if name == "browser" and not shutil.which("chromium"):
        raise Problem("The browser tests need Chromium: install the package chromium.")
    template = odoo.ensure_test_database(WITH_ALL_BILLING)
    environment = {**odoo.environment(), "SUBSCRIPTION_TEMPLATE": template}
    return _pytest(name, [*(tests or [f"tests/{name}"]), *options], environment)


def _pytest(name: str, arguments: list[str], environment: dict[str, str]) -> Result:
    report = REPORTS / f"{name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    status = subprocess.run(
        [str(PYTHON), "-m", "pytest", f"--junitxml={report}", *arguments],
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
