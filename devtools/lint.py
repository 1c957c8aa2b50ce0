"""The checks of the code that need no test."""

from __future__ import annotations

import subprocess

from . import python_packages
from .console import say
from .places import ROOT, addons

PYTHON_FOLDERS = ("dev", "devtools", "tests")
# A model is spread over files on purpose, one job each; the README is one for all.
PYLINT_EXCEPTIONS = ("--disable=consider-merging-classes-inherited,missing-readme",)


def run() -> list[bool]:
    """Run every check and return which of them passed."""
    sources = [name for name in (*PYTHON_FOLDERS, *addons()) if (ROOT / name).exists()]
    cores = [str(core.relative_to(ROOT)) for core in sorted(ROOT.glob("*/*_core"))]
    tools = [f"devtools/{file.name}" for file in sorted(ROOT.glob("devtools/*.py"))]
    checks = {
        "ruff check": ["ruff", "check", "--quiet", *sources],
        "ruff format": ["ruff", "format", "--check", "--quiet", *sources],
        "mypy --strict, cores": ["mypy", "--strict", *cores],
        "mypy --strict, devtools": ["mypy", "--strict", *tools],
        "pylint-odoo": ["pylint", "--rcfile=.pylintrc", *PYLINT_EXCEPTIONS, *addons()],
    }
    return [_passes(title, command) for title, command in checks.items()]


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
    say(f"{title}: {'ok' if not done.returncode else 'FAILED'}")
    if done.returncode:
        say(done.stdout)
    return not done.returncode
