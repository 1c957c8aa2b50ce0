"""Test counts of a suite, and the table of all suites."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from .console import say


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

    @property
    def is_empty(self) -> bool:
        return not (self.passed + self.failed + self.skipped)


def read(name: str, report: os.PathLike[str]) -> Result:
    """Return the counts of a JUnit report; a missing report is a failure."""
    if not os.path.exists(report):
        return Result(name, failed=1)
    suite = _suite(report)
    total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Result(name, total - failed - skipped, failed, skipped)


def seconds(report: Path) -> float | None:
    """Return the duration in a JUnit report, or None without a report."""
    try:
        return float(_suite(report).get("time", 0))
    except (OSError, ElementTree.ParseError):
        return None


def show(results: list[Result]) -> int:
    """Print the counts of each suite, and return the exit status."""
    say(f"\n{'suite':<28}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for each in results:
        say(
            f"{each.name:<28}{each.passed:>8}{each.failed:>8}{each.skipped:>9}"
            f"{each.seconds:>9.0f}{'   nothing ran' if each.is_empty else ''}"
        )
    red = not results or any(each.is_red for each in results)
    passed, failed, skipped = (
        sum(getattr(each, kind) for each in results)
        for kind in ("passed", "failed", "skipped")
    )
    say(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if red else 0


def _suite(report: os.PathLike[str]) -> ElementTree.Element:
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    return suite
