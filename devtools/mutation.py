"""A mutation run: change the code in small ways and list changes that no test detects.

It works in copies of the repository below a temporary folder; no file of the
repository is written to.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from . import odoo, setup
from .console import Problem, say
from .mutants import Mutant, mutants
from .places import PYTHON, ROOT, is_core
from .suites import ODOO_PLUGINS, WORKERS

LAWS = "tests/core/test_laws.py"
NOT_COPIED = (
    ".git",
    ".dev",
    "__pycache__",
    ".hypothesis",
    ".mypy_cache",
    ".ruff_cache",
)
MOST_SECONDS = 3600.0
PATIENCE = 5
"""A run times out after so many times the time of the unchanged code, plus a minute."""


@dataclass
class Change:
    """A mutant of a file, and the stages of tests that should detect it."""

    file: str
    mutant: Mutant
    stages: list[list[str]]

    def __str__(self) -> str:
        mutant = self.mutant
        return f"{self.file}:{mutant.line}  {mutant.before}  →  {mutant.after}"


def run(files: list[str], sample: int, minutes: float, seed: int) -> int:
    """Test a sample of mutants, report the score, and return the exit status."""
    setup.python_only()
    changes = [each for file in files or core_files() for each in _changes(file)]
    if not changes:
        raise Problem("Nothing can be changed in these files: name others.")
    total = len(changes)
    if sample < total:
        changes = random.Random(seed).sample(changes, sample)
    say(f"{len(changes)} of {total} mutants, {minutes:g} minutes at most")
    deadline = time.monotonic() + minutes * 60
    is_plain = all(_is_of_core(change.file) for change in changes)
    with _places(is_plain) as (places, command):
        outcomes = _test_all(changes, places, command, deadline)
    return _report(outcomes)


def core_files() -> list[str]:
    """Return the modules of the cores."""
    return [
        str(file.relative_to(ROOT))
        for core in sorted(ROOT.glob("*/*_core"))
        for file in sorted(core.rglob("*.py"))
        if file.name != "__init__.py"
    ]


def _is_of_core(file: str) -> bool:
    return any(is_core(folder) for folder in Path(file).parts)


def _changes(file: str) -> list[Change]:
    path = ROOT / file
    if not path.is_file() or path.suffix != ".py":
        raise Problem(f"There is no Python file {file}: name one by its path.")
    stages = stages_of(file)
    # The kept database holds the fields of a model; its methods are the file's.
    found = mutants(path.read_text(), only_in_functions=not _is_of_core(file))
    return [Change(file, mutant, stages) for mutant in found]


def stages_of(file: str, root: Path = ROOT) -> list[list[str]]:
    """Return the tests of a file, the quickest first; each stage runs on survivors."""
    parts = Path(file).parts
    if not _is_of_core(file):
        own = Path(parts[0], "tests", parts[2]) if len(parts) > 3 else None
        tests = own if own and (root / own).is_dir() else Path(parts[0], "tests")
        return [[str(tests)]]
    own = Path("tests", "core", f"test_{Path(file).name}")
    first = [[str(own), "-m", "not hypothesis"]] if (root / own).exists() else []
    examples = ["tests/core", "-m", "not hypothesis", f"--ignore={LAWS}"]
    laws = ["tests/core", "-m", "hypothesis", f"--ignore={LAWS}"]
    return [*first, examples, laws, [LAWS]]


@contextmanager
def _places(is_plain: bool) -> Iterator[tuple[list[Path], Callable[[Path], list[str]]]]:
    """Yield copies of the repository, and the command that tests one of them."""
    with tempfile.TemporaryDirectory(prefix="mutation") as folder:
        count = min(WORKERS, os.cpu_count() or 1) if is_plain else 1
        places = [Path(folder) / str(number) for number in range(count)]
        for place in places:
            ignored = shutil.ignore_patterns(*NOT_COPIED)
            shutil.copytree(ROOT, place, ignore=ignored)
        if is_plain:
            yield places, lambda _place: []
            return
        with _odoo_options(places[0]) as options:
            yield places, lambda _place: options


@contextmanager
def _odoo_options(place: Path) -> Iterator[list[str]]:
    """Yield the options that test a copy of the addons on a copy of a database."""
    setup.everything()
    kept = odoo.ensure_test_database("subscription_usage")
    name = f"{odoo.PREFIX}run_mutation"
    odoo.drop(name)
    odoo.create(name, kept)
    configuration = place / "odoo.conf"
    odoo.write_configuration(configuration, place)
    try:
        yield [
            *ODOO_PLUGINS,
            f"--odoo-database={name}",
            f"--odoo-config={configuration}",
            "--odoo-http",
        ]
    finally:
        odoo.drop(name)


_taken: dict[tuple[str, ...], float] = {}
"""Seconds that a stage takes on the unchanged code."""
_measuring = Lock()


def _measure(stage: list[str], place: Path, options: list[str]) -> None:
    """Record how long a stage takes on unchanged code, at its first use.

    Raise `Problem` when it fails there.
    """
    with _measuring:
        if tuple(stage) in _taken:
            return
        started = time.monotonic()
        if _fails(stage, place, options, MOST_SECONDS):
            raise Problem(f"{stage[0]} fails without a change: correct that first.")
        _taken[tuple(stage)] = time.monotonic() - started


def _fails(stage: list[str], place: Path, options: list[str], seconds: float) -> bool:
    """Return whether a test fails or the stage exceeds its time."""
    command = [str(PYTHON), "-m", "pytest", "-x", *options, *stage]
    try:
        status = subprocess.run(
            ["nice", *command],
            cwd=place,
            env=_environment(place) if options else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return True
    # pytest returns 5 when no test is selected.
    return status not in (0, 5)


def _environment(place: Path) -> dict[str, str]:
    configuration = {"ODOO_RC": str(place / "odoo.conf")}
    return {**os.environ, **odoo.environment(), **configuration}


def _test_all(
    changes: list[Change],
    places: list[Path],
    command: Callable[[Path], list[str]],
    deadline: float,
) -> list[tuple[Change, int | None]]:
    """Return for each tested change the stage that detected it, or None."""
    free: SimpleQueue[Path] = SimpleQueue()
    for place in places:
        free.put(place)

    def attempt(change: Change) -> tuple[Change, int | None] | None:
        if time.monotonic() > deadline:
            return None
        place = free.get()
        file = place / change.file
        unchanged = file.read_text()
        options = command(place)
        try:
            for number, stage in enumerate(change.stages):
                _measure(stage, place, options)
                file.write_text(change.mutant.source)
                if _fails(stage, place, options, _taken[tuple(stage)] * PATIENCE + 60):
                    return change, number
                file.write_text(unchanged)
            say(f"survived: {change}")
            return change, None
        finally:
            file.write_text(unchanged)
            free.put(place)

    with ThreadPoolExecutor(len(places)) as workers:
        return [done for done in workers.map(attempt, changes) if done]


def _report(outcomes: list[tuple[Change, int | None]]) -> int:
    survivors = [change for change, stage in outcomes if stage is None]
    killed = len(outcomes) - len(survivors)
    say(f"\n{len(outcomes)} tested, {killed} killed, {len(survivors)} survived")
    if outcomes:
        say(f"Score: {100 * killed / len(outcomes):.0f} %")
    late = sum(stage == len(change.stages) - 1 for change, stage in outcomes)
    if any(len(change.stages) > 1 for change, _stage in outcomes):
        say(f"Killed by the laws alone: {late}")
    for change in sorted(survivors, key=str):
        say(f"  {change}")
    return 0
