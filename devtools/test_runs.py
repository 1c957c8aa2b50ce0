"""Choosing suites and running them, on two processors where the machine has them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from . import test_report
from .console import Problem, say
from .places import ROOT
from .selection import Selection, changed_files, select, suite_of
from .suites import WORKERS, Order, Suite, available
from .test_report import Result


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
        say("One of them can break any suite: all suites run.")
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
    """Run suites, print their counts, and return the exit status.

    A suite that uses one processor runs beside another one, and its output is shown
    when it is done.
    """
    wide: list[Suite] = []
    narrow: list[Suite] = []
    for suite in available():
        if suite.name in tests:
            (wide if suite.is_wide else narrow).append(suite)
    if len(narrow) < 2 or "-k" in options or (os.cpu_count() or 1) < WORKERS:
        wide, narrow = [*wide, *narrow], []
    results = {
        suite.name: _run_one(suite, Order(tests[suite.name], options)) for suite in wide
    }
    if narrow:
        results |= _run_beside_each_other(narrow, tests, options)
    shown = [results[name] for name in tests]
    # A name that narrows the run may leave a suite without a test.
    if "-k" in options:
        shown = [each for each in shown if each.passed or each.failed]
    return test_report.show(shown)


def _run_one(suite: Suite, order: Order) -> Result:
    if not order.is_beside_another:
        say(f"\n── {suite.name}")
    started = time.monotonic()
    try:
        result = suite.run(suite.name, order)
    except Problem as problem:
        say(str(problem))
        result = Result(suite.name, failed=1)
    result.seconds = time.monotonic() - started
    return result


def _run_beside_each_other(
    suites: list[Suite], tests: dict[str, list[str]], options: list[str]
) -> dict[str, Result]:
    say(f"\n── two at a time: {', '.join(suite.name for suite in suites)}")
    results, ready = {}, []
    for suite in suites:
        try:
            suite.prepare()
            ready.append(suite)
        except Problem as problem:
            say(str(problem))
            results[suite.name] = Result(suite.name, failed=1)
    with ThreadPoolExecutor(WORKERS) as lanes:
        orders = [
            (suite, Order(tests[suite.name], options, is_beside_another=True))
            for suite in _longest_first(ready)
        ]
        for result in lanes.map(lambda each: _run_one(*each), orders):
            results[result.name] = result
    return results


def _longest_first(suites: Iterable[Suite]) -> list[Suite]:
    """Sort suites by their last duration; those that never ran come first."""
    taken = {
        suite.name: test_report.seconds(suite.report) or float("inf")
        for suite in suites
    }
    return sorted(reversed(list(suites)), key=lambda suite: -taken[suite.name])
