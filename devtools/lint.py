"""The checks of the code that need no test."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

from . import python_packages
from .console import say
from .places import ROOT, addons

AT_A_TIME = 2
PYTHON_FOLDERS = ("dev", "devtools", "tests")
# The README of the repository serves all addons.
PYLINT = ("pylint", "--rcfile=.pylintrc")
# Texts of tests are not translated; pylint-odoo exempts only a flat folder of tests.
NOT_IN_TESTS = "missing-readme,translation-required"


def run() -> list[bool]:
    """Run every check and return which of them passed."""
    sources = [name for name in (*PYTHON_FOLDERS, *addons()) if (ROOT / name).exists()]
    cores = [str(core.relative_to(ROOT)) for core in sorted(ROOT.glob("*/*_core"))]
    tools = [f"devtools/{file.name}" for file in sorted(ROOT.glob("devtools/*.py"))]
    tests = [
        f"{addon}/tests" for addon in addons() if (ROOT / addon / "tests").exists()
    ]
    # The longest first, so that the others run beside it.
    checks = {
        "pylint-odoo": [
            *PYLINT,
            "--disable=missing-readme",
            "--ignore-paths=.*/tests/.*",
            *addons(),
        ],
        "ruff check": ["ruff", "check", "--quiet", *sources],
        "ruff format": ["ruff", "format", "--check", "--quiet", *sources],
        "pylint-odoo, tests": [*PYLINT, f"--disable={NOT_IN_TESTS}", *tests],
        "mypy --strict, cores": ["mypy", "--strict", *cores],
        "mypy --strict, devtools": ["mypy", "--strict", *tools],
    }
    with ThreadPoolExecutor(AT_A_TIME) as workers:
        return list(workers.map(_passes, checks, checks.values()))


def _passes(title: str, command: list[str]) -> bool:
    done = subprocess.run(
        [str(python_packages.tool(command[0])), *command[1:]],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    say(f"{title}: FAILED\n{done.stdout}" if done.returncode else f"{title}: ok")
    return not done.returncode
